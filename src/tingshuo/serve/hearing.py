"""A recording on its way through a server: segment by segment, as it is heard."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tingshuo.audio.mono import MonoBlocks
from tingshuo.audio.read import Reader
from tingshuo.audio.vad import SAMPLE_RATE
from tingshuo.engine.interrupt import current_options
from tingshuo.errors import AudioError, EngineError, TooLargeError
from tingshuo.serve.access.calling import CALLER
from tingshuo.tasks.recognise.hearing import Hears
from tingshuo.tasks.recognise.transcribe import Listening, Transcription
from tingshuo.tasks.recognise.transcript import Segment, Transcript, main_language
from tingshuo.types import Wav

LONGEST_S = 12 * 3600.0
"""Of a recording; a small file may hold years of silence."""
BYTES_A_SECOND = 16_000
"""What most compressed recordings take, where a file does not say how long it is."""
FIELD = "file"


class Hearing:
    """One recording. `segments` runs in a worker thread; what is known so far may be read between its steps.

    Parameters
    ----------
    path : Path
        Where it lies.
    name : str
        What it is called in errors.
    recogniser : Hears
        Who hears it.
    listening : Listening
        How.

    Attributes
    ----------
    expected_s : float
        Seconds that it says it has, or probably has; in the end those that it had.
    stages : None
        Hearing is timed as a whole.
    """

    stages: None = None

    def __init__(self, path: Path, name: str, recogniser: Hears, listening: Listening) -> None:
        self.path, self.name = path, name
        self.expected_s = _expected_s(path)
        self._recogniser, self._listening = recogniser, listening
        self._blocks = _Blocks(path, SAMPLE_RATE)
        self._transcription: Transcription | None = None
        self._segments: list[Segment] = []
        self._caller = CALLER.get()

    @property
    def made_s(self) -> float:
        """Seconds heard so far."""
        return self._blocks.heard_s

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was wrong so far and did not stop the work."""
        return () if self._transcription is None else self._transcription.warnings

    @property
    def transcript(self) -> Transcript:
        """Everything that was heard so far."""
        language = main_language(self._segments, self._listening.language)
        return Transcript(tuple(self._segments), self.made_s, language, self.warnings)

    def segments(self) -> Iterator[Segment | None]:
        """Yield what was said, each segment as soon as it is known, and None now and then, so that others get the thread.

        Raises
        ------
        AudioError
            It cannot be read; it is called by its name.
        TooLargeError
            It is longer than `LONGEST_S`.
        RequestError
            Hotwords are given, and the recogniser does not search.
        EngineError
            The graphs cannot be run, or whoever asked has left.
        """
        try:
            self._transcription = Transcription(self.path, self._recogniser, self._listening)
            self._transcription.blocks = self._blocks
            with _called(self.path, self.name):
                for segment in self._transcription.steps():
                    if segment is not None:
                        self._segments.append(segment)
                    yield segment
            self.expected_s = self.made_s  # a wrong guess says nothing about other recordings
        finally:
            if self._caller is not None:
                self._caller.heard(self.made_s)


class _Blocks(MonoBlocks):
    """Breaks off when it has no end, and when nobody waits any more: where nobody speaks, no graph runs that could be stopped."""

    def __iter__(self) -> Iterator[Wav]:
        for block in super().__iter__():
            options = current_options()
            if options is not None and options.terminate:
                raise EngineError("whoever asked has left")
            if self.heard_s > LONGEST_S:
                raise TooLargeError(f"the recording is longer than {LONGEST_S / 3600:g} hours; send it in pieces", FIELD)
            yield block


@contextlib.contextmanager
def _called(path: Path, name: str) -> Iterator[None]:
    """Let errors call a recording by its name: where the server keeps it is no business of a client's."""
    try:
        yield
    except AudioError as error:
        told = type(error)(str(error).replace(str(path), name))
        told.param = FIELD
        raise told from error


def _expected_s(path: Path) -> float:
    try:
        with Reader(path) as reader:
            if reader.n_samples is not None and reader.sample_rate > 0:
                return float(reader.n_samples / reader.sample_rate)
    except AudioError:  # it is said when it is heard, and ffmpeg may know it
        pass
    return path.stat().st_size / BYTES_A_SECOND
