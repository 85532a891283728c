import io
import os
import tracemalloc

import numpy as np
import pytest
from tests.audio.label.conftest import WRITTEN

from tingshuo.audio.label.field import AigcField
from tingshuo.audio.label.files import label_file, read_label
from tingshuo.audio.read import read
from tingshuo.errors import AudioError, OutputError

OTHER = AigcField.first("SomebodyElse", "another-number")


@pytest.mark.parametrize("name", WRITTEN)
def test_a_file_is_labelled_and_read_back(tmp_path, plain, field, name):
    path = tmp_path / f"语音.{name}"
    path.write_bytes(plain(name))
    path.chmod(0o640)
    assert read_label(path).count == 0
    found = label_file(path, field)
    assert (found.field, found.count, found.problems) == (field, 1, ())
    assert read_label(path) == read_label(path.read_bytes()) == read_label(io.BytesIO(path.read_bytes())) == found
    np.testing.assert_array_equal(read(path)[0], read(io.BytesIO(plain(name)))[0])
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp3", ()),
        ("b.mp3", ("-id3v2_version", "3")),
        ("a.m4a", ()),
        ("a.flac", ()),
        ("a.aac", ()),
        ("a.ogg", ("-c:a", "libvorbis")),
        ("a.wav", ()),
    ],
)
def test_files_of_ffmpeg_keep_their_title(tmp_path, made, field, name, options):
    path = tmp_path / name
    path.write_bytes(made(name, *options))
    titled = b"hello" in path.read_bytes()
    assert label_file(path, field).field == field
    assert (b"hello" in path.read_bytes()) == titled


@pytest.mark.parametrize("name", WRITTEN)
def test_a_label_that_is_there_is_kept(tmp_path, plain, field, name):
    path = tmp_path / f"a.{name}"
    path.write_bytes(plain(name))
    label_file(path, OTHER)
    before = path.read_bytes()
    assert label_file(path, field).field == OTHER
    assert path.read_bytes() == before


def twice(data, field):
    """Two fields in one file: the second put in as if there were none."""
    from tingshuo.audio.label import riff
    from tingshuo.audio.label.source import Source

    out = io.BytesIO()
    riff.insert(Source(io.BytesIO(data), "x"), out, field)
    return out.getvalue()


def test_two_fields_are_wrong_and_more_so_when_they_disagree(tmp_path, plain, field):
    once = twice(plain("wav"), field)
    assert "2 fields named AIGC, all the same" in read_label(twice(once, field)).problems[0]
    path = tmp_path / "a.wav"
    path.write_bytes(twice(once, OTHER))
    found = label_file(path, field)
    assert "2 fields named AIGC, which disagree; the standard wants exactly one" in found.problems[0]
    assert found.field is None
    assert path.read_bytes() == twice(once, OTHER), "a label may not be changed, not even a wrong one"


def test_a_wrong_value_is_told(plain):
    data = plain("wav").replace(b"data", b"AIGC\2\0\0\0\xff\xfedata", 1)
    assert read_label(data).problems == ("its value is no UTF-8",)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "no file whose label can be read"),
        (b"hello world, no audio", "no file whose label"),
        (b"\xff", "no file whose label"),
    ],
)
def test_what_is_no_audio_is_told(data, told):
    with pytest.raises(AudioError, match=told):
        read_label(data)


def test_flac_behind_a_tag_is_told(plain):
    with pytest.raises(AudioError, match="FLAC behind an ID3 tag"):
        read_label(b"ID3\4\0\0\0\0\0\0" + plain("flac"))


def test_missing_files_are_told(tmp_path, field):
    with pytest.raises(AudioError, match="no such file"):
        read_label(tmp_path / "none.wav")
    with pytest.raises(AudioError, match="no such file"):
        label_file(tmp_path, field)
    with pytest.raises(AudioError, match="no such file"):
        label_file("a\0b.wav", field)


@pytest.mark.parametrize("name", WRITTEN)
def test_no_damage_ends_in_a_traceback(plain, field, name, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(plain(name))
    label_file(path, field)
    data = path.read_bytes()[:4000]
    chance = np.random.default_rng(0)
    for _ in range(300):
        broken = bytearray(data[: chance.integers(1, len(data))])
        for at in chance.integers(0, min(len(broken), 600), chance.integers(1, 8)):
            broken[at] = chance.integers(0, 256)
        told = []
        for act in (lambda: read_label(bytes(broken)), lambda: label_file(path, field)):  # noqa: B023
            path.write_bytes(broken)
            try:
                act()
            except AudioError as error:
                told.append(str(error))
                assert path.read_bytes() == broken
        assert not any("\n" in message for message in told)


def test_memory_is_bounded_whatever_a_file_says(tmp_path):
    path = tmp_path / "a.wav"
    with path.open("wb") as file:
        file.write(b"RIFF\xff\xff\xff\xffWAVEdata\xff\xff\xff\x7f")
        file.truncate(2**31 + 100)
    tracemalloc.start()
    assert read_label(path).count == 0
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_a_full_disk_leaves_the_old_file(tmp_path, plain, field, monkeypatch):
    path = tmp_path / "a.wav"
    path.write_bytes(plain("wav"))

    def refuse(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(OutputError, match="cannot be written: No space left"):
            label_file(path, field)
    assert path.read_bytes() == plain("wav")
    assert os.listdir(tmp_path) == ["a.wav"]


def test_a_link_stays_a_link(tmp_path, plain, field):
    (tmp_path / "real.wav").write_bytes(plain("wav"))
    (tmp_path / "link.wav").symlink_to("real.wav")
    label_file(tmp_path / "link.wav", field)
    assert (tmp_path / "link.wav").is_symlink()
    assert read_label(tmp_path / "real.wav").field == field
