"""``distill`` from the command line to a bundle that speaks."""

import builtins
import re

import pytest

pytest.importorskip("torch")

from tests.train.small_voice import make_quickly, write_voice

from tingshuo.app.cli.main import run
from tingshuo.store.bundle import verify_bundle
from tingshuo.train.shrink_measure import Comparison, Row

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


def test_a_student_is_made_and_the_table_is_printed(command, teacher, tmp_path):
    out = tmp_path / "small"
    code, text, _ = command("distill", teacher, "-o", out, "--texts", 8, "--steps", 2, "--threads", 1)
    assert code == 0
    assert verify_bundle(out).ok
    before, after, ratio = re.search(r"parameters, acoustic model, M\D+([\d.]+)\D+([\d.]+)\D+([\d.]+)", text).groups()
    assert float(ratio) == pytest.approx(float(after) / float(before), abs=0.02)
    assert float(ratio) <= 0.5
    assert re.search(r"mel distance, nepers\s+│\s+-\s+│\s+0\.\d{4}", text)
    assert "Character error rate: not measured, there is no recogniser yet." in text
    assert f"{out}: ready." in text


def test_a_table_of_known_figures(capsys):
    from tingshuo.app.cli.distill import show

    rows = (
        Row("a", "size", "MB", 4.0, 1.0, 1),
        Row("b", "nothing", "", 0.0, 0.0, 2),
        Row("c", "distance", "nepers", None, 0.25, 2),
    )
    show(Comparison(rows, "two sentences"), print)
    cells = [
        re.findall(r"[^│\s][^│]*[^│\s]|[^│\s]", line) for line in capsys.readouterr().out.splitlines() if line.startswith("│")
    ]
    assert cells == [["size, MB", "4.0", "1.0", "0.25"], ["nothing", "0.00", "0.00"], ["distance, nepers", "-", "0.25"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["distill", "nobody", "-o", "x"], "unknown voice 'nobody'"),
        (["distill", "default", "-o", "x", "--size", "huge"], "unknown size 'huge'; accepted: small, tiny"),
        (["distill", "default", "-o", "x", "--set", "decoder_hidden=9999"], "decoder_hidden is 9999; accepted: 1 to "),
        (["distill", "default", "-o", "x", "--set", "decoder_hidden"], "must be a size=number"),
        (["distill", "default", "-o", "x", "--steps", "2", "--minutes", "1"], "--steps and --minutes exclude each other"),
        (["distill", "default", "-o", "x", "--minutes", "0"], "--minutes is 0; it must be above 0"),
        (["distill", "default", "-o", "x", "--resume"], "x.run/config.yaml: cannot be read"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(command, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = command(*arguments)
    assert code != 0
    assert out == ""
    assert message in err
    assert len(err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_the_missing_extra_is_named(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("tingshuo.train"):
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    code, _, err = command("distill", "default", "-o", "x")
    assert code != 0
    assert "this needs the package 'torch': pip install 'tingshuo[train]' installs it" in err
