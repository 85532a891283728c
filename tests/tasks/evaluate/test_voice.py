import numpy as np
import pytest

from tingshuo.errors import DataError, EngineNotInstalledError, TextError, UnknownVoiceError
from tingshuo.tasks.acoustic import SentenceAcoustics
from tingshuo.tasks.evaluate import conclude as module
from tingshuo.tasks.evaluate.forced import Timing
from tingshuo.tasks.evaluate.voice import evaluate_rows, evaluate_texts
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.text.frontend import Frontend
from tingshuo.types import SpeechRequest

TEXTS = {"a": "今天天气很好。", "b": "他去公园散步。"}


@pytest.fixture
def no_dnsmos(monkeypatch):
    def missing():
        raise EngineNotInstalledError("DNSMOS needs the package 'speechmos': pip install tingshuo[evaluate]")

    monkeypatch.setattr(module, "Dnsmos", missing)


@pytest.fixture
def evaluation(voice, rows, no_dnsmos):
    shares = []
    made = evaluate_rows(voice, [rows[name] for name in "cab"], "three rows", progress=shares.append)
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1
    return made


def value(evaluation, measure, kind):
    (found,) = [figure.value for figure in evaluation.figures if (figure.measure, figure.kind) == (measure, kind)]
    return found


def test_rows_keep_their_order_and_have_all_kinds(evaluation):
    assert [result.id for result in evaluation.results] == ["c", "a", "b"]
    for result in evaluation.results:
        assert set(result.sounds()) == {"recording", "copy", "speech"}
        assert set(result.syllables) == {"recording", "speech"}


def test_known_changes_are_measured(evaluation):
    """The recordings are the voice itself, a semitone higher and at nine tenths of its speed."""
    assert value(evaluation, "f0_rmse_cents", "speech") == pytest.approx(100, abs=30)
    assert value(evaluation, "melody_rmse_cents", "speech") < 40
    assert value(evaluation, "tempo_ratio", "speech") == pytest.approx(0.9, abs=0.03)
    assert value(evaluation, "syllable_error_ms", "speech") < 15
    assert value(evaluation, "mcd_db", "speech") < 2
    assert value(evaluation, "voicing_error_pct", "speech") < 10


def test_a_copy_is_near_its_recording(evaluation):
    assert value(evaluation, "mcd_db", "copy") < 2
    assert value(evaluation, "f0_rmse_cents", "copy") < 40
    (result,) = [result for result in evaluation.results if result.id == "a"]
    assert abs(len(result.copy.wav) - len(result.recording.wav)) < 256


def test_tones_of_recordings_are_heard_where_the_words_were_placed(evaluation):
    assert value(evaluation, "tone4_correlation", "recording") > 0.6
    assert value(evaluation, "tone4_correlation", "speech") > 0.6
    assert evaluation.tones["recording"].keys() == evaluation.tones["speech"].keys()


def test_readings_are_compared_where_the_corpus_has_them(voice, rows, evaluation):
    measured = {result.id: result.measures["speech"]["reading_error_pct"] for result in evaluation.results}
    assert measured["a"] == 0
    assert np.isnan(measured["b"])
    wrong = evaluate_rows(voice, [rows["a"].replace(pinyin="jin1 tian1 tian1 qi4 hen3 huai4")], "one")
    assert value(wrong, "reading_error_pct", "speech") == pytest.approx(100 / 6)


def test_what_is_missing_is_said(evaluation):
    assert evaluation.notes == [
        "DNSMOS not measured: DNSMOS needs the package 'speechmos': pip install tingshuo[evaluate].",
        "Timbre not measured: it takes 40 s of recordings; evaluate more rows.",
    ]
    assert not [figure for figure in evaluation.figures if figure.measure.startswith("dnsmos")]


def test_rows_that_cannot_be_used_are_left_out_and_named(voice, rows, no_dnsmos):
    made = evaluate_rows(voice, list(rows.values()), "all")
    assert [result.id for result in made.results] == ["a", "b", "c"]
    left_out = [note for note in made.notes if "left out" in note]
    assert len(left_out) == 3
    for name, reason in (("short", "less than two frames"), ("wordless", "no text"), ("gone", "no such file")):
        assert [note for note in left_out if note.startswith(f"{name} ") and reason in note]


