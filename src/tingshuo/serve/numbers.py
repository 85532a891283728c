"""Numbers of several processes as one: sums that never go back, and what they tell of the last minute.

Families are those of Prometheus, as plain lists that go through a pipe::

    {"name": ..., "type": ..., "help": ..., "samples": [[name, [[label, value], ...], number], ...]}
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Family = dict[str, Any]
Families = list[Family]
Labels = tuple[tuple[str, str], ...]
Flat = dict[tuple[str, Labels], float]
"""Numbers by the name and labels of their sample."""

SPAN_S, STEP_S = 60.0, 5.0
"""How far back a window looks, and how often it takes note."""
GROWING = ("counter", "histogram")
_LEAST = ("process_start_time_seconds", "process_max_fds")
"""Gauges of which the least is told, not the sum; so it is with every ``_created``."""
_SHARED = (("tingshuo_cache_kept_bytes", (("cache", "audio"),)),)
"""Gauges of what processes have in common: each tells all of it."""
STAGES = ("text", "speaker", "acoustic", "vocoder")


def merge(parts: Iterable[Families]) -> Families:
    """Return the sums over processes; ages and limits are the least of all, and what they share counts once."""
    merged: dict[str, Family] = {}
    for family in (family for families in parts for family in families):
        name = family["name"]
        into = merged.setdefault(name, {key: family[key] for key in ("name", "type", "help")} | {"samples": {}})["samples"]
        for sample, labels, value in family["samples"]:
            key = sample, tuple((label, text) for label, text in labels)
            if key not in into:
                into[key] = value
            elif name in _LEAST or sample.endswith("_created"):
                into[key] = min(into[key], value)
            elif key in _SHARED:
                into[key] = max(into[key], value)
            else:
                into[key] += value
    rows = merged.values()
    return [row | {"samples": [[name, labels, value] for (name, labels), value in row["samples"].items()]} for row in rows]


def growing(families: Families) -> Families:
    """Return what stays of a process that has ended: all that only grows."""
    return [family for family in families if family["type"] in GROWING]


def gauge(name: str, what: str, value: float, kind: str = "gauge") -> Family:
    """Return a family of one number; a counter's sample has ``_total`` at its end."""
    sample = f"{name}_total" if kind == "counter" else name
    return {"name": name, "type": kind, "help": what, "samples": [[sample, [], value]]}


def flat(families: Families) -> Flat:
    """Return all samples by name and labels."""
    rows = (row for family in families for row in family["samples"])
    return {(name, tuple((label, text) for label, text in labels)): value for name, labels, value in rows}


class Window:
    """What the numbers were a minute ago.

    Parameters
    ----------
    read : callable
        Returns families.
    clock : callable
        Seconds, never going back.
    """

    def __init__(self, read: Callable[[], Families], clock: Callable[[], float] = time.monotonic) -> None:
        self._read, self._clock = read, clock
        self._noted: deque[tuple[float, Families]] = deque([(clock(), growing(read()))])

    def note(self) -> None:
        """Take note of the numbers, to be called every few seconds; more often is no harm."""
        now = self._clock()
        if now - self._noted[-1][0] < STEP_S:
            return
        self._noted.append((now, growing(self._read())))
        while len(self._noted) > 1 and now - self._noted[1][0] >= SPAN_S:
            self._noted.popleft()

    @property
    def before(self) -> tuple[float, Families]:
        """Seconds since the oldest note that is kept, a minute or, soon after the start, less; and its numbers."""
        then, families = self._noted[0]
        return self._clock() - then, families


def figures(now: Flat, before: Flat, seconds: float) -> dict[str, Any]:
    """Return what happened between two looks at the numbers, for people.

    Parameters
    ----------
    now, before : Flat
        The later and the earlier look; empty is the start.
    seconds : float
        Between them.

    Returns
    -------
    dict
        Quantiles are read off the buckets of a histogram, as Prometheus does it; None where nothing happened.
    """
    grown = {key: value - before.get(key, 0.0) for key, value in now.items()}
    audio_s, work_s = _sum(grown, "tingshuo_audio_seconds_total"), _sum(grown, "tingshuo_work_seconds_total")
    made = _sum(grown, "tingshuo_rtf_count")
    hits, misses = (_sum(grown, "tingshuo_cache_total", result=result) for result in ("hit", "miss"))
    return {
        "seconds": round(seconds, 1),
        "requests": int(_sum(grown, "tingshuo_requests_total")),
        "refused": int(_sum(grown, "tingshuo_refused_total")),
        "audio_s": round(audio_s, 3),
        "rtf": round(work_s / audio_s, 5) if audio_s else None,
        "first_audio_ms": _quantiles(grown, "tingshuo_first_audio_seconds"),
        "queue_ms": _quantiles(grown, "tingshuo_queue_seconds"),
        "stages_ms": {
            name: round(1000 * _sum(grown, "tingshuo_stage_seconds_total", stage=name) / made, 2) if made else None
            for name in STAGES
        },
        "cache": {"hits": int(hits), "misses": int(misses), "share": round(hits / (hits + misses), 4) if hits + misses else None},
        "underruns": int(_sum(grown, "tingshuo_underruns_total")),
        "cancelled_audio_s": round(_sum(grown, "tingshuo_cancelled_audio_seconds_total"), 3),
        "hearing": _hearing(grown),
    }


def _hearing(grown: Flat) -> dict[str, Any]:
    """Return what `figures` tells of recordings that were heard."""
    heard_s, work_s = _sum(grown, "tingshuo_heard_seconds_total"), _sum(grown, "tingshuo_hearing_work_seconds_total")
    return {
        "audio_s": round(heard_s, 3),
        "rtf": round(work_s / heard_s, 5) if heard_s else None,
        "first_text_ms": _quantiles(grown, "tingshuo_first_text_seconds"),
        "cancelled_audio_s": round(_sum(grown, "tingshuo_cancelled_heard_seconds_total"), 3),
    }


def quantile(buckets: Sequence[tuple[float, float]], share: float) -> float | None:
    """Return a quantile of a histogram: within the bucket that it falls into, in proportion.

    Parameters
    ----------
    buckets : sequence of (float, float)
        Upper bounds, rising to infinity, and how many were at or below each.
    share : float
        0 to 1.
    """
    total = buckets[-1][1] if buckets else 0.0
    if not total:
        return None
    wanted, low, below = share * total, 0.0, 0.0
    for bound, count in buckets:
        if count >= wanted and count > below:
            return low if bound == float("inf") else low + (bound - low) * (wanted - below) / (count - below)
        low, below = bound, count
    return low


def _quantiles(grown: Mapping[tuple[str, Labels], float], name: str) -> dict[str, Any]:
    rows = ((dict(labels).get("le"), value) for (sample, labels), value in grown.items() if sample == f"{name}_bucket")
    buckets = sorted((float(le), value) for le, value in rows if le is not None)
    told = {key: quantile(buckets, share) for key, share in (("p50", 0.5), ("p95", 0.95))}
    return {key: None if value is None else round(1000 * value, 1) for key, value in told.items()} | {
        "count": int(buckets[-1][1]) if buckets else 0
    }


def _sum(grown: Mapping[tuple[str, Labels], float], name: str, **labels: str) -> float:
    wanted = set(labels.items())
    return sum(value for (sample, has), value in grown.items() if sample == name and wanted <= set(has))
