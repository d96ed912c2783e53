"""Counts and durations of requests, for Prometheus: by interaction and status, never by whom or about whom.

Source: Prometheus exposition format 0.0.4.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """The numbers of one process since it started."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "carecode_fhir_requests", "FHIR requests answered", ["interaction", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "carecode_fhir_seconds", "Seconds to answer", ["interaction"], buckets=_BUCKETS, registry=self._registry
        )
        self._counters: dict[tuple[str, int], Counter] = {}
        self._histograms: dict[str, Histogram] = {}

    def count(self, interaction: str, status: int, seconds: float) -> None:
        """Count one answer; ``interaction`` is one of the API's own names."""
        key = (interaction, status)
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = self._requests.labels(interaction, str(status))
            self._histograms[interaction] = self._seconds.labels(interaction)
        counter.inc()
        self._histograms[interaction].observe(seconds)

    def text(self) -> bytes:
        """Write all numbers."""
        return generate_latest(self._registry)
