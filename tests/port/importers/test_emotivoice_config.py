"""Sizes of EmotiVoice's nets, from its configuration."""

from pathlib import Path
from typing import Any

import pytest
import yaml

torch = pytest.importorskip("torch")

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.importers.emotivoice_config import PUBLISHED, read_config  # noqa: E402

pytestmark = pytest.mark.train
MODEL = {
    "encoder_n_layers": 4, "encoder_n_heads": 8, "encoder_n_hidden": 384, "encoder_kernel_size_conv_mod": 3,
    "decoder_n_layers": 4, "decoder_n_heads": 8, "decoder_n_hidden": 384, "decoder_kernel_size_conv_mod": 3,
    "bert_embedding": 768, "variance_n_hidden": 384, "variance_n_layers": 3, "variance_kernel_size": 3,
    "variance_embed_kernel_size": 9, "duration_n_layers": 2, "duration_kernel_size": 3, "resblock": "1",
    "upsample_rates": [8, 8, 2, 2], "upsample_kernel_sizes": [16, 16, 4, 4], "initial_channel": 80,
    "upsample_initial_channel": 512, "resblock_kernel_sizes": [3, 7, 11], "resblock_dilation_sizes": [[1, 3, 5]] * 3,
    "postnet_layers": 0, "ref_enc_size": 3,
}  # fmt: skip


def write(folder: Path, model: dict[str, Any], **changed: Any) -> Path:
    path = folder / "config.yaml"
    settings = {"sr": 16000, "n_mels": 80, "hop_length": 256, "segment_size": 32, "model": model} | changed
    path.write_text(yaml.safe_dump({name: value for name, value in settings.items() if value is not None}), "utf-8")
    return path


def test_what_the_published_one_says_is_the_default(tmp_path: Path) -> None:
    assert read_config(write(tmp_path, MODEL)) == PUBLISHED


def test_every_size_is_read(tmp_path: Path) -> None:
    changed = MODEL | {"encoder_n_layers": 2, "variance_n_layers": 5, "resblock": 2, "upsample_initial_channel": 128}
    sizes = read_config(write(tmp_path, changed, sr=22050))
    assert (sizes.acoustic.encoder_layers, sizes.acoustic.decoder_layers, sizes.acoustic.pitch_layers) == (2, 4, 5)
    assert (sizes.vocoder.block, sizes.vocoder.channels, sizes.sample_rate) == (2, 128, 22050)


@pytest.mark.parametrize(
    ("model", "top", "message"),
    [
        ({"decoder_n_hidden": 256}, {}, "encoder and decoder have 384 and 256 features"),
        ({"decoder_n_heads": 5}, {}, "384 features cannot be shared among 5 heads"),
        ({"resblock": "3"}, {}, "residual blocks of the kind '3' are not known"),
        ({"initial_channel": 100}, {}, "makes 80 numbers a frame and the vocoder reads 100"),
        ({"upsample_rates": [8, 8, 2]}, {}, "upsample_rates and upsample_kernel_sizes differ in length"),
        ({"resblock_kernel_sizes": [3, 7]}, {}, "resblock_kernel_sizes and resblock_dilation_sizes differ in length"),
        ({}, {"hop_length": 200}, "the vocoder makes 256 samples of a frame, and hop_length is 200"),
        ({"upsample_kernel_sizes": [16, 16, 4, 5]}, {}, "plus an even number"),
        ({"variance_kernel_size": 4}, {}, "variance_kernel_size has an even number"),
        ({"resblock_kernel_sizes": [3, 7, 10]}, {}, "resblock_kernel_sizes has an even number"),
        ({"encoder_n_layers": "four"}, {}, r"Expected `int`, got `str` - at `\$.model.encoder_n_layers`"),
        ({}, {"sr": None}, "is no configuration of EmotiVoice: Object missing required field `sr`"),
    ],
)
def test_what_cannot_be_built_is_named(model: dict[str, Any], top: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(PortError, match=message) as raised:
        read_config(write(tmp_path, MODEL | model, **top))
    assert "\n" not in str(raised.value)


def test_a_file_that_is_missing_or_no_yaml(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="cannot be read"):
        read_config(tmp_path / "config.yaml")
    (tmp_path / "config.yaml").write_text("a: [1", "utf-8")
    with pytest.raises(PortError, match="is not YAML"):
        read_config(tmp_path / "config.yaml")
