"""The recipe of a first voice, as a reader follows it: its own commands, with speech of the built-in voice as recordings."""

import re
import shlex
from pathlib import Path

import pytest
import soundfile

pytest.importorskip("torch")

from tingshuo.app.cli.main import run
from tingshuo.store.blobs import hash_file
from tingshuo.store.manifest import read_manifest

pytestmark = pytest.mark.train

RECIPE = Path(__file__).parents[2] / "docs" / "recipes" / "my-first-voice.md"
SENTENCES = (
    "今天天气真好。",
    "我们去公园散步。",
    "他昨天才回来。",
    "这本书很有意思。",
    "请把窗户打开。",
    "晚上一起吃饭吧。",
    "火车站在前面。",
    "孩子们都睡了。",
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", RECIPE.read_text("utf-8"), re.DOTALL)


def test_the_recipe_ends_with_a_voice_that_speaks(tmp_path, monkeypatch, voice, capsys):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "recordings"
    folder.mkdir()
    for number, text in enumerate(SENTENCES):
        soundfile.write(folder / f"{number}.wav", voice.synthesize(text, pitch=-2).wav, voice.sample_rate)
        (folder / f"{number}.txt").write_text(text, "utf-8")
    soundfile.write(tmp_path / "consent.wav", voice.synthesize("我同意。", pitch=-2).wav, voice.sample_rate)
    (tmp_path / "statements.yaml").write_text(blocks("yaml")[0], "utf-8")
    commands = [shlex.split(line)[1:] for block in blocks("bash") for line in block.splitlines() if line.startswith("tingshuo ")]
    assert [command[0] for command in commands] == ["data", "train", "verify", "say", "evaluate"]
    for command in commands:
        shorter = ["--steps", "2", "--set", "loop.threads=1"] if command[0] == "train" else []
        assert run([*command, *shorter]) == 0, f"{command}: {capsys.readouterr().err}"
    assert (tmp_path / "check.html").is_file()
    assert (tmp_path / "run" / "report.html").is_file()
    assert soundfile.info(tmp_path / "hello.wav").duration > 1
    manifest = read_manifest(tmp_path / "run" / "bundle")
    assert manifest.cloned == manifest.speakers
    assert [record.recording_sha256 for record in manifest.consents] == [hash_file(tmp_path / "consent.wav")]
    assert (tmp_path / "evaluation" / "evaluation.json").is_file()
