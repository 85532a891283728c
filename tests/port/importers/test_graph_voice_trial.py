import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from tests.port.tiny_sherpa import FLOAT, Builder  # noqa: E402

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.importers.graph_voice_trial import open_plain  # noqa: E402

pytestmark = pytest.mark.train


def test_a_graph_is_run_as_it_is_and_one_that_cannot_be_is_refused(tmp_path):
    make = Builder()
    make("Add", "x", make.const([1.0]), out="y")
    model = onnx.load(make.save(tmp_path / "m.onnx", {"x": (FLOAT, ["n"])}, {"y": (FLOAT, ["n"])}))
    session = open_plain(model, "acoustic")
    assert session.run({"x": np.zeros(2, np.float32)})["y"].tolist() == [1, 1]
    assert session.spec.inputs == {"x": ("float32", ("n",))}
    model.graph.node[0].op_type = "NoSuch"
    with pytest.raises(PortError, match=r"the graph acoustic cannot be opened: .*NoSuch"):
        open_plain(model, "acoustic")
