"""Sums over processes, windows, and what they tell."""

import pytest

from tingshuo.serve.metrics import Metrics
from tingshuo.serve.numbers import SPAN_S, STEP_S, Window, figures, flat, gauge, growing, merge, quantile
from tingshuo.types import Stages

STAGES = Stages(text_ms=2.0, acoustic_ms=10.0, vocoder_ms=300.0)


def counted(requests: int, first_audio_s: float = 0.01) -> Metrics:
    """The metrics of a process that has spoken ten seconds for each request, in half a second."""
    metrics = Metrics()
    for _ in range(requests):
        metrics.requests.labels("/api/tts", "200").inc()
        metrics.first_audio.observe(first_audio_s)
        metrics.cache.labels("miss").inc()
        metrics.finished(0.5, 10.0, STAGES, complete=True)
    return metrics


def test_processes_add_up():
    merged = flat(merge([counted(2).families(), counted(3).families()]))
    assert merged["tingshuo_requests_total", (("route", "/api/tts"), ("status", "200"))] == 5
    assert merged["tingshuo_audio_seconds_total", ()] == 50
    assert merged["tingshuo_first_audio_seconds_bucket", (("le", "+Inf"),)] == 5
    assert merged["process_start_time_seconds", ()] == pytest.approx(
        flat(counted(0).families())["process_start_time_seconds", ()]
    )


def test_of_a_process_that_has_ended_stays_what_only_grows():
    left = growing(counted(2).families())
    assert {family["type"] for family in left} == {"counter", "histogram"}
    living = merge([left, counted(1).families(), [gauge("tingshuo_workers", "How many.", 1)]])
    assert flat(living)["tingshuo_audio_seconds_total", ()] == 30
    assert flat(living)["tingshuo_workers", ()] == 1


def test_figures_are_those_between_two_looks():
    metrics = counted(2, first_audio_s=3.9)
    before = flat(metrics.families())
    for _ in range(4):
        metrics.requests.labels("/api/tts", "200").inc()
        metrics.first_audio.observe(0.025)
        metrics.finished(1.0, 10.0, STAGES, complete=True)
    metrics.cache.labels("hit").inc()
    found = figures(flat(metrics.families()), before, 60.0)
    assert (found["requests"], found["audio_s"], found["rtf"], found["seconds"]) == (4, 40.0, 0.1, 60.0)
    assert found["first_audio_ms"] == {"p50": 25.0, "p95": 29.5, "count": 4}  # all in the bucket from 20 to 30 ms
    assert found["stages_ms"] == {"text": 2.0, "speaker": 0.0, "acoustic": 10.0, "vocoder": 300.0}
    assert found["cache"] == {"hits": 1, "misses": 0, "share": 1.0}
    assert found["queue_ms"] == {"p50": None, "p95": None, "count": 0}
    whole = figures(flat(metrics.families()), {}, 3600.0)
    assert (whole["requests"], whole["first_audio_ms"]["count"]) == (6, 6)


@pytest.mark.parametrize(
    ("buckets", "share", "value"),
    [
        ([(1.0, 4), (2.0, 8), (float("inf"), 8)], 0.5, 1.0),
        ([(1.0, 4), (2.0, 8), (float("inf"), 8)], 0.75, 1.5),
        ([(1.0, 0), (2.0, 8), (float("inf"), 8)], 0.25, 1.25),
        ([(1.0, 0), (2.0, 0), (float("inf"), 3)], 0.5, 2.0),
        ([(1.0, 0), (float("inf"), 0)], 0.5, None),
        ([], 0.5, None),
    ],
)
def test_a_quantile_is_read_off_the_buckets(buckets, share, value):
    assert quantile(buckets, share) == value


def test_a_window_knows_what_was_a_minute_ago():
    now, metrics = [1000.0], Metrics()
    window = Window(metrics.families, lambda: now[0])

    def audio_before() -> tuple[float, float]:
        seconds, families = window.before
        return seconds, flat(families)["tingshuo_audio_seconds_total", ()]

    assert audio_before() == (0.0, 0.0)
    for step in range(1, 40):
        metrics.audio.inc()
        now[0] += STEP_S
        window.note()
        window.note()  # too early: no note
        past = min(step, int(SPAN_S / STEP_S))
        assert audio_before() == (past * STEP_S, step - past)


def test_what_processes_share_counts_once():
    def kept(audio, voices):
        samples = [
            ["tingshuo_cache_kept_bytes", [["cache", name]], value] for name, value in (("audio", audio), ("voices", voices))
        ]
        return [{"name": "tingshuo_cache_kept_bytes", "type": "gauge", "help": "", "samples": samples}]

    (family,) = merge([kept(1000, 50), kept(900, 60)])
    assert [value for _, _, value in family["samples"]] == [1000, 110]


def test_figures_tell_of_what_was_heard():
    metrics = Metrics()
    metrics.tallies["hear"].first.observe(0.025)
    metrics.finished(1.0, 10.0, None, complete=True, task="hear")
    metrics.finished(1.0, 10.0, None, complete=False, task="hear")
    found = figures(flat(metrics.families()), {}, 60.0)
    assert found["hearing"] == {
        "audio_s": 20.0,
        "rtf": 0.1,
        "first_text_ms": {"p50": 25.0, "p95": 29.5, "count": 1},
        "cancelled_audio_s": 10.0,
    }
    assert (found["audio_s"], found["rtf"]) == (0.0, None)
