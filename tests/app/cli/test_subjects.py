"""What a voice is evaluated on."""

import numpy as np
import pytest

from tingshuo.app.cli.subjects import draw, find_aligner, read_lines, read_rows
from tingshuo.audio.write import write
from tingshuo.data.utterance import Utterance, write_manifest
from tingshuo.errors import RequestError, UnknownVoiceError
from tingshuo.train import aligner as aligners


@pytest.fixture
def corpus(tmp_path):
    people = {"a": "tan", "b": "li", "c": "tan", "d": "tan"}
    rows = [Utterance(id=name, audio=f"{name}.wav", text="好。", speaker=who, split="dev") for name, who in people.items()]
    rows[3] = rows[3].replace(text=None)
    for row in rows:
        write(tmp_path / row.audio, np.zeros(1600, np.float32), 16000)
    write_manifest(tmp_path / "rows.jsonl", rows)
    return tmp_path / "rows.jsonl"


def test_rows_with_a_text_of_one_speaker(corpus):
    found = read_rows(corpus, speaker="tan")
    assert ([row.id for row in found.rows], found.lines) == (["a", "c"], ())
    assert found.name == "rows.jsonl tan, split dev"
    assert len(read_rows(corpus, count=1).rows) == 1


def test_what_there_is_not_is_told(corpus):
    with pytest.raises(RequestError, match="no row with a text in split 'test'; there are: dev"):
        read_rows(corpus, split="test")
    with pytest.raises(RequestError, match="has no row of 'wu'; its speakers: li, tan"):
        read_rows(corpus, speaker="wu")


def test_lines_of_a_file_or_our_own(tmp_path):
    (tmp_path / "lines.txt").write_text("一。\n\n 二。 \n三。\n", "utf-8-sig")
    found = read_lines(tmp_path / "lines.txt")
    assert (found.name, found.lines, found.rows) == ("lines.txt", ("一。", "二。", "三。"), ())
    own = read_lines(count=5)
    assert (own.name, len(own.lines)) == ("the built-in sentences", 5)


def test_the_same_ones_are_drawn_every_time():
    things = list(range(100))
    assert draw(things, 10) == draw(things, 10) == sorted(draw(things, 10))
    assert draw(things, None) == draw(things, 100) == things


def test_the_aligner_is_the_voices_own_else_the_built_in_ones(two_speakers, monkeypatch):
    bringing = {"pair"}
    monkeypatch.setattr(aligners, "bundled_aligner", lambda bundle: {bundle.manifest.name} & bringing or None)
    assert find_aligner(str(two_speakers)) == {"pair"}
    assert find_aligner("default") is None
    assert find_aligner("default", str(two_speakers)) == {"pair"}
    with pytest.raises(RequestError, match="'default' brings no aligner"):
        find_aligner(str(two_speakers), "default")
    bringing.add("default")
    bringing.remove("pair")
    assert find_aligner(str(two_speakers)) == {"default"}
    with pytest.raises(UnknownVoiceError):
        find_aligner("nobody")
