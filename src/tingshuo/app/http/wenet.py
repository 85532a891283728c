"""``WS /wenet``: the messages of WeNet's runtime, for clients that were written for it.

The client says ``{"signal": "start", "nbest": 1, "continuous_decoding": true}``, sends samples of 16 bits at 16 kHz in binary
messages, and ends with ``{"signal": "end"}``. The server answers ``server_ready``, ``partial_result`` and ``final_result`` with
the likeliest texts as a string of JSON, and ``speech_end``, after which it leaves. Without ``continuous_decoding`` the first
utterance is the last.

Facts: ``runtime/core/websocket`` of https://github.com/wenet-e2e/wenet.
"""

from typing import Any

from fastapi import APIRouter, WebSocket

from tingshuo.app.http.bodies import parse
from tingshuo.app.http.live_connection import LiveConnection, Wanted
from tingshuo.app.http.replies import encode_json
from tingshuo.errors import RequestError, TingshuoError
from tingshuo.serve.live import LiveHearing
from tingshuo.tasks.recognise.live import Event, Final, Partial
from tingshuo.tasks.recognise.transcribe import MOST_TEXTS, Listening
from tingshuo.tasks.recognise.transcript import Segment

SIGNALS = ("start", "end")
_NORMAL = 1000

router = APIRouter(tags=["WeNet"])


@router.websocket("/wenet")
async def wenet(socket: WebSocket) -> None:
    """Hear what comes until the client leaves."""
    await socket.accept()
    await WenetSession(socket, socket.app.state.service).run()


class WenetSession(LiveConnection):
    """One connection, for one recording."""

    _continuous = False
    _has_started = False
    _told_last = False
    """Whether the last thing that was told was a final text."""
    _has_enough = False

    async def on_text(self, text: str) -> None:
        """Take a signal."""
        fields = parse(text.encode("utf-8", "surrogatepass"))
        signal = fields.get("signal")
        if signal not in SIGNALS:
            raise RequestError(f"unknown signal {signal!r:.40}; accepted: {', '.join(SIGNALS)}", "signal")
        if signal == "end":
            self._check_started()
            self.over()
        elif self._has_started:
            raise RequestError("the recording has started already; send end, and start on another connection", "signal")
        else:
            await self._start(fields)

    async def on_audio(self, data: bytes) -> None:
        """Hear it; what comes behind the end is not heard."""
        self._check_started()
        if self._hearing is not None and not self._hearing.is_over:
            await self.add(data)

    async def on_event(self, event: Event) -> None:
        """Tell what was heard."""
        if self._has_enough:
            return
        if isinstance(event, Partial):
            self._told_last = False
            await self._tell_texts("partial_result", [{"sentence": event.text}])
        elif isinstance(event, Final):
            self._told_last = True
            await self._tell_texts("final_result", _texts(event.segment))
            if not self._continuous:
                self._has_enough = True
                self.over(drop=True)

    async def on_done(self, hearing: LiveHearing) -> None:
        """Tell that this was all, and leave; who heard nothing at all says so."""
        if not self._told_last:
            await self._tell_texts("final_result", [{"sentence": "", "word_pieces": []}])
        await self.send({"status": "ok", "type": "speech_end"})
        await self.close(_NORMAL, "")

    async def on_error(self, error: TingshuoError) -> None:
        """Tell what is wrong, and leave."""
        await self.send({"status": "failed", "message": str(error)})
        await self.close(_NORMAL, "")

    async def _start(self, fields: dict[str, Any]) -> None:
        nbest, continuous = fields.get("nbest", 1), fields.get("continuous_decoding", False)
        if not isinstance(nbest, int) or isinstance(nbest, bool) or not 1 <= nbest <= MOST_TEXTS:
            raise RequestError(f"nbest must be a whole number from 1 to {MOST_TEXTS}, got {nbest!r:.40}", "nbest")
        if not isinstance(continuous, bool):
            raise RequestError(f"continuous_decoding must be true or false, got {continuous!r:.40}", "continuous_decoding")
        await self.open(Wanted(listening=Listening(best=nbest, finish=None)))
        self._continuous, self._has_started = continuous, True
        await self.send({"status": "ok", "type": "server_ready"})

    def _check_started(self) -> None:
        if not self._has_started:
            raise RequestError('the recording has not started; send {"signal": "start"} before its sound', "signal")

    async def _tell_texts(self, kind: str, texts: list[dict[str, Any]]) -> None:
        await self.send({"status": "ok", "type": kind, "nbest": encode_json(texts).decode()})


def _texts(segment: Segment) -> list[dict[str, Any]]:
    """Return the likeliest texts, the first with the times of its words in milliseconds."""
    words = [{"word": word.text, "start": round(1000 * word.start_s), "end": round(1000 * word.end_s)} for word in segment.words]
    others: list[dict[str, Any]] = [{"sentence": one.text, "word_pieces": []} for one in segment.alternatives]
    return [{"sentence": segment.text, "word_pieces": words}, *others]
