import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("openvino", reason="the openvino extra is not installed")
from tingshuo.errors import PortError
from tingshuo.port.formats.formats import export_format
from tingshuo.port.formats.openvino import write
from tingshuo.port.formats.written import Settings


def test_the_files_run_as_the_readme_says(small_bundle, tmp_path):
    report = export_format(small_bundle, "openvino", tmp_path / "out")
    assert report.graphs[0].files == ("encoder.xml", "encoder.bin")
    assert all(row.error_db < -100 for row in report.graphs)
    code = re.search(r"```python\n(.*?)```", (tmp_path / "out/README.md").read_text("utf-8"), re.DOTALL)[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "out", capture_output=True, text=True, check=True)
    assert all(float(line.split()[-1]) < 1e-3 for line in done.stdout.splitlines())
    assert 'licence value="CC-BY-SA-4.0"' in (tmp_path / "out/pitch.xml").read_text("utf-8")


def test_float16_halves_weights_that_are_not_halved_already(graph_of, tmp_path):
    ((_, copy),) = write([graph_of("vocoder")], tmp_path, Settings(precision="float16"))
    assert (copy.precision, copy.limit_db) == ("float16", -40)


def test_an_operator_that_it_lacks_is_named(strange, tmp_path):
    with pytest.raises(PortError, match=r"format openvino: graph 'pitch' cannot be written, it has no \S*Hum"):
        list(write([strange], Path(tmp_path), Settings()))
