"""AAC through the ffmpeg program, where there is one."""

import subprocess
from collections import deque
from contextlib import suppress
from shutil import which
from threading import Thread
from typing import IO, NoReturn

from tingshuo.audio.encoders import Encoder, Pcm
from tingshuo.audio.formats import Format
from tingshuo.errors import AudioError, EncoderNotInstalledError

AAC_BITS_PER_S = 64_000
"""For each channel."""


class AacEncoder(Encoder):
    """AAC through a child process: ``ffmpeg`` from the PATH, samples to its input, ADTS frames from its output."""

    def __init__(self, format: Format, sample_rate: int, channels: int, *, seekable: bool) -> None:
        super().__init__(format, sample_rate, channels, seekable=seekable)
        program = which("ffmpeg")
        if program is None:
            raise EncoderNotInstalledError("aac needs the program ffmpeg on the PATH; install it, or choose mp3 or opus")
        source = ["-f", "s16le", "-ar", str(self._rate), "-ac", str(channels), "-i", "pipe:0"]
        target = ["-c:a", "aac", "-b:a", str(AAC_BITS_PER_S * channels), "-f", "adts", "pipe:1"]
        command = [program, "-hide_banner", "-loglevel", "error", *source, *target]
        # The list holds no word of a user's.
        self._process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self._process.stdin is not None
        self._input = self._process.stdin
        self._output, self._messages = _Drain(self._process.stdout), _Drain(self._process.stderr)

    def _encode(self, pcm: Pcm) -> bytes:
        try:
            self._input.write(pcm.tobytes())
        except OSError:
            self._fail()
        return self._output.take()

    def _finish(self) -> bytes:
        try:
            self._input.close()
        except OSError:
            self._fail()
        out = self._output.rest()
        if self._process.wait():
            self._fail()
        return out

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
