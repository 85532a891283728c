"""Which words a recogniser writes: those of texts, of the bundle it began with, or of its transcripts alone."""

import pytest

pytest.importorskip("torch")

from tingshuo.data.utterance import Utterance
from tingshuo.errors import DataError
from tingshuo.text.spelling import Speller
from tingshuo.train import recogniser_language
from tingshuo.train.recogniser_config import LanguageConfig
from tingshuo.train.recogniser_language import closed_language, learn_language, texts_of

pytestmark = pytest.mark.train
ROWS = [
    Utterance(id=str(n), audio="a.wav", text=text, split=split)
    for n, (text, split) in enumerate([("开灯", "train"), ("关灯", "train"), ("北京", "dev"), (None, "train")])
]


def silent(share):
    pass


def test_a_closed_set_has_the_words_of_its_texts_alone():
    language = closed_language(["背景。", "背景", "北京", "!"], 2)
    speller = Speller(*language)
    assert set(language.vocabulary.said) == {"背景", "北京"}
    assert speller.spell(["bei4", "jing3"])[0].text == "背景"
    assert speller.spell(["bei3", "jing1"])[0].text == "北京"
    assert speller.spell(["bei5", "jing5"])[0].text == "背景", "what is said more often"
    assert speller.spell(["ni3", "hao3"])[0].text == ""


def test_of_a_closed_set_what_is_held_out_teaches_nothing():
    language = learn_language(LanguageConfig(closed=True), ["上海"], ROWS, None, silent)
    assert set("".join(language.vocabulary.said)) == set("上海开关灯")


def test_words_are_learnt_from_texts_and_not_from_what_is_held_out(monkeypatch):
    asked = []
    monkeypatch.setattr(recogniser_language, "teach_language", lambda *args: asked.append(args) or ("model", "words"))
    assert learn_language(LanguageConfig(order=2), ["上海"], ROWS, None, silent) == ("model", "words")
    assert asked == [(["上海", "开灯", "关灯"], ["北京"], 2, silent)]


def test_the_words_that_a_training_began_with_stay_where_there_are_no_texts():
    began = closed_language(["北京"], 1)
    assert learn_language(LanguageConfig(), [], ROWS, began, silent) is began


def test_texts_are_lines_or_the_last_column(tmp_path):
    (tmp_path / "a.txt").write_text("一二\n\n三\n")
    (tmp_path / "b.tsv").write_text("x\ty\t四五\n")
    config = LanguageConfig(texts=(str(tmp_path / "a.txt"), str(tmp_path / "b.tsv")))
    assert texts_of(config) == ["一二", "三", "四五"]
    with pytest.raises(DataError, match="cannot be read as UTF-8 text"):
        texts_of(LanguageConfig(texts=(str(tmp_path / "none.txt"),)))
