"""Western names, documents and addresses: foreigners among the Chinese population, and a population of their own.

Written from general knowledge.  Five peoples with their own surnames, given names by generation, spellings and streets.
"""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

from bench.people.lists import pairs, spread, words
from bench.people.names import Name

_SURNAMES: Final = {
    "en": (
        "Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans Walker White Roberts "
        "Green Hall Wood Jackson Clarke Patel Khan Lewis James Phillips Mitchell Carter Baker O'Brien Murphy "
        "MacDonald Campbell Stewart Kelly Shaw Reid Singh Ahmed Hughes Edwards Turner Hill Moore Ward Cooper King "
        "Lee Martin Young Allen Scott Adams Watson Begum Okafor Gray Fletcher Hargreaves Featherstone Attwood "
        "Pemberton Ashworth Holloway Blackburn Thistlethwaite"
    ),
    "de": (
        "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein "
        "Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Köhler Yılmaz Jäger Größl Weiß "
        "Kowalski Lindner Brückner Pfeiffer"
    ),
    "fr": (
        "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent Lefèvre Michel Garcia "
        "David Bertrand Roux Vincent Fournier Morel Girard Mercier Dupont Lambert Bonnet François Legrand Gauthier "
        "Chevalier Benoît Nguyen Le-Gall"
    ),
    "es": (
        "García Fernández González Rodríguez López Martínez Sánchez Pérez Gómez Martín Jiménez Ruiz Hernández Díaz "
        "Moreno Muñoz Álvarez Romero Alonso Gutiérrez Navarro Torres Domínguez Vázquez Ramos Gil Ramírez Serrano "
        "Blanco Molina Ortega Núñez Castaño"
    ),
    "pl": (
        "Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski "
        "Kozłowski Jankowski Mazur Kwiatkowski Krawczyk Piotrowski Grabowski Pawłowski Michalski Król Wieczorek"
    ),
}
# Given names: those born before 1965, then those born later.
_MEN: Final = {
    "en": (
        "William John George Robert Thomas James David Peter Kenneth Ronald Arthur|Michael Daniel Matthew "
        "Christopher Joshua Jack Oliver Harry Mohammed Samuel Benjamin Stephen Andrew Liam Joseph Edward Anthony"
    ),
    "de": (
        "Hans Karl Heinz Günther Werner Klaus Jürgen Wolfgang Dieter Horst|Thomas Andreas Stefan Jörg Lukas Leon "
        "Finn Jonas Mehmet Tobias"
    ),
    "fr": (
        "Jean Pierre Michel André Jacques René Marcel Gérard|Nicolas Julien Thomas Lucas Hugo Mathéo Frédéric "
        "Jean-Luc Karim Théo"
    ),
    "es": (
        "José Antonio Manuel Francisco Juan Jesús Ángel Rafael|Javier Daniel Alejandro Pablo Hugo Álvaro José-Luis "
        "Iván Sergio Martín"
    ),
    "pl": (
        "Jan Stanisław Andrzej Józef Jerzy Tadeusz Krzysztof|Piotr Tomasz Paweł Michał Łukasz Jakub Kacper Mateusz "
        "Antoni Szymon"
    ),
}
_WOMEN: Final = {
    "en": (
        "Margaret Mary Dorothy Joan Elizabeth Patricia Barbara Jean Maureen Kathleen|Sarah Emma Laura Jessica "
        "Charlotte Catherine Rebecca Olivia Amelia Aisha Sophie Hannah Claire Nicola Isabella Jennifer Susan"
    ),
    "de": (
        "Ursula Helga Gisela Ingrid Renate Elfriede Hildegard Käthe|Sabine Petra Katrin Anna Lena Mia Zoë Stefanie "
        "Ayşe Franziska"
    ),
    "fr": (
        "Marie Jeanne Françoise Monique Denise Hélène Simone|Nathalie Isabelle Céline Léa Chloé Manon Anne-Sophie "
        "Inès Zoé Camille"
    ),
    "es": (
        "María Carmen Josefa Isabel Dolores Pilar Ángeles|Laura Lucía Marta Sofía Martina Paula Ana-María Noelia "
        "Rocío Elena"
    ),
    "pl": (
        "Maria Zofia Krystyna Janina Jadwiga Halina|Anna Katarzyna Agnieszka Małgorzata Zuzanna Julia Łucja "
        "Magdalena Karolina"
    ),
}
_PEOPLES: Final = spread(["en", "de", "fr", "es", "pl"], [56.0, 14.0, 10.0, 12.0, 8.0], 100)
_ZIPF: Final = 0.8

