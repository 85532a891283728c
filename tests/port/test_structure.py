"""Graphs are exported in a process of their own, which holds no weights."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.models.hifigan.config import LIGHT  # noqa: E402
from tingshuo.models.hifigan.net import HiFiGan  # noqa: E402
from tingshuo.port.families import sizes  # noqa: E402
from tingshuo.port.structure import export_structures  # noqa: E402
from tingshuo.port.verify import open_model  # noqa: E402

pytestmark = pytest.mark.train
TINY = LIGHT.replace(mels=4, channels=8)


def test_a_graph_names_its_weights_and_computes_with_them():
    net = HiFiGan(TINY).eval()
    models = export_structures(sizes("hifigan", TINY))
    assert list(models) == ["vocoder"]
    initializers = models["vocoder"].graph.initializer
    assert {one.name for one in initializers} == set(net.state_dict())
    assert all(one.data_location == onnx.TensorProto.EXTERNAL and not one.raw_data for one in initializers)
    tensors = {name: tensor.numpy() for name, tensor in net.state_dict().items()}
    mel = np.random.default_rng(0).standard_normal((1, 4, 9), np.float32)
    with torch.inference_mode():
        expected = net(torch.from_numpy(mel)).numpy()
    for lean in (False, True):
        found = open_model(models["vocoder"], tensors, lean=lean).run({"mel": mel})["wav"]
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_what_the_process_could_not_do_is_told_in_its_words():
    with pytest.raises(PortError, match="a net of the kind 'wavenet' cannot be rebuilt"):
        export_structures({"wavenet.layers": 3})
