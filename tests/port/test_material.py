import pytest

pytest.importorskip("torch")

from tingshuo.port.material import gather, is_voice, spread
from tingshuo.store.bundle import open_bundle

pytestmark = pytest.mark.train


def test_calls_are_spread_from_the_first_to_the_last():
    calls = [{"n": n} for n in range(9)]
    assert [call["n"] for call in spread(calls, 3)] == [0, 4, 8]
    assert len(spread(calls[:2], 3)) == 2


def test_a_voice_is_listened_to_and_left_as_it_was(voice):
    bundle = open_bundle(__import__("tingshuo").tasks.voices.find_voice("default"))
    before = dict(voice.graphs)
    found = gather(bundle, voice, calibrate=False)
    assert is_voice(bundle)
    assert set(found.test) == set(bundle.manifest.graphs)
    assert all(found.test.values())
    assert len(found.speeches) == 2
    assert not found.calibration
    assert voice.graphs == before
