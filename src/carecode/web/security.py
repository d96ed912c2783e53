"""What every page sends along so that a browser protects the person in front of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.kernel.errors import RefusedError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

# No inline script exists, so no nonce is needed; zxing's WebAssembly needs 'wasm-unsafe-eval'.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
HEADERS: Final = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("Permissions-Policy", "camera=(self), geolocation=(), microphone=(), payment=(), usb=()"),
    # "no-referrer" would make browsers send "Origin: null" with our own forms
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})


def protect(response: Response) -> None:
    """Add the headers of every page; what a person sees is stored by no cache."""
    for name, value in HEADERS:
        response.headers[name] = value
    response.headers.setdefault("Cache-Control", "no-store")


def require_same_origin(request: Request) -> None:
    """Refuse a change that another site's page sends with this browser's cookies.

    Browsers name the sender in Sec-Fetch-Site, in Origin or in both, and what is named must be ours; a program
    that sends neither holds no cookie it was tricked into sending.  Source: W3C Fetch Metadata; RFC 6454.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    ours = f"{request.url.scheme}://{request.url.netloc}"
    if site not in {None, "same-origin", "none"} or origin not in {None, ours}:
        raise RefusedError("other-site", "Another site sent this. Open the page here and do it again.")
