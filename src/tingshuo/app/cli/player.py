"""Play a stream on this machine, through whichever player is installed."""

import shutil
import subprocess
from types import TracebackType
from typing import Self

from tingshuo.audio.write import open_encoder
from tingshuo.errors import OutputError
from tingshuo.types import Wav

_NO_DEVICE = b"audio open failed"
"""What ffplay says when there is no sound device; it exits with 0 all the same."""
PLAYERS = {
    "aplay": ("-q", "-t", "raw", "-f", "S16_LE", "-c", "1", "-r", "{rate}", "-"),
    "paplay": ("--raw", "--format=s16le", "--channels=1", "--rate={rate}"),
    "ffplay": ("-v", "error", "-nodisp", "-autoexit", "-f", "s16le", "-ar", "{rate}", "-i", "-"),
}
"""Programs that play 16-bit samples from standard input, and how; the first one found is used."""


class Player:
    """A running player.

    Parameters
    ----------
    sample_rate : int
        Samples per second of what will be written.

    Raises
    ------
    OutputError
        No player is installed.
    """

    def __init__(self, sample_rate: int) -> None:
        found = next(((name, path) for name in PLAYERS if (path := shutil.which(name))), None)
        if found is None:
            raise OutputError(f"nothing here can play audio ({', '.join(PLAYERS)} were looked for); write a file with -o out.wav")
        self._name, path = found
        self._encoder = open_encoder("pcm", sample_rate)
        arguments = [part.format(rate=sample_rate) for part in PLAYERS[self._name]]
        self._process = subprocess.Popen(  # noqa: S603
            [path, *arguments], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    def __enter__(self) -> Self:
        return self

    def write(self, wav: Wav) -> None:
        """Play more samples, after those before.

        Raises
        ------
        OutputError
            The player ended.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(self._encoder.encode(wav))
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failure() from None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Wait until all was played, or stop at once after an error."""
        if error is not None:
            self._process.kill()
        _, complaint = self._process.communicate()
        if error is None and _NO_DEVICE in complaint:
            raise self._failure(b"no sound device could be opened")
        if error is None and self._process.returncode:
            raise self._failure(complaint)

    def _failure(self, complaint: bytes | None = None) -> OutputError:
        if complaint is None:
            _, complaint = self._process.communicate()
        last = complaint.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"exit code {self._process.returncode}"]
        return OutputError(f"{self._name} cannot play: {last[0]}; write a file with -o out.wav")
