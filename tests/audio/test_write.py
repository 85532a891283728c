import errno
import io
import os
from pathlib import Path

import numpy as np
import pytest

from tingshuo.audio.formats import FORMATS
from tingshuo.audio.label.field import AigcField
from tingshuo.audio.label.files import read_label
from tingshuo.audio.read import read
from tingshuo.audio.write import FileWriter, encode, open_encoder, write
from tingshuo.errors import AudioError, OutputError

HERE = [name for name in FORMATS if name not in ("aac", "m4a")]
LABELLED = [name for name in HERE if FORMATS[name].carries_field]
FIELD = AigcField.first("001191110102MAD55U9H0F10001", "number-1")


@pytest.mark.parametrize("format", HERE)
def test_a_file_has_the_bytes_of_encode(tmp_path, speechlike, format):
    path = tmp_path / f"out.{format}"
    write(path, speechlike, 24000)
    assert path.read_bytes() == encode(speechlike, 24000, format)
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("format", HERE)
def test_piece_by_piece_makes_the_same_file(tmp_path, speechlike, format):
    path = tmp_path / f"语音.{format}"
    with FileWriter(path, 24000) as writer:
        for start in range(0, len(speechlike), 7001):
            writer.write(speechlike[start : start + 7001])
        assert not path.exists()
    assert path.read_bytes() == encode(speechlike, 24000, format)


def test_the_format_may_differ_from_the_extension(tmp_path, speechlike):
    write(str(tmp_path / "out.bin"), speechlike, 24000, "ogg")
    assert (tmp_path / "out.bin").read_bytes()[:4] == b"OggS"


def test_a_new_file_may_be_read_by_all_that_the_umask_allows(tmp_path, speechlike):
    write(tmp_path / "a.wav", speechlike, 24000)
    (tmp_path / "b").touch()
    assert (tmp_path / "a.wav").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_a_link_stays_a_link(tmp_path, speechlike):
    (tmp_path / "folder").mkdir()
    link, target = tmp_path / "link.wav", tmp_path / "folder" / "target.wav"
    link.symlink_to(target)
    write(link, speechlike, 24000)
    assert link.is_symlink()
    assert read(target)[1] == 24000


def fails_inside(path, wav):
    with FileWriter(path, 24000) as writer:
        writer.write(wav)
        raise KeyError("the synthesis failed")


def test_an_error_leaves_nothing_and_the_old_file_as_it_was(tmp_path, speechlike):
    path = tmp_path / "out.flac"
    with pytest.raises(KeyError):
        fails_inside(path, speechlike)
    assert os.listdir(tmp_path) == []
    path.write_bytes(b"old")
    with pytest.raises(KeyError):
        fails_inside(path, speechlike)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out.flac"]


def test_samples_that_are_not_finite_leave_nothing(tmp_path):
    with pytest.raises(AudioError, match="not numbers"):
        write(tmp_path / "out.mp3", np.full(100, np.nan, np.float32), 24000)
    assert os.listdir(tmp_path) == []


def test_paths_that_cannot_be_written(tmp_path, speechlike):
    (tmp_path / "file").touch()
    (tmp_path / "folder.wav").mkdir()
    os.mkfifo(tmp_path / "pipe.wav")
    cases = {
        tmp_path / "folder.wav": "it is a folder",
        tmp_path / "missing" / "out.wav": "its folder does not exist; make it first",
        tmp_path / "file" / "out.wav": "a part of the path is a file",
        tmp_path / "pipe.wav": "a device or a pipe",
        tmp_path / ("x" * 300 + ".wav"): "too long",
        tmp_path / "a\0b.wav": "characters that no file name can have",
        tmp_path / "a\ud800b.wav": "characters that no file name can have",
    }
    before = sorted(os.listdir(tmp_path))
    for path, reason in cases.items():
        with pytest.raises(OutputError, match=reason) as refused:
            write(path, speechlike, 24000)
        assert "\n" not in str(refused.value)
        str(refused.value).encode()
    assert sorted(os.listdir(tmp_path)) == before


def test_an_unknown_extension_is_refused_before_anything_is_made(tmp_path, speechlike):
    with pytest.raises(AudioError, match=r"accepted: \.wav"):
        write(tmp_path / "out.xyz", speechlike, 24000)
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(tmp_path, speechlike):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="no permission"):
        write(tmp_path / "out.wav", speechlike, 24000)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("call", ["fsync", "open"])
def test_what_the_system_refuses_is_said_and_leaves_nothing(tmp_path, speechlike, monkeypatch, call, number):
    def refuse(*_args, **_kwargs):
        raise OSError(number, os.strerror(number))

    target = (os, "fsync") if call == "fsync" else (Path, "open")
    with monkeypatch.context() as patch:
        patch.setattr(*target, refuse)
        with pytest.raises(OutputError, match="cannot be written: "):
            write(tmp_path / "out.wav", speechlike, 24000)
    assert os.listdir(tmp_path) == []


def fill_the_disk(path, wav):
    with FileWriter(path, 24000) as writer:
        for _ in range(10):
            writer.write(wav)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_said(tmp_path, speechlike, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", lambda *_: open("/dev/full", "wb"))  # noqa: SIM115
        with pytest.raises(OutputError, match="the disk is full; free some space"):
            fill_the_disk(tmp_path / "a.wav", speechlike)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("format", LABELLED)
def test_a_file_carries_the_field_and_the_same_sound(tmp_path, speechlike, format):
    path, plain = tmp_path / f"a.{format}", tmp_path / f"b.{format}"
    write(path, speechlike, 24000, field=FIELD)
    write(plain, speechlike, 24000)
    assert path.read_bytes() == encode(speechlike, 24000, format, field=FIELD)
    assert read_label(path).field == FIELD
    assert read_label(plain).count == 0
    np.testing.assert_array_equal(read(path)[0], read(plain)[0])


@pytest.mark.parametrize("format", LABELLED)
@pytest.mark.parametrize("rate", [16000, 22050])
def test_a_stream_carries_the_field_in_its_first_bytes(speechlike, format, rate):
    streams = {}
    for field in (FIELD, None):
        with open_encoder(format, rate, field=field) as encoder:
            pieces = [encoder.encode(speechlike[at : at + 999]) for at in range(0, len(speechlike), 999)]
            streams[field] = [*pieces, encoder.finish()]
    first = next(piece for piece in streams[FIELD] if piece)
    assert FIELD.to_json().encode() in first
    labelled, plain = (b"".join(pieces) for pieces in streams.values())
    assert read_label(labelled).field == FIELD
    assert len(labelled) - len(plain) < 400
    np.testing.assert_array_equal(read(io.BytesIO(labelled))[0], read(io.BytesIO(plain))[0])


@pytest.mark.parametrize("format", ["wav", "opus"])  # the others are empty files then
def test_silence_of_no_length_carries_it_too(format):
    data = encode(np.zeros(0, np.float32), 24000, format, field=FIELD)
    assert FIELD.to_json().encode() in data


def test_bare_samples_have_no_place_for_a_field(tmp_path, speechlike):
    with pytest.raises(AudioError, match="pcm is bare samples without a place for the AIGC field; choose one of wav, flac"):
        write(tmp_path / "a.pcm", speechlike, 24000, field=FIELD)
    assert os.listdir(tmp_path) == []
