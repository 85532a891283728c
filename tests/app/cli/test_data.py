"""``data``: the verb end to end on made-up corpora; what cannot be learnt from is named, and the exit code tells."""

import json

import numpy as np
import pytest
import soundfile

from tingshuo.app.cli import data as module
from tingshuo.data.utterance import read_manifest

RATE = 16000


@pytest.fixture
def folder(tmp_path):
    """Four recordings with their texts."""
    path = tmp_path / "我的录音"
    path.mkdir()
    rng = np.random.default_rng(0)
    for k, text in enumerate(("今天天气真好", "你吃饭了吗", "我们一起走吧", "他在看书呢")):
        wav = 1e-4 * rng.standard_normal(RATE)
        wav[2000:14000] += 0.1 * rng.standard_normal(12000)
        soundfile.write(path / f"{k}.wav", wav, RATE)
        (path / f"{k}.txt").write_text(text, "utf-8")
    return path


def test_all_outputs_at_once(tingshuo, folder, tmp_path):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    outputs = ("-o", tmp_path / "m.jsonl", "--report", tmp_path / "r.html", "--clean", tmp_path / "clean", "--denoise", 6)
    done = tingshuo("data", folder, *outputs)
    assert done.code == 0, done.err
    assert "4 usable, 0 left out" in done.text
    assert "4 recordings (" in done.text
    rows = read_manifest(tmp_path / "m.jsonl")
    assert rows == read_manifest(tmp_path / "clean" / "manifest.jsonl")
    assert soundfile.info(rows[0].audio).duration == pytest.approx(0.95, abs=0.05)
    assert "我的录音" in (tmp_path / "r.html").read_text("utf-8")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    again = tingshuo("data", tmp_path / "clean", "--json")
    assert json.loads(again.out)["usable"] == 4


def test_what_is_left_out_is_named_and_the_rest_goes_on(tingshuo, folder, tmp_path):
    (folder / "1.wav").write_bytes(b"")
    (folder / "2.txt").write_bytes("你好".encode("gb18030"))
    done = tingshuo("data", folder, "-o", tmp_path / "m.jsonl")
    assert done.code == 0
    assert "2 usable, 2 left out" in done.text
    assert "2.txt: the text is not UTF-8" in done.err
    assert "Left out: 1: " in done.err
    assert [row.id for row in read_manifest(tmp_path / "m.jsonl")] == ["0", "3"]
    report = json.loads(tingshuo("data", folder, "--json").out)
    assert (report["rows"], report["usable"], len(report["left_out"])) == (3, 2, 2)
    assert report["counts"] == {"unreadable": 1}


def test_a_long_list_is_cut_on_the_terminal(tingshuo, folder, monkeypatch):
    monkeypatch.setattr(module, "LISTED", 2)
    for k in range(5):
        (folder / f"x{k}.txt").write_text("没有录音", "utf-8")
    done = tingshuo("data", folder)
    assert done.err.count("Left out") == 2
    assert "And 3 more" in done.err


def test_nothing_usable_is_an_error(tingshuo, folder, tmp_path):
    for k in range(4):
        (folder / f"{k}.wav").write_bytes(b"")
    done = tingshuo("data", folder, "-o", tmp_path / "m.jsonl", "--clean", tmp_path / "clean")
    assert done.code == 12
    assert "none of its 4 recordings can be learnt from" in done.err
    assert not (tmp_path / "m.jsonl").exists()
    assert not (tmp_path / "clean").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("none",), 12, "no such file or folder"),
        ((".", "--kind", "vctk"), 2, "unknown corpus layout 'vctk'; known: aishell3"),
        ((".", "--part", "x"), 2, "has no parts"),
        ((".", "--dev-share", "0.7"), 2, "dev-share"),
        ((".", "--clean", "."), 6, "already exists"),
        ((".", "-o", "no/such/m.jsonl"), 6, "there is no folder"),
        ((".", "-o", "x", "--report", "x"), 2, "given for two files"),
        ((".", "--denoise", "50"), 2, "denoise"),
        ((".", "--kind", "ljspeech"), 12, "metadata.csv: cannot be read"),
    ],
)
def test_wrong_requests_are_one_line(tingshuo, folder, monkeypatch, arguments, code, message):
    monkeypatch.chdir(folder)
    done = tingshuo("data", *arguments)
    assert done.code == code
    assert message in done.err
    assert done.err.count("\n") == 1


def test_help_has_examples(tingshuo):
    text = tingshuo("data", "--help").text
    assert "tingshuo data recordings --clean cleaned" in text
