"""Published layouts, every spelling of weight norm, and files that are something else; of fixtures the numbers."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402
from tests.port.tiny_vocoders import HIFIGAN_TINY as TINY  # noqa: E402
from tests.port.tiny_vocoders import SPELLINGS, spelt  # noqa: E402
from tests.port.tiny_vocoders import write_hifigan as write  # noqa: E402

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.models.hifigan.config import V1, V2, V3  # noqa: E402
from tingshuo.port.importers.hifigan import read_hifigan, read_settings  # noqa: E402

pytestmark = pytest.mark.train


def same(net, read, mels=20):
    mel = torch.randn(1, mels, 9)
    with torch.inference_mode():
        return torch.allclose(net(mel), read.net()(mel), atol=1e-6)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("block", [1, 2])
def test_every_spelling_of_a_generator_is_the_same_net(tmp_path, spelling, block):
    net = write(tmp_path / "mine", TINY.replace(block=block), spelling)
    read = read_hifigan(tmp_path / "mine")
    assert read.config == TINY.replace(block=block)
    assert read.name == "mine"
    assert same(net, read)
    assert read.fitted.report.n_used == len(net.state_dict())
    assert read.fitted.report.left_out == ()


@pytest.mark.parametrize(
    ("wrap", "left_out"),
    [
        (lambda state: state, ()),
        (lambda state: {"state_dict": {f"generator.{name}": one for name, one in state.items()}, "epoch": 3}, ()),
        (lambda state: {"model": {"generator": state}, "optimizer": {"step": torch.ones(1)}}, ("optimizer",)),
        (lambda state: {"generator": state, "ema_generator": state}, ("ema_generator",)),
        (lambda state: {f"module.{name}": one.half() for name, one in state.items()}, ()),
    ],
)
def test_it_may_lie_anywhere_in_the_file(tmp_path, wrap, left_out):
    net = write(tmp_path, wrap=wrap)
    read = read_hifigan(tmp_path)
    if "module" not in str(list(torch.load(tmp_path / "g_00000010", weights_only=True))):
        assert same(net, read)
    assert read.fitted.report.left_out == left_out


def test_safetensors_are_read_too(tmp_path):
    net = write(tmp_path)
    (tmp_path / "g_00000010").unlink()
    save_file(spelt(net, "old"), tmp_path / "generator.safetensors")
    assert same(net, read_hifigan(tmp_path))


def test_the_mel_is_that_of_its_settings(tmp_path):
    write(tmp_path)
    mel = read_hifigan(tmp_path).mel
    assert (mel.sample_rate, mel.n_fft, mel.hop_length, mel.win_length, mel.n_mels) == (16000, 256, 64, 256, 20)
    assert (mel.fmin, mel.fmax) == (50, 8000)
    assert (mel.scale, mel.norm, mel.framing, mel.power_offset, mel.floor) == ("slaney", "slaney", "same", 1e-9, 1e-5)
    assert mel.levels_db is None


def test_old_settings_have_80_bands_without_saying_so(tmp_path):
    write(tmp_path, TINY.replace(mels=80), num_mels="left out")
    assert read_hifigan(tmp_path).mel.n_mels == 80


@torch.inference_mode()
def test_a_kernel_an_odd_number_wider_than_its_rate_still_makes_a_hop_a_frame(tmp_path):
    """The net of the authors makes a few samples more at the end, which belong to no frame."""
    config = TINY.replace(upsample_rates=(5, 4), upsample_kernels=(10, 8))
    net = write(tmp_path, config)
    made = read_hifigan(tmp_path).net()(torch.zeros(1, 20, 7))
    assert made.shape == (1, 7 * 20)
    x = net.conv_pre(torch.zeros(1, 20, 7))
    assert net.ups[0](x).shape[2] == 7 * 5 + 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hop_size": 100}, "a frame is hop_size 100 samples, and upsample_rates make 64"),
        ({"resblock": "3"}, "resblock 3 is not known; 1 and 2 are"),
        (
            {"upsample_rates": "left out"},
            r"config\.json: is not the config\.json of a HiFi-GAN as its authors write it.*upsample_rates",
        ),
        ({"upsample_kernel_sizes": [16]}, "are not as many as each other"),
        ({"upsample_kernel_sizes": [16, 4]}, "narrower than its rate"),
        ({"resblock_kernel_sizes": [4, 5]}, "is even"),
        ({"resblock_kernel_sizes": [3]}, "resblock_kernel_sizes and resblock_dilation_sizes are not as many"),
        ({"upsample_initial_channel": 18}, "cannot be halved 2 times"),
        ({"fmin": 9000}, "no mel can be computed"),
        ({"win_size": 512}, "no mel can be computed"),
        ({"num_mels": 80}, r"reads 20 mel bands, and .*config\.json says 80"),
        ({"gen_istft_n_fft": 16}, "is of an iSTFTNet"),
        ({"upsample_initial_channel": 32}, r"do not fit the net.*conv_pre.*is .*config\.json the one that it was trained with"),
    ],
)
def test_settings_that_do_not_fit_are_named(tmp_path, changes, message):
    write(tmp_path, **changes)
    with pytest.raises(PortError, match=message):
        read_hifigan(tmp_path)


def one(*names):
    return {name: torch.zeros(2, 3, 1) for name in names}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (one("mpd.discriminators.0.convs.0.weight_g", "msd.a"), "discriminators and the optimizers, which only training"),
        (one("model.generator.input_conv.weight_g"), "is a HiFi-GAN of ParallelWaveGAN or ESPnet"),
        (one("input_conv.weight_g", "upsamples.0.1.weight_g"), "is a HiFi-GAN of ParallelWaveGAN or ESPnet"),
        (one("model.generator.transpose_upsamples.0.1.deconv.weight_g"), "the vocoder of a Sambert voice"),
        (one("upsampler.0.weight", "conv_pre.weight"), r"transformers \(SpeechT5HifiGan\)"),
        (one("conv_pre.conv.weight_g"), "of SpeechBrain"),
        (one("backbone.embed.weight"), "is a Vocos"),
        (one("enc_p.emb.weight", "dec.conv_pre.bias"), "is a whole voice"),
        (one("conv_pre.bias", "noise_convs.0.weight"), "NSF-HiFi-GAN, which reads F0 as well as mel, which is not supported"),
        (one("conv_pre.bias", "ups.0.0.weight_g"), "of another kind, BigVGAN, which is not supported"),
        (one("conv_pre.bias", "cond.weight"), "conditioned on a speaker, which is not supported"),
        (one("conv_pre.bias") | {"conv_post.bias": torch.zeros(18)}, "makes 18 values a step"),
        (one("a.conv_pre.bias", "b.conv_pre.bias"), r"has 2 generators, at a\., b\."),
        (one("epoch"), "is no HiFi-GAN: it has no conv_pre, only epoch"),
    ],
)
def test_what_is_something_else_is_named(tmp_path, value, message):
    save_file(value, tmp_path / "g_00000010.safetensors")
    with pytest.raises(PortError, match=message):
        read_hifigan(tmp_path)


def test_a_file_of_training_is_named(tmp_path):
    write(tmp_path, wrap=lambda state: {"mpd": {}, "optim_g": {"state": {}}, "steps": 3}, name="do_00000010")
    with pytest.raises(PortError, match=r"discriminators and the optimizers, which only training needs \(a do_… file\)"):
        read_hifigan(tmp_path / "do_00000010")


def test_a_missing_tensor_is_named(tmp_path):
    write(tmp_path, wrap=lambda state: {"generator": {name: one for name, one in state.items() if name != "ups.1.bias"}})
    with pytest.raises(PortError, match=r"1 missing: ups\.1\.bias"):
        read_hifigan(tmp_path)


@torch.inference_mode()
@pytest.mark.parametrize(("fixture", "sizes"), [("hifigan_v1", V1), ("hifigan_v2", V2)])
def test_it_computes_what_the_original_computes(golden, fixture, sizes):
    known = golden(fixture)
    read = read_hifigan(known.files)
    assert read.config == sizes.replace(mels=80)
    assert (read.mel.sample_rate, read.mel.fmax, read.mel.framing) == (22050, 8000, "same")
    net, mel = read.net(), torch.from_numpy(known.arrays["smooth.in.mel"])[None]
    known.check("smooth.conv_pre", net.conv_pre(mel)[0])
    known.check("smooth.wav", net(mel)[0])
    assert read.name == {"hifigan_v1": "generator_v1", "hifigan_v2": known.files.name}[fixture]


def test_the_third_size_of_the_paper_is_read(tmp_path):
    """No fixture has it: one convolution per dilation, three upsamplings."""
    sizes = V3.replace(mels=80, channels=16)
    net = write(tmp_path, sizes, num_mels=80, n_fft=1024, win_size=1024, fmax=8000)
    read = read_hifigan(tmp_path)
    assert read.config == sizes
    assert same(net, read, 80)
    assert read_settings(tmp_path / "config.json")[0] == sizes
    assert np.isfinite(read.fitted.tensors["resblocks.0.convs.0.weight"]).all()
