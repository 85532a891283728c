"""AAC through the ffmpeg program, where there is one, and the sound of files that libsndfile does not know."""

import io
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shutil import which
from threading import Thread
from typing import IO, NoReturn

import numpy as np

from tingshuo.audio.encoders import Encoder, Pcm
from tingshuo.audio.formats import Format
from tingshuo.audio.label import id3
from tingshuo.audio.label.field import NAME, AigcField
from tingshuo.audio.read import BLOCK_SAMPLES, read
from tingshuo.errors import AudioError, EncoderNotInstalledError
from tingshuo.types import Wav

AAC_BITS_PER_S = 64_000
"""For each channel."""
PIPE = "pipe:1"


def decode_file(path: Path) -> tuple[Wav, int]:
    """Read a file that libsndfile does not know, such as m4a.

    Returns
    -------
    tuple
        As of `tingshuo.audio.read.read`: samples, shape (channels, T), and their rate in Hz.

    Raises
    ------
    EncoderNotInstalledError
        There is no ffmpeg.
    AudioError
        It cannot read the file either.
    """
    command = [*_decoder(path), "-f", "wav", PIPE]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        raise _unreadable(path, done.stderr)
    return read(io.BytesIO(done.stdout))


def decode_blocks(path: Path, sample_rate: int) -> Iterator[Wav]:
    """Read the sound of a file that libsndfile does not know, a video too, as one channel, block by block.

    Parameters
    ----------
    path : Path
        The file.
    sample_rate : int
        Hz to resample to.

    Yields
    ------
    Wav
        Samples, shape (T,). The program ends with the iterator.

    Raises
    ------
    EncoderNotInstalledError
        There is no ffmpeg.
    AudioError
        It cannot read the file either, or there is no sound in it.
    """
    command = [*_decoder(path), "-ac", "1", "-ar", str(sample_rate), "-f", "f32le", PIPE]
    process = subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    messages = _Drain(process.stderr)
    try:
        while data := process.stdout.read(4 * BLOCK_SAMPLES):
            yield np.frombuffer(data[: len(data) // 4 * 4], "<f4").astype(np.float32)
        if process.wait():
            raise _unreadable(path, messages.rest())
    finally:
        process.kill()
        process.stdout.close()
        process.wait()
        messages.rest()


def _decoder(path: Path) -> list[str]:
    """Return the begin of a command that decodes the first sound of this file alone."""
    program = which("ffmpeg")
    if program is None:
        raise EncoderNotInstalledError(f"{path}: reading its sound needs the program ffmpeg on the PATH; install it")
    # A playlist that names other places is not followed.
    source = ["-protocol_whitelist", "file,pipe", "-i", f"file:{path.absolute()}"]
    return [program, "-hide_banner", "-nostdin", "-loglevel", "error", *source, "-vn", "-map", "0:a:0"]


def _unreadable(path: Path, messages: bytes) -> AudioError:
    lines = messages.decode("utf-8", "replace").strip().splitlines() or ["it gave no reason"]
    if any("matches no streams" in line for line in lines):
        return AudioError(f"{path}: there is no sound in it")
    return AudioError(f"{path}: ffmpeg cannot read it: {lines[-1]}")


class AacEncoder(Encoder):
    """AAC through a child process: ``ffmpeg`` from the PATH, samples to its input, ADTS frames from its output.

    A field stands in an ID3 tag before the frames.
    """

    def __init__(
        self, format: Format, sample_rate: int, channels: int, *, seekable: bool, field: AigcField | None = None
    ) -> None:
        super().__init__(format, sample_rate, channels, seekable=seekable, field=field)
        program = which("ffmpeg")
        if program is None:
            raise EncoderNotInstalledError(
                f"{format.name} needs the program ffmpeg on the PATH; install it, or choose mp3 or opus"
            )
        source = ["-f", "s16le", "-ar", str(self._rate), "-ac", str(channels), "-i", "pipe:0"]
        target = ["-c:a", "aac", "-b:a", str(AAC_BITS_PER_S * channels), *self._container()]
        command = [program, "-hide_banner", "-loglevel", "error", *source, *target]
        # The list holds no word of a user's but a field's, whose characters are checked and which is one argument.
        self._process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self._process.stdin is not None
        self._input = self._process.stdin
        self._output, self._messages = _Drain(self._process.stdout), _Drain(self._process.stderr)

    def _container(self) -> list[str]:
        """Return the arguments that name the container and where it goes."""
        return ["-f", "adts", PIPE]

    def _encode(self, pcm: Pcm) -> bytes:
        try:
            self._input.write(pcm.tobytes())
        except OSError:
            self._fail()
        return self._tag(self._output.take())

    def _finish(self) -> bytes:
        try:
            self._input.close()
        except OSError:
            self._fail()
        out = self._output.rest()
        if self._process.wait():
            self._fail()
        return self._tag(out)

    _tag_is_out = False

    def _tag(self, data: bytes) -> bytes:
        """Put the field before the first bytes."""
        if self._field is None or self._tag_is_out or not data:
            return data
        self._tag_is_out = True
        return id3.tag(self._field) + data

    def _fail(self) -> NoReturn:
        self._process.wait()
        lines = self._messages.rest().decode("utf-8", "replace").strip().splitlines() or ["it gave no reason"]
        raise AudioError(f"ffmpeg failed with status {self._process.returncode}: {lines[-1]}")

    def close(self) -> None:
        """End the child process."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        with suppress(OSError):
            self._input.close()
        self._output.rest()
        self._messages.rest()


class M4aEncoder(AacEncoder):
    """AAC in MP4. A stream comes in fragments; a file is one piece with its description first, made in a temporary folder.

    ffmpeg writes the field where TC260-PG-202510A wants it: key AIGC in ``moov.udta.meta``.
    """

    _folder: "tempfile.TemporaryDirectory[str] | None" = None

    def _container(self) -> list[str]:
        flags = "+faststart" if self._seekable else "+frag_keyframe+empty_moov+default_base_moof"
        target = PIPE
        if self._seekable:
            self._folder = tempfile.TemporaryDirectory(prefix="tingshuo-")
            target = str(Path(self._folder.name, "out.m4a"))
        named = [] if self._field is None else ["-metadata", f"{NAME}={self._field.to_json()}"]
        # A fragment a second; without the limit there would be one at the end.
        pieces = [] if self._seekable else ["-frag_duration", "1000000"]
        return [*named, "-movflags", flags + "+use_metadata_tags", *pieces, "-f", "ipod", target]

    def _tag(self, data: bytes) -> bytes:
        return data

    def _finish(self) -> bytes:
        out = super()._finish()
        return out if self._folder is None else Path(self._folder.name, "out.m4a").read_bytes()

    def close(self) -> None:
        """End the child process and remove its file."""
        super().close()
        if self._folder is not None:
            self._folder.cleanup()


class _Drain:
    """Reads a pipe in a thread, so that neither end waits for the other."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        assert pipe is not None
        self._pipe = pipe
        self._pieces: deque[bytes] = deque()
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while piece := self._pipe.read1(65536):  # type: ignore[attr-defined]
            self._pieces.append(piece)

    def take(self) -> bytes:
        """Return what has come so far."""
        return b"".join(self._pieces.popleft() for _ in range(len(self._pieces)))

    def rest(self) -> bytes:
        """Wait for the pipe's end; return what remained."""
        self._thread.join()
        self._pipe.close()
        return self.take()
