"""From a recording to what was said in it, with a recogniser that counts."""

import struct
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.tasks.recognise.counting import Counting

import tingshuo
from tingshuo.audio import vad
from tingshuo.audio.vad import SAMPLE_RATE, VadConfig
from tingshuo.errors import AudioError, RequestError
from tingshuo.tasks.recognise.hotwords import WEIGHT
from tingshuo.tasks.recognise.neural_fusion import FusedHotwords
from tingshuo.tasks.recognise.rescoring import Adviser
from tingshuo.tasks.recognise.search import Hypothesis
from tingshuo.tasks.recognise.transcribe import Listening, Transcription, read_hotwords, transcribe
from tingshuo.text.lm.arpa import write_arpa
from tingshuo.text.lm.kneser_ney import estimate


class LoudIsSpeech:
    """Stands in for the net of `tingshuo.audio.vad`, which tones do not deceive."""

    def __init__(self):
        self.waiting = np.zeros(0, np.float32)

    def feed(self, wav):
        self.waiting = np.concatenate([self.waiting, wav])
        whole = len(self.waiting) // vad.HOP * vad.HOP
        frames, self.waiting = self.waiting[:whole].reshape(-1, vad.HOP), self.waiting[whole:]
        return (np.square(frames).mean(1) > 1e-5).astype(np.float32)

    def finish(self):
        return self.feed(np.zeros(-len(self.waiting) % vad.HOP, np.float32))


as_heard = partial(transcribe, finish=None)
"""Without punctuation, which a net of its own sets."""


@pytest.fixture(autouse=True)
def loud_is_speech(monkeypatch):
    monkeypatch.setattr(vad, "SpeechNet", LoudIsSpeech)


def recording(*sounds, rate=SAMPLE_RATE):
    """Seconds of silence and of sound in turns."""
    pieces = [(0.3 * (n % 2)) * np.sin(np.arange(round(s * rate)) / rate * 3000) for n, s in enumerate(sounds)]
    return np.concatenate(pieces).astype(np.float32)


def test_segments_say_what_was_heard_and_when(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, recording(1, 0.9, 2, 0.6, 1), SAMPLE_RATE)
    recogniser = Counting()
    transcript = as_heard(path, recogniser)
    assert [segment.text for segment in transcript.segments] == ["嘟嘟嘟", "嘟嘟"]
    assert transcript.text == "嘟嘟嘟 嘟嘟"
    assert (transcript.duration_s, transcript.language, transcript.warnings) == (pytest.approx(5.5), None, ())
    first, second = transcript.segments
    assert (first.start_s, first.end_s) == (pytest.approx(0.8), pytest.approx(2.1))
    assert (second.start_s, second.end_s) == (pytest.approx(3.7), pytest.approx(4.7))
    assert recogniser.heard_s == [pytest.approx(1.3), pytest.approx(1.0)]
    assert [word.text for word in first.words] == ["嘟"] * 3
    assert 0.8 <= first.words[0].start_s < first.words[0].end_s <= first.words[1].start_s
    assert (first.confidence, first.speech, first.alternatives) == (pytest.approx(0.5), 1.0, ())


def test_a_file_at_another_rate_and_a_recogniser_of_another(tmp_path):
    path = tmp_path / "a.wav"
    wav = recording(1, 0.75, 1, rate=96000)
    soundfile.write(path, np.stack([wav] * 6, 1), 96000)
    recogniser = Counting(8000)
    assert as_heard(path, recogniser).text == "嘟嘟嘟"
    assert recogniser.heard_s == [pytest.approx(1.16, abs=0.02)]


def test_segments_come_as_they_are_heard():
    shares = []
    going = iter(Transcription((recording(1, 0.9, 1, 0.9, 30), SAMPLE_RATE), Counting(), progress=shares.append))
    assert next(going).start_s == pytest.approx(0.8)
    assert shares == []
    assert len(list(going)) == 1
    assert shares[-1] == 1


def test_other_texts_are_told_as_asked():
    source = (recording(1, 0.9, 1), SAMPLE_RATE)
    (segment,) = as_heard(source, Counting(), beam=1, best=2).segments
    assert [(one.text, one.score, one.confidence) for one in segment.alternatives] == [("嘟嘟嘟嘟", -1.0, pytest.approx(0.5))]
    (segment,) = as_heard(source, Counting(), best=5).segments
    assert [one.text for one in segment.alternatives] == ["嘟嘟嘟嘟", ""]


