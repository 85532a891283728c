"""Targets of a command."""

import numpy as np
import pytest

from tingshuo.app.cli import sinks
from tingshuo.app.cli.sinks import STDOUT, Stdout, check_writable, open_sink, write_text
from tingshuo.audio.write import FileWriter, encode
from tingshuo.errors import OutputError

WAV = np.linspace(-0.5, 0.5, 2400, dtype=np.float32)


def test_what_cannot_be_written_is_known_before(tmp_path, monkeypatch):
    check_writable(tmp_path / "out.wav")
    with pytest.raises(OutputError, match="there is no folder"):
        check_writable(tmp_path / "no" / "out.wav")
    with pytest.raises(OutputError, match="it is a folder"):
        check_writable(tmp_path)
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(OutputError, match="no permission"):
        check_writable(tmp_path / "out.wav")


def test_text_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    write_text(tmp_path / "a.srt", "你好\n")
    assert (tmp_path / "a.srt").read_bytes() == "你好\n".encode()
    assert (tmp_path / "a.srt").stat().st_mode & 0o777 == 0o644

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sinks.Path, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        write_text(tmp_path / "a.srt", "new")
    assert [p.name for p in tmp_path.iterdir()] == ["a.srt"]


def test_the_sinks(tmp_path):
    assert isinstance(open_sink(STDOUT, 24000, "wav"), Stdout)
    with open_sink(tmp_path / "a.bin", 24000, "wav") as sink:
        assert isinstance(sink, FileWriter)
        sink.write(WAV)
    assert (tmp_path / "a.bin").read_bytes() == encode(WAV, 24000, "wav")


def test_standard_output_gets_whole_streams_or_stops(capfdbinary):
    with Stdout(24000, "pcm") as sink:
        sink.write(WAV)
    assert capfdbinary.readouterr().out == encode(WAV, 24000, "pcm")
    with pytest.raises(ZeroDivisionError), Stdout(24000, "opus") as sink:
        raise ZeroDivisionError
    assert capfdbinary.readouterr().out == b""
