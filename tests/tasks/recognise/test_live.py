"""Live recognition: what is told while somebody speaks, and that it does not depend on how the samples come."""

import numpy as np
import pytest
from tests.tasks.recognise.chunked import bursts, chunked
from tests.tasks.recognise.counting import Counting
from tests.tasks.recognise.test_transcribe import LoudIsSpeech, recording

from tingshuo.audio import vad
from tingshuo.audio.vad import SAMPLE_RATE, VadConfig
from tingshuo.errors import RequestError
from tingshuo.tasks.recognise.live import Began, Final, Live, LiveSession, Partial
from tingshuo.tasks.recognise.transcribe import Listening, transcribe

PLAIN = Listening(finish=None)
TWO = np.concatenate([bursts(4), bursts(7)])


@pytest.fixture
def loud_is_speech(monkeypatch):
    monkeypatch.setattr(vad, "SpeechNet", LoudIsSpeech)


def heard(recogniser, wav=TWO, cuts=(), rate=SAMPLE_RATE, listening=PLAIN, **live):
    """Return all events of samples that come in pieces."""
    session = LiveSession(recogniser, rate, listening, Live(**live))
    found = [event for piece in np.split(wav, cuts) for event in session.feed(piece)]
    return found + session.finish()


def finals(events):
    return [event.segment for event in events if isinstance(event, Final)]


@pytest.mark.usefixtures("loud_is_speech")
@pytest.mark.parametrize("recogniser", [chunked(), Counting()])
def test_an_utterance_begins_grows_and_ends(recogniser):
    events = heard(recogniser)
    for n, count in ((0, 4), (1, 7)):
        own = [event for event in events if event.utterance == n]
        assert isinstance(own[0], Began)
        assert isinstance(own[-1], Final)
        partials = own[1:-1]
        assert {type(event) for event in partials} == {Partial}
        lengths = [len(event.text) for event in partials]
        assert lengths == sorted(set(lengths))
        assert own[-1].segment.text == "嘟" * count
        assert own[0].start_s == own[-1].segment.start_s == partials[0].start_s
        assert len(own[-1].segment.words) == count
    assert [event.utterance for event in events] == sorted(event.utterance for event in events)


@pytest.mark.usefixtures("loud_is_speech")
@pytest.mark.parametrize("make", [chunked, Counting])
def test_finals_are_what_the_whole_recording_is_transcribed_as(make):
    whole = transcribe((TWO, SAMPLE_RATE), make(), finish=None).segments
    assert finals(heard(make())) == list(whole)


@pytest.mark.usefixtures("loud_is_speech")
@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize("second_pass", [True, False])
def test_the_sizes_of_the_blocks_change_nothing(rate, second_pass):
    wav = np.concatenate([bursts(3, rate), bursts(9, rate, after_s=0.0)])
    listening = Listening(finish=None, vad=VadConfig(longest_s=2.0))
    for make in (chunked, Counting):
        whole = heard(make(), wav, (), rate, listening, second_pass=second_pass)
        assert len(finals(whole)) >= 3, "and one is cut"
        for seed in range(3):
            rng = np.random.default_rng(seed)
            cuts = np.sort(rng.integers(0, len(wav), rng.integers(1, 60)))
            assert heard(make(), wav, cuts, rate, listening, second_pass=second_pass) == whole


@pytest.mark.usefixtures("loud_is_speech")
def test_a_partial_costs_the_new_frames_alone():
    recogniser = chunked()
    heard(recogniser, bursts(20))
    frames, whole = recogniser.graphs["encoder_chunk"].frames, recogniser.graphs["encoder"].frames
    assert whole <= frames <= whole + 20, "what is silent behind the end is heard too"


@pytest.mark.usefixtures("loud_is_speech")
def test_a_recogniser_of_whole_utterances_is_asked_ever_more_rarely():
    recogniser = Counting()
    heard(recogniser, recording(0.5, 19, 1))
    *partials, whole = recogniser.heard_s
    assert whole == pytest.approx(19.4)
    assert sum(partials) < 4.4 * whole
    gaps = np.diff(partials)
    assert all(gaps[:-1] <= gaps[1:] + 0.05)


@pytest.mark.usefixtures("loud_is_speech")
@pytest.mark.parametrize("make", [chunked, Counting])
def test_without_partials_and_without_a_second_pass(make):
    full = finals(heard(make()))
    assert not [event for event in heard(make(), partials=False) if isinstance(event, Partial)]
    for live in ({"partials": False}, {"second_pass": False}, {"partials": False, "second_pass": False}):
        found = finals(heard(make(), **live))
        assert [(one.text, one.start_s, one.end_s) for one in found] == [(one.text, one.start_s, one.end_s) for one in full]
    recogniser = Counting()
    heard(recogniser, partials=False, second_pass=False)
    assert len(recogniser.heard_s) == 2, "nobody hears what is not told"