def test_hotwords_have_their_say_and_are_told():
    recogniser = Counting()
    transcript = as_heard((recording(1, 0.9, 1), SAMPLE_RATE), recogniser, hotwords={"嘟嘟": 2.0, "gone": 1.0, "北京": 2.0})
    assert recogniser.expected[0] is not None
    assert transcript.segments[0].hotwords == ("嘟嘟",)
    assert any("北京" in warning and "never write" in warning for warning in transcript.warnings)
    assert as_heard((recording(1, 0.9, 1), SAMPLE_RATE), recogniser).segments[0].hotwords == ()
    assert recogniser.expected[1] is None


class Searches(Counting):
    """Counts, and searches for something else than it writes."""

    def expect(self, words):
        return Other(tuple(words))


class Other:
    """Words that such a recogniser expects."""

    def __init__(self, words):
        self.unknown = words

    def said(self, units):
        return ()


def test_a_language_model_has_its_say_in_the_search_or_behind_it():
    source = (recording(1, 0.9, 1), SAMPLE_RATE)
    longer = estimate(["嘟嘟嘟嘟"] * 3, 5)  # four are likelier than three by a nat
    recogniser = Counting()
    as_heard(source, recogniser, lm=Adviser(longer), hotwords={"嘟嘟": 1.0})
    assert isinstance(recogniser.expected[0], FusedHotwords)
    behind = Searches()
    (segment,) = as_heard(source, behind, lm=Adviser(longer, weight=4.0, bonus=0.0), best=3).segments
    assert (segment.text, {one.text for one in segment.alternatives}) == ("嘟嘟嘟嘟", {"嘟嘟嘟", ""})
    assert behind.expected == [None]
    assert as_heard(source, Searches(), lm=Adviser(longer, weight=0.0, bonus=0.0)).text == "嘟嘟嘟"
    told = as_heard(source, Searches(), lm=Adviser(longer), hotwords={"北京": 1.0})
    assert "北京" in told.warnings[0]


def test_a_language_model_is_opened_by_its_path(tmp_path):
    write_arpa(estimate(["嘟嘟嘟嘟"] * 3, 5), tmp_path / "model.arpa")
    source = (recording(1, 0.9, 1), SAMPLE_RATE)
    assert as_heard(source, Searches(), lm=tmp_path / "model.arpa", lm_weight=4.0).text == "嘟嘟嘟嘟"
    with pytest.raises(RequestError, match="no language model is there"):
        as_heard(source, Searches(), lm=tmp_path / "none")


def test_without_times_there_are_segments_and_no_words():
    (segment,) = as_heard((recording(1, 0.9, 1), SAMPLE_RATE), Counting(timed=False)).segments
    assert (segment.text, segment.words) == ("嘟嘟嘟", ())


class Counted(Counting):
    """Counts in words."""

    written = ("", "二", "十", "五")

    def hear(self, wav, beam=10, expected=None):
        return (Hypothesis((1, 2, 3), 0.0, (3, 4, 5), (0.9,) * 3),)


def test_what_was_heard_is_made_readable_unless_it_is_wanted_raw():
    source = (recording(1, 0.9, 1), SAMPLE_RATE)
    transcript = transcribe(source, Counted())
    assert transcript.text.startswith("25")
    assert [word.text for word in transcript.words] == ["二", "十", "五"]
    assert transcribe(source, Counted(), finish=None).text == "二十五"
    shouted = transcribe(source, Counted(), finish=lambda segment: replace(segment, text=segment.text + "!"))
    assert shouted.text == "二十五!"


class Deaf(Counting):
    """Hears nothing in anything."""

    def hear(self, wav, beam=10, expected=None):
        super().hear(wav, beam, expected)
        return ()


class Blank(Deaf):
    def hear(self, wav, beam=10, expected=None):
        return super(Deaf, self).hear(wav, beam, expected)[2:]


@pytest.mark.parametrize("recogniser", [Deaf(), Blank()])
def test_where_nothing_was_said_there_is_no_segment(recogniser):
    assert as_heard((recording(1, 0.9, 1), SAMPLE_RATE), recogniser).segments == ()
    assert recogniser.heard_s


