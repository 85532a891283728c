"""Sizes of a voice from shapes and labels."""

from pathlib import Path
from typing import Any

import pytest

from tingshuo.errors import PortError
from tingshuo.models.rvc.config import PRESETS, RvcConfig
from tingshuo.port.importers.rvc_layout import Labels, config_of, rate_of, rules, version_of

FILE = Path("voice.pth")
SILENT = Labels(None, None, None, None, None)


def shapes_of(config: RvcConfig) -> dict[str, tuple[int, ...]]:
    """The shapes that sizes are seen by, under the original's names."""
    shapes: dict[str, tuple[int, ...]] = {
        "enc_p.emb_phone.weight": (config.dim, config.content_dim),
        "emb_g.weight": (config.speakers, config.speaker_dim),
        "enc_p.proj.weight": (2 * config.latent, config.dim, 1),
        "enc_p.encoder.ffn_layers.0.conv_1.weight": (config.encoder_hidden, config.dim, config.encoder_kernel),
        "dec.conv_pre.weight": (config.channels, config.latent, 7),
    }
    for layer in range(config.encoder_layers):
        shapes[f"enc_p.encoder.attn_layers.{layer}.emb_rel_k"] = (1, 21, config.dim // config.heads)
    for step in range(config.flow_steps):
        for layer in range(config.flow_layers):
            shapes[f"flow.flows.{2 * step}.enc.in_layers.{layer}.bias"] = (2 * config.dim,)
    for stage, kernel in enumerate(config.upsample_kernels):
        shapes[f"dec.ups.{stage}.weight_v"] = (0, 0, kernel)
        for block, width in enumerate(config.block_kernels):
            for conv in range(len(config.block_dilations[block])):
                number = len(config.block_kernels) * stage + block
                shapes[f"dec.resblocks.{number}.convs1.{conv}.weight_v"] = (0, 0, width)
    if config.pitched:
        shapes["enc_p.emb_pitch.weight"] = (256, config.dim)
        shapes["dec.noise_convs.0.weight"] = (config.channels // 2, 1, 2 * config.source_strides[0])
    return shapes


def listed(config: RvcConfig, **changes: Any) -> list[Any]:
    values: dict[str, Any] = {
        "spec": 1025, "segment": 32, "latent": config.latent, "dim": config.dim, "hidden": config.encoder_hidden,
        "heads": config.heads, "layers": config.encoder_layers, "kernel": config.encoder_kernel, "dropout": 0, "resblock": "1",
        "block_kernels": list(config.block_kernels), "dilations": [list(row) for row in config.block_dilations],
        "rates": list(config.upsample_rates), "channels": config.channels, "kernels": list(config.upsample_kernels),
        "speakers": 109, "gin": config.speaker_dim, "sr": config.sample_rate,
    }  # fmt: skip
    return list((values | changes).values())


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_known_by_its_shapes_alone(name: str) -> None:
    config, remarks = config_of(FILE, shapes_of(PRESETS[name]), SILENT)
    assert config == PRESETS[name]
    assert remarks == (
        f"the file does not state its sizes; its tensors are those of {config.sample_rate} Hz, {version_of(config)}",
    )


@pytest.mark.parametrize("name", PRESETS)
def test_what_the_config_says_is_believed_where_the_tensors_are_silent(name: str) -> None:
    preset = PRESETS[name].replace(speakers=4)
    labels = Labels(listed(preset), version_of(preset), True, preset.sample_rate, None)
    assert config_of(FILE, shapes_of(preset), labels) == (preset, ())


def test_without_pitch_the_rate_may_be_unknowable() -> None:
    preset = PRESETS["32k v1"].replace(pitched=False)
    with pytest.raises(PortError, match=r"could be of 32000 and 48000 Hz and does not say which; use the small file"):
        config_of(FILE, shapes_of(preset), SILENT)
    for labels in (Labels(None, None, None, 48000, None), Labels(None, None, None, None, 1025)):
        assert config_of(FILE, shapes_of(preset), labels)[0].sample_rate == 48000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"channels": 256, "layers": 4}, "fit its tensors: it says encoder_layers 4 instead of 6, channels 256 instead of 512"),
        ({"sr": 48000}, "says 48000 Hz, but its decoder makes 40000 samples a second"),
        ({"rates": [20, 5, 2, 2]}, "not supported, a rate does not fit its kernel"),
        ({"rates": [10, 10, 4]}, "not supported, its upsamplings are not as many as their rates"),
        ({"dilations": [[1, 3, 5]]}, "not supported, its residual blocks are not as many as their dilations"),
        ({"dilations": [[1, 3, 10**9]] * 3}, "a dilation is not from 1 to 100"),
        ({"resblock": "2"}, "residual blocks of kind '2'; only kind '1' is supported"),
        ({"rates": "10"}, "is damaged, its config: upsample_rates: Expected"),
        ({"sr": None}, "is damaged, its config: sample_rate: Expected"),
    ],
)  # fmt: skip
def test_a_config_that_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    labels = Labels(listed(PRESETS["40k v2"], **changes), "v2", True, 40000, None)
    with pytest.raises(PortError, match=message):
        config_of(FILE, shapes_of(PRESETS["40k v2"]), labels)


def test_lists_and_shapes_that_are_none_of_rvc() -> None:
    shapes = shapes_of(PRESETS["40k v2"])
    with pytest.raises(PortError, match="its config has 3 values, RVC's has 18"):
        config_of(FILE, shapes, Labels([1, 2, 3], None, None, None, None))
    with pytest.raises(PortError, match=r"has no config, and its decoder is none of RVC's \(kernels \[16, 16, 4, 8\]\)"):
        config_of(FILE, shapes | {"dec.ups.3.weight_v": (0, 0, 8)}, SILENT)
    with pytest.raises(PortError, match=r"has no tensor 'emb_g.weight', which every voice of RVC has"):
        config_of(FILE, {name: shape for name, shape in shapes.items() if name != "emb_g.weight"}, SILENT)


def test_a_file_that_does_not_say_its_version() -> None:
    preset = PRESETS["40k v2"]
    remarks = config_of(FILE, shapes_of(preset), Labels(listed(preset), None, None, None, None))[1]
    assert remarks == ("the file does not say its version; content vectors of 768 features are v2",)


@pytest.mark.parametrize(
    ("said", "rate"), [("40k", 40000), ("48000", 48000), (32000, 32000), (True, None), ("fast", None), (None, None)]
)
def test_rates_are_said_in_two_ways(said: object, rate: int | None) -> None:
    assert rate_of(said) == rate


def test_every_block_has_its_stage() -> None:
    ours = dict(rules(PRESETS["48k v1"]))
    end = r"\.(weight|bias)"
    assert ours[rf"dec\.resblocks\.14\.convs2\.(\d+){end}"] == r"decoder.stages.4.blocks.2.plain.\1.\2"
    assert ours[rf"flow\.flows\.6\.post{end}"] == r"flow.couplings.3.leave.\1"
