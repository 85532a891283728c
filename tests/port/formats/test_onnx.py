import json
import re
import subprocess
import sys

import onnxruntime
import pytest

pytest.importorskip("torch")
from tingshuo.port.formats.formats import export_format


@pytest.fixture(scope="module")
def folder(small_bundle, tmp_path_factory):
    out = tmp_path_factory.mktemp("exports") / "onnx"
    report = export_format(small_bundle, "onnx", out)
    assert all(row.error_db == -200 for row in report.graphs)
    return out


def program(folder):
    found = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text("utf-8"), re.DOTALL)
    assert found
    return found[1]


def test_the_program_of_the_readme_runs_with_numpy_and_onnxruntime_alone(folder):
    code = program(folder)
    assert set(re.findall(r"^import (\w+)", code, re.MULTILINE)) == {"numpy", "onnxruntime"}
    guard = "import sys\nsys.modules['tingshuo'] = sys.modules['torch'] = sys.modules['onnx'] = None\n"
    done = subprocess.run([sys.executable, "-c", guard + code], cwd=folder, capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert {row[0] for row in rows} == {"encoder", "pitch", "decoder", "vocoder"}
    assert all(float(row[-1]) < 1e-4 for row in rows)


def test_a_file_says_whose_it_is(folder):
    session = onnxruntime.InferenceSession(str(folder / "vocoder.onnx"), providers=["CPUExecutionProvider"])
    told = session.get_modelmeta().custom_metadata_map
    assert told["licence"] == "CC-BY-SA-4.0"
    assert json.loads(told["symbols"])
    assert "人工智能" in told["notice"]
