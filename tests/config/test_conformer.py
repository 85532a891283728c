from tingshuo.config.conformer import ConformerBundleConfig
from tingshuo.config.fbank import FbankConfig


def test_its_rate_is_that_of_its_features():
    config = ConformerBundleConfig(
        family="conformer", fbank=FbankConfig(sample_rate=8000), units=("<blank>", "<sos>"), sos=1, eos=1, subsampling=4,
        context_frames=7, architecture={},
    )  # fmt: skip
    assert config.sample_rate == 8000
    assert ConformerBundleConfig.check(config.fields(), "config.json") == config
