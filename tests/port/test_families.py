"""Nets are rebuilt from the sizes in a config, and filled with tensors that stay where they lie."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from tingshuo.config import MelConfig  # noqa: E402
from tingshuo.config.vocoder import VocoderBundleConfig  # noqa: E402
from tingshuo.errors import PortError  # noqa: E402
from tingshuo.models.hifigan.config import LIGHT  # noqa: E402
from tingshuo.models.hifigan.net import HiFiGan  # noqa: E402
from tingshuo.port.families import NETS, build_nets, fill, has_architecture, hollow, sizes  # noqa: E402

pytestmark = pytest.mark.train
TINY = LIGHT.replace(mels=4, channels=8)


def test_a_net_is_rebuilt_without_numbers_and_filled_without_a_copy():
    net = HiFiGan(TINY).eval()
    tensors = {name: tensor.numpy().copy() for name, tensor in net.state_dict().items()}
    (built,) = build_nets(sizes("hifigan", TINY))
    assert built.part == "vocoder"
    assert all(parameter.is_meta for parameter in built.net.parameters())
    fill(built, tensors | {"table": np.zeros(3, np.float32)})
    mel = torch.randn(1, 4, 6)
    with torch.inference_mode():
        torch.testing.assert_close(built.net(mel), net(mel))
    tensors["conv_post.bias"][:] = 7
    assert built.net.state_dict()["conv_post.bias"].item() == 7


def test_an_export_needs_shapes_alone():
    (built,) = build_nets(sizes("hifigan", TINY))
    (graph,) = hollow(built).graphs
    assert (graph.name, list(graph.inputs)) == ("vocoder", ["mel"])
    assert not built.net.conv_pre.weight.is_meta


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        ({"wavenet.layers": 3}, "a net of the kind 'wavenet' cannot be rebuilt; known: bert, "),
        ({"hifigan.layers": 3}, "the architecture in the config does not fit: hifigan: .*unknown field `layers`"),
    ],
)
def test_what_cannot_be_rebuilt_is_told(architecture, message):
    with pytest.raises(PortError, match=message):
        list(build_nets(architecture))


def test_tensors_that_do_not_fit_are_refused():
    (built,) = build_nets(sizes("hifigan", TINY))
    with pytest.raises(PortError, match="the tensors do not fit the net"):
        fill(built, {"conv_pre.weight": np.zeros((8, 4, 7), np.float32)})


def test_a_config_without_sizes_says_so():
    config = VocoderBundleConfig(family="vocoder+hifigan", mel=MelConfig(), vocoder_context_frames=1, architecture={})
    with pytest.raises(PortError, match="tells no sizes"):
        has_architecture(config)


def test_every_kind_has_a_part_and_default_or_given_sizes():
    assert list(NETS) == sorted(NETS)
    assert {family.part for family in NETS.values()} <= {"acoustic", "language", "vocoder", "prompt", "recogniser", "voice"}
