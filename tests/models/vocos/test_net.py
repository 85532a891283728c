"""The layout is that of the public checkpoint; where golden vectors of a made-up one are at hand, so are the numbers."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.config import MelConfig  # noqa: E402
from tingshuo.models.layers.cost import count_macs, count_parameters  # noqa: E402
from tingshuo.models.layers.mel import log_mel  # noqa: E402
from tingshuo.models.vocos.config import SMALL, VocosConfig  # noqa: E402
from tingshuo.models.vocos.net import Vocos  # noqa: E402

pytestmark = pytest.mark.train
GOLDEN = Path(__file__).parents[4] / "shared" / "golden"


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return Vocos(VocosConfig(dim=16, hidden=24, layers=2))


def test_parameters_are_named_as_in_the_public_checkpoint(net):
    block = ["dwconv.weight", "dwconv.bias", "norm.weight", "norm.bias", "pwconv1.weight", "pwconv1.bias", "pwconv2.weight",
             "pwconv2.bias", "gamma"]  # fmt: skip
    ends = ["embed.weight", "embed.bias", "norm.weight", "norm.bias", "final_layer_norm.weight", "final_layer_norm.bias"]
    expected = {f"backbone.{name}" for name in ends} | {f"backbone.convnext.{i}.{name}" for i in range(2) for name in block}
    assert net.state_dict().keys() == expected | {"head.out.weight", "head.out.bias"}


def test_sizes_are_stated():
    for config, parameters, gmacs in ((VocosConfig(), 13_531_650, 1.27), (SMALL, 2_826_498, 0.26)):
        model = Vocos(config)
        assert count_parameters(model) == parameters
        assert count_macs(model, torch.zeros(1, 100, 94)) * 93.75 / 94 / 1e9 == pytest.approx(gmacs, abs=0.01)


def test_every_parameter_learns(net):
    net.zero_grad()
    net.synthesize(torch.randn(2, 100, 12)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


@torch.inference_mode()
def test_wave_has_a_hop_per_frame_and_magnitudes_a_ceiling(net):
    wav = net.synthesize(torch.zeros(2, 100, 11))
    assert wav.shape == (2, 2560)
    loud = Vocos(net.config)
    loud.head.out.bias[:513] = 50
    assert loud.synthesize(torch.zeros(1, 100, 11)).isfinite().all()


def checkpoint(name: str, folder: Path) -> Path:
    if not GOLDEN.is_dir():
        pytest.skip("the golden vectors are not at hand")
    subprocess.run([sys.executable, GOLDEN / "make_weights.py", GOLDEN / name, folder], check=True, capture_output=True)
    return folder


@torch.inference_mode()
def test_it_computes_what_the_public_one_computes(tmp_path):
    folder = checkpoint("vocos_mel_24khz", tmp_path)
    state = torch.load(folder / "pytorch_model.bin", weights_only=True)
    model = Vocos(VocosConfig()).eval()
    wanted = model.state_dict().keys()
    assert {name for name in state if not name.startswith("feature_extractor")} - wanted == {"head.istft.window"}
    model.load_state_dict({name: state[name] for name in wanted})
    golden = np.load(GOLDEN / "vocos_mel_24khz" / "golden.npz")
    mel = log_mel(torch.from_numpy(golden["copy.in.audio"])[None], MelConfig())
    assert np.abs(mel[0].numpy() - golden["copy.features"]).max() <= 2.9e-4
    assert np.abs(model.synthesize(mel)[0].numpy() - golden["copy.audio"]).max() <= 1.3e-5
    decoded = model.synthesize(torch.from_numpy(golden["decode.in.features"])[None])
    assert np.abs(decoded[0].numpy() - golden["decode.audio"]).max() <= 1.2e-5
