"""The dev split: by text, the same everywhere, stable when a corpus grows, never empty."""

from tingshuo.data.split import text_key, with_dev
from tingshuo.data.utterance import Utterance


def rows(texts, **fields):
    return [Utterance(id=f"r{k}", audio="x.wav", text=text, **fields) for k, text in enumerate(texts)]


MANY = [f"第{k}句" for k in range(1000)]


def test_about_the_share_is_held_out():
    assert 20 < sum(row.split == "dev" for row in with_dev(rows(MANY), 0.05)) < 80


def test_the_choice_is_by_text_and_does_not_change_when_rows_are_added():
    held_out = {row.text for row in with_dev(rows(MANY[:500]), 0.05) if row.split == "dev"}
    again = {row.text for row in with_dev(rows(reversed(MANY)), 0.05) if row.split == "dev"}
    assert held_out
    assert held_out == again & set(MANY[:500])


def test_one_text_is_in_one_split_whatever_its_punctuation():
    split = with_dev(rows([f"{text}{mark}" for text in MANY for mark in ("", "。", "！")]), 0.1)
    for k in range(0, len(split), 3):
        assert len({row.split for row in split[k : k + 3]}) == 1


def test_two_texts_are_enough_for_a_dev_row_and_one_is_not():
    assert sorted(row.split for row in with_dev(rows(["一", "二"]))) == ["dev", "train"]
    assert [row.split for row in with_dev(rows(["一", "一"]))] == ["train", "train"]


def test_splits_of_a_corpus_are_respected():
    own = [*rows(MANY[:50]), Utterance(id="d", audio="x.wav", text="留出", split="dev")]
    assert with_dev(own, 0.5) == own
    tested = [*rows(MANY[:2]), Utterance(id="t", audio="x.wav", text=MANY[0], split="test")]
    assert [row.split for row in with_dev(tested, 0.5)] == ["train", "train", "test"], "one text is left, and one is not enough"


def test_keys():
    row = Utterance(id="a", audio="x.wav")
    assert text_key(row) == "id a"
    assert text_key(row.replace(pinyin="ni3 hao3")) == "pinyin ni3 hao3"
    assert text_key(row.replace(text="OK，好！")) == text_key(row.replace(text="ok 好"))
    assert text_key(row.replace(text="……")) == "id a"
