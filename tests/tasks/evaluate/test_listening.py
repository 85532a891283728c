import math

import numpy as np
import pytest
from tests.tasks.evaluate.fake_recogniser import TEXTS, FakeRecogniser, Ticks, corpus

from tingshuo.errors import DataError
from tingshuo.tasks.evaluate import listening as module
from tingshuo.tasks.evaluate.listening import LeftOut, Listened, compared, listen, rights
from tingshuo.tasks.recognise.hearing import HeardUnit
from tingshuo.text.metrics import Errors


@pytest.fixture
def rows(tmp_path):
    return corpus(tmp_path)


def test_what_was_heard_is_laid_beside_what_was_said(rows):
    recogniser = FakeRecogniser()
    found = [one for (one,) in listen(recogniser, rows, beam=3, clock=Ticks())]
    assert [(one.id, one.speaker) for one in found] == [("a", "tan"), ("b", "tan"), ("c", "li")]
    assert [one.text for one in found] == list(TEXTS.values())
    assert [one.heard for one in found] == ["一二三四六七八九", "今天天汽好", "我们名天会。"]
    assert [one.errors() for one in found] == [Errors(8, 0, 2, 0), Errors(4, 1, 1, 0), Errors(4, 1, 1, 0)]
    assert [one.errors("syllable").count for one in found] == [2, 1, 1]
    assert [one.audio_s for one in found] == pytest.approx([0.1, 0.2, 0.3])
    assert [one.work_s for one in found] == pytest.approx([0.01, 0.02, 0.03])
    assert [one.rtf for one in found] == pytest.approx([0.1] * 3)
    assert found[0].confidence == pytest.approx(0.9**8)
    assert not found[0].right
    assert found[0].noise_db is None
    assert set(recogniser.beams) == {3}


def test_the_first_clip_is_heard_once_more_before_the_clock_runs(rows):
    recogniser = FakeRecogniser()
    list(listen(recogniser, rows))
    assert [len(wav) for wav in recogniser.heard] == [1600, 1600, 3200, 4800]


def test_clips_of_another_rate_are_resampled(tmp_path):
    found = list(listen(FakeRecogniser(), corpus(tmp_path, rate=8000)))
    assert [one[0].heard for one in found] == ["一二三四六七八九", "今天天汽好", "我们名天会。"]


def test_noise_is_added_at_each_ratio(rows):
    recogniser = FakeRecogniser()
    found = list(listen(recogniser, rows[:1], noise_db=(20.0, 0.0)))
    assert [one.noise_db for one in found[0]] == [None, 20.0, 0.0]
    clean, little, much = recogniser.heard[1:]
    assert 0 < np.abs(little - clean).mean() < np.abs(much - clean).mean()
    assert len({one.snr_db for one in found[0]}) == 1


def test_one_bad_clip_does_not_end_it(rows, tmp_path):
    (tmp_path / "b.wav").write_bytes(b"no sound")
    gone = rows[0].replace(id="gone", audio=str(tmp_path / "gone.wav"))
    empty = rows[0].replace(id="empty", text="……")
    found = list(listen(FakeRecogniser(), [*rows, gone, empty]))
    left = {one.id: one for one in found if isinstance(one, LeftOut)}
    assert sorted(left) == ["b", "empty", "gone"]
    assert "cannot be read as audio" in left["b"].why
    assert "no such file" in left["gone"].why
    assert left["empty"] == LeftOut("empty", "its text '……' has no words to compare")
    assert (left["gone"].unreadable, left["empty"].unreadable) == (True, False)
    assert sorted(one[0].id for one in found if not isinstance(one, LeftOut)) == ["a", "c"]


def test_a_clip_of_which_nothing_is_left_is_told(rows, monkeypatch):
    monkeypatch.setattr(module, "read_clips", lambda rows, rate: ((row, np.zeros(0, np.float32)) for row in rows))
    assert list(listen(FakeRecogniser(), rows[:1])) == [LeftOut("a", "nothing of it is left at 16000 Hz", unreadable=True)]


def test_nothing_heard_is_all_lost(rows):
    (found,) = next(iter(listen(FakeRecogniser(lost=1), rows)))
    assert found.errors() == Errors(0, 0, 10, 0)
    assert (found.heard, found.units) == ("", ())
    assert math.isnan(found.confidence)
    assert rights(found, "plain") == []


def test_syllables_are_of_chinese_alone():
    assert set(compared("Hello World", "hello", "plain")) == {"character", "word"}
    assert set(compared("你好", "你", "plain", chinese=False)) == {"character", "word"}
    both = compared("打开 WiFi", "打 开wifi", "plain")
    assert all(said == told for unit in both.values() for said, told in unit)
    assert len(both["word"]) == 3
    assert len(both["syllable"]) == 3


def test_forms_decide_what_is_the_same():
    assert any(said != told for said, told in compared("2026年", "二零二六年", "plain")["character"])
    assert all(said == told for said, told in compared("2026年", "二零二六年", "spoken")["character"])
    with pytest.raises(DataError, match="has no words to compare"):
        compared("。", "好", "plain")


def heard_as(text, *units, said=None):
    pairs = compared(said or text, text, "plain")
    told = tuple(HeardUnit(unit, None, sure) for unit, sure in units)
    return Listened("x", "a", text, text, pairs, told, 1.0, 0.1, 30.0)


def test_units_are_right_when_all_of_their_characters_are():
    one = heard_as("go home，好", ("go", 0.9), ("ho", 0.8), ("me", 0.7), ("，", 0.6), ("好", 0.5), said="go homa 好")
    assert rights(one, "plain") == [(0.9, True), (0.8, True), (0.7, False), (0.5, True)]


def test_units_that_do_not_spell_the_text_are_not_judged():
    assert rights(heard_as("好", ("<0xE5>", 0.9), ("<0xA5>", 0.9), ("<0xBD>", 0.9)), "plain") == []
