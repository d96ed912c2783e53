"""A translated policy set as a plain function: the Z3 formulas themselves, read node by node.

Z3 answers one request in milliseconds, which is too slow to compare a million with the engine.  What is evaluated
here is the very formula that the proofs are about; a test compares this reading with Z3's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import z3

from proofs.translation import Formula, Translation, UnknownNodeError

Values = tuple[Any, ...]
"""The values of a request, in the order of ``Evaluator.places``; lists are sets of resources."""

_JOINTS: Final = {z3.Z3_OP_AND: " and ", z3.Z3_OP_OR: " or "}
_CONSTANTS: Final = {z3.Z3_OP_TRUE: "True", z3.Z3_OP_FALSE: "False"}


@dataclass(frozen=True, slots=True)
class Evaluator:
    """A policy set to be asked: which permits and which forbids hold."""

    places: Mapping[str, int]  # name of a constant of the request -> its place in Values
    permits: Callable[[Values], frozenset[str]]
    forbids: Callable[[Values], frozenset[str]]

    def decide(self, values: Values) -> tuple[bool, frozenset[str]]:
        """Return whether the request is permitted, and the policies that say so: as the engine reports them."""
        forbids = self.forbids(values)
        if forbids:
            return False, forbids
        permits = self.permits(values)
        return bool(permits), permits


def evaluator(translation: Translation) -> Evaluator:
    """Compile the formulas of a translation; raises UnknownNodeError for a node it does not know."""
    request = translation.request
    names = ["action", "resource", *request.flags, *request.enums, *request.sets]
    places = {name: place for place, name in enumerate(names)}
    return Evaluator(places, _those(translation.permits, places), _those(translation.forbids, places))


def _those(formulas: Mapping[str, Formula], places: Mapping[str, int]) -> Callable[[Values], frozenset[str]]:
    """Compile a function that returns the names of the formulas that hold."""
    tests = ", ".join(f"({source(one, places)})" for one in formulas.values())
    # The source is made of the fixed words below, of numbers and of quoted names of a closed list.
    test = eval(f"lambda v: ({tests},)" if tests else "lambda v: ()", {"__builtins__": {}})  # noqa: S307
    names = tuple(formulas)
    return lambda values: frozenset(name for name, holds in zip(names, test(values), strict=True) if holds)


def source(node: Formula, places: Mapping[str, int]) -> str:  # noqa: PLR0911 - one line for each kind of node
    """Write a Z3 formula as a Python expression over ``v``."""
    kind = node.decl().kind()
    children = [source(child, places) for child in node.children()]
    if kind in _JOINTS:
        return f"({_JOINTS[kind].join(children)})"
    if kind in _CONSTANTS:
        return _CONSTANTS[kind]
    if kind == z3.Z3_OP_NOT:
        return f"(not {children[0]})"
    if kind == z3.Z3_OP_EQ:
        return f"({children[0]} == {children[1]})"
    if kind == z3.Z3_OP_SELECT:
        return f"({children[1]} in {children[0]})"
    if kind == z3.Z3_OP_DT_CONSTRUCTOR and not children:
        return repr(str(node))
    if kind == z3.Z3_OP_UNINTERPRETED and not children and str(node) in places:
        return f"v[{places[str(node)]}]"
    raise UnknownNodeError(f"Z3 node {node.decl()}")
