import numpy as np
import pytest

pytest.importorskip("torch")

from tests.port.tiny_vocoders import vocoder_bundle

from tingshuo.errors import PortError, TextError
from tingshuo.port import material
from tingshuo.port.material import Speaker, gather, is_voice, speaker_of, spread
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.golden import read_vectors
from tingshuo.tasks.voices import find_voice

pytestmark = pytest.mark.train


def test_calls_are_spread_from_the_first_to_the_last():
    calls = [{"n": n} for n in range(9)]
    assert [call["n"] for call in spread(calls, 3)] == [0, 4, 8]
    assert len(spread(calls[:2], 3)) == 2


def test_a_voice_is_listened_to_and_left_as_it_was():
    bundle = open_bundle(find_voice("default"))
    speaker = speaker_of(bundle)
    before = dict(speaker.graphs)
    found = gather(bundle, speaker, calibrate=False)
    assert is_voice(bundle)
    assert set(found.test) == set(bundle.manifest.graphs)
    assert all(found.test.values())
    assert len(found.speeches) == 2
    assert not found.calibration
    assert speaker.graphs == before


def test_a_vocoder_makes_speech_sound_again(tmp_path_factory, monkeypatch):
    monkeypatch.setattr(material, "CALIBRATION", ("你好。", "今天天气真好，我们去公园吧。"))
    bundle = open_bundle(vocoder_bundle("hifigan", tmp_path_factory))
    found = gather(bundle, speaker_of(bundle))
    golden = read_vectors(bundle, "vocoder")[0]["mel"]
    calls = [call["mel"] for call in found.calibration["vocoder"]]
    assert {call.shape[:2] for call in calls} == {golden.shape[:2]}
    assert all(len(speech.wav) <= material.COPIED_S * speech.sample_rate for speech in found.speeches)
    assert not any(np.array_equal(call, golden) for call in (*calls, *(call["mel"] for call in found.test["vocoder"])))
    assert [len(timbre.shape) for timbre in found.timbres] == [1, 1]


def test_other_graphs_are_used_for_a_while(tmp_path_factory):
    speaker = speaker_of(open_bundle(vocoder_bundle("hifigan", tmp_path_factory)))
    (before,) = speaker.says(["你好。"])

    session = speaker.graphs["vocoder"]

    class Silent:
        spec = session.spec

        def run(self, inputs):
            return {name: 0 * value for name, value in session.run(inputs).items()}

    with speaker.using({"vocoder": Silent()}):
        assert not speaker.says(["你好。"])[0].wav.any()
    assert np.array_equal(speaker.says(["你好。"])[0].wav, before.wav)


def test_sentences_that_a_voice_cannot_say_are_left_out(tmp_path_factory, monkeypatch):
    bundle = open_bundle(vocoder_bundle("hifigan", tmp_path_factory))
    speaker = speaker_of(bundle)

    def picky(texts):
        if "书" in texts[0]:
            raise TextError("no such sound")
        return speaker.says(texts)

    found = gather(bundle, Speaker(speaker.graphs, picky), calibrate=False)
    assert found.texts == (material.TEST[0],)
    assert (len(found.speeches), len(found.timbres)) == (1, 1)
    monkeypatch.setattr(material, "TEST", ("书",))
    found = gather(bundle, Speaker(speaker.graphs, picky), calibrate=False)
    assert (found.texts, found.speeches) == ((), ())
    assert np.array_equal(found.test["vocoder"][0]["mel"], read_vectors(bundle, "vocoder")[0]["mel"])
    with monkeypatch.context() as patch:
        patch.setattr(material, "has_golden", lambda bundle: False)
        with pytest.raises(PortError, match="says none of our sentences and has no golden vectors"):
            gather(bundle, Speaker(speaker.graphs, picky))
