"""A decoder of codes answers to a folder of the original."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.config import FrameConfig  # noqa: E402
from tingshuo.config.codec import BandwidthConfig, CodecBundleConfig  # noqa: E402
from tingshuo.models.vocos.codes import CodeVocos  # noqa: E402
from tingshuo.models.vocos.config import CodeVocosConfig  # noqa: E402
from tingshuo.models.vocos.graphs import vocoder_context_frames  # noqa: E402
from tingshuo.port.families import sizes  # noqa: E402
from tingshuo.port.inside import Inside  # noqa: E402
from tingshuo.store.manifest import GraphEntry, GraphVariant, TensorSpec  # noqa: E402
from tingshuo.tasks.golden_compare import Material, run_case  # noqa: E402
from tingshuo.tasks.golden_draws import Draws  # noqa: E402
from tingshuo.tasks.golden_folder import Case  # noqa: E402

pytestmark = pytest.mark.train
TINY = CodeVocosConfig(codebooks=4, codebook_size=5, code_dim=6, bandwidths=2, n_fft=32, hop_length=8, dim=8, hidden=12, layers=1)


@pytest.fixture(scope="module")
def heard():
    """The nets of a tiny decoder to be listened to, what its bundle tells, and its net."""
    torch.manual_seed(0)
    net = CodeVocos(TINY).eval()
    torch.nn.init.normal_(net.backbone.norm.shift.weight)
    settings = CodecBundleConfig(
        family="codec+vocos", codec="encodec_24khz", frames=FrameConfig(24000, 8), codebooks=4, codebook_size=5,
        bandwidths=(BandwidthConfig(1.5, 2), BandwidthConfig(3.0, 4)), vocoder_context_frames=vocoder_context_frames(TINY),
        architecture=sizes("vocos_codes", TINY),
    )  # fmt: skip
    inputs = {"codes": TensorSpec("int64", (1, "Q", "F")), "bandwidth": TensorSpec("int64", (1,))}
    entries = {"vocoder": GraphEntry(inputs, {}, (GraphVariant("onnx", "fp32", "a.onnx"),))}
    material = Material(settings, entries, lambda _: {name: one.numpy() for name, one in net.state_dict().items()})
    return Inside(material), material, net


def case(**given):
    return Case("a", given, {}, {}, Draws("a", given, None))


@torch.inference_mode()
def test_answers_are_the_net_s(heard):
    inside, material, net = heard
    codes = np.random.default_rng(0).integers(0, 5, (2, 40))
    made = run_case(inside.graphs, material, case(codes=codes))
    given = torch.from_numpy(codes)[None]
    np.testing.assert_allclose(made["features"], net.features(given)[0], atol=1e-6)
    np.testing.assert_allclose(made["out"], torch.cat(net(given, torch.tensor([0])), 2)[0], atol=1e-5)
    assert made["wav"].shape == (320,)
    np.testing.assert_array_equal(made["wav"], made["audio"])
    other = run_case(inside.graphs, material, case(codes=codes, bandwidth_id=np.array(1)))
    assert not np.allclose(other["out"], made["out"], atol=1e-3)
    assert run_case(inside.graphs, material, case(mel=codes)) is None
    assert {"embed", "block0", "backbone"} <= inside(case(codes=codes)).keys()
