"""The base install speaks: with all packages outside the base lock file made unimportable, rooms import and doors work."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).parents[2]

BLOCKADE = """
import sys
from importlib.abc import MetaPathFinder
from importlib.metadata import packages_distributions
from pathlib import Path

lock = Path(sys.argv.pop(1)).read_text().splitlines()
base = {line.split("==")[0] for line in lock if "==" in line} | {"tingshuo"}
owners = {module: {d.lower().replace("_", "-") for d in owned} for module, owned in packages_distributions().items()}

class Blockade(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top == "torch" or (top in owners and not owners[top] & base):
            raise ModuleNotFoundError(f"{name} is not in the base install", name=name)

sys.meta_path.insert(0, Blockade())
"""

TORCH_ROOMS = ("tingshuo.models", "tingshuo.port", "tingshuo.train")
BEHIND_EXTRAS = ("tingshuo.engine.openvino", "tingshuo.store.backends.s3")
"""Rows of tables, which are imported when they are asked for and say what to install."""
IMPORT_ALL = """
import importlib, pkgutil, tingshuo
rooms = tuple(sys.argv[1:])
names = []
def skip(name): raise ModuleNotFoundError(name)
for module in pkgutil.walk_packages(tingshuo.__path__, "tingshuo.", onerror=skip):
    if not module.name.startswith(rooms):
        importlib.import_module(module.name)
        names.append(module.name)
print(len(names))
"""
SAY = """
from tingshuo.app.cli.main import run
sys.exit(run(sys.argv[1:]))
"""
SPEAK = """
import tingshuo
voice = tingshuo.load("default")
speech = voice.synthesize("你好，世界。", emotion="happy")
speech.save(sys.argv[1])
print(len(speech.wav), [word.text for word in speech.words])
"""


def run(program: str, *arguments: str | Path) -> str:
    """Run a program behind the blockade and return what it prints."""
    command = [sys.executable, "-c", BLOCKADE + program, ROOT / "requirements" / "base.lock", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def assert_speech(path: Path) -> None:
    wav, sample_rate = soundfile.read(path, dtype="float32")
    assert 0.4 < len(wav) / sample_rate < 5
    assert 0.02 < np.sqrt(np.mean(wav**2)) < 0.5


def test_the_blockade_holds() -> None:
    for module in ("torch", "onnx", "pytest", "pypinyin"):
        program = f"{BLOCKADE}\nimport {module}"
        command = [sys.executable, "-c", program, ROOT / "requirements" / "base.lock"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert f"{module} is not in the base install" in done.stderr


def test_every_module_that_runs_imports() -> None:
    assert int(run(IMPORT_ALL, *TORCH_ROOMS, *BEHIND_EXTRAS)) > 40


def test_the_command_line_speaks(tmp_path: Path) -> None:
    run(SAY, "say", "今天天气真好。", "-o", tmp_path / "out.wav", "--emotion", "happy")
    assert_speech(tmp_path / "out.wav")


@pytest.mark.parametrize("extension", ["wav", "mp3"])
def test_python_speaks(tmp_path: Path, extension: str) -> None:
    run(SPEAK, tmp_path / f"out.{extension}")
    assert_speech(tmp_path / f"out.{extension}")


def test_what_a_file_is_can_be_told(tmp_path: Path) -> None:
    (tmp_path / "model.pth").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    told = run(SAY, "probe", tmp_path / "model.pth", ROOT / "src/tingshuo/voices/default/graphs/onnx/fp32/vocoder.onnx")
    assert "would run os.system" in told
    assert "vocoder.onnx: a graph" in told