def test_where_nobody_speaks_nobody_is_asked():
    recogniser = Counting()
    transcript = as_heard((recording(60), SAMPLE_RATE), recogniser)
    assert (transcript.text, transcript.duration_s, recogniser.heard_s) == ("", 60.0, [])


def test_long_sounds_come_in_pieces():
    recogniser = Counting()
    transcript = as_heard((recording(0.5, 30, 0.5), SAMPLE_RATE), recogniser, vad=VadConfig(longest_s=5.0))
    assert max(recogniser.heard_s) <= 5.3
    assert sum(recogniser.heard_s) == pytest.approx(30.4, abs=0.1)
    ends, starts = ([getattr(one, at) for one in transcript.segments] for at in ("end_s", "start_s"))
    assert ends[:-1] == pytest.approx(starts[1:])


def test_bad_samples_are_said(tmp_path):
    wav = recording(1, 0.9, 1)
    wav[5000:5010] = np.nan
    transcript = as_heard((wav, SAMPLE_RATE), Counting())
    assert transcript.text == "嘟嘟嘟"
    assert transcript.warnings == ("10 samples are no numbers or infinite; they were taken for silence",)


@pytest.mark.parametrize("content", [b"", b"text", b"RIFF" + struct.pack("<I", 36) + b"WAVE"])
def test_what_is_not_audio_is_refused(tmp_path, content):
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(AudioError, match=r"a\.wav"):
        as_heard(tmp_path / "a.wav", Counting())


@pytest.mark.parametrize("wrong", [{"beam": 0}, {"beam": 101}, {"best": 0}, {"best": 51}])
def test_wrong_numbers_are_said(wrong):
    with pytest.raises(RequestError, match="must be 1 to"):
        Listening(**wrong)


def test_hotwords_as_they_are_written():
    assert read_hotwords("听说, 北京:3，上海：-1.5、广州") == {"听说": WEIGHT, "北京": 3.0, "上海": -1.5, "广州": WEIGHT}
    assert read_hotwords("# remark, not a word\n听说:4\n\n北京\n") == {"听说": 4.0, "北京": WEIGHT}
    assert read_hotwords(" , ") == {}
    for wrong in ("听说:much", "听说:99", "听说:nan"):
        with pytest.raises(RequestError, match="hotword '听说:"):
            read_hotwords(wrong)


def test_a_bundle_is_opened_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("onnx")
    pytest.importorskip("torch")
    from tests.port import tiny_recognisers as tiny

    from tingshuo.port.bundling import write_draft
    from tingshuo.port.convert import graph_recogniser
    from tingshuo.port.convert.sherpa_asr import draft

    monkeypatch.setattr(graph_recogniser, "load", tiny.Voice)
    write_draft(draft(tiny.write(tmp_path / "model", "sense_voice")), tmp_path / "bundle")
    soundfile.write(tmp_path / "a.wav", np.concatenate([np.zeros(16000), tiny.sound(0)]), tiny.RATE)
    transcript = tingshuo.transcribe(tmp_path / "a.wav", tmp_path / "bundle", language="ja", best=3)
    assert transcript.text
    assert transcript.language == "ja"
    assert len(transcript.segments[0].alternatives) == 2
    with pytest.raises(RequestError, match="no language 'fr'"):
        tingshuo.transcribe(tmp_path / "a.wav", tmp_path / "bundle", language="fr")


def test_noise_can_be_taken_away_first():
    wav = recording(1, 0.9, 1)
    wav += (0.2 * np.sin(np.arange(len(wav)) / SAMPLE_RATE * 2 * np.pi * 25)).astype(np.float32)  # rumble, never quiet
    as_it_is, better = (as_heard((wav, SAMPLE_RATE), Counting(), enhance=kind).segments for kind in ("none", "highpass"))
    assert as_it_is[0].start_s == 0
    assert better[0].start_s == pytest.approx(0.85, abs=0.1)
    with pytest.raises(RequestError, match="enhance is none, highpass or denoise, not 'loud'"):
        Listening(enhance="loud")


def test_others_get_the_thread_where_nobody_speaks():
    steps = list(Transcription((recording(40, 0.9, 40), SAMPLE_RATE), Counting()).steps())
    assert sum(one is not None for one in steps) == 1
    assert sum(one is None for one in steps) > 3
