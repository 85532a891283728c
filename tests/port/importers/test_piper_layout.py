"""Sizes and names; whole voices are in `test_piper`."""

import re
from pathlib import Path

import pytest

pytest.importorskip("torch")

from tingshuo.errors import PortError
from tingshuo.models.vits.config import PRESETS, VitsConfig
from tingshuo.port.importers.piper_layout import check_stated, rules, stated_rates

pytestmark = pytest.mark.train
PATH = Path("a.ckpt")


def test_what_tensors_do_not_show_is_taken_from_the_settings():
    stated = {"upsample_rates": [8, 4], "resblock_dilation_sizes": [[1, 2]], "learning_rate": 1e-4}
    assert stated_rates(PATH, stated) == {"upsample_rates": [8, 4], "block_dilations": [[1, 2]]}
    with pytest.raises(PortError, match=r"a\.ckpt: does not state resblock_dilation_sizes"):
        stated_rates(PATH, {"upsample_rates": [8]})


def test_settings_may_be_lists_or_tuples_and_say_more():
    config = PRESETS["high"]
    said = {"resblock": 1, "upsample_kernel_sizes": [16, 16, 4, 4], "resblock_kernel_sizes": (3, 7, 11), "gin_channels": 0}
    check_stated(PATH, config, said)
    with pytest.raises(PortError, match=r"they say upsample_kernel_sizes \[16\] instead of \[16, 16, 4, 4\]"):
        check_stated(PATH, config, {"upsample_kernel_sizes": [16]})


def ours(name: str, config: VitsConfig) -> str:
    return next(found.expand(to) for pattern, to in rules(config) if (found := re.fullmatch(pattern, name)))


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ("dp.flows.3.pre.weight", "duration.couplings.0.enter.weight"),
        ("dp.flows.7.convs.norms_2.1.gamma", "duration.couplings.2.layers.pointwise_norm.1.weight"),
        ("dp.convs.convs_sep.2.bias", "duration.layers.depthwise.2.bias"),
        ("flow.flows.6.enc.res_skip_layers.3.weight", "flow.couplings.3.gated.ends.3.weight"),
        ("dec.resblocks.7.convs.1.bias", "decoder.stages.2.blocks.1.dilated.1.bias"),
        ("enc_p.encoder.norm_layers_1.5.beta", "encoder.layers.5.attention_norm.bias"),
    ],
)
def test_names_of_the_medium_quality(theirs, expected):
    assert ours(theirs, VitsConfig()) == expected


def test_names_of_the_other_kinds():
    assert ours("dec.resblocks.4.convs2.2.weight", PRESETS["high"]) == "decoder.stages.1.blocks.1.plain.2.weight"
    assert ours("dp.norm_2.gamma", VitsConfig(stochastic=False)) == "duration.norms.1.weight"