@pytest.mark.usefixtures("loud_is_speech")
@pytest.mark.parametrize("second_pass", [True, False])
def test_what_never_ends_is_cut_and_nothing_is_lost(second_pass):
    listening = Listening(finish=None, vad=VadConfig(longest_s=3.0))
    found = finals(heard(chunked(), bursts(30), (), SAMPLE_RATE, listening, second_pass=second_pass))
    assert len(found) >= 4
    assert [one.end_s for one in found[:-1]] == pytest.approx([one.start_s for one in found[1:]])
    assert sum(len(one.text) for one in found) == pytest.approx(30, abs=len(found))


@pytest.mark.usefixtures("loud_is_speech")
def test_memory_is_bounded_by_the_longest_utterance():
    session = LiveSession(chunked(), listening=Listening(finish=None, vad=VadConfig(longest_s=2.0)), live=Live(second_pass=False))
    for _ in range(20):
        session.feed(bursts(5, before_s=0.0, after_s=0.0))
        assert len(session._finder._wav) <= 4.1 * SAMPLE_RATE
        assert len(session._waiting) < 0.04 * SAMPLE_RATE
        assert session._utterance.end - session._utterance.begin <= 2.1 * SAMPLE_RATE
    assert session.fed_s == pytest.approx(20 * 5 * 0.34)


@pytest.mark.parametrize("wav", [np.zeros(3 * SAMPLE_RATE), 0.05 * np.random.default_rng(0).standard_normal(3 * SAMPLE_RATE)])
def test_where_nobody_speaks_nothing_is_told(wav):
    recogniser = Counting()
    assert heard(recogniser, wav.astype(np.float32), range(0, len(wav), 1000)) == []
    assert recogniser.heard_s == []
    assert heard(recogniser, wav[:0]) == []


@pytest.mark.usefixtures("loud_is_speech")
def test_what_is_too_short_is_not_told():
    assert heard(chunked(), recording(0.5, 0.1, 1)) == []


class Deaf(Counting):
    def hear(self, wav, beam=10, expected=None):
        return super().hear(wav, beam, expected)[:0]


@pytest.mark.usefixtures("loud_is_speech")
def test_what_has_begun_ends_though_it_was_no_word():
    began, final = heard(Deaf(), recording(0.5, 1, 1))
    assert isinstance(began, Began)
    assert (final.segment.text, final.segment.words, final.segment.confidence) == ("", (), 0.0)


@pytest.mark.usefixtures("loud_is_speech")
def test_hotwords_have_their_say_in_partials_and_are_told():
    listening = Listening(finish=None, hotwords={"哔哔": 15.0, "北京": 2.0})
    session = LiveSession(chunked(), listening=listening)
    events = [*session.feed(bursts(3)), *session.finish()]
    assert "哔哔" in next(event.text for event in events if isinstance(event, Partial))
    (segment,) = finals(events)
    assert segment.hotwords == ("哔哔",)
    assert "北京" in session.warnings[0]


class Adviser:
    """Says that the longest text is the likeliest."""

    def expected(self, recogniser, words):
        return None, False

    def rescored(self, found, recogniser):
        return tuple(sorted(found, key=lambda one: -len(one.units)))


@pytest.mark.usefixtures("loud_is_speech")
@pytest.mark.parametrize("second_pass", [True, False])
def test_a_language_model_is_asked_when_the_texts_are_known(second_pass):
    listening = Listening(finish=None, lm=Adviser())
    assert [one.text for one in finals(heard(Counting(), listening=listening, second_pass=second_pass))] == ["嘟" * 5, "嘟" * 8]


@pytest.mark.usefixtures("loud_is_speech")
def test_finals_are_made_readable_and_partials_are_as_heard():
    listening = Listening(finish=lambda segment: segment.__class__("读" + segment.text, segment.start_s, segment.end_s, 1.0))
    events = heard(chunked(), listening=listening)
    assert [one.text for one in finals(events)] == ["读" + "嘟" * 4, "读" + "嘟" * 7]
    assert {event.text[0] for event in events if isinstance(event, Partial)} == {"嘟"}


@pytest.mark.usefixtures("loud_is_speech")
def test_what_was_sure_stays():
    events = [event for event in heard(chunked(), bursts(25)) if isinstance(event, Partial)]
    assert events[-1].stable > 15
    for n, event in enumerate(events):
        assert all(later.text.startswith(event.text[: event.stable]) for later in events[n:])


def test_samples_that_are_none_are_silence_and_are_told():
    session = LiveSession(Counting())
    session.feed(np.array([np.nan, np.inf, 0.5], np.float32))
    assert session.warnings == ("2 samples are no numbers or infinite; they were taken for silence",)


@pytest.mark.parametrize("rate", [0, -1, 999, 10**6])
def test_a_rate_that_cannot_be_is_refused(rate):
    with pytest.raises(RequestError, match="sample_rate must be 1000 to 768000 Hz"):
        LiveSession(Counting(), rate)


@pytest.mark.parametrize("chunk_s", [0.0, 3.0, float("nan")])
def test_a_chunk_that_cannot_be_is_refused(chunk_s):
    with pytest.raises(RequestError, match=r"chunk_s must be 0\.04 to 2 seconds"):
        Live(chunk_s=chunk_s)
