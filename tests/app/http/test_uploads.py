"""Recordings on the disk: bounded one by one and together, and gone when they are not needed."""

import asyncio
from types import SimpleNamespace

import pytest

from tingshuo.app.http import uploads as module
from tingshuo.app.http.uploads import AT_ONCE, PIECE_BYTES, Uploads
from tingshuo.errors import AudioError, BusyError, OutputError, TooLargeError


@pytest.fixture
def uploads(tmp_path, monkeypatch):
    monkeypatch.setattr(module.tempfile, "gettempdir", lambda: str(tmp_path))
    made, opened, new = Uploads(limit_bytes=1000), [], Uploads.new
    monkeypatch.setattr(Uploads, "new", lambda self, name: opened.append(new(self, name)) or opened[-1])
    yield made
    for upload in opened:
        asyncio.run(upload.close())
    assert made.kept_bytes == 0
    made.close()


def files(tmp_path):
    return [path for path in tmp_path.rglob("*") if path.is_file()]


def test_it_lies_on_the_disk_until_it_is_closed(uploads, tmp_path):
    async def scenario():
        upload = uploads.new("a talk.MP3")
        upload.add(b"abc")
        upload.add(b"def")
        await upload.flush()
        assert upload.path.read_bytes() == b""  # less than is worth a thread
        await upload.flush(all=True)
        assert upload.path.read_bytes() == b"abcdef"
        assert (upload.path.suffix, upload.name, upload.size, uploads.kept_bytes) == (".mp3", "a talk.MP3", 6, 6)
        assert upload.path.stat().st_mode & 0o077 == 0
        await upload.close()
        await upload.close()
        assert uploads.kept_bytes == 0

    asyncio.run(scenario())
    assert files(tmp_path) == []
    uploads.close()
    assert list(tmp_path.iterdir()) == []


def test_large_pieces_are_written_as_they_come(uploads):
    async def scenario():
        uploads.limit_bytes = 2 * PIECE_BYTES
        upload = uploads.new("a.wav")
        upload.add(b"x" * PIECE_BYTES)
        await upload.flush()
        assert upload.path.stat().st_size == PIECE_BYTES

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("name", "kept", "ending"),
    [
        ("../../etc/talk.wav", "talk.wav", ".wav"),
        ("C:\\songs\\a.flac", "a.flac", ".flac"),
        ("talk.py", "talk.py", ""),
        ("a\r\nb\x00.wav", "ab.wav", ".wav"),
        ("", "the recording", ""),
        ("…/", "the recording", ""),
        ("长" * 300 + ".m4a", "长" * 96 + ".m4a", ".m4a"),
    ],
)
def test_a_name_is_for_people_and_no_path(uploads, name, kept, ending):
    upload = uploads.new(name)
    assert (upload.name, upload.path.suffix) == (kept, ending)


def test_one_may_not_be_too_long(uploads):
    upload = uploads.new("a.wav")
    upload.add(b"x" * 1000)
    with pytest.raises(TooLargeError, match=r"more than 0\.001 MB") as caught:
        upload.add(b"x")
    assert caught.value.param == "file"


def test_there_is_room_for_some_and_then_no_more(uploads):
    several = [uploads.new("a.wav") for _ in range(AT_ONCE)]
    for upload in several:
        upload.add(b"x" * 1000)
    late = uploads.new("b.wav")
    with pytest.raises(BusyError, match="no room") as caught:
        late.add(b"x")
    assert caught.value.retry_after_s > 0
    asyncio.run(several[0].close())
    late.add(b"x" * 1000)


def test_an_empty_one_is_refused(uploads):
    upload = uploads.new("a.wav")
    with pytest.raises(AudioError, match=r"^a\.wav: is empty") as caught:
        upload.check_content()
    assert caught.value.param == "file"


def test_a_full_disk_is_the_servers_fault_and_its_place_a_secret(uploads, monkeypatch, caplog):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    upload = uploads.new("a.wav")
    upload._file.close()
    upload._file = SimpleNamespace(closed=False, write=full, close=lambda: None)
    upload.add(b"x")
    with pytest.raises(OutputError, match="its log says why"):
        asyncio.run(upload.flush(all=True))
    assert "No space left" in caplog.text
    monkeypatch.setattr(module.tempfile, "mkstemp", full)
    with pytest.raises(OutputError, match="its log says why"):
        uploads.new("b.wav")
