"""A new vocoder of any family and size that fits the features, or that of a finished voice, as it is trained."""

import pytest

torch = pytest.importorskip("torch")

from tingshuo.config import MelConfig  # noqa: E402
from tingshuo.errors import ConfigError  # noqa: E402
from tingshuo.models.hifigan.config import LIGHT  # noqa: E402
from tingshuo.models.hifigan.net import HiFiGan  # noqa: E402
from tingshuo.models.source_filter.config import SourceFilterConfig  # noqa: E402
from tingshuo.models.source_filter.net import SourceFilter  # noqa: E402
from tingshuo.train.generator import build_generator, vocoder_sizes  # noqa: E402
from tingshuo.train.vocoder_config import VocoderConfig  # noqa: E402

pytestmark = pytest.mark.train

MEL = MelConfig()


def test_a_new_vocoder_has_the_frames_of_the_features():
    mel = MelConfig(sample_rate=16000, n_fft=512, hop_length=128, n_mels=80)
    sizes = build_generator(VocoderConfig(family="source_filter", sizes={"dim": 16, "hidden": 24, "layers": 1}), mel).config
    assert (sizes.mels, sizes.n_fft, sizes.hop_length, sizes.sample_rate) == (80, 512, 128, 16000)
    assert (sizes.dim, sizes.layers) == (16, 1)


@pytest.mark.parametrize(("family", "size", "wanted"), [("hifigan", "light", LIGHT.channels), ("vocos", "small", 256)])
def test_a_size_has_a_name(family, size, wanted):
    sizes = vocoder_sizes(VocoderConfig(family=family, size=size), MEL)
    assert wanted == (sizes.channels if family == "hifigan" else sizes.dim)


def test_the_seed_decides_the_weights():
    config = VocoderConfig(family="source_filter", sizes={"dim": 16, "hidden": 24, "layers": 1})
    one, same, other = (build_generator(config, MEL, seed=seed).embed.weight for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("family", ["source_filter", "hifigan"])
def test_that_of_a_finished_voice_is_copied_and_made_to_learn(family):
    small = SourceFilterConfig(dim=16, hidden=24, layers=1)
    base = (SourceFilter(small) if family == "source_filter" else HiFiGan(LIGHT.replace(channels=16))).eval()
    base.requires_grad_(False)
    before = {name: value.clone() for name, value in base.state_dict().items()}
    net = build_generator(VocoderConfig(), MEL, base)
    mel, f0 = torch.randn(1, 100, 8), torch.full((1, 8), 200.0)
    noise = torch.zeros(1, 7 * 256)
    assert torch.allclose(net.synthesize(mel, f0, noise), base.synthesize(mel, f0, noise), atol=1e-5)
    assert all(parameter.requires_grad for parameter in net.parameters())
    assert any("parametrizations" in name for name in net.state_dict()) == (family == "hifigan")
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(1.0)
    assert all(torch.equal(value, before[name]) for name, value in base.state_dict().items())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"family": "source_filter", "sizes": {"colour": 3}}, r"vocoder.sizes.*colour"),
        ({"family": "hifigan", "size": "huge"}, "vocoder.size is 'huge'; accepted for hifigan: v1, v2, v3, light"),
        ({"family": "source_filter", "size": "light"}, "accepted for source_filter: none, it has one size"),
        ({"size": "light"}, "vocoder.family is base; name a family, source_filter, vocos, hifigan"),
        ({"family": "vocos", "sizes": {"n_fft": 512}}, "vocoder.sizes.n_fft is 512, and it is 1024 in the features"),
        (
            {"family": "hifigan", "sizes": {"upsample_rates": [8, 8], "upsample_kernels": [16, 16]}},
            "64 samples, one of the features is 256",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_built(settings, message):
    with pytest.raises(ConfigError, match=message):
        vocoder_sizes(VocoderConfig(**settings), MEL)


def test_without_a_base_voice_there_is_nothing_to_go_on_with():
    with pytest.raises(ConfigError, match="there is no base voice"):
        build_generator(VocoderConfig(), MEL)


def test_the_vocoder_of_a_finished_voice_may_change_what_no_weight_depends_on():
    base = SourceFilter(SourceFilterConfig(dim=16, hidden=24, layers=1)).eval()
    net = build_generator(VocoderConfig(sizes={"steady_noise": 1}), MEL, base)
    assert (net.config.steady_noise, base.config.steady_noise) == (1, 0)
    mel, f0, noise = torch.randn(1, 100, 12), torch.full((1, 12), 200.0), torch.randn(1, 11 * 256)
    assert not torch.equal(net.synthesize(mel, f0, noise), base.synthesize(mel, f0, noise))


@pytest.mark.parametrize(
    ("sizes", "message"), [({"dim": 24}, "may not change its weights, and dim would"), ({"steadynoise": 1}, "steadynoise")]
)
def test_other_weights_are_a_new_vocoder(sizes, message):
    base = SourceFilter(SourceFilterConfig(dim=16, hidden=24, layers=1))
    with pytest.raises(ConfigError, match=message):
        build_generator(VocoderConfig(sizes=sizes), MEL, base)
