import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.layers.convnext import ConvNeXtBlock  # noqa: E402
from tingshuo.port.prune import choose_features, prune_stack, prune_voice  # noqa: E402

pytestmark = pytest.mark.train


def _error(a, b):
    return float(((a - b) ** 2).sum() / (b**2).sum())


@torch.inference_mode()
def test_features_that_repeat_others_cost_nothing():
    torch.manual_seed(0)
    wide = ConvNeXtBlock(6, 24)
    wide.expand.weight[12:] = wide.expand.weight[:12]
    wide.expand.bias[12:] = wide.expand.bias[:12]
    x = [torch.randn(1, 200, 6) for _ in range(3)]
    (narrow,) = prune_stack([wide], x, 12)
    assert narrow.expand.out_features == 12
    new = torch.randn(1, 50, 6)
    assert _error(narrow(new) - new, wide(new) - new) < 1e-5


@torch.inference_mode()
def test_solving_anew_beats_dropping():
    torch.manual_seed(0)
    wide = ConvNeXtBlock(6, 24)
    x = [torch.randn(1, 400, 6)]
    (narrow,) = prune_stack([wide], x, 16)
    same = [wide.expand.weight.tolist().index(row) for row in narrow.expand.weight.tolist()]
    dropped = ConvNeXtBlock(6, 16)
    dropped.load_state_dict(
        narrow.state_dict() | {"project.weight": wide.project.weight[:, same], "project.bias": wide.project.bias}
    )
    assert _error(narrow(x[0]), wide(x[0])) < 0.5 * _error(dropped(x[0]), wide(x[0]))


def test_the_feature_that_others_can_replace_goes_first():
    rng = np.random.default_rng(0)
    a, b = torch.from_numpy(rng.standard_normal((2, 500)))
    features = torch.stack([a, b, a + b + 0.01 * torch.from_numpy(rng.standard_normal(500))], 1)
    targets = (3 * a - 2 * b)[:, None]
    kept = choose_features(features.T @ features, features.T @ targets, 2)
    assert len(kept) == 2
    weight = torch.linalg.lstsq(features[:, kept], targets).solution
    assert _error(features[:, kept] @ weight, targets) < 1e-3


@torch.inference_mode()
def test_a_voice_keeps_everything_but_its_wide_blocks(tiny, inputs):
    _, nets = tiny
    seen = {name: [inputs[name]] for name in ("decoder", "vocoder")}
    small = prune_voice(nets, seen, decoder_hidden=16, vocoder_hidden=20)
    assert small.acoustic.config.decoder_hidden == small.acoustic.decoder[0].expand.out_features == 16
    assert small.vocoder.config.hidden == small.vocoder.blocks[0].expand.out_features == 20
    before, after = nets.acoustic.state_dict(), small.acoustic.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(after[name], before[name]) for name in before if not name.startswith("decoder."))
    assert torch.equal(after["decoder.0.depthwise.weight"], before["decoder.0.depthwise.weight"])
    arguments = [torch.from_numpy(value) for value in inputs["decoder"].values()]
    assert _error(small.acoustic.decode(*arguments), nets.acoustic.decode(*arguments)) < 0.05


def test_a_net_that_is_narrow_enough_is_left_alone(tiny):
    _, nets = tiny
    small = prune_voice(nets, {}, decoder_hidden=20, vocoder_hidden=999)
    assert small.acoustic is nets.acoustic
    assert small.vocoder is nets.vocoder


@torch.inference_mode()
def test_transformer_features_that_repeat_others_cost_nothing():
    from tingshuo.models.layers.transformer import TransformerBlock
    from tingshuo.port.prune import prune_transformer

    torch.manual_seed(0)
    blocks = [TransformerBlock(8, 24, 2).eval() for _ in range(2)]
    for block in blocks:
        block.conv_in.weight[12:], block.conv_in.bias[12:] = block.conv_in.weight[:12], block.conv_in.bias[:12]
    narrow = prune_transformer(blocks, [torch.randn(1, 40, 8) for _ in range(12)], 12)
    assert [block.conv_in.out_channels for block in narrow] == [12, 12]
    wide_x = narrow_x = torch.randn(1, 30, 8)
    for wide, thin in zip(blocks, narrow, strict=True):
        wide_x, narrow_x = wide(wide_x), thin(narrow_x)
    assert _error(narrow_x, wide_x) < 1e-4


@torch.inference_mode()
def test_solving_a_transformer_anew_beats_dropping():
    from tingshuo.models.layers.transformer import TransformerBlock
    from tingshuo.port.prune import prune_transformer

    torch.manual_seed(0)
    wide = TransformerBlock(8, 32, 2).eval()
    x = [torch.randn(1, 50, 8) for _ in range(20)]
    (narrow,) = prune_transformer([wide], x, 20)
    same = [wide.conv_in.bias.tolist().index(bias) for bias in narrow.conv_in.bias.tolist()]
    assert same == sorted(set(same))
    dropped = TransformerBlock(8, 20, 2).eval()
    dropped.load_state_dict(
        narrow.state_dict() | {"conv_out.weight": wide.conv_out.weight[:, same], "conv_out.bias": wide.conv_out.bias}
    )
    new = torch.randn(1, 60, 8)
    assert _error(narrow(new) - new, wide(new) - new) < 0.6 * _error(dropped(new) - new, wide(new) - new)


@torch.inference_mode()
def test_an_encoder_is_narrowed_and_the_rest_kept(tiny, inputs):
    _, nets = tiny
    small = prune_voice(nets, {"encoder": [inputs["encoder"]]}, encoder_hidden=10)
    assert small.acoustic.config.encoder_hidden == small.acoustic.encoder[0].conv_in.out_channels == 10
    before, after = nets.acoustic.state_dict(), small.acoustic.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before if ".conv_" not in name)
    assert small.vocoder is nets.vocoder


@torch.inference_mode()
def test_a_vocos_is_narrowed_with_its_scales():
    from tingshuo.models.fastspeech.config import FastSpeechConfig
    from tingshuo.models.fastspeech.net import FastSpeech
    from tingshuo.models.vocos.config import VocosConfig
    from tingshuo.models.vocos.net import Vocos
    from tingshuo.port.nets import VoiceNets

    torch.manual_seed(0)
    vocoder = Vocos(VocosConfig(dim=12, hidden=24, layers=2)).eval()
    for block in vocoder.backbone.convnext:
        block.gamma.uniform_(0.5, 2)
        block.pwconv1.weight.normal_(), block.pwconv2.weight.normal_()
        block.pwconv1.weight[12:] = block.pwconv1.weight[:12]
    acoustic = FastSpeech(FastSpeechConfig(phonemes=5, styles=1, speakers=1, dim=16, decoder_dim=12, decoder_hidden=12))
    seen = {"vocoder": [{"mel": np.random.default_rng(0).standard_normal((1, 100, 300)).astype(np.float32)}]}
    small = prune_voice(VoiceNets(acoustic, vocoder), seen, vocoder_hidden=12)
    assert small.vocoder.config.hidden == 12
    mel = torch.randn(1, 100, 40)
    for ours, theirs in zip(small.vocoder(mel), vocoder(mel), strict=True):
        assert _error(ours, theirs) < 1e-4
