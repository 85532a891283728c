"""Voices are found as users have them, and what is missing is named."""

import json
from pathlib import Path

import pytest

pytest.importorskip("yaml")

from tingshuo.errors import PortError
from tingshuo.port.importers.sambert_files import ACOUSTIC, VOCODER, find_lone_vocoder, find_voices, read_json, read_yaml

pytestmark = pytest.mark.train


def make_part(folder: Path, net: str, *numbers: int) -> None:
    (folder / "ckpt").mkdir(parents=True)
    (folder / "config.yaml").write_text(f"Model:\n  {net}:\n    params: {{size: 3}}\n")
    for number in numbers:
        (folder / "ckpt" / f"checkpoint_{number}.pth").touch()


def make_voice(folder: Path, acoustic: str = "am", vocoder: str = "voc") -> Path:
    make_part(folder / acoustic, ACOUSTIC, 9000, 10000, 200)
    make_part(folder / vocoder, VOCODER, 7)
    (folder / acoustic / "ckpt" / "checkpoint_last.pth").touch()
    return folder


def test_a_download_has_several_voices_and_the_highest_checkpoint_counts(tmp_path: Path) -> None:
    for name in ("F7", "M7"):
        make_voice(tmp_path / "voices" / name)
    (tmp_path / "voices" / "voices.json").write_text(json.dumps({"voices": ["M7", "absent", "F7"]}))
    for path in (tmp_path, tmp_path / "voices"):
        voices = find_voices(path)
        assert [voice.name for voice in voices] == ["M7", "F7"]
        assert voices[0].acoustic.checkpoint == tmp_path / "voices" / "M7" / "am" / "ckpt" / "checkpoint_10000.pth"
        assert voices[0].vocoder.checkpoint.name == "checkpoint_7.pth"
        assert voices[0].acoustic.params(ACOUSTIC) == {"size": 3}


@pytest.mark.parametrize(
    ("acoustic", "vocoder"),
    [
        ("am", "voc"),
        ("sambert", "hifigan"),
        ("basemodel_16k/sambert", "basemodel_16k/hifigan"),
        ("tmp_am", "tmp_voc"),
        ("tmp_am", "orig_model/basemodel_16k/hifigan"),
    ],
)
def test_a_folder_of_one_voice(tmp_path: Path, acoustic: str, vocoder: str) -> None:
    (voice,) = find_voices(make_voice(tmp_path / "mine", acoustic, vocoder))
    assert voice.name == "mine"
    assert voice.acoustic.folder == tmp_path / "mine" / acoustic
    assert voice.vocoder.folder == tmp_path / "mine" / vocoder


def test_a_vocoder_that_was_not_tuned_is_that_of_the_original(tmp_path: Path) -> None:
    folder = make_voice(tmp_path / "mine", "tmp_am", "orig_model/basemodel_16k/hifigan")
    make_part(folder / "tmp_voc", VOCODER)
    assert find_voices(folder)[0].vocoder.folder == folder / "orig_model" / "basemodel_16k" / "hifigan"


@pytest.mark.parametrize("acoustic", ["am", "basemodel_16k/sambert"])
def test_a_checkpoint_that_is_named_counts_instead_of_the_highest(tmp_path: Path, acoustic: str) -> None:
    folder = make_voice(tmp_path / "mine", acoustic)
    if "/" in acoustic:
        make_part(folder / "basemodel_16k" / "hifigan", VOCODER, 7)
    (voice,) = find_voices(folder / acoustic / "ckpt" / "checkpoint_200.pth")
    assert voice.acoustic.checkpoint.name == "checkpoint_200.pth"
    assert voice.vocoder.checkpoint.name == "checkpoint_7.pth"


@pytest.mark.parametrize(
    "inside", ["", "am", "voc", "am/ckpt", "voc/ckpt", "am/config.yaml", "voc/config.yaml", "audio_config.yaml"]
)
def test_a_voice_of_a_download_is_found_upward(tmp_path: Path, inside: str) -> None:
    for name in ("F7", "M7"):
        make_voice(tmp_path / "voices" / name)
    (tmp_path / "voices" / "voices.json").write_text(json.dumps({"voices": ["M7", "F7"]}))
    folder = tmp_path / "voices" / "F7"
    (folder / "audio_config.yaml").touch()
    (voice,) = find_voices(folder / inside)
    assert (voice.name, voice.folder) == ("F7", folder)
    assert voice.acoustic.checkpoint.name == "checkpoint_10000.pth"
    assert [voice.name for voice in find_voices(tmp_path / "voices" / "voices.json")] == ["M7", "F7"]


def test_the_voice_upward_is_the_one_with_both_parts(tmp_path: Path) -> None:
    folder = make_voice(tmp_path / "mine", "tmp_am", "orig_model/voices/F7/voc")
    (voice,) = find_voices(folder / "orig_model" / "voices" / "F7" / "voc")
    assert (voice.name, voice.vocoder.folder.name) == ("mine", "voc")
    make_part(folder / "orig_model" / "voices" / "F7" / "am", ACOUSTIC, 1)
    assert find_voices(folder / "orig_model" / "voices" / "F7" / "voc")[0].name == "F7"


