"""What the READMEs show can be run as it stands, and both say the same."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import soundfile

from tingshuo.app.cli.main import run
from tingshuo.store.bundle import open_bundle
from tingshuo.store.manifest import MANIFEST
from tingshuo.store.registry import Registry
from tingshuo.store.saving import save
from tingshuo.tasks.voices import BUILT_IN

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.en.md")
SLOW_VERBS = {"bench", "serve", "data", "train", "evaluate", "distill", "monitor"}
"""Tested elsewhere: those of training in test_first_voice.py and beside their modules."""


def blocks(readme: str, language: str) -> list[str]:
    text = (ROOT / readme).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(readme: str) -> list[list[str]]:
    """Return the command lines of the bash blocks, split into words, without comments."""
    lines = "\n".join(blocks(readme, "bash")).replace("\\\n", " ").splitlines()
    return [words for words in (shlex.split(line, comments=True) for line in lines) if words]


def test_both_languages_show_the_same_commands_and_code() -> None:
    chinese, english = READMES
    assert commands(chinese) == commands(english)
    assert blocks(chinese, "python") == blocks(english, "python")
    assert {words[0] for words in commands(english)} == {"bash", "curl", "source", "tingshuo"}


def test_both_languages_show_the_same_figures() -> None:
    tables = []
    for readme in READMES:
        rows = [line.split("|") for line in (ROOT / readme).read_text("utf-8").splitlines() if line.startswith("|")]
        tables.append([[cell.strip() for cell in cells[2:4]] for cells in rows[2:]])
    assert tables[0] == tables[1]
    assert len(tables[0]) >= 5
    assert all(re.match(r"\d", measured) for measured, _ in tables[0])


@pytest.mark.parametrize("readme", [*READMES, "CONTRIBUTING.md", "ARCHITECTURE.md"])
def test_links_lead_to_files(readme: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", (ROOT / readme).read_text("utf-8"))
    missing = [target for target in targets if "://" not in target and not (ROOT / target).exists()]
    assert targets
    assert not missing


@pytest.mark.parametrize("readme", [*READMES, "CONTRIBUTING.md"])
def test_scripts_that_are_named_exist(readme: str) -> None:
    named = set(re.findall(r"bash (scripts/\w+)", (ROOT / readme).read_text("utf-8")))
    assert named
    assert all((ROOT / script).is_file() for script in named)


def test_the_commands_do_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("chapter.txt").write_text("第一章。\n\n从前有座山。", "utf-8")
    Path("lines.txt").write_text("一行。\n两行。", "utf-8")
    train_twice(tmp_path, monkeypatch)
    for words in commands("README.md"):
        if words[0] == "tingshuo":
            assert run([words[1], "--help"] if words[1] in SLOW_VERBS else words[1:]) == 0, words
    for name in ("out.wav", "chapter.mp3", "wavs/0001.wav", "wavs/0002.wav"):
        assert soundfile.info(name).duration > 0.3
    assert Path("out.srt").read_text("utf-8").startswith("1\n00:00:00,")
    assert Path("chapter.lrc").stat().st_size


def train_twice(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave what a second training leaves: ``run/bundle``, while the voice of the first has been saved."""
    monkeypatch.setenv("TINGSHUO_HOME", str(folder / "home"))
    save(Registry(), BUILT_IN / "default", name="anna", aliases=["prod"])
    second = open_bundle(shutil.copytree(BUILT_IN / "default", folder / "run" / "bundle"))
    manifest = json.dumps(second.manifest.fields() | {"data_statement": "Recordings of Anna."})
    (second.path / MANIFEST).write_text(manifest, "utf-8")


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = blocks("README.md", "python")
    exec(compile(example, "README.md", "exec"), {})
    assert soundfile.info("out.mp3").duration > 2
    assert capsys.readouterr().out.startswith("0 (")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server in a process of its own, and its address."""
    command = [sys.executable, "-c", "from tingshuo.app.cli.main import main; main()", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            (address,) = re.findall(r"http://[\d.]+:\d+", line)
            while httpx.get(f"{address}/readyz", timeout=60, trust_env=False).status_code != 200:
                time.sleep(0.05)
                assert process.poll() is None
            yield address
        finally:
            process.terminate()


def test_the_curl_example_gives_an_mp3(server: str, tmp_path: Path) -> None:
    (words,) = [words for words in commands("README.md") if words[0] == "curl"]
    assert words[2:4] == ["-H", "Content-Type: application/json"]
    assert words[4] == "-d"
    path = words[1].removeprefix("http://127.0.0.1:7000")
    reply = httpx.post(server + path, json=json.loads(words[5]), timeout=60, trust_env=False)
    assert reply.status_code == 200, reply.text
    (tmp_path / "hello.mp3").write_bytes(reply.content)
    assert soundfile.info(tmp_path / "hello.mp3").duration > 1


@pytest.mark.parametrize("readme", READMES)
def test_the_routes_that_are_named_exist(server: str, readme: str) -> None:
    routes = re.findall(r"`(GET|POST) (/[\w/]*)`", (ROOT / readme).read_text("utf-8"))
    assert len(routes) >= 8
    for method, path in routes:
        reply = httpx.request(method, server + path, timeout=60, trust_env=False)
        assert reply.status_code not in (404, 405, 500), (method, path)
