import dataclasses

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.port.passes.graphs import frames, stack

from tingshuo.port.gates import Hearing, hear, limit_db, mel_distance, refusal, timbres_of, worst_errors

pytestmark = pytest.mark.train
GOOD = Hearing(moved_words=0.0, mel_nepers=0.02, speaker=0.99, finite=True)


def test_limits_are_of_outputs_and_precisions():
    assert limit_db("fp32", "wav") == -60
    assert limit_db("int8", "wav") > limit_db("int8", "mel") > limit_db("fp32", "mel")
    assert refusal({"wav": -19.0}, "int8") == "wav is off by -19.0 dB, at most -20"
    assert refusal({"wav": np.inf}, "int8")
    assert not refusal({"wav": -30.0, "anything": -31.0}, "int8")


def test_errors_are_the_worst_of_all_calls():
    one = stack().open()
    wanted = [one.run(frames()), one.run(frames(20))]
    wanted[1]["y"] = wanted[1]["y"] * np.float32(1.1)
    assert worst_errors(one, [frames(), frames(20)], wanted)["y"] == pytest.approx(-20.8, abs=0.1)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"finite": False}, "not numbers"),
        ({"moved_words": 0.5}, "50% of the words"),
        ({"mel_nepers": None}, "another length"),
        ({"mel_nepers": 0.2}, "0.200 nepers"),
        ({"speaker": 0.5}, "similarity is 0.500"),
    ],
)
def test_each_thing_that_may_not_change_is_told(change, told):
    assert not GOOD.refusal
    assert told in dataclasses.replace(GOOD, **change).refusal
    assert GOOD.cer == "not measured: no recogniser"


def test_a_sentence_against_itself_and_against_noise(voice):
    speech = voice.synthesize("你好")
    timbres = timbres_of([speech])
    same = hear([speech], [speech], timbres)
    assert not same.refusal
    assert same.figures() == {"moved_words": 0, "spk_sim": pytest.approx(1, abs=1e-5), "mel_nepers": 0}
    noise = np.random.default_rng(0).standard_normal(len(speech.wav)).astype(np.float32) * 0.1
    other = hear([dataclasses.replace(speech, wav=noise)], [speech], timbres)
    assert other.speaker is None, "its timbre is not asked for any more"
    assert "nepers away" in other.refusal
    assert mel_distance(speech.wav * np.float32(np.e), speech.wav, speech.sample_rate) == pytest.approx(1, abs=0.05)
