"""What a server tells of how it goes, for Prometheus.

Each server has its own numbers, not those of the process, so that two of them can run in one (tests do that). Names and units
follow https://prometheus.io/docs/practices/naming: base units, ``_total`` for what only grows.
"""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from tingshuo.types import Stages

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of what `Metrics.text` returns."""
STAGES = ("text", "speaker", "acoustic", "vocoder")
_LATENCY = (0.005, 0.01, 0.02, 0.03, 0.06, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 6.0, 12.0)
_RTF = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


class Metrics:
    """Counters, gauges and histograms of one server."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter("tingshuo_requests", "Replies, by route and status.", ["route", "status"], registry=registry)
        self.refused = Counter("tingshuo_refused", "Requests refused because too much was promised.", registry=registry)
        self.queued = Histogram(
            "tingshuo_queue_seconds", "From a request to its first step in a thread.", buckets=_LATENCY, registry=registry
        )
        self.first_audio = Histogram(
            "tingshuo_first_audio_seconds", "From a request to its first audio.", buckets=_LATENCY, registry=registry
        )
        self.rtf = Histogram("tingshuo_rtf", "Thread seconds for a second of audio, by request.", buckets=_RTF, registry=registry)
        self.audio = Counter("tingshuo_audio_seconds", "Audio made.", registry=registry)
        self.cancelled = Counter(
            "tingshuo_cancelled_audio_seconds", "Audio made for requests whose client left before the end.", registry=registry
        )
        self.underruns = Counter("tingshuo_underruns", "Times that a listener had heard all before more came.", registry=registry)
        self.stages = Counter("tingshuo_stage_seconds", "Time by stage.", ["stage"], registry=registry)
        self.cache = Counter("tingshuo_cache", "Looks into the finished audio, by result.", ["result"], registry=registry)
        for result in ("hit", "miss"):
            self.cache.labels(result)

    def watch(self, name: str, what: str, read: Callable[[], float]) -> None:
        """Add a gauge that is read when somebody asks."""
        Gauge(name, what, registry=self.registry).set_function(read)

    def finished(self, work_s: float, made_s: float, stages: Stages | None, *, complete: bool) -> None:
        """Count a request that has ended."""
        self.audio.inc(made_s)
        for stage in STAGES if stages is not None else ():
            self.stages.labels(stage).inc(getattr(stages, f"{stage}_ms") / 1000)
        if not complete:
            self.cancelled.inc(made_s)
        elif made_s:
            self.rtf.observe(work_s / made_s)

    def text(self) -> bytes:
        """Return all of it in the format that Prometheus reads."""
        return generate_latest(self.registry)
