import math

import numpy as np
import pytest
from tests.tasks.evaluate.fake_recogniser import TEXTS, FakeRecogniser, Ticks, corpus

from tingshuo.errors import DataError, RequestError
from tingshuo.tasks.evaluate.recogniser import RATES, evaluate_recogniser, rate_of
from tingshuo.text.metrics import Errors


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("rows"))


@pytest.fixture(scope="module")
def hearing(rows):
    return evaluate_recogniser(FakeRecogniser(), rows, "three", name="fake", version="1.0.0", noise_db=(10, 10), clock=Ticks())


def test_figures_are_those_of_the_known_errors(hearing):
    assert {rate.measure: rate.errors for rate in hearing.rates} == {
        "cer": Errors(16, 2, 4, 0),
        "wer": Errors(16, 2, 4, 0),
        "syllable_error": Errors(18, 0, 4, 0),
        "base_syllable_error": Errors(18, 0, 4, 0),
        "sentence_error": Errors(0, 3, 0, 0),
    }
    assert hearing.rate("cer").value == pytest.approx(6 / 22)
    assert hearing.rate("syllable_error").value == pytest.approx(4 / 22)
    assert all(rate.n == 3 for rate in hearing.rates)
    assert list(RATES) == [rate.measure for rate in hearing.rates]
    assert hearing.rate("cer").text.startswith("27.27 [")
    assert hearing.rate().low < 6 / 22 < hearing.rate().high


def test_groups_are_by_speaker_length_and_noise(hearing):
    assert {group.name: group.rate.errors for group in hearing.groups["speaker"]} == {
        "li": Errors(4, 1, 1, 0),
        "tan": Errors(12, 1, 3, 0),
    }
    assert [(group.name, group.rate.n) for group in hearing.groups["length"]] == [("< 2 s", 3)]
    assert hearing.groups["length"][0].audio_s == pytest.approx(0.6)
    assert sum(group.rate.n for group in hearing.groups["snr"]) == 3
    assert list(hearing.noise_rates) == [10]
    assert hearing.noise_rates[10].errors == Errors(16, 2, 4, 0)
    assert [one.noise_db for one in hearing.noisy[10]] == [10, 10, 10]


def test_confidence_is_compared_with_what_is_right(hearing):
    unit, whole = (hearing.calibration[kind] for kind in ("unit", "utterance"))
    assert (unit.n, unit.accuracy, unit.ranking) == (18, pytest.approx(16 / 18), 1)
    assert unit.ece == pytest.approx((16 * 0.1 + 2 * 0.4) / 18)
    assert (whole.n, whole.accuracy) == (3, 0)
    assert whole.confidence == pytest.approx((0.9**8 + 0.9**4 * 0.4 + 0.9**5 * 0.4) / 3)  # the mark of the last counts


def test_speed_is_by_the_clock(hearing):
    speed = hearing.speed
    assert (speed.audio_s, speed.work_s) == pytest.approx((0.6, 0.01 + 0.03 + 0.05))
    assert speed.rtf == pytest.approx(0.15)
    assert speed.rtf_median == pytest.approx(0.15)
    assert speed.latency_ms_median == pytest.approx(30)
    assert speed.latency_ms_p95 == pytest.approx(48)


def test_the_worst_come_first_and_the_right_ones_never(rows):
    texts = dict(TEXTS)
    found = evaluate_recogniser(FakeRecogniser(lost=10, others={"气": "汽"}), rows, "x", name="x")
    assert [one.id for one in found.worst(5)] == ["b", "a"]
    assert [one.id for one in found.worst(1)] == ["b"]
    assert found.rate("sentence_error").errors == Errors(1, 2, 0, 0)
    assert found.rate("sentence_error").n == len(texts)


def test_a_recogniser_without_errors(rows):
    found = evaluate_recogniser(FakeRecogniser(lost=99, others={}), rows, "x", name="x")
    assert [rate.value for rate in found.rates] == [0] * 5
    assert (found.rate().low, found.rate().high) == (0, 0)
    assert found.worst(3) == []
    assert math.isnan(found.calibration["unit"].ranking)


