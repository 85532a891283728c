"""Which file of a folder is the voice, and which index is its own."""

import zipfile
from pathlib import Path

import pytest

from tingshuo.errors import PortError
from tingshuo.port.importers.rvc_files import find_voice, refuse_others


def lay(root: Path, *names: str, content: bytes = b"torch") -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def test_the_small_file_of_a_workspace_finds_its_index(tmp_path: Path) -> None:
    index = "logs/me/added_IVF256_Flat_nprobe_1_me_v2.index"
    lay(tmp_path, "assets/weights/me.pth", "assets/weights/you.pth", index, "logs/me/trained_IVF256_Flat_nprobe_1_me_v2.index")
    found = find_voice(tmp_path / "assets/weights/me.pth")
    assert (found.name, found.index) == ("me", tmp_path / index)
    assert find_voice(tmp_path / "assets/weights/you.pth").index is None


def test_the_folder_of_the_whole_program_has_its_voices_in_a_folder(tmp_path: Path) -> None:
    lay(tmp_path, "assets/weights/me.pth", "logs/me/G_1.pth")
    assert find_voice(tmp_path).weights == tmp_path / "assets/weights/me.pth"
    lay(tmp_path, "assets/weights/you.pth")
    with pytest.raises(PortError, match=r"weights: holds 2 voices \(me\.pth, you\.pth\)"):
        find_voice(tmp_path)


@pytest.mark.parametrize("name", ["me", "me_e20_s400", "me_20e_400s", "me_20e_400s_best_epoch"])
def test_a_download_of_a_voice_and_an_index(name: str, tmp_path: Path) -> None:
    found = find_voice(lay(tmp_path, f"{name}.pth", "added_whatever.index"))
    assert (found.weights.name, found.name, found.index) == (f"{name}.pth", "me", tmp_path / "added_whatever.index")


def test_of_several_voices_one_has_to_be_chosen_and_has_its_own_index(tmp_path: Path) -> None:
    lay(tmp_path, "a.pth", "b.pth", "added_b_v2.index")
    with pytest.raises(PortError, match=r"holds 2 voices \(a.pth, b.pth\); give the path of one of them"):
        find_voice(tmp_path)
    assert find_voice(tmp_path / "a.pth").index is None
    assert find_voice(tmp_path / "b.pth").index == tmp_path / "added_b_v2.index"


def test_of_several_epochs_of_a_voice_the_last_is_taken(tmp_path: Path) -> None:
    lay(tmp_path, "me_e5_s900.pth", "me_e20_s4000.pth", "me_10e_2000s.pth")
    assert find_voice(tmp_path).weights.name == "me_e20_s4000.pth"
    assert find_voice(lay(tmp_path, "me.pth")).weights.name == "me.pth"


def test_a_training_is_known_by_its_folder_and_its_highest_number(tmp_path: Path) -> None:
    names = ("G_800.pth", "G_12000.pth", "D_12000.pth", "added_x_v1.index", "trained_x_v1.index")
    lay(tmp_path, *(f"logs/me/{name}" for name in names))
    found = find_voice(tmp_path / "logs/me")
    assert (found.weights.name, found.name) == ("G_12000.pth", "me")
    assert found.index == tmp_path / "logs/me/added_x_v1.index"
    lay(tmp_path, "logs/me/G_2333333.pth", "logs/me/small.pth")
    assert find_voice(tmp_path / "logs/me").weights.name == "small.pth"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("f0G40k.pth", b"torch", "pretrained net that a training begins with, nobody's voice"),
        ("D48k.pth", b"torch", "pretrained discriminator that a training begins with"),
        ("me.pth", b"IwFl....", "holds content vectors for a voice, not a voice; import its .pth file with this one beside it"),
        ("total_fea.npy", b"\x93NUMPY..", "holds content vectors for a voice"),
    ],
)
def test_files_that_are_no_voice_are_named(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    lay(tmp_path, name, content=content)
    with pytest.raises(PortError, match=message):
        find_voice(tmp_path / name)


def test_an_archive_is_to_be_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "me.zip", "w") as archive:
        archive.writestr("voice/me.pth", b"torch")
    with pytest.raises(PortError, match=r"is an archive with voice/me\.pth in it; unpack it"):
        find_voice(tmp_path / "me.zip")


def test_folders_without_a_voice(tmp_path: Path) -> None:
    with pytest.raises(PortError, match=r"is not there; give the \.pth file"):
        find_voice(tmp_path / "none")
    with pytest.raises(PortError, match=r"holds no \.pth file; a voice of RVC is in assets/weights"):
        find_voice(tmp_path)
    with pytest.raises(PortError, match=r"D_800.pth: is the discriminator of a training"):
        find_voice(lay(tmp_path / "d", "D_800.pth"))
    with pytest.raises(PortError, match=r"f0G32k\.pth: is the pretrained net"):
        find_voice(lay(tmp_path / "g", "f0G32k.pth"))


def test_names_of_tensors_tell_what_a_file_is() -> None:
    refuse_others(Path("v.pth"), ["enc_p.emb_phone.weight", "dec.ups.0.bias", "flow.flows.0.pre.bias", "emb_g.weight"])
    with pytest.raises(PortError, match=r"v\.pth: is the pitch estimator RMVPE"):
        refuse_others(Path("v.pth"), ["unet.encoder.bn.bias"])
    with pytest.raises(PortError, match="is the content encoder"):
        refuse_others(Path("v.pth"), ["model.feature_extractor.conv_layers.0.0.weight"])
