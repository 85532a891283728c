import math

import pytest

pytest.importorskip("torch")

from tests.train.phrases import CONFIG, phrases, write_phrases

from tingshuo.config.language import MARKS, UNKNOWN
from tingshuo.errors import DataError
from tingshuo.train.language_model_material import gather, read_texts, spelled

pytestmark = pytest.mark.train


def test_sentences_are_shared_out_and_none_is_on_two_sides():
    material = gather(phrases(), (), CONFIG)
    parts = [set(part) for part in (material.taught, material.choosing, material.judging)]
    assert [len(part) for part in parts] == [64, 8, 8]
    assert len(set.union(*parts)) == 80
    assert gather(phrases(), (), CONFIG) == material
    assert gather(phrases(), (), CONFIG.replace(loop=CONFIG.loop.replace(seed=1))).judging != material.judging


def test_what_is_kept_back_is_in_no_part():
    first = phrases()[0]
    material = gather(phrases(), [f"{first}！"], CONFIG)
    ids = {one: n for n, one in enumerate(material.characters, MARKS)}
    row = tuple(ids.get(one, UNKNOWN) for one in first)
    assert row not in (*material.taught, *material.choosing, *material.judging)
    assert len(material.taught) + len(material.choosing) + len(material.judging) == 79


def test_rare_characters_are_not_known():
    material = gather([*phrases(), "鳜鱼肥"], (), CONFIG)
    assert "鳜" not in material.characters
    everything = (*material.taught, *material.choosing, *material.judging)
    assert sum(row.count(UNKNOWN) for row in everything) >= 3
    assert material.others > 1000


def test_long_sentences_are_cut():
    assert max(map(len, gather(phrases(), (), CONFIG.replace(longest=4)).taught)) == 4


def test_the_ngram_model_knows_the_same_sentences():
    material = gather(phrases(), (), CONFIG)
    texts = [spelled(row) for row in material.taught]
    assert material.ngram_perplexity(material.taught) == pytest.approx(material.ngram.perplexity(texts))
    assert 1 < material.ngram_perplexity(material.judging) < 10
    assert material.ngram.id(str(UNKNOWN)) != material.ngram.unknown or not any(UNKNOWN in row for row in material.taught)
    assert math.isfinite(material.ngram_perplexity([(UNKNOWN,)]))


def test_texts_are_read_line_by_line(tmp_path):
    table = tmp_path / "a.tsv"
    table.write_text("1\tx\t今天\n2\ty\t明天\n", "utf-8")
    assert list(read_texts([write_phrases(tmp_path / "b.txt"), table]))[-3:] == [f"{phrases()[-1]}。", "今天", "明天"]
    (tmp_path / "c.txt").write_bytes(b"\xff\xfe\x00")
    for wrong in ("c.txt", "none.txt"):
        with pytest.raises(DataError, match=rf"{wrong}: cannot be read: .*; give files of text"):
            list(read_texts([tmp_path / wrong]))


def test_too_little_is_refused():
    with pytest.raises(DataError, match="3 sentences are too few"):
        gather(phrases()[:3], (), CONFIG)
    with pytest.raises(DataError, match="no character is in the texts 900 times"):
        gather(phrases(), (), CONFIG.replace(fewest=900))
