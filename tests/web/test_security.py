"""What pages send along: the policy word for word, and nothing that it would have to allow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

import carecode.web
from carecode.kernel.errors import RefusedError
from carecode.web.security import protect, require_same_origin
from carecode.web.sessions import AREAS, remember

WEB = Path(str(carecode.web.__file__)).parent
TEMPLATES = sorted(WEB.rglob("*.html"))
OWN_STATIC = sorted(x for x in (WEB / "static").rglob("*.*") if "built" not in x.parts and x.suffix in {".js", ".css"})
NAMESPACES = ("http://www.w3.org/2000/svg", "http://hl7.org/", "http://loinc.org", "http://snomed.info/")


def request(method: str = "POST", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    raw.append((b"host", b"localhost:8000"))
    return Request(
        {
            "type": "http",
            "method": method,
            "path": "/my",
            "query_string": b"",
            "scheme": "http",
            "server": ("localhost", 8000),
            "headers": raw,
        }
    )


def test_the_content_security_policy_is_the_designs() -> None:
    response = Response()
    protect(response)
    policy = response.headers["content-security-policy"].split("; ")
    assert policy[:2] == ["default-src 'self'", "script-src 'self' 'wasm-unsafe-eval'"]
    assert set(policy[2:]) == {
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    }
    assert "unsafe-inline" not in response.headers["content-security-policy"]


def test_pages_are_stored_by_no_cache_and_tell_no_other_site() -> None:
    response = Response()
    protect(response)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "same-origin"
    assert "camera=(self)" in response.headers["permissions-policy"]


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site", "origin": "http://localhost:8000"},
        {"origin": "http://localhost:9000"},
        {"origin": "null"},
        {"sec_fetch_site": "none", "origin": "https://elsewhere.example"},
        {"sec_fetch_site": "same-origin", "origin": "http://localhost:9000"},
        {"sec_fetch_site": "none", "origin": "null"},
    ],
)
def test_a_change_sent_by_another_site_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(RefusedError) as refused:
        require_same_origin(request(**headers))
    assert refused.value.code == "other-site"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "same-origin", "origin": "http://localhost:8000"},
        {"origin": "http://localhost:8000"},
        {},
    ],
)
def test_a_change_sent_by_our_own_page_passes(headers: dict[str, str]) -> None:
    require_same_origin(request(**headers))


def test_reading_passes_from_anywhere() -> None:
    require_same_origin(request("GET", sec_fetch_site="cross-site"))


@pytest.mark.parametrize("area", AREAS)
def test_each_areas_cookie_stays_in_its_area(area: str) -> None:
    response = Response()
    remember(response, request(), area, "token")
    cookie = response.headers["set-cookie"]
    assert cookie.startswith(f"carecode_{area}=token;")
    assert f"Path=/{area}" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda x: str(x.relative_to(WEB)))
def test_a_template_holds_nothing_inline(path: Path) -> None:
    text = path.read_text()
    assert re.findall(r"<[^>]*\son\w+\s*=", text) == []
    assert re.findall(r"<[^>]*\sstyle\s*=", text) == []
    assert re.findall(r"<style|javascript:", text) == []
    assert [x for x in re.findall(r"<script[^>]*>", text) if " src=" not in x] == []


@pytest.mark.parametrize("path", [*TEMPLATES, *OWN_STATIC], ids=lambda x: str(x.relative_to(WEB)))
def test_nothing_names_another_host(path: Path) -> None:
    named = re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z0-9./-]+", path.read_text())
    assert [x for x in named if not x.startswith(NAMESPACES)] == []


@pytest.mark.parametrize("path", [x for x in OWN_STATIC if x.suffix == ".js"], ids=lambda x: x.name)
def test_a_script_imports_only_files_that_are_there(path: Path) -> None:
    for name in re.findall(r"""(?:from|import)\s*\(?\s*["'](\.[^"']+)["']""", path.read_text()):
        target = (path.parent / name).resolve()
        assert target.exists() or "built" in target.parts, name


def test_a_template_names_only_static_files_that_are_there() -> None:
    named = {x for path in TEMPLATES for x in re.findall(r'static\("([^"]+)"\)', path.read_text())}
    assert "css/carecode.css" in named
    assert sorted(x for x in named if not x.startswith("built/") and not (WEB / "static" / x).exists()) == []
