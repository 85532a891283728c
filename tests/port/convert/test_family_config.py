"""A config that a person writes needs no key that follows from the sizes of the nets, and may not contradict them."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

pytest.importorskip("torch")

from tingshuo.config.families import config_of
from tingshuo.config.vocoder import VocoderBundleConfig
from tingshuo.errors import ConfigError, RequestError
from tingshuo.port.convert import family_config
from tingshuo.port.convert.family_config import FAMILIES, family_names, net_sizes, read_family_config, template
from tingshuo.port.convert.vocoder import vocoder_config
from tingshuo.port.families import NETS
from tingshuo.port.importers.contract import UNFILLED

pytestmark = pytest.mark.train
HIFIGAN = {"family": "vocoder+hifigan", "mel": {"n_mels": 20}, "architecture": {"hifigan.mels": 20}}


def read(folder: Path, **changes: Any) -> Any:
    (folder / "config.json").write_text(json.dumps({**HIFIGAN, **changes}))
    return read_family_config(folder / "config.json")


def test_what_follows_from_the_sizes_is_computed(tmp_path: Path) -> None:
    made = read(tmp_path)
    assert isinstance(made, VocoderBundleConfig)
    sizes = NETS["hifigan"].config.check({"mels": 20}, "")
    assert made == vocoder_config(sizes, made.mel)  # type: ignore[arg-type]
    assert made.architecture["hifigan.channels"] == 512  # sizes by default are written out
    assert read(tmp_path, vocoder_context_frames=made.vocoder_context_frames) == made


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"family": "vocoder+wavenet"},
            r"the family 'vocoder\+wavenet' has no nets of ours; accepted: conformer, emotivoice\+hifigan",
        ),
        ({"family": None}, "does not say its family; accepted: "),
        ({"family": 7}, "the family 7 has no nets of ours"),
        ({"vocoder_context_frames": 3}, "vocoder_context_frames: is 3, and the sizes of the nets make it 13; leave it out"),
        (
            {"architecture": {"vocos.mels": 20}},
            "architecture: there is no net of 'vocos.mels' in vocoder.hifigan; its nets are hifigan",
        ),
        (
            {"architecture": {"hifigan.channel": 20}},
            "architecture: hifigan: the whole file: there is no key 'channel'; accepted: mels",
        ),
        ({"architecture": {"hifigan.mels": "x"}}, "architecture: hifigan: mels: Expected `int`"),
        ({"architecture": 7}, "architecture: must hold sizes, such as hifigan.mels"),
        ({"mel": {"n_mels": 80}}, "mel.n_mels is 80, and the sizes of hifigan make it 20; one of them is wrong"),
        ({"mel": {"n_mels": 20, "hop_length": 300}}, "mel.hop_length is 300, and the sizes of hifigan make it 256"),
        ({"mel": {"n_mel": 20}}, "mel: there is no key 'n_mel'; accepted: sample_rate, n_fft"),
        ({"gain": 1}, "there is no key 'gain'; accepted: family, speakers"),
        ({"speakers": [{"name": UNFILLED, "gender": "female"}]}, "FILL_IN still stands at speakers.0.name"),
    ],
)
def test_what_is_wrong_is_told(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        read(tmp_path, **changes)
    assert str(raised.value).startswith(f"{tmp_path}/config.json: ")


@pytest.mark.parametrize("family", family_names())
def test_templates_have_every_key_that_has_to_be_told(family: str) -> None:
    made = template(family)
    follows = set(family_config._derived_keys(family))
    required = {one.name for one in msgspec.structs.fields(config_of(family)) if one.required} - follows
    assert required <= made.keys()
    assert not follows & made.keys()
    for net in {key.partition(".")[0] for key in made["architecture"]}:
        own = {key.partition(".")[2] for key in made["architecture"] if key.startswith(f"{net}.")}
        assert own == set(NETS[net].config.__struct_fields__)
    json.dumps(made)


def test_what_follows_is_what_is_left_out_of_templates() -> None:
    told: dict[str, dict[str, Any]] = {
        "conformer": {"conformer.units": 9},
        "piper": {},
        "rvc": {},
        "vocoder+hifigan": {},
        "sambert+kan_hifigan": {"sambert.tables": [9], "sambert.emotions": 2, "sambert.speakers": 1},
        "emotivoice+hifigan": {"bert.vocabulary": 9},
    }
    for family, sizes in told.items():
        made = FAMILIES[family.partition("+")[0]][1](net_sizes(family, sizes, ""))
        left_out = set(family_config._derived_keys(family)) - {"emotions", "speakers", "styles"}
        assert made.keys() - {"emotions"} == left_out, family


def test_a_template_of_a_vocoder_is_whole(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(json.dumps(template("vocoder+hifigan")))
    assert read_family_config(tmp_path / "c.json").sample_rate == 22050
    (tmp_path / "c.json").write_text(json.dumps(template("rvc")))
    with pytest.raises(ConfigError, match=r"FILL_IN still stands at speakers.0.name, content.encoder"):
        read_family_config(tmp_path / "c.json")


def test_no_template_of_what_is_not_there() -> None:
    with pytest.raises(RequestError, match=r"^the family 'tacotron' has no nets of ours; accepted: conformer"):
        template("tacotron")
