"""What a server tells of how it goes, for Prometheus.

Each server has its own numbers, not those of the process, so that two of them can run in one (tests do that). Names and units
follow https://prometheus.io/docs/practices/naming: base units, ``_total`` for what only grows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tingshuo.serve.cache.counts import Counts
from tingshuo.serve.numbers import STAGES, Families, Window
from tingshuo.types import Stages

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of what `render` returns."""
_LATENCY = (
    *(0.002, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.045, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8),
    *(1.1, 1.5, 2.0, 3.0, 4.5, 6.0, 12.0),
)
_RTF = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Tally:
    """What is told of the requests for one thing: their first result, their speed, their audio, and what it took."""

    first: Histogram
    rtf: Histogram
    audio: Counter
    work: Counter
    cancelled: Counter


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
        self.work = Counter("tingshuo_work_seconds", "Thread time that it took.", registry=registry)
        self.cancelled = Counter(
            "tingshuo_cancelled_audio_seconds", "Audio made for requests whose client left before the end.", registry=registry
        )
        self.tallies = {
            "speak": Tally(self.first_audio, self.rtf, self.audio, self.work, self.cancelled),
            "hear": _tally_of_hearing(registry),
        }
        self.underruns = Counter("tingshuo_underruns", "Times that a listener had heard all before more came.", registry=registry)
        self.stages = Counter("tingshuo_stage_seconds", "Time by stage.", ["stage"], registry=registry)
        self.cache = Counter("tingshuo_cache", "Looks into the finished audio, by result.", ["result"], registry=registry)
        for result in ("hit", "miss"):
            self.cache.labels(result)
        self.caches: dict[str, Callable[[], Counts]] = {}
        """How each cache does, by its name, read when somebody asks."""
        registry.register(_Caches(self.caches))
        self.window = Window(self.families)

    def watch(self, name: str, what: str, read: Callable[[], float]) -> None:
        """Add a gauge that is read when somebody asks."""
        Gauge(name, what, registry=self.registry).set_function(read)

    def finished(self, work_s: float, made_s: float, stages: Stages | None, *, complete: bool, task: str = "speak") -> None:
        """Count a request that has ended, to one of `tallies`."""
        tally = self.tallies[task]
        tally.audio.inc(made_s)
        tally.work.inc(work_s)
        for stage in STAGES if stages is not None else ():
            self.stages.labels(stage).inc(getattr(stages, f"{stage}_ms") / 1000)
        if not complete:
            tally.cancelled.inc(made_s)
        elif made_s:
            tally.rtf.observe(work_s / made_s)

    def families(self) -> Families:
        """Return all of it as plain lists."""
        return [
            {
                "name": family.name,
                "type": family.type,
                "help": family.documentation,
                "samples": [[row.name, list(row.labels.items()), row.value] for row in family.samples],
            }
            for family in self.registry.collect()
        ]


def _tally_of_hearing(registry: CollectorRegistry) -> Tally:
    return Tally(
        Histogram("tingshuo_first_text_seconds", "From a request to its first text.", buckets=_LATENCY, registry=registry),
        Histogram("tingshuo_hearing_rtf", "Thread seconds for a second heard, by request.", buckets=_RTF, registry=registry),
        Counter("tingshuo_heard_seconds", "Audio heard.", registry=registry),
        Counter("tingshuo_hearing_work_seconds", "Thread time that it took.", registry=registry),
        Counter("tingshuo_cancelled_heard_seconds", "Audio heard for requests whose client left.", registry=registry),
    )


class _Caches(Collector):
    """Hits, misses, evictions and bytes of each cache."""

    def __init__(self, caches: dict[str, Callable[[], Counts]]) -> None:
        self._caches = caches

    def collect(self) -> Iterator[Metric]:
        """Yield them."""
        labels = ["cache"]
        hits = CounterMetricFamily("tingshuo_cache_hits", "Looks into a cache that found something.", labels=labels)
        misses = CounterMetricFamily("tingshuo_cache_misses", "Those that did not.", labels=labels)
        evictions = CounterMetricFamily("tingshuo_cache_evictions", "Entries that had to make room.", labels=labels)
        kept = GaugeMetricFamily("tingshuo_cache_kept_bytes", "What a cache holds.", labels=labels)
        for name, read in self._caches.items():
            counts = read()
            hits.add_metric([name], counts.hits)
            misses.add_metric([name], counts.misses)
            evictions.add_metric([name], counts.evictions)
            if counts.n_bytes is not None:
                kept.add_metric([name], counts.n_bytes)
        yield from (hits, misses, evictions, kept)


class _Told(Collector):
    """Families that came through a pipe, as the library wants them."""

    def __init__(self, families: Families) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Yield them."""
        for family in self._families:
            metric = Metric(family["name"], family["help"], family["type"])
            for name, labels, value in family["samples"]:
                metric.add_sample(name, dict(labels), value)
            yield metric


def render(families: Families) -> bytes:
    """Return families in the format that Prometheus reads."""
    registry = CollectorRegistry()
    registry.register(_Told(families))
    return generate_latest(registry)
