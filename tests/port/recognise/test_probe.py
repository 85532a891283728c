"""Files and folders are told for what they are; what is hostile, cut or no model gets its own answer."""

import json
import pickle
import struct
import zipfile
from pathlib import Path

import pytest

from tingshuo.errors import PortError
from tingshuo.port.recognise.probe import MAX_FILES, probe

VOICE = Path(__file__).parents[3] / "src/tingshuo/voices/default"


@pytest.mark.parametrize(
    ("content", "role", "what_next"),
    [
        (b"", "an empty file", "download it again"),
        (b"<html>Sign in</html>", "a web page, not a model", "wanted a login"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer to a file, not the file", "git lfs pull"),
        (b"PK\x03\x04 cut", "a zip that cannot be opened", "was cut short"),
        (b"cos\nsystem\n(S'x'\ntR.", "a file that would run code", "it would run os.system"),
        (pickle.dumps(Path), "whole objects", "state_dict"),
        (struct.pack("<Q", 12) + b'{"a": 1, 2}   ', "damaged", "is damaged"),
        (b"\x1c\0\0\0TFL3" + bytes(99), "TensorFlow Lite model", "environment of its own"),
        (b"\0B<TransitionModel> ", "model or table (binary)", "Vosk"),
        (b"IwFl" + bytes(60), "index of vectors", "no voice that is known"),
        (b"just text", "nothing that is known", ""),
    ],
)
def test_one_file(content: bytes, role: str, what_next: str, tmp_path: Path) -> None:
    path = tmp_path / "G_2333333.pth"
    path.write_bytes(content)
    (found,) = probe(path)
    assert found.role == role
    assert what_next in found.what_next
    assert not found.usable
    assert path.read_bytes() == content


def test_a_folder_tells_its_models_and_not_its_texts(tmp_path: Path) -> None:
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er/config.json").write_text(json.dumps({"upsample_rates": [], "resblock_kernel_sizes": []}))
    (tmp_path / "notes.json").write_text("{}")
    (tmp_path / "README.md").write_text("# model")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/model.onnx").write_bytes((VOICE / "graphs/onnx/fp32/vocoder.onnx").read_bytes())
    (tmp_path / "weights").write_bytes(b"cos\nsystem\n.")
    (tmp_path / "link").symlink_to(VOICE)
    found = [(str(one.path.relative_to(tmp_path)), one.role) for one in probe(tmp_path)]
    assert found == [("weights", "a file that would run code"), ("deep/er/config.json", "config of a vocoder")]


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing here")
    with pytest.raises(PortError, match="holds nothing that looks like a model"):
        probe(tmp_path)
    with pytest.raises(PortError, match="there is no such file or folder"):
        probe(tmp_path / "none")


def test_a_folder_of_everything(tmp_path: Path) -> None:
    for number in range(MAX_FILES + 1):
        (tmp_path / f"{number}").touch()
    with pytest.raises(PortError, match=f"holds more than {MAX_FILES} files"):
        probe(tmp_path)


def test_tensors_of_no_known_system_are_listed() -> None:
    (found,) = probe(VOICE / "weights/vocoder.safetensors")
    assert found.role == "tensors of no system that is known"
    assert "embed.weight" in dict(found.details)["first"] or int(dict(found.details)["tensors"]) > 10


@pytest.mark.parametrize(
    ("name", "roles"),
    [
        ("rvc_v2_40k", {"voice (generator)", "generator of a training (G_*.pth)"}),
        ("hifigan_v2", {"config of a vocoder", "vocoder (generator)"}),
        ("vocos_mel_24khz", {"vocoder"}),
        ("wenet_u2pp_conformer", {"speech recogniser"}),
        ("kan_hifigan_16k", {"vocoder (voc)"}),
    ],
)
@pytest.mark.train
def test_checkpoints_in_their_own_layout(name: str, roles: set[str], golden: object) -> None:
    findings = probe(golden(name).files)  # type: ignore[operator]
    assert {found.role for found in findings} == roles
    assert all(found.usable for found in findings if found.format.startswith("torch"))


def test_archives_are_looked_into(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.bin", "w") as archive:
        archive.write(VOICE / "graphs/onnx/fp32/vocoder.onnx", "model/vocoder.onnx")
        archive.write(VOICE / "graphs/onnx/fp32/pitch.onnx", "model/pitch.onnx")
    found = {str(one.path.relative_to(tmp_path)): one for one in probe(tmp_path / "x.bin")}
    assert found.keys() == {"x.bin/vocoder.onnx", "x.bin/pitch.onnx"}
    assert "tingshuo import x.bin --contract new" in found["x.bin/vocoder.onnx"].what_next


def test_an_archive_that_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("../evil", b"x")
    (found,) = probe(tmp_path / "x.zip")
    assert (found.role, found.format, found.usable) == ("an archive", "zip", False)
    assert found.what_next.startswith("'../evil' is not a plain relative path")


def test_voices_that_are_still_packed(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "voices.zip", "w") as archive:
        archive.writestr("voices/voices.json", json.dumps({"voices": ["F7"]}))
    (found,) = probe(tmp_path)
    assert (found.path, found.role) == (tmp_path / "voices/voices.json", "list of voices")
