"""Manifests: what is written is read again, and a wrong line is named."""

import pytest

from tingshuo.data.utterance import Utterance, read_manifest, write_manifest
from tingshuo.errors import DataError

ROW = Utterance(id="a", audio="wavs/a.wav", text="你好。", split="dev", bandwidth_hz=8000)


def test_what_is_written_is_read_with_paths_made_absolute(tmp_path):
    path = tmp_path / "data.jsonl"
    write_manifest(path, [ROW, Utterance(id="b", audio="/elsewhere/b.wav")])
    assert '"text": "你好。"' in path.read_text("utf-8")
    assert "speaker" not in path.read_text("utf-8"), "defaults are left out"
    first, second = read_manifest(path)
    assert first == ROW.replace(audio=str(tmp_path / "wavs/a.wav"))
    assert second.audio == "/elsewhere/b.wav"


def test_a_line_separator_inside_a_text_does_not_end_the_row(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"id": "a", "audio": "a.wav", "text": "上\u2028下"}\r\n', "utf-8")
    assert [row.text for row in read_manifest(path)] == ["上\u2028下"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no utterance"),
        (b'{"id": "a", "audio": "a.wav"}\n{', "line 2: is not JSON"),
        (b'{"id": "a", "audio": "a.wav", "speeker": "x"}', "line 1.*unknown field `speeker`"),
        (b'{"id": "a", "audio": "a.wav", "split": "tune"}', "line 1: split"),
        (b'{"id": "a", "audio": "a.wav"}\n\n{"id": "a", "audio": "b.wav"}', "line 3: the id 'a' is already on line 1"),
        ('{"id": "a", "text": "你"}'.encode("gb18030"), "is not UTF-8"),
    ],
)
def test_a_wrong_manifest_is_refused_with_its_line(tmp_path, content, message):
    path = tmp_path / "data.jsonl"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_manifest(path)
    assert "\n" not in str(caught.value)


def test_a_missing_manifest_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.jsonl: cannot be read"):
        read_manifest(tmp_path / "none.jsonl")
