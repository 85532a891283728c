"""Our own manifests: what was written is read; wrong lines are skipped with their reason."""

import json

from tingshuo.data.corpora.manifest import probe, read
from tingshuo.data.utterance import Utterance, write_manifest


def test_what_was_written_is_read(tmp_path, write_wav, texts):
    rows = [
        Utterance(
            id=f"r{k}", audio=f"{k}.wav", text=text, speaker="me", emotion="happy", split="dev", bandwidth_hz=8000, lang="zh"
        )
        for k, text in enumerate(texts)
    ]
    for k in range(10):
        write_wav(tmp_path / f"{k}.wav")
    write_manifest(tmp_path / "manifest.jsonl", rows)
    assert probe(tmp_path / "manifest.jsonl")
    assert probe(tmp_path), "the folder as well"
    for path in (tmp_path, tmp_path / "manifest.jsonl"):
        assert read(path).rows == [row.replace(audio=str(tmp_path / row.audio)) for row in rows]


def test_an_english_text_without_a_tag_keeps_the_default(tmp_path, write_wav):
    """The reader adds nothing to what a manifest says."""
    write_wav(tmp_path / "a.wav")
    (tmp_path / "m.jsonl").write_text(json.dumps({"id": "a", "audio": "a.wav", "text": "OK"}))
    assert read(tmp_path / "m.jsonl").rows[0].lang == "zh-CN"


def test_wrong_lines_are_listed(tmp_path, write_wav):
    write_wav(tmp_path / "a.wav")
    lines = [
        '{"id": "a", "audio": "a.wav"}',
        '{"id": "b", "audio": "a.wav", "speeker": "x"}',
        "{",
        '{"id": "c", "audio": "none.wav"}',
        '{"id": "a", "audio": "a.wav"}',
        '{"id": "d", "audio": "a.wav", "pinyin": "zh9"}',
        '{"id": "e", "audio": "a.wav", "n_samples": 0}',
    ]
    (tmp_path / "m.jsonl").write_text("\n".join(lines))
    corpus = read(tmp_path / "m.jsonl")
    assert [row.id for row in corpus.rows] == ["a"]
    reasons = {int(where.rpartition(" ")[2]): why for where, why in corpus.skipped}
    assert list(reasons) == [2, 3, 4, 5, 6, 7]
    assert "unknown field `speeker`" in reasons[2]
    assert "not JSON" in reasons[3]
    assert "missing" in reasons[4]
    assert "taken already" in reasons[5]
    assert "'zh9'" in reasons[6]
    assert reasons[7].startswith("n_samples")


def test_other_json_is_not_a_manifest(tmp_path, write_text):
    assert not probe(write_text(tmp_path / "x.jsonl", '{"shard": "a"}'))
    assert not probe(write_text(tmp_path / "y.jsonl", "[1]"))
    assert not probe(tmp_path)
