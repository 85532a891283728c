"""Targets of a command."""

import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tingshuo.app.cli.sinks import STDOUT, Pipe, check_distinct, check_writable, open_sink, write_text
from tingshuo.audio.write import FileWriter, encode
from tingshuo.errors import OutputError, RequestError

WAV = np.linspace(-0.5, 0.5, 2400, dtype=np.float32)


def test_what_cannot_be_written_is_known_before(tmp_path, monkeypatch):
    check_writable(tmp_path / "out.wav")
    with pytest.raises(OutputError, match="there is no folder"):
        check_writable(tmp_path / "no" / "out.wav")
    with pytest.raises(OutputError, match="it is a folder"):
        check_writable(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    check_writable(tmp_path / "pipe", stream=True)
    with pytest.raises(OutputError, match="it is a pipe or a device"):
        check_writable(tmp_path / "pipe")
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(OutputError, match="no permission"):
        check_writable(tmp_path / "out.wav")


def test_text_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    write_text(tmp_path / "a.srt", "你好\n")
    assert (tmp_path / "a.srt").read_bytes() == "你好\n".encode()
    assert (tmp_path / "a.srt").stat().st_mode & 0o777 == 0o644

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "link.srt").symlink_to("a.srt")
    write_text(tmp_path / "link.srt", "再见\n")
    assert (tmp_path / "link.srt").is_symlink()
    assert (tmp_path / "a.srt").read_text("utf-8") == "再见\n"
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        write_text(tmp_path / "a.srt", "new")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.srt", "link.srt"]


def test_two_files_at_one_place_are_refused(tmp_path):
    (tmp_path / "link").symlink_to("a.wav")
    check_distinct([tmp_path / "a.wav", tmp_path / "a.srt"])
    with pytest.raises(RequestError, match="link: was given for two files"):
        check_distinct([tmp_path / "a.wav", tmp_path / "link"])


def test_the_sinks(tmp_path):
    assert isinstance(open_sink(STDOUT, 24000, "wav"), Pipe)
    with open_sink(tmp_path / "a.bin", 24000, "wav") as sink:
        assert isinstance(sink, FileWriter)
        sink.write(WAV)
    assert (tmp_path / "a.bin").read_bytes() == encode(WAV, 24000, "wav")


def test_a_pipe_gets_whole_streams_or_stops():
    target = io.BytesIO()
    with Pipe(target, 24000, "pcm") as sink:
        sink.write(WAV)
    assert target.getvalue() == encode(WAV, 24000, "pcm")
    with pytest.raises(ZeroDivisionError), Pipe(target, 24000, "opus") as sink:
        raise ZeroDivisionError
    assert len(target.getvalue()) == 4800


def test_a_named_pipe_is_written_as_a_stream(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(path.read_bytes)
        with open_sink(path, 24000, "pcm") as sink:
            sink.write(WAV)
        assert reading.result(timeout=60) == encode(WAV, 24000, "pcm")
    assert path.is_fifo()


def test_a_device_that_is_full():
    with pytest.raises(OutputError, match="No space left on device"), open_sink(Path("/dev/full"), 24000, "pcm") as sink:
        sink.write(WAV)


def test_standard_output_that_is_closed(monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    with pytest.raises(OutputError, match="standard output is closed"):
        open_sink(STDOUT, 24000, "wav")
