import numpy as np
import pytest

from tingshuo.data.utterance import Utterance, write_manifest
from tingshuo.errors import RequestError
from tingshuo.text.frontend import Frontend
from tingshuo.text.symbols import ALL_PHONES, PHONES, encode
from tingshuo.train.lessons_texts import LONGEST_CHARACTERS, built_in_texts, read_texts


def test_our_own_texts_are_always_the_same_and_differ_from_each_other():
    texts = built_in_texts(300)
    assert texts == built_in_texts(300)
    assert texts != built_in_texts(300, seed=1)
    assert len(set(texts)) > 290
    assert max(map(len, texts)) <= LONGEST_CHARACTERS


def test_our_own_texts_have_most_syllables():
    """Of about 1300 syllables with tones, 400 without: a student meets the sounds of the language in 600 texts."""
    syllables = {
        syllable.pinyin
        for text in built_in_texts(600)
        for sentence in Frontend().sentences(text)
        for word in sentence.words
        for syllable in word.syllables
    }
    assert len(syllables) > 480
    assert len({syllable.rstrip("012345") for syllable in syllables}) > 290


def test_a_file_is_read_line_by_line_and_long_lines_by_sentence(tmp_path):
    long = "今天天气真好。" * 12
    (tmp_path / "texts").write_text(f"\ufeff你好。\n\n{long}\n{'长' * 100}\n", "utf-8")
    texts = read_texts(tmp_path / "texts", 100)
    assert sorted(texts) == sorted(["你好。", *["今天天气真好。"] * 12])
    assert texts == read_texts(tmp_path / "texts", 100)
    assert len(read_texts(tmp_path / "texts", 5)) == 5


def test_a_corpus_gives_its_texts(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"")
    write_manifest(tmp_path / "rows.jsonl", [Utterance(id="a", audio="a.wav", text="你好。", speaker="x", split="train")])
    assert read_texts(tmp_path / "rows.jsonl", 9) == ["你好。"]


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read: No such file"), ("你好".encode("gb18030"), "is not UTF-8; convert it"), (b"\n \n", "holds no text")],
)
def test_files_without_text_are_refused(tmp_path, content, message):
    if content is not None:
        (tmp_path / "texts").write_bytes(content)
    with pytest.raises(RequestError, match=message):
        read_texts(tmp_path / "texts", 9)


def test_for_a_teacher_with_english_our_own_texts_have_all_its_phones():
    texts = built_in_texts(600, english=True)
    assert max(map(len, texts)) <= LONGEST_CHARACTERS
    words = [word for text in texts for sentence in Frontend(english=True).sentences(text) for word in sentence.words]
    ids, tones = encode(words).ids, encode(words).tones
    counts = np.bincount(ids, minlength=len(ALL_PHONES))[len(PHONES) :]
    assert counts.min() >= 20
    assert set(tones) == set(range(9))
    assert 0.1 < (ids >= len(PHONES)).mean() < 0.5
