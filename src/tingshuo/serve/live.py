"""Live recognition on its way through a server: one job from the first sample of a speaker to the last, whenever they come."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterator

import numpy as np

from tingshuo.errors import TooLargeError
from tingshuo.serve.access.calling import CALLER
from tingshuo.serve.service import Service
from tingshuo.tasks.recognise.hearing import Hears
from tingshuo.tasks.recognise.live import Event, Live, LiveSession
from tingshuo.tasks.recognise.transcribe import Listening
from tingshuo.types import Wav

LONGEST_S = 4 * 3600.0
"""Of what one speaker may say; its times would be ever less exact, and nobody says so much in one go."""
BUFFER_S = 10.0
"""What may wait to be heard; who sends faster has to wait himself."""
TAKEN_S = 0.4
"""What is heard at a time, so that nobody who comes late has to wait long for a thread."""
AHEAD_S = 10.0
"""What a speaker will say within the time that a server looks ahead."""


class LiveHearing:
    """What one speaker says: `add` samples and say when it is `over`; `events` are what is heard of it meanwhile.

    Parameters
    ----------
    service : Service
        Whose threads are used.
    recogniser : Hears
        Who hears.
    sample_rate, listening, live
        As of `tingshuo.tasks.recognise.live.LiveSession`, whose errors come from `events`.

    Attributes
    ----------
    made_s : float
        Seconds that were heard.
    is_over, has_ended : bool
        Whether nothing more comes; whether nobody hears any more.
    utterances : int
        How many have begun.
    warnings : tuple of str
        What was wrong so far and did not stop the work.
    stages : None
        Hearing is timed as a whole.
    """

    stages: None = None

    def __init__(self, service: Service, recogniser: Hears, sample_rate: int, listening: Listening, live: Live) -> None:
        self.made_s = 0.0
        self.is_over = self.has_ended = False
        self.warnings: tuple[str, ...] = ()
        self.utterances = 0
        self._service, self._recogniser = service, recogniser
        self._rate, self._listening, self._live = sample_rate, listening, live
        self._pieces: deque[Wav] = deque()
        self._added = self._taken = 0
        self._changed = asyncio.Event()
        self._caller = CALLER.get()

    @property
    def expected_s(self) -> float:
        """Seconds that will probably have to be heard, as far as that can be foreseen: a speaker speaks on."""
        return self.made_s if self.is_over else self.made_s + AHEAD_S

    @property
    def waiting_s(self) -> float:
        """Seconds that were added and are not heard yet."""
        return (self._added - self._taken) / self._rate

    def add(self, wav: Wav) -> None:
        """Take samples (T,).

        Raises
        ------
        TooLargeError
            Too much was said.
        """
        self._added += len(wav)
        if self._added > LONGEST_S * self._rate:
            raise TooLargeError(f"more than {LONGEST_S / 3600:g} hours were sent; begin anew", "audio")
        step = max(1, round(TAKEN_S * self._rate))
        self._pieces.extend(wav[first : first + step] for first in range(0, len(wav), step))
        self._changed.set()

    def over(self, *, drop: bool = False) -> None:
        """Nothing more comes: what was said last is heard to its end, unless what still waits is to be dropped."""
        if drop:
            self._pieces.clear()
            self._taken = self._added
        self.is_over = True
        self._changed.set()

    async def room(self) -> None:
        """Wait until more may be added, or nobody hears any more."""
        while self.waiting_s > BUFFER_S and not self.has_ended:
            await self._change()

    async def events(self) -> AsyncGenerator[list[Event]]:
        """Yield what is heard, as soon as it is; close the generator to stop the work.

        Raises
        ------
        BusyError
            More is to be heard already than can be in time.
        RequestError
            A rate that cannot be, or hotwords that can have no say.
        EngineError
            The graphs cannot be run.
        """
        try:
            job = self._service.workers.start(self._steps, self, task="hear")
            job.begun_s = self._service.workers.clock()  # from here on what is said is due as it is said
            try:
                async for found in job:
                    self._changed.set()
                    if found:
                        yield found
                    while not self._pieces and not self.is_over:
                        await self._change()
            finally:
                await job.aclose()
        finally:
            self.has_ended = True
            self._changed.set()
            if self._caller is not None:
                self._caller.heard(self.made_s)

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _steps(self) -> Iterator[list[Event]]:
        """Hear, in a worker thread; nothing is heard where there was nothing yet."""
        session = LiveSession(self._recogniser, self._rate, self._listening, self._live)
        yield []
        while self._pieces or not self.is_over:
            found = session.feed(self._next())
            self._note(session)
            yield found
        yield session.finish()
        self._note(session)

    def _next(self) -> Wav:
        """Return as much as is heard at a time."""
        taken, length = [np.zeros(0, np.float32)], 0
        while self._pieces and length < TAKEN_S * self._rate:
            taken.append(self._pieces.popleft())
            length += len(taken[-1])
        self._taken += length
        return np.concatenate(taken)

    def _note(self, session: LiveSession) -> None:
        self.made_s, self.warnings, self.utterances = session.fed_s, session.warnings, session.utterances
