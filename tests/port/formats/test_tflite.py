import json
import re
import subprocess
import sys

import pytest

pytest.importorskip("torch")
from tingshuo.errors import EngineNotInstalledError, PortError
from tingshuo.port import environments
from tingshuo.port.formats import tflite
from tingshuo.port.formats.formats import export_format
from tingshuo.port.formats.written import Settings


@pytest.fixture
def converter(monkeypatch):
    """Stands in for the other environment: ``converter(status, files)``."""

    def install(status, error=None, files=True):
        def run(name, program, arguments):
            assert (name, program) == ("tensorflow", environments.PROGRAMS / "onnx_to_tflite.py")
            assert program.is_file()
            folder = tflite.Path(arguments[0])
            for path in list(folder.glob("*.onnx")) if files else ():
                for precision in ("float32", "int8"):
                    path.with_suffix(f".{precision}.tflite").write_bytes(b"TFL3" + precision.encode())
            if error is not None:
                (folder / "error.json").write_text(json.dumps(error))
            return subprocess.CompletedProcess([], status, "", "first\nlast words")

        monkeypatch.setattr(environments, "run", run)
        monkeypatch.setattr(tflite, "_runner", lambda path: None)

    return install


def test_each_graph_becomes_two_files(converter, graph_of, tmp_path):
    converter(0)
    copies = [copy for _, copy in tflite.write([graph_of("pitch"), graph_of("vocoder")], tmp_path, Settings())]
    assert [copy.files[0] for copy in copies] == [
        f"{name}.{precision}.tflite" for name in ("pitch", "vocoder") for precision in ("float32", "int8")
    ]
    assert [copy.limit_db for copy in copies[:2]] == [-60, -20]
    assert (tmp_path / "pitch.int8.tflite").read_bytes() == b"TFL3int8"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ({"graph": "pitch", "operator": "LSTM", "reason": ""}, "graph 'pitch' cannot be written, it has no LSTM"),
        (
            {"graph": "pitch", "operator": "", "reason": "ValueError: axes"},
            "graph 'pitch' could not be converted: ValueError: axes",
        ),
        (None, "ended without a word: first last words"),
    ],
)
def test_a_failure_is_told_with_its_reason(converter, graph_of, tmp_path, error, message):
    converter(1, error, files=False)
    with pytest.raises(PortError, match=f"format tflite: .*{message}"):
        list(tflite.write([graph_of("pitch")], tmp_path, Settings()))


def test_without_the_environment_it_says_how_to_get_it(small_bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    with pytest.raises(EngineNotInstalledError, match="tingshuo env make tensorflow"):
        export_format(small_bundle, "tflite", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_files_run_as_the_readme_says(small_bundle, tmp_path):
    """Needs the environment, so it is left out where that has not been made."""
    pytest.importorskip("ai_edge_litert", reason="the tflite extra is not installed")
    try:
        environments.check("tensorflow")
    except EngineNotInstalledError as error:
        pytest.skip(str(error))
    report = export_format(small_bundle, "tflite", tmp_path / "out")
    assert all(row.error_db < (-100 if row.precision == "float32" else -20) for row in report.graphs)
    code = re.search(r"```python\n(.*?)```", (tmp_path / "out/README.md").read_text("utf-8"), re.DOTALL)[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "out", capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert all(float(row[-1]) < 1e-3 for row in rows if row[1] == "float32")