def test_a_voice_may_be_called_as_a_part_is(tmp_path: Path) -> None:
    make_part(tmp_path / "am", ACOUSTIC, 3)
    (voice,) = find_voices(make_voice(tmp_path / "sambert"))
    assert (voice.name, voice.acoustic.checkpoint.name) == ("sambert", "checkpoint_10000.pth")


def test_a_checkpoint_that_lies_beside_its_folder_is_not_mistaken_for_another(tmp_path: Path) -> None:
    folder = make_voice(tmp_path / "mine")
    (folder / "am" / "checkpoint_5.pth").touch()
    with pytest.raises(PortError, match="lies in mine/am, not in FOLDER/ckpt"):
        find_voices(folder / "am" / "checkpoint_5.pth")


def test_a_download_may_have_lost_its_list(tmp_path: Path) -> None:
    make_voice(tmp_path / "voices" / "M7")
    make_voice(tmp_path / "voices" / "F7")
    (tmp_path / "voices" / "other").mkdir()
    assert [voice.name for voice in find_voices(tmp_path)] == ["F7", "M7"]


@pytest.mark.parametrize("given", ["", "voices", "voices/F7", "voices/F7/voc", "voices/F7/voc/ckpt", "voices/F7/voc/config.yaml"])
def test_a_vocoder_may_lie_alone(tmp_path: Path, given: str) -> None:
    make_part(tmp_path / "voices" / "F7" / "voc", VOCODER, 7)
    assert find_lone_vocoder(tmp_path / given) == tmp_path / "voices" / "F7" / "voc"
    make_part(tmp_path / "voices" / "F7" / "am", ACOUSTIC, 7)
    assert find_lone_vocoder(tmp_path / given) is None


def test_a_checkpoint_of_a_vocoder_that_lies_alone(tmp_path: Path) -> None:
    make_part(tmp_path / "F7" / "voc", VOCODER, 7)
    checkpoint = tmp_path / "F7" / "voc" / "ckpt" / "checkpoint_7.pth"
    assert find_lone_vocoder(checkpoint) == checkpoint
    assert find_lone_vocoder(tmp_path / "none") is None
    make_part(tmp_path / "F7" / "am", ACOUSTIC, 7)
    assert find_lone_vocoder(checkpoint) is None


def test_of_two_vocoders_none_is_the_one(tmp_path: Path) -> None:
    for name in ("F7", "M7"):
        make_part(tmp_path / "voices" / name / "voc", VOCODER, 7)
    assert find_lone_vocoder(tmp_path) is None


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="nothing: there is no such file or folder"):
        find_voices(tmp_path / "nothing")
    (tmp_path / "voices.zip").touch()
    with pytest.raises(PortError, match=r"voices\.zip: is not unpacked; unpack it where it lies"):
        find_voices(tmp_path)
    make_part(tmp_path / "one" / "am", ACOUSTIC, 1)
    with pytest.raises(PortError, match=r"one: has no vocoder; it lies in voc/ckpt/checkpoint_N\.pth, or in one of tmp_voc"):
        find_voices(tmp_path / "one")
    make_part(tmp_path / "one" / "voc", VOCODER)
    with pytest.raises(PortError, match=r"voc/ckpt: has no checkpoint_N\.pth, so the vocoder of one is missing"):
        find_voices(tmp_path / "one")


def test_a_file_that_is_no_checkpoint_of_a_voice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "g_1").touch()
    with pytest.raises(PortError, match=r"g_1: is not called checkpoint_N\.pth"):
        find_voices(tmp_path / "g_1")
    make_part(tmp_path / "stage" / "other", ACOUSTIC, 1)
    with pytest.raises(PortError, match="lies in other/ckpt, not in FOLDER/ckpt where FOLDER is one of am, tmp_am"):
        find_voices(tmp_path / "stage" / "other" / "ckpt" / "checkpoint_1.pth")


@pytest.mark.parametrize("content", ['{"voices": ["../up"]}', '{"voices": "F7"}', "{}"])
def test_voices_are_folders_beside_their_list(tmp_path: Path, content: str) -> None:
    (tmp_path / "voices.json").write_text(content)
    with pytest.raises(PortError, match="has to be"):
        find_voices(tmp_path)


def test_a_list_without_its_folders_is_refused(tmp_path: Path) -> None:
    (tmp_path / "voices.json").write_text('{"voices": ["F7", "M7"]}')
    with pytest.raises(PortError, match=r"has no folder of the voices in voices\.json: F7, M7"):
        find_voices(tmp_path)


def test_settings_of_another_net_are_refused(tmp_path: Path) -> None:
    part = find_voices(make_voice(tmp_path))[0].vocoder
    with pytest.raises(PortError, match=r"voc/config\.yaml: is of Generator instead of KanTtsSAMBERT"):
        part.params(ACOUSTIC)


@pytest.mark.parametrize("content", ["a: [1", "!!python/object/apply:os.system [echo]", "text"])
def test_settings_are_data(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.yaml").write_text(content)
    with pytest.raises(PortError, match=r"config\.yaml: (cannot be read as YAML|does not hold settings)"):
        read_yaml(tmp_path / "config.yaml")


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_damaged_list_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "voices.json").write_text(content)
    with pytest.raises(PortError, match=r"voices\.json: (cannot be read as JSON|does not hold settings)"):
        read_json(tmp_path / "voices.json")