def test_progress_goes_to_the_end(rows):
    told = []
    evaluate_recogniser(FakeRecogniser(), rows, "x", name="x", progress=told.append)
    assert told == pytest.approx([1 / 3, 2 / 3, 1])


def test_what_to_know_is_said(rows, tmp_path):
    gone = rows[0].replace(id="gone", audio=str(tmp_path / "gone.wav"))
    empty = rows[0].replace(id="empty", text="……")
    found = evaluate_recogniser(FakeRecogniser(), [*rows, gone, empty], "x", name="x")
    assert found.rate().n == 3
    assert any("1 rows whose recording cannot be read are left out; the first, gone:" in note for note in found.notes)
    assert any("1 rows whose text cannot be compared are left out; the first, empty:" in note for note in found.notes)
    assert any("There are 2 speakers only" in note for note in found.notes)
    assert not any("nothing was heard" in note for note in found.notes)
    deaf = evaluate_recogniser(FakeRecogniser(lost=1), rows[:2], "x", name="x")
    assert any("Of 2 of 2 clips nothing was heard" in note for note in deaf.notes)
    assert any("There is one speaker" in note for note in deaf.notes)
    assert deaf.rate().value == 1
    assert deaf.calibration == {"unit": None, "utterance": None}


def test_units_that_cannot_be_judged_are_counted(tmp_path):
    rows = corpus(tmp_path, {"a": "我有3个"})
    recogniser = FakeRecogniser(["我有三个"], lost=9, others={"有": "又", "三": "3"})
    found = evaluate_recogniser(recogniser, rows, "x", name="x", form="spoken")
    assert found.rate().errors == Errors(3, 1, 0, 0)
    assert found.calibration["unit"].n == 4
    mixed = evaluate_recogniser(FakeRecogniser(["我有12个"], lost=9), rows, "x", name="x", form="spoken")
    assert mixed.calibration["unit"] is None
    assert any("leaves out 1 utterances" in note for note in mixed.notes)


def test_words_that_are_said_again_and_again_are_classes(tmp_path):
    texts = {f"{k}": ("开灯", "关灯")[k % 2] for k in range(8)}
    found = evaluate_recogniser(FakeRecogniser(list(texts.values()), others={"关": "开"}), corpus(tmp_path, texts), "x", name="x")
    assert found.words is not None
    assert [(one.name, one.n, one.heard) for one in found.words.classes] == [("关灯", 4, 0), ("开灯", 4, 8)]
    assert found.words.accuracy == 0.5
    assert found.words.interval.low < 0.5 < found.words.interval.high


def test_rows_that_cannot_be_evaluated_are_one_sentence(rows, tmp_path):
    gone = [row.replace(audio=str(tmp_path / "gone.wav")) for row in rows]
    with pytest.raises(DataError, match=r"^x: no row can be evaluated: .*gone.wav: no such file$"):
        evaluate_recogniser(FakeRecogniser(), gone, "x", name="x")
    silent = [row.replace(text="，") for row in rows]
    with pytest.raises(DataError, match="x: no row can be evaluated: its text '，' has no words to compare"):
        evaluate_recogniser(FakeRecogniser(), silent, "x", name="x")
    with pytest.raises(DataError, match="there is none"):
        evaluate_recogniser(FakeRecogniser(), [], "x", name="x")
    with pytest.raises(RequestError, match="unknown form 'fine'; accepted: written, plain, spoken"):
        evaluate_recogniser(FakeRecogniser(), rows, "x", name="x", form="fine")


def test_a_rate_of_a_single_utterance_has_no_interval(hearing):
    rate = rate_of(hearing.listened[:1])
    assert rate is not None
    assert np.isnan([rate.low, rate.high]).all()
    assert rate.text == "20.00"
    assert rate_of([]) is None
