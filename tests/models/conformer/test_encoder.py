import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.conformer.config import ConformerConfig  # noqa: E402
from tingshuo.models.conformer.encoder import Convolution, Encoder, Subsampling, chunk_mask  # noqa: E402

pytestmark = pytest.mark.train
CONFIG = ConformerConfig(units=5, features=20, dim=8, layers=2, heads=2, hidden=12, kernel=4, dynamic_chunk=True)


def encoder(config):
    torch.manual_seed(0)
    return Encoder(config).eval()


@torch.inference_mode()
@pytest.mark.parametrize("rate", [4, 6, 8])
def test_as_many_frames_come_as_the_config_says(rate):
    config = CONFIG.replace(subsampling=rate)
    net = Subsampling(20, 8, rate)
    for frames in range(config.context_frames, config.context_frames + 13):
        assert net(torch.zeros(1, frames, 20)).shape == (1, config.encoded_frames(frames), 8)


def test_in_training_the_weights_are_turned_instead_of_the_pictures():
    torch.manual_seed(0)
    net, features = Subsampling(20, 8, 6, 4), torch.randn(2, 40, 20)
    assert torch.allclose(net.train()(features), net.eval()(features), atol=1e-6)
    net.train()(features).sum().backward()
    assert net.out.weight.grad.abs().sum() > 0


@torch.inference_mode()
def test_nothing_stands_before_the_gate_and_something_behind_it():
    torch.manual_seed(0)
    layer, x = Convolution(CONFIG), torch.randn(1, 6, 8)
    gated, gate = layer.expand(torch.cat([torch.zeros(1, 3, 8), x], 1)).split(8, 2)
    windows = (gated * torch.sigmoid(gate)).unfold(1, 4, 1)
    convolved = (windows * layer.depthwise.weight[:, 0]).sum(3) + layer.depthwise.bias
    expected = layer.project(torch.nn.functional.silu(layer.norm(convolved)))
    assert torch.allclose(layer(x)[0], expected, atol=1e-6)
    assert (layer.expand.bias != 0).all(), "so the padding is not zero at the convolution"


@torch.inference_mode()
@pytest.mark.parametrize(("causal", "kernel", "heard"), [(True, 4, range(5, 9)), (False, 5, range(3, 8))])
def test_a_convolution_hears_the_past_or_both_sides(causal, kernel, heard):
    torch.manual_seed(0)
    layer = Convolution(CONFIG.replace(causal=causal, kernel=kernel))
    x = torch.randn(1, 12, 8)
    changed = x.clone()
    changed[:, 5] += 1
    touched = (layer(x)[0] != layer(changed)[0]).any(2)[0].nonzero()[:, 0].tolist()
    assert touched == list(heard)


VARIANTS = {
    "u2++": {},
    "long kernel": {"kernel": 9},
    "transformer": {"kernel": 0, "macaron": False, "positions": "absolute", "activation": "relu"},
    "no places": {"positions": "none", "norm_first": False},
    "sparse": {"subsampling": 8, "features": 40},
}


@torch.inference_mode()
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("chunk", "left"), [(3, -1), (3, 1), (2, 0)])
def test_chunks_one_by_one_are_those_of_a_mask(variant, chunk, left):
    config = CONFIG.replace(**VARIANTS[variant])
    net = encoder(config)
    features = torch.randn(1, config.window_frames(10) + 1, config.features)
    expected = net(features, chunk=chunk, left=left)
    memory = torch.zeros(2, 2, 0, config.memory_dim)
    rest = torch.zeros(2, config.past_frames, 8) if config.past_frames else None
    made = []
    for offset in range(0, 10, chunk):
        begin = offset * config.subsampling
        window = features[:, begin : begin + config.window_frames(chunk)]
        encoded, memory, rest = net.step(window, torch.tensor([offset]), memory, rest)
        memory = memory if left < 0 else memory[:, :, max(0, memory.shape[2] - chunk * left) :]
        made.append(encoded)
    assert torch.allclose(torch.cat(made, 1), expected, atol=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize("changes", [{}, {"causal": False, "kernel": 5}, {"kernel": 0, "positions": "absolute"}])
def test_padding_does_not_matter(changes):
    config = CONFIG.replace(**changes)
    net = encoder(config)
    long, short = torch.randn(1, 47, 20), torch.randn(1, 30, 20)
    padded = torch.cat([long, torch.nn.functional.pad(short, (0, 0, 0, 17), value=9.0)])
    for chunk in (0, 2):
        both = net(padded, torch.tensor([47, 30]), chunk)
        assert torch.allclose(both[0], net(long, chunk=chunk)[0], atol=1e-5)
        alone = net(short, chunk=chunk)[0]
        assert torch.allclose(both[1, : len(alone)], alone, atol=1e-5)


@torch.inference_mode()
def test_a_static_chunk_is_the_only_one():
    features = torch.randn(1, 47, 20)
    static, dynamic = encoder(CONFIG.replace(static_chunk=3, dynamic_chunk=False)), encoder(CONFIG)
    expected = dynamic(features, chunk=3)
    assert torch.equal(static(features), expected)
    assert torch.equal(static(features, chunk=2), expected)
    assert not torch.allclose(dynamic(features), expected, atol=1e-3)


def test_which_frames_a_frame_looks_at():
    assert chunk_mask(torch.arange(5), 2, -1).int().tolist() == [
        [1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 1],
    ]  # fmt: skip
    assert chunk_mask(torch.arange(6), 2, 1)[5].int().tolist() == [0, 0, 1, 1, 1, 1]
    assert chunk_mask(torch.arange(6), 2, 0)[5].int().tolist() == [0, 0, 0, 0, 1, 1]


@torch.inference_mode()
def test_half_steps_and_places():
    """A block counts both feed-forward parts half, and frames are scaled by the root of their width."""
    net = encoder(CONFIG.replace(layers=1, kernel=0))
    block, seen = net.blocks[0], []
    block.register_forward_pre_hook(lambda _, inputs: seen.append(inputs))
    features = torch.randn(1, 31, 20)
    for part in (block.attention.out, block.feed.project):
        part.weight.zero_()
        part.bias.zero_()
    encoded = net(features)
    x = net.subsampling(features) * 8**0.5
    assert torch.allclose(seen[0][0], x)
    assert seen[0][1].shape == (7, 8)
    assert torch.allclose(encoded, net.norm(x + 0.5 * block.first(block.first_norm(x))), atol=1e-6)
