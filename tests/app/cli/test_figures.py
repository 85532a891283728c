"""The measuring code measures what it says, with the built-in voice; no figure is judged here."""

import pytest

from tingshuo.app.cli import figures
from tingshuo.errors import TingshuoError


def test_the_texts_are_as_long_as_the_promises_say(voice):
    assert len(figures.TWO_HUNDRED) == 200
    assert 8 < voice.synthesize(figures.TEN_SECONDS).duration_s < 14
    assert 2 < voice.synthesize(figures.THREE_SECONDS).duration_s < 4


def test_speed_of_each_precision(voice):
    found = list(figures.speed("default", 1))
    assert found[0].name == f"RTF, {voice.precision}", "the one that is used comes first"
    assert found[0].limit == 0.02
    assert all(figure.limit is None for figure in found[1:])
    assert len({figure.name for figure in found}) == len(found)
    assert all(figure.value > 0 for figure in found)


def test_cold_start_is_that_of_a_process(voice):
    assert figures.cold_start("default", 1).value > 0
    with pytest.raises(TingshuoError, match="unknown voice"):
        figures.cold_start("nobody", 1)


def test_a_server_is_measured_from_outside_and_stopped():
    calls = []
    found = {f.name: f for f in figures.server_figures("default", 3, lambda: calls.append(1), first_audio_runs=1)}
    assert len(calls) == 6, "as many again after the memory should have stopped growing"
    assert found["peak memory of the server"].value > 50
    assert found["memory after 6 / 3 requests"].value > 0.5
    assert found["first audio, warm server"].value > 0


def test_a_server_that_refuses_is_an_error():
    with figures.running_server("default") as server, pytest.raises(TingshuoError, match="answered 422"):
        server.post("/api/tts", {"text": "。"})


def test_requests_differ():
    bodies = [figures.varied_request(n) for n in range(50)]
    assert len({body["text"] for body in bodies}) == 50
    assert {body["emotion"] for body in bodies} == set(figures.EMOTIONS)
    assert all(1 <= len(body["text"]) <= 200 and 0.5 <= body["speed"] <= 2 for body in bodies)
