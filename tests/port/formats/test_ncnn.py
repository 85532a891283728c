import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

pytest.importorskip("torch")
from tingshuo.errors import PortError
from tingshuo.port.formats import ncnn
from tingshuo.port.formats.formats import export_format


def needs_ncnn():
    pytest.importorskip("ncnn", reason="the ncnn extra is not installed")
    pytest.importorskip("pnnx", reason="the ncnn extra is not installed")


def test_the_files_run_as_the_readme_says(small_bundle, tmp_path):
    needs_ncnn()
    report = export_format(small_bundle, "ncnn", tmp_path / "out", graphs=["pitch", "decoder", "vocoder"])
    assert report.graphs[0].files == ("pitch.ncnn.param", "pitch.ncnn.bin")
    assert all(row.error_db < -100 for row in report.graphs)
    code = re.search(r"```python\n(.*?)```", (tmp_path / "out/README.md").read_text("utf-8"), re.DOTALL)[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "out", capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 5
    assert all(float(line.split()[-1]) < 1e-3 for line in done.stdout.splitlines())


def test_a_graph_that_it_cannot_express_is_refused_by_the_operator(graph_of):
    param = "7767517\n3 3\nInput in0 0 1 in0\npnnx.Expression e 1 1 in0 1 expr=size(@0,1)\ntorch.arange a 1 1 1 out0\n"
    with pytest.raises(PortError, match=r"format ncnn: graph 'encoder' cannot be written, it has no torch\.arange; choose"):
        ncnn._refuse_strange(graph_of("encoder"), param)


def test_pnnx_that_fails_is_told(graph_of, tmp_path, monkeypatch):
    monkeypatch.setattr(ncnn, "import_module", lambda name: SimpleNamespace(EXEC_PATH="false"))
    with pytest.raises(PortError, match="graph 'pitch' could not be converted"):
        ncnn._convert(graph_of("pitch"), tmp_path)


def test_inputs_that_keep_their_batch_axis_are_those_that_pnnx_says(graph_of):
    driver = "".join(
        f'ex.input("in{index}", ncnn.Mat(in{index}.numpy(), batch_index={batch}).clone())\n'
        for index, batch in enumerate((233, 0, 233))
    )
    assert ncnn._with_batch(graph_of("pitch"), driver) == ["frames", "style"]


def test_a_comparison_becomes_a_slope_of_0_and_1():
    torch = pytest.importorskip("torch")
    x = torch.tensor([39.999, 40.0, 40.001])
    assert ncnn.INSTEAD["Greater"]({}, x, torch.tensor(40.0)).tolist() == [0, 0, 1]
    assert ncnn.INSTEAD["Less"]({}, x, torch.tensor(40.0)).tolist() == [1, 0, 0]
    assert ncnn.INSTEAD["Cast"]({"to": 1}, x) is x
