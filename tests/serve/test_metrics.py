"""Metrics of one server in the format of Prometheus."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tingshuo.serve.metrics import Metrics, render
from tingshuo.types import Stages


def samples(metrics: Metrics) -> dict[str, float]:
    families = text_string_to_metric_families(render(metrics.families()).decode())
    return {
        "".join((one.name, *(f"{{{value}}}" for value in one.labels.values()))): one.value
        for family in families
        for one in family.samples
    }


def test_what_is_counted_can_be_read():
    metrics = Metrics()
    metrics.finished(0.5, 10.0, Stages(text_ms=2.0, vocoder_ms=300.0), complete=True)
    metrics.finished(0.5, 3.0, None, complete=False)
    metrics.watch("tingshuo_things", "Things.", lambda: 7.0)
    told = samples(metrics)
    assert told["tingshuo_audio_seconds_total"] == 13
    assert told["tingshuo_cancelled_audio_seconds_total"] == 3
    assert told["tingshuo_stage_seconds_total{vocoder}"] == pytest.approx(0.3)
    assert (told["tingshuo_rtf_count"], told["tingshuo_rtf_sum"]) == (1, 0.05)
    assert told["tingshuo_things"] == 7
    assert told["tingshuo_cache_total{hit}"] == told["tingshuo_cache_total{miss}"] == 0  # there before the first
    assert told["process_resident_memory_bytes"] > 1e7


def test_two_servers_in_a_process_do_not_share_numbers():
    one, two = Metrics(), Metrics()
    one.underruns.inc()
    assert (samples(one)["tingshuo_underruns_total"], samples(two)["tingshuo_underruns_total"]) == (1, 0)


def test_what_is_heard_is_counted_apart():
    metrics = Metrics()
    metrics.finished(2.0, 10.0, None, complete=True, task="hear")
    metrics.finished(0.5, 3.0, None, complete=False, task="hear")
    told = samples(metrics)
    assert (told["tingshuo_heard_seconds_total"], told["tingshuo_cancelled_heard_seconds_total"]) == (13, 3)
    assert (told["tingshuo_hearing_rtf_count"], told["tingshuo_hearing_rtf_sum"]) == (1, 0.2)
    assert told["tingshuo_hearing_work_seconds_total"] == 2.5
    assert told["tingshuo_audio_seconds_total"] == told["tingshuo_rtf_count"] == told["tingshuo_work_seconds_total"] == 0
