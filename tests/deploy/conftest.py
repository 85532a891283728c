"""What the tests of deploy/ share."""

import shlex
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def deploy() -> Path:
    """The folder deploy/."""
    return ROOT / "deploy"


@pytest.fixture(scope="session")
def serve_options() -> Callable[[Sequence[str]], dict[str, Any]]:
    """Return a function that reads words after `tingshuo` as the program itself does; an option that is none is an error."""
    import typer

    from tingshuo.app.cli.verbs import app

    serve = typer.main.get_command(app).commands["serve"]

    def parse(words: Sequence[str]) -> dict[str, Any]:
        verb, *options = words
        assert verb == "serve"
        return serve.make_context(verb, list(options)).params

    return parse


@pytest.fixture
def need() -> Callable[[str, str], str]:
    """Return a function that finds a program, and skips the test with a reason where there is none."""

    def find(program: str, whence: str) -> str:
        found = shutil.which(program)
        if found is None:
            pytest.skip(f"{program} is not installed: {whence}")
        return found

    return find


@pytest.fixture
def bash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs a script of deploy/, with programs of our own first on the path (a folder `bin`)."""
    fakes = tmp_path / "bin"
    fakes.mkdir()
    monkeypatch.setenv("PATH", f"{fakes}:/usr/sbin:/usr/bin:/sbin:/bin")

    def run(script: str, *words: object) -> subprocess.CompletedProcess[str]:
        command = ["bash", str(ROOT / "deploy" / script), *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)

    return run


@pytest.fixture
def fake(tmp_path: Path, bash: object) -> Callable[[str, str], Path]:
    """Return a function that puts a shell script of some lines on the path; it notes each call in `calls`, which is returned."""
    calls = tmp_path / "calls"

    def make(name: str, lines: str = "") -> Path:
        program = tmp_path / "bin" / name
        program.write_text(f'#!/bin/bash\necho "{name} $*" >>{shlex.quote(str(calls))}\n{lines}\n')
        program.chmod(0o755)
        calls.touch()
        return calls

    return make