SHORT_FORMS: Final = pairs(
    "William:Bill Robert:Bob Thomas:Tom James:Jim David:Dave Peter:Pete Kenneth:Ken Ronald:Ron Michael:Mike "
    "Daniel:Dan Matthew:Matt Christopher:Chris Joshua:Josh Samuel:Sam Benjamin:Ben Stephen:Steve Andrew:Andy "
    "Joseph:Joe Edward:Ted Anthony:Tony John:Jack Margaret:Peggy Elizabeth:Liz Patricia:Pat Barbara:Babs "
    "Kathleen:Kath Jessica:Jess Charlotte:Lottie Catherine:Kate Rebecca:Becky Nicola:Nicky Isabella:Bella "
    "Jennifer:Jenny Susan:Sue Dorothy:Dot Francisco:Paco José:Pepe Antonio:Toño Manuel:Manolo Johannes:Hans "
    "Wolfgang:Wolf Krzysztof:Krzysiek Małgorzata:Gosia Katarzyna:Kasia Agnieszka:Aga Magdalena:Magda Alejandro:Alex "
    "Nicolas:Nico Françoise:Fanchon Frédéric:Fred Stefanie:Steffi Franziska:Franzi Tobias:Tobi Dolores:Lola "
    "Josefa:Pepa Isabel:Isa"
)
SPELLINGS: Final = (  # written for what sounds alike, both ways
    *(
        ("ph", "f"),
        ("ck", "k"),
        ("th", "t"),
        ("ie", "y"),
        ("y", "i"),
        ("c", "k"),
        ("s", "z"),
        ("ee", "ea"),
        ("ll", "l"),
    ),
    *(("nn", "n"), ("tt", "t"), ("ei", "ai"), ("sch", "sh"), ("ss", "s"), ("v", "w"), ("i", "y"), ("er", "ar")),
)
PLAIN: Final = pairs(
    "ü:ue ö:oe ä:ae ß:ss é:e è:e ë:e ê:e ę:e í:i î:i ı:i á:a ą:a â:a ó:o ô:o ú:u ñ:n ń:n ł:l ś:s ş:s ź:z ż:z ç:c ğ:g "
    "ć:c Á:A Ł:L Ö:Oe Ü:Ue Ä:Ae Ś:S É:E Ż:Z Ó:O"
)
NEIGHBOURS: Final = pairs(
    "a:sq b:vn c:xv d:sf e:wr f:dg g:fh h:gj i:uo j:hk k:jl l:k m:n n:bm o:ip p:o q:w r:et s:ad t:ry u:yi v:cb w:qe "
    "x:zc y:tu z:x"
)
_COUNTRIES: Final = {"en": "GBR", "de": "DEU", "fr": "FRA", "es": "ESP", "pl": "POL"}
_STREETS: Final = {
    "en": (
        "High Street|Station Road|Church Lane|Mill Lane|Victoria Road|Park Avenue|Queen's Road|The Green|Manor Close|"
        "Kingsway|Albert Terrace"
    ),
    "de": "Hauptstraße|Schulstraße|Gartenweg|Bahnhofstraße|Lindenallee|Dorfstraße|Goethestraße|Am Markt|Bergstraße",
    "fr": (
        "rue de la République|rue Victor Hugo|avenue Jean Jaurès|place du Marché|rue des Écoles|chemin du Moulin|rue "
        "Pasteur"
    ),
    "es": "Calle Mayor|Calle Real|Avenida de la Constitución|Calle del Sol|Plaza de España|Calle San José|Calle Nueva",
    "pl": "ul. Polna|ul. Leśna|ul. Słoneczna|ul. Krótka|ul. Szkolna|al. Niepodległości|ul. Ogrodowa",
}
_TOWNS: Final = {
    "en": (
        "Ashford:TN24 Leeds:LS6 Norwich:NR2 Exeter:EX4 Bolton:BL1 Derby:DE22 Reading:RG1 Stirling:FK8 Swansea:SA2 "
        "Kendal:LA9 Luton:LU3"
    ),
    "de": "Köln:50667 Kassel:34117 Ulm:89073 Jena:07743 Bremen:28195 Fürth:90762",
    "fr": "Lyon:69003 Rennes:35000 Nîmes:30000 Dijon:21000 Besançon:25000",
    "es": "Sevilla:41001 León:24003 Málaga:29005 Cádiz:11005 Gijón:33201",
    "pl": "Łódź:90-001 Gdańsk:80-001 Lublin:20-001 Opole:45-001",
}


class Lists(NamedTuple):
    """What a people's names and addresses are drawn from."""

    surnames: list[str]
    given: dict[tuple[str, bool], list[str]]  # sex, born 1965 or later
    streets: list[str]
    towns: list[tuple[str, str]]  # town, post code


def _zipf(text: str) -> list[str]:
    items = words(text)
    return spread(items, [1 / (rank + 2) ** _ZIPF for rank in range(len(items))], 1024)


LISTS: Final = {
    people: Lists(
        _zipf(_SURNAMES[people]),
        {
            (sex, bool(late)): _zipf(names[people].split("|")[late])
            for sex, names in (("male", _MEN), ("female", _WOMEN))
            for late in (0, 1)
        },
        _STREETS[people].split("|"),
        [(town, code) for town, _, code in (word.partition(":") for word in words(_TOWNS[people]))],
    )
    for people in _SURNAMES
}


def people(random: Random) -> str:
    """Draw a people: "en", "de", "fr", "es" or "pl"."""
    return _PEOPLES[int(random.random() * len(_PEOPLES))]


def surname(random: Random, of: str) -> str:
    """Draw a surname; one in five Spaniards and one in twelve others is given two."""
    table = LISTS[of].surnames
    first = table[int(random.random() * len(table))]
    if random.random() < (0.8 if of == "es" else 0.05):
        join = " " if of == "es" else "-"
        return first + join + table[int(random.random() * len(table))]
    return first


def given_name(random: Random, of: str, sex: str, year: int) -> str:
    """Draw a given name; three in ten have a second one."""
    table = LISTS[of].given[sex, year >= 1965]
    first = table[int(random.random() * len(table))]
    if random.random() < 0.3:
        second = table[int(random.random() * len(table))]
        return first if second == first else f"{first} {second}"
    return first


def name(family: str, given: str) -> Name:
    """Put a Western name together."""
    return Name(family, given, "", f"{given} {family}")


def plain(text: str) -> str:
    """Write ``text`` without accents, umlauts in two letters."""
    return "".join(PLAIN.get(letter, letter) for letter in text)


def country(of: str) -> str:
    """Give the three letters of a people's passport."""
    return _COUNTRIES[of]