def test_rows_whose_timing_is_known_are_predicted_with_it(voice, rows, no_dnsmos):
    timings = {}
    for name in "ab":
        request = SpeechRequest(text=TEXTS[name], speed=0.9, pitch=1.0)
        sentence = next(Frontend().sentences(request.text))
        acoustics = SentenceAcoustics(voice.graphs, voice.config, sentence.words, voice.timbre(), request, Stopwatch())
        timings[name] = Timing(sentence.words, acoustics.durations)
    made = evaluate_rows(voice, [rows["a"], rows["b"].replace(speaker="li")], "two rows", timings=timings)
    own, foreign = made.results
    assert set(own.sounds()) == {"recording", "copy", "forced", "speech"}
    assert "forced" not in foreign.sounds()  # another person's mel is nothing that this voice should predict
    assert value(made, "mel_l1", "forced") < 0.6
    assert value(made, "log_duration_rmse", "forced") == pytest.approx(-np.log(0.9), abs=0.2)
    assert value(made, "f0_rmse_cents", "forced") == pytest.approx(100, abs=30)
    assert abs(len(own.forced.wav) - timings["a"].durations.sum() * 256) <= 256
    assert made.kinds == ["recording", "copy", "forced", "speech"]


def test_each_row_is_spoken_by_its_own_speaker(pair, rows, no_dnsmos):
    second = pair.speakers[1]
    made = evaluate_rows(pair, [rows["a"], rows["b"].replace(speaker=second)], "two speakers")
    assert [result.spoken_by for result in made.results] == list(made.speakers) == list(pair.speakers)
    assert not any("two people" in note for note in made.notes)
    asked = evaluate_rows(pair, [rows["a"]], "one", speaker=second)
    assert (asked.speakers, asked.results[0].speaker) == ((second,), pair.speakers[0])
    assert evaluate_texts(pair, ["你好。"], "one", speaker=second).results[0].spoken_by == second
    with pytest.raises(UnknownVoiceError, match="unknown speaker 'wu'"):
        evaluate_rows(pair, [rows["a"]], "one", speaker="wu")


def test_nothing_to_evaluate_is_an_error(voice, rows):
    with pytest.raises(DataError, match="no row can be evaluated: gone is left out"):
        evaluate_rows(voice, [rows["gone"]], "gone")


def test_another_speaker_is_told(voice, rows, no_dnsmos):
    made = evaluate_rows(voice, [rows["a"].replace(speaker="li"), rows["b"].replace(speaker="wu")], "two people")
    assert any("2 speakers" in note for note in made.notes)
    assert any("li, wu and the voice is" in note for note in made.notes)


def test_texts_alone(voice, no_dnsmos):
    made = evaluate_texts(voice, ["今天天气真好。", "请问几点了？"], "two lines", style="lively")
    assert (made.style, made.subject) == ("lively", "two lines")
    assert value(made, "inaudible_pct", "speech") == 0
    assert value(made, "rtf", "speech") > 0
    assert {figure.kind for figure in made.figures} == {"speech"}
    assert not [figure for figure in made.figures if figure.measure == "mcd_db"]


def test_a_text_that_cannot_be_spoken_is_refused(voice):
    with pytest.raises(TextError):
        evaluate_texts(voice, ["……"], "nothing")


def test_the_worst_come_first(evaluation):
    distances = [result.measures["speech"]["mcd_db"] for result in evaluation.worst(2)]
    assert distances == sorted((r.measures["speech"]["mcd_db"] for r in evaluation.results), reverse=True)[:2]


def test_without_recordings_unlikely_tones_come_first(voice, no_dnsmos):
    made = evaluate_texts(voice, ["今天天气真好。", "四十四只石狮子是死的。", "请问几点了？"], "three lines")
    shapes = [result.measures["speech"]["tones_correlation"] for result in made.worst(3)]
    assert shapes == sorted(shapes)
    assert value(made, "tones_correlation", "speech") == pytest.approx(np.mean(shapes))
