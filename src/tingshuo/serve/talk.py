"""A text that comes in pieces, on its way through a server: one job from its first sentence to its last, whenever they come."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from dataclasses import fields, replace
from uuid import uuid4

from tingshuo.audio.chunking import Rechunker
from tingshuo.audio.write import Encoder, open_encoder
from tingshuo.errors import TextError, TooLargeError
from tingshuo.serve.service import Service
from tingshuo.serve.take import CHARACTER_S, Order, Take
from tingshuo.tasks.labelled import Labeller, spoken_label
from tingshuo.text.arriving import Arriving
from tingshuo.types import MAX_CHARACTERS, AudioChunk, Stages

Step = tuple[AudioChunk | None, bytes]
"""A chunk and its bytes; without a chunk what an encoder had kept, or, when there is none of that, that text is awaited."""


class Talk:
    """One text of one listener: `add` pieces and say when it is `over`; `steps` are what is spoken of it meanwhile.

    Parameters
    ----------
    service : Service
        Whose voices and threads are used.
    order : Order
        How it is to be spoken; its text is not looked at.
    """

    speaker = ""
    sample_rate = 0

    def __init__(self, service: Service, order: Order) -> None:
        self.order = order
        self.characters = 0
        self.warnings: dict[str, None] = {}
        self._service = service
        self._voices = service.voices  # to the end, though there be others meanwhile
        self._arriving = Arriving()
        self._parts: deque[str] = deque()
        self.is_over = False
        self._more = asyncio.Event()
        self._take: Take | None = None
        self._spoken_samples = self._given_samples = 0
        self._rechunker = Rechunker(service.workers.chunk_s)
        self._labeller: Labeller | None = None
        self._spent = Stages()
        self._encoder: Encoder | None = None
        self._refused: TextError | None = None

    @property
    def expected_s(self) -> float:
        """Seconds of audio that the text so far will probably make."""
        return CHARACTER_S * self.characters / self.order.request.speed

    @property
    def made_s(self) -> float:
        """Seconds of audio made so far."""
        return self._given_samples / self.sample_rate if self.sample_rate else 0.0

    @property
    def label(self) -> dict[str, object] | None:
        """What is told of the label."""
        return None if self._labeller is None else self._labeller.describe()

    @property
    def stages(self) -> Stages:
        """Where the time went."""
        now = self._take.stages if self._take is not None else None
        return self._spent if now is None else _sum(self._spent, now)

    def add(self, piece: str) -> None:
        """Take a piece of the text.

        Raises
        ------
        TooLargeError
            It has become too long.
        """
        self.characters += len(piece)
        if self.characters > MAX_CHARACTERS:
            raise TooLargeError(f"the text has more than {MAX_CHARACTERS} characters; begin a new one", "text")
        self._give(self._arriving.add(piece))

    def over(self) -> None:
        """The text is whole: what still waits for more is spoken."""
        self._give(self._arriving.rest())
        self.is_over = True
        self._more.set()

    async def steps(self) -> AsyncGenerator[Step]:
        """Yield steps, each as soon as it is made; close the generator to stop the work.

        Raises
        ------
        BusyError
            More is promised than can be made in time.
        TextError
            There was nothing to speak in all of it, or malformed markup.
        """
        await self._wait()
        job = self._service.workers.start(self._steps, self, live=True)
        try:
            async for chunk, data in job:
                if chunk is None and not data:
                    await self._wait()
                else:
                    yield chunk, data
        finally:
            await job.aclose()

    def _give(self, part: str) -> None:
        if part:
            self._parts.append(part)
            self._more.set()

    async def _wait(self) -> None:
        """Wait until there is something to speak, or the text is over."""
        while not self._parts and not self.is_over:
            self._more.clear()
            await self._more.wait()

    def _steps(self) -> Iterator[Step]:
        """Speak, in a worker thread."""
        try:
            while self._parts or not self.is_over:
                if self._parts:
                    yield from self._speak(self._parts.popleft())
                else:
                    yield None, b""
            if self._encoder is None or self._labeller is None:
                raise self._refused or TextError("text is empty; give at least one character that can be spoken")
            for chunk in self._labeller.finish():
                yield from self._out(chunk)
            for chunk in self._rechunker.finish():
                yield self._encoded(chunk)
            yield None, self._encoder.finish()
        finally:
            if self._encoder is not None:
                self._encoder.close()

    def _speak(self, part: str) -> Iterator[Step]:
        order, workers = replace(self.order, request=replace(self.order.request, text=part)), self._service.workers
        self._take = take = Take(self._voices, order, start_samples=self._spoken_samples, ahead=workers.ahead)
        try:
            for chunk in take.speech():
                labeller = self._labeller or self._begin(take, chunk.sample_rate)
                self._spoken_samples += len(chunk.wav)
                for one in labeller.push(chunk):
                    yield from self._out(one)
        except TextError as error:
            self._refused = error  # a line of asterisks between two sentences is no reason to stop
        else:
            self.warnings |= dict.fromkeys(take.stream.warnings)
        self._spent, self._take = self.stages, None

    def _begin(self, take: Take, sample_rate: int) -> Labeller:
        """Make what needs to be known of the first sentence: who speaks, and at what rate."""
        self.speaker, self.sample_rate = take.stream.speaker, sample_rate
        voice, volume = self._voices.open(self.order.voice), self.order.request.volume
        # The text is not known yet, so its number is not one that is made of it.
        self._labeller = labeller = Labeller(self.order.label, uuid4().hex, lambda: spoken_label(voice, self.speaker, volume))
        self._encoder = open_encoder(self.order.format, sample_rate, field=labeller.field)
        return labeller

    def _out(self, chunk: AudioChunk) -> Iterator[Step]:
        for one in self._rechunker.push(chunk):
            yield self._encoded(one)

    def _encoded(self, chunk: AudioChunk) -> Step:
        assert self._encoder is not None
        self._given_samples += len(chunk.wav)
        return chunk, self._encoder.encode(chunk.wav)


def _sum(one: Stages, other: Stages) -> Stages:
    """Add times; the first audio is that of the first, the factor that of the last."""
    total = {row.name: getattr(one, row.name) + getattr(other, row.name) for row in fields(Stages)}
    return Stages(**total | {"ttfb_ms": one.ttfb_ms or other.ttfb_ms, "rtf": other.rtf})
