"""The API's map: one line per address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Mount, Route

from carecode.api import log, wellknown
from carecode.api.fhir import Fhir
from carecode.api.metrics import Metrics

if TYPE_CHECKING:
    from carecode.api.doors import App


def routes(app: App) -> list[BaseRoute]:
    """List every address."""
    metrics = Metrics()
    fhir = Fhir(app, metrics)
    return [
        Route("/fhir/.well-known/smart-configuration", wellknown.smart_configuration(app)),
        Mount("/fhir", fhir),
        Route("/fhir", fhir),
        Route("/.well-known/smart-configuration", wellknown.smart_configuration(app), methods=["GET", "OPTIONS"]),
        Route("/.well-known/carecode-keys", wellknown.carecode_keys(app), methods=["GET", "OPTIONS"]),
        *log.routes(app),
        Route("/health", wellknown.health(app)),
        Route("/metrics", wellknown.metrics_text(metrics)),
    ]
