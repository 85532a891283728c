"""``prune`` from the command line."""

import json
import shutil

import pytest

pytest.importorskip("torch")

from tests.train.small_voice import make_quickly, write_voice

from tingshuo.app.cli.main import run
from tingshuo.train import distill_voice

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    return write_voice(tmp_path_factory.mktemp("voices") / "teacher")


@pytest.fixture
def command(monkeypatch, capfd):
    """Run a command line with few sentences to choose scales and to measure by; return code, stdout and stderr."""
    make_quickly(monkeypatch, texts=2)

    def command(*arguments):
        code = run([str(argument) for argument in arguments])
        return code, *capfd.readouterr()

    return command


def test_pruning_prints_json(command, teacher, tmp_path, monkeypatch):
    """The bundle's graphs are the teacher's own here: exporting them once more takes long and is tested with the room."""
    monkeypatch.setattr(distill_voice, "write_smaller", lambda destination, *_: shutil.copytree(teacher, destination))
    out = tmp_path / "narrow"
    code, text, _ = command("prune", teacher, "--keep", 0.5, "-o", out, "--texts", 12, "--threads", 1, "--json")
    assert code == 0
    result = json.loads(text)
    assert (result["bundle"], result["finished"], result["step"]) == (str(out), True, 0)
    figures = result["comparison"]["figures"]
    assert figures["acoustic_parameters"]["after"] == figures["acoustic_parameters"]["before"] > 0
    assert figures["mel_l1_nepers"]["before"] is None
    assert figures["mel_l1_nepers"]["unit"] == "nepers"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["default", "--keep", "1.5"], "keep is 1.5; accepted: 0.05 to 0.99"),
        (["nobody"], "unknown voice 'nobody'"),
        (["default", "--steps", "2", "--minutes", "1"], "--steps and --minutes exclude each other"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(command, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = command("prune", *arguments)
    assert code != 0
    assert out == ""
    assert message in err
    assert len(err.splitlines()) == 1
    assert not list(tmp_path.iterdir())
