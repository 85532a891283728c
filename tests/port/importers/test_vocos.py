"""The author's layout, its filters, and files that are something else; where the fixture is at hand, the numbers."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402
from tests.port.tiny_vocoders import MEL_TINY as MEL  # noqa: E402
from tests.port.tiny_vocoders import VOCOS_TINY as TINY  # noqa: E402
from tests.port.tiny_vocoders import write_vocos as write  # noqa: E402

from tingshuo.audio.mel import log_mel  # noqa: E402
from tingshuo.config import MelConfig  # noqa: E402
from tingshuo.errors import PortError  # noqa: E402
from tingshuo.models.vocos.config import VocosConfig  # noqa: E402
from tingshuo.port.importers.vocos import FILTERS, WINDOWS, read_vocos  # noqa: E402

pytestmark = pytest.mark.train


@torch.inference_mode()
@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.safetensors", "last.ckpt"])
def test_the_net_is_the_same_from_every_file(tmp_path, name):
    critics = {"multiperioddisc.discriminators.0.conv.weight": torch.ones(1), "melspec_loss.mel_spec.fb": torch.ones(1)}
    net = write(tmp_path / "mine", name=name, more=critics)
    read = read_vocos(tmp_path / "mine")
    assert (read.config, read.mel, read.notes) == (TINY, MEL, ())
    assert read.name == ("last" if name == "last.ckpt" else "mine")
    mel = torch.randn(1, 20, 9)
    for ours, theirs in zip(read.net()(mel), net(mel), strict=True):
        assert torch.equal(ours, theirs)
    assert set(read.fitted.report.left_out) == {FILTERS, *WINDOWS, *critics}


@pytest.mark.parametrize("changes", [{"scale": "slaney", "norm": "slaney"}, {"norm": "slaney"}, {"scale": "slaney"},
                                     {"scale": "slaney", "norm": "slaney", "fmax": 7000.0}])  # fmt: skip
def test_the_filters_in_the_file_decide_where_the_settings_are_silent(tmp_path, changes):
    """Forks changed the defaults of the program, so the same settings mean another mel."""
    mel = MEL.replace(**changes)
    told = {"feature_extractor__f_max": mel.fmax} if mel.fmax != 8000 else {}
    write(tmp_path, mel=mel, **told)
    assert read_vocos(tmp_path).mel == mel


def test_settings_may_name_the_scale(tmp_path):
    told = {"feature_extractor__mel_scale": "slaney", "feature_extractor__norm": "slaney", "feature_extractor__f_max": 7600}
    mel = MEL.replace(scale="slaney", norm="slaney", fmax=7600.0)
    write(tmp_path, filters=False, **told)
    read = read_vocos(tmp_path)
    assert read.mel == mel
    assert "as config.yaml says" in read.notes[0]


def test_frames_may_be_hops(tmp_path):
    write(tmp_path, feature_extractor__padding="same", head__padding="same")
    assert read_vocos(tmp_path).mel == MEL.replace(framing="same")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"feature_extractor__padding": "same"}, "padding is same for the mels and center for the head"),
        ({"feature_extractor__f_max": 4000}, "the mel filters in it are not those that"),
        ({"feature_extractor__mel_scale": "slaney"}, "the mel filters in it are not those that"),
        ({"backbone__input_channels": 30}, "the mel has 20 bands, and the backbone reads 30"),
        ({"head__hop_length": 100}, "the head's hop_length is not that of the mels"),
        ({"head__dim": 100}, "the head's dim is not that of the backbone"),
        ({"head__n_fft": 320}, "n_fft 320 of the head is no even multiple of hop_length 64"),
        ({"backbone__num_layers": 3}, r"missing: backbone\.convnext\.2.*config\.yaml the one that it was trained with"),
    ],
)
def test_settings_that_do_not_fit_are_named(tmp_path, changes, message):
    write(tmp_path, **changes)
    with pytest.raises(PortError, match=message):
        read_vocos(tmp_path)


def test_another_window_is_refused(tmp_path):
    write(tmp_path, more={WINDOWS[0]: torch.hann_window(256, periodic=False)})
    with pytest.raises(PortError, match="is no periodic Hann window"):
        read_vocos(tmp_path)


def test_what_is_something_else_is_named(tmp_path):
    write(tmp_path)
    save_file({"conv_pre.bias": torch.ones(1)}, tmp_path / "model.safetensors")
    with pytest.raises(PortError, match=r"is no Vocos: it has no backbone\.embed\.weight, only conv_pre\.bias"):
        read_vocos(tmp_path)


@torch.inference_mode()
def test_it_computes_what_the_original_computes(golden):
    known = golden("vocos_mel_24khz")
    read = read_vocos(known.files)
    assert (read.config, read.mel, read.notes) == (VocosConfig(), MelConfig(), ())
    net = read.net()
    mel = log_mel(known.arrays["copy.in.audio"], read.mel)
    known.check("copy.features", mel)
    features = net.backbone(torch.from_numpy(mel)[None])
    known.check("copy.backbone", features[0])
    known.check("copy.out.head", net.head.out(features)[0, :12])
    known.check("copy.audio", net.synthesize(torch.from_numpy(mel)[None])[0])
    given = torch.from_numpy(known.arrays["decode.in.features"])[None]
    known.check("decode.backbone", net.backbone(given)[0])
    known.check("decode.audio", net.synthesize(given)[0])
    assert np.abs(known.arrays["decode.audio"]).max() > 0.1
