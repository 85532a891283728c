import math
from types import SimpleNamespace

import numpy as np
import pytest

from tingshuo.errors import DataError
from tingshuo.tasks.evaluate.classification import OTHER, Answer, Class, classify, of_texts

SAID = ["开灯"] * 4 + ["关灯"] * 3 + ["停"] * 1
HEARD = ["开灯", "开灯", "开灯", "关灯", "关灯", "关灯", "开灯", "无"]


def answers(confidence=float("nan"), speakers=("a", "b")):
    return [Answer(a, b, confidence, speakers[k % len(speakers)]) for k, (a, b) in enumerate(zip(SAID, HEARD, strict=True))]


def test_figures_of_a_few():
    found = classify(answers(), ["关灯", "开灯"])
    assert found.classes == (Class("关灯", 3, 3, 2), Class("开灯", 4, 4, 3), Class("停", 1, 0, 0), Class("无", 0, 1, 0))
    assert found.matrix.tolist() == [[2, 1, 0, 0], [1, 3, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    assert (found.n, found.accuracy) == (8, 5 / 8)
    assert found.macro_recall == pytest.approx((2 / 3 + 3 / 4 + 0) / 3)
    assert found.macro_precision == pytest.approx((2 / 3 + 3 / 4 + 0) / 3)
    assert found.macro_f1 == pytest.approx((2 / 3 + 3 / 4) / 3)
    assert found.interval.low <= found.accuracy <= found.interval.high
    assert found.calibration is None


def test_precision_recall_and_f1_are_not_the_same():
    one = Class("x", 10, 5, 4)
    assert (one.precision, one.recall, one.f1) == pytest.approx((0.8, 0.4, 2 * 0.8 * 0.4 / 1.2))
    never = Class("y", 0, 0, 0)
    assert (never.precision, never.recall, never.f1) == (0, 0, 0)


def test_confidence_is_judged_where_it_is_known():
    found = classify(answers(0.625))
    assert found.calibration is not None
    assert found.calibration.ece == pytest.approx(0)


def test_plain_triples_will_do():
    found = classify(iter([("a", "a", 0.9), ("b", "a", 0.2)]))
    assert (found.accuracy, found.n) == (0.5, 2)
    assert found.calibration is not None
    assert found.calibration.ece == pytest.approx((0.1 + 0.2) / 2)


def test_no_answer_and_a_single_one():
    with pytest.raises(DataError, match="no answer"):
        classify([])
    alone = classify([Answer("a", "a")])
    assert (alone.accuracy, alone.macro_f1) == (1, 1)
    assert np.isnan(alone.interval.low)


def utterance(text, heard, confidence=0.5):
    return SimpleNamespace(text=text, heard=heard, confidence=confidence, speaker="a")


def test_a_corpus_of_few_texts_is_a_list_of_words():
    found = of_texts([utterance("开灯。", "开灯")] * 3 + [utterance("关灯", "灯")] + [utterance("关灯", "关灯")] * 2, "plain")
    assert found is not None
    assert [one.name for one in found.classes] == ["关灯", "开灯", OTHER]
    assert found.matrix.tolist() == [[2, 0, 1], [0, 3, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    "utterances",
    [
        [],
        [utterance("开灯", "开灯")] * 9,
        [utterance(str(k), "1") for k in range(9)],
        [utterance(str(k % 61), "1") for k in range(61 * 4)],
    ],
)
def test_other_corpora_are_none(utterances):
    assert of_texts(utterances, "plain") is None


def test_unknown_confidence_stays_unknown():
    assert math.isnan(Answer("a", "b").confidence)
