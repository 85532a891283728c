"""A stream of audio in pieces of one size, for players and networks that want them so."""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from tingshuo.errors import RequestError
from tingshuo.types import AudioChunk, TimedSentence, Wav

SHORTEST_S, LONGEST_S = 0.01, 5.0


class Rechunker:
    """Cuts a stream anew; `push` and `finish` return the chunks that are full.

    Parameters
    ----------
    chunk_s : float or None
        Seconds, `SHORTEST_S` to `LONGEST_S`, rounded to whole samples; None leaves the chunks as they come.

    Raises
    ------
    RequestError
        A length outside its range.
    """

    def __init__(self, chunk_s: float | None) -> None:
        if chunk_s is not None and not SHORTEST_S <= chunk_s <= LONGEST_S:
            raise RequestError(f"chunk must be {SHORTEST_S:g} to {LONGEST_S:g} seconds, got {chunk_s:g}", "chunk")
        self._chunk_s = chunk_s
        self._sentences: deque[TimedSentence] = deque()
        self._parts: list[Wav] = []
        self._held = self._start = self._rate = 0

    def push(self, chunk: AudioChunk) -> list[AudioChunk]:
        """Add a chunk.

        A sentence comes with the first full chunk after it was begun, and where several have begun, one with each.
        """
        if self._chunk_s is None:
            return [chunk]
        if not self._rate:
            self._rate, self._start = chunk.sample_rate, chunk.start_samples
        if chunk.sentence is not None:
            self._sentences.append(chunk.sentence)
        self._parts.append(chunk.wav)
        self._held += len(chunk.wav)
        size = round(self._chunk_s * self._rate)
        if self._held < size:
            return []
        wav, whole = np.concatenate(self._parts), self._held - self._held % size
        self._parts, self._held = [wav[whole:]], self._held - whole
        return [self._next(wav[first : first + size]) for first in range(0, whole, size)]

    def finish(self) -> list[AudioChunk]:
        """End the stream; the last chunk may be shorter."""
        rest = []
        while self._held or self._sentences:
            wav = np.concatenate(self._parts)
            self._parts, self._held = [wav[:0]], 0
            rest.append(self._next(wav))
        return rest

    def _next(self, wav: Wav) -> AudioChunk:
        start, self._start = self._start, self._start + len(wav)
        return AudioChunk(wav, self._rate, start, self._sentences.popleft() if self._sentences else None)


def rechunk(chunks: Iterable[AudioChunk], chunk_s: float | None) -> Iterator[AudioChunk]:
    """Yield the samples of a stream in chunks of one length, see `Rechunker`."""
    rechunker = Rechunker(chunk_s)
    for chunk in chunks:
        yield from rechunker.push(chunk)
    yield from rechunker.finish()
