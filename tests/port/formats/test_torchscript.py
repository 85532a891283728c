import re
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest

pytest.importorskip("torch")
import torch

from tingshuo.engine.embed import embed
from tingshuo.errors import PortError
from tingshuo.port.formats.formats import export_format
from tingshuo.port.formats.torchscript import trace

PROGRAM = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_the_files_run_in_torch_alone(small_bundle, tmp_path):
    report = export_format(small_bundle, "torchscript", tmp_path / "out")
    assert all(row.error_db < -100 for row in report.graphs)
    code = "import sys\nsys.modules['tingshuo'] = None\n" + PROGRAM.search((tmp_path / "out/README.md").read_text("utf-8"))[1]
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, cwd=tmp_path / "out", capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 7
    assert all(float(line.split()[-1]) < 1e-3 for line in done.stdout.splitlines())


@pytest.mark.parametrize("length", [1, 40])
def test_lengths_that_were_not_traced_run_too(graph_of, length):
    graph = graph_of("encoder")
    inputs = {name: np.ones((1, length), np.int64) for name in ("phoneme_ids", "tones", "positions")}
    inputs["style"] = graph.examples[0][0]["style"]
    session = onnxruntime.InferenceSession(embed(graph.model, graph.tensors), providers=["CPUExecutionProvider"])
    expected = session.run(list(graph.spec.outputs), inputs)
    found = trace(graph, "torchscript")(*(torch.from_numpy(inputs[name]) for name in graph.spec.inputs))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=1e-4)


def test_an_operator_that_it_lacks_is_named(strange):
    with pytest.raises(PortError, match="format torchscript: graph 'pitch' cannot be written, it has no Hum"):
        trace(strange, "torchscript")
