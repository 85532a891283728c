import json

import pytest
from tests.tasks.evaluate.fake_recogniser import FakeRecogniser, Ticks, corpus

from tingshuo.tasks.evaluate.hearing_json import taken_for, to_json
from tingshuo.tasks.evaluate.recogniser import evaluate_recogniser


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("rows"))


def test_everything_is_plain_and_nothing_is_not_a_number(rows):
    found = evaluate_recogniser(FakeRecogniser(), rows, "three", name="fake", version="1.0.0", noise_db=(5,), clock=Ticks())
    report = json.loads(json.dumps(to_json(found), allow_nan=False))
    assert (report["recogniser"], report["version"], report["subject"], report["n"]) == ("fake", "1.0.0", "three", 3)
    assert (report["form"], report["beam"], report["speakers"]) == ("plain", 10, 2)
    cer = report["rates"][0]
    assert (cer["measure"], cer["value"], cer["substitutions"], cer["deletions"], cer["insertions"], cer["hits"]) == (
        ("cer", round(6 / 22, 6), 2, 4, 0, 16)
    )
    assert report["rows"][1] == {
        "id": "b", "speaker": "tan", "text": "今天天气很好", "heard": "今天天汽好",
        "errors": {"character": [4, 1, 1, 0], "word": [4, 1, 1, 0], "syllable": [5, 0, 1, 0], "base_syllable": [5, 0, 1, 0]},
        "confidence": pytest.approx(0.9**4 * 0.4), "audio_s": 0.2, "work_s": pytest.approx(0.03),
        "snr_db": report["rows"][1]["snr_db"],
    }  # fmt: skip
    assert report["groups"]["speaker"][0]["name"] == "li"
    assert report["noise"][0]["noise_db"] == 5
    assert report["confidence"]["unit"]["n"] == 18
    assert report["confidence"]["unit"]["bins"][0]["n"] == 2
    assert report["confusions"]["character"]["deletions"][0]["heard"] is None
    assert report["tone_only"] == {"n": 0, "of": 0}
    assert report["words"] is None
    assert report["left_out"] == []
    assert report["speed"]["audio_s"] == pytest.approx(0.6)


def test_words_and_what_is_left_out_are_told(tmp_path):
    texts = {f"{k}": ("开灯", "关灯")[k % 2] for k in range(8)}
    rows = corpus(tmp_path, texts)
    (tmp_path / "7.wav").unlink()
    recogniser = FakeRecogniser(list(texts.values()), others={"关": "观"})
    report = to_json(evaluate_recogniser(recogniser, rows, "x", name="x"))
    assert [one["id"] for one in report["left_out"]] == ["7"]
    assert report["words"]["matrix"] == [[0, 0, 3], [0, 4, 0], [0, 0, 0]]
    assert report["words"]["classes"][0] == {
        "name": "关灯", "n": 3, "heard": 0, "hits": 0, "precision": 0, "recall": 0, "f1": 0,
    }  # fmt: skip
    assert report["words"]["accuracy"] == round(4 / 7, 6)


def test_one_utterance_and_what_is_taken_for_what(rows):
    found = evaluate_recogniser(FakeRecogniser(lost=9, others={"气": "起"}), rows[1:2], "x", name="x")
    report = to_json(found)
    assert report["rates"][0]["low"] is None
    taken = taken_for(found)
    assert [(one.said, one.heard, one.n) for one in taken["character"].substitutions] == [("气", "起", 1)]
    assert [one.said[:-1] for one in taken["syllable"].substitutions] == ["qi"]
    assert report["tone_only"] == {"n": 1, "of": 1}


def test_english_has_no_syllables(tmp_path):
    rows = [row.replace(lang="en") for row in corpus(tmp_path, {"a": "go home now"})]
    found = evaluate_recogniser(FakeRecogniser(["go home now"], lost=99, others={"w": "t"}), rows, "x", name="x")
    assert list(taken_for(found)) == ["character"]
    assert [rate["measure"] for rate in to_json(found)["rates"]] == ["cer", "wer", "sentence_error"]
    assert found.rate("wer").value == pytest.approx(1 / 3)
