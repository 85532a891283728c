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
        (["distill", "default", "-o", "x", "--speaker", "tan"], "--speaker is for imported voices; a student of default, which"),
        (["distill", "default", "-o", "x", "--vocoder-steps", "200"], "--vocoder-steps is for imported voices"),
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


@pytest.fixture
def stranger(monkeypatch):
    """The built-in voice as if it had been imported; what its teaching is asked for is kept."""
    from tingshuo.train import imported, imported_teacher
    from tingshuo.train.distill_voice import Shrunk

    asked = []
    table = Comparison((Row("parameters", "parameters, in all", "M", 10.0, 4.0, 3),), "a sentence", ("As it is.",))

    def distill(voice, output, config, base, data, *, resume, tell):
        asked.append((voice, output, config, base, data, resume))
        tell("features", 0.5, "")
        tell("vocoder", 0.5, "")
        return Shrunk(config.loop.steps, True, 0.5, output, table)

    monkeypatch.setattr(imported, "distill_imported", distill)
    monkeypatch.setattr(imported_teacher, "is_own", lambda manifest: False)
    return asked


def test_a_stranger_teaches_whom_and_what_was_asked_for(command, stranger, tmp_path, monkeypatch):
    from tingshuo.tasks.voices import BUILT_IN, find_voice
    from tingshuo.train.imported_config import ImportedConfig

    arguments = ["--size", "tiny", "--set", "dim=64", "--texts", 9, "--steps", 7, "--threads", 2, "--speaker", "b", "--speaker",
                 "a", "--style", "x", "--emotion", "happy", "--licence", "CC0-1.0", "--vocoder-steps", 300]  # fmt: skip
    code, text, _ = command("distill", "default", "-o", tmp_path / "small", *arguments)
    assert code == 0
    assert "parameters, in all, M" in text
    assert "As it is." in text
    voice, output, config, base, data, resume = stranger[0]
    assert (voice, output, base, data, resume) == (
        find_voice("default"), tmp_path / "small", BUILT_IN / "default", None, False,
    )  # fmt: skip
    expected = ImportedConfig(
        size="tiny", sizes={"dim": 64}, texts=9, speakers=("b", "a"), styles=("x",), emotions=("happy",), licence="CC0-1.0",
        vocoder_steps=300,
    )  # fmt: skip
    assert config == expected.replace(loop=expected.loop.replace(steps=7, threads=2))
    assert command("distill", "default", "-o", tmp_path / "small", "--json")[0] == 0
    assert stranger[1][2] == ImportedConfig()


def test_a_teaching_of_a_stranger_is_resumed_with_its_settings(command, stranger, tmp_path):
    import yaml

    from tingshuo.train.imported_config import ImportedConfig

    begun = ImportedConfig(speakers=("b",), texts=9)
    (tmp_path / "small.run").mkdir()
    (tmp_path / "small.run" / "config.yaml").write_text(yaml.safe_dump(begun.fields()), "utf-8")
    arguments = ["--resume", "--steps", 50, "--vocoder-steps", 300]
    assert command("distill", "default", "-o", tmp_path / "small", *arguments)[0] == 0
    _, _, config, _, _, resume = stranger[0]
    assert (config, resume) == (begun.replace(vocoder_steps=300, loop=begun.loop.replace(steps=50)), True)


@pytest.mark.parametrize(
    ("task", "message"),
    [("vocoder", "its task is vocoder; name a voice"), ("asr", "its task is asr"), ("conversion", "its task is conversion")],
)
def test_what_does_not_speak_cannot_teach(command, tmp_path, task, message):
    import json
    import shutil

    from tingshuo.tasks.voices import find_voice

    bundle = tmp_path / task
    shutil.copytree(find_voice("default"), bundle)
    manifest = json.loads((bundle / "manifest.json").read_text("utf-8"))
    (bundle / "manifest.json").write_text(json.dumps(manifest | {"task": task}), "utf-8")
    code, out, err = command("distill", bundle, "-o", tmp_path / "new")
    assert code != 0
    assert out == ""
    assert message in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "new.run").exists()


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
