import json

import pytest

pytest.importorskip("torch")

import typer
from typer.testing import CliRunner

from tingshuo.app.cli.optimize import optimize
from tingshuo.errors import EngineNotInstalledError
from tingshuo.port import optimizing
from tingshuo.port.optimizing import Optimized
from tingshuo.port.trials import Trial

pytestmark = pytest.mark.train


@pytest.fixture
def run(monkeypatch):
    """Run the verb with what it would have found."""
    found = Optimized("v", "cpu", version="1.1.0", size_bytes=(2_000_000, 3_000_000))
    found.trials = [
        Trial("decoder", ("step",), status="kept", ratio=1.5),
        Trial("decoder", ("wide",), status="no gain", why="why", error_db={"mel": -121.4, "wav": -130.0}, size_bytes=2_500_000),
        Trial("decoder", ("gemm",), status="not applicable", why="it has none"),
        Trial("decoder", ("repeats",), status="not applicable", why="it has none"),
    ]
    found.before = {1: {"rtf": 0.2}}
    found.after = {1: {"rtf": 0.1}}
    asked = {}

    def pretend(path, output, **given):
        asked.update(given)
        return found

    app = typer.Typer()
    app.command()(optimize)

    def call(*words):
        monkeypatch.setattr(optimizing, "optimize_bundle", pretend)
        return CliRunner().invoke(app, list(words)), asked, found

    return call


def test_a_table_of_what_was_tried(run, tmp_path):
    result, asked, found = run("default", "-o", "x", "--passes", "wide, step", "--skip", "fold")
    assert result.exit_code == 0
    assert (asked["only"], asked["skip"], asked["target"]) == (["wide", "step"], ["fold"], "cpu")
    assert "1.50x" in result.output
    assert " -121     2.5  no gain: why" in result.output
    assert "decoder    not applicable: gemm, repeats (--json says why)" in result.output
    assert "rtf 0.2 -> 0.1" in result.output
    assert "no bundle was written" in result.output
    found.path = tmp_path
    assert "v 1.1.0, 2.0 MB -> 3.0 MB" in run("default", "-o", "x")[0].output


def test_what_is_not_tried_is_named_and_what_cannot_be_timed_is_counted(run):
    _, _, found = run("default", "-o", "x")
    assert "not tried" not in run("default", "-o", "x")[0].output
    found.untried, found.notes = ["torch-compile"], ["heed this"]
    found.trials = [Trial("decoder", ("half",), status="kept", operators=321)]
    output = run("default", "-o", "x")[0].output
    assert "cannot be kept: torch-compile; --passes torch-compile measures it" in output
    assert "note: heed this" in output
    assert "operators" in output
    assert "1 thread " not in output
    assert " 321 " in output


def test_json(run):
    result, _, _ = run("default", "-o", "x", "--json")
    assert json.loads(result.output)["trials"][0]["ratio"] == 1.5


def test_a_device_that_is_not_here(tmp_path):
    app = typer.Typer()
    app.command()(optimize)
    result = CliRunner().invoke(app, ["default", "-o", str(tmp_path / "x"), "--target", "cuda"])
    assert isinstance(result.exception, EngineNotInstalledError)
    assert not list(tmp_path.iterdir())
