"""What the graphs of a bundle are given in use: sentences that are spoken, some to choose scales by, others to judge by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tingshuo.engine.onnx import Session
from tingshuo.errors import PortError
from tingshuo.port.bundling import Listener
from tingshuo.port.gates import timbres_of
from tingshuo.port.passes.subject import Inputs
from tingshuo.store.bundle import Bundle
from tingshuo.tasks.golden import has_golden, read_vectors
from tingshuo.tasks.tts import TASK, Speech, Voice

Array = NDArray[Any]
Call = dict[str, Array]

CALIBRATION = (
    "今天天气真好，我们去公园吧。",
    "请问，去火车站怎么走？",
    "他花了三百二十五块钱，买了两件衬衫。",
    "哇，这也太厉害了！",
    "春眠不觉晓，处处闻啼鸟。",
    "如果明天下雨，会议就改到星期四下午两点。",
    "对不起，我没听清楚，您能再说一遍吗？",
    "月光照在窗前，像一层薄薄的霜。",
)
"""Own sentences: statements, questions, numbers, an exclamation, a line of verse by Meng Haoran."""
TEST = ("小猫悄悄地爬上了屋顶。", "这本书的第三章，你读完了吗？")
"""Others, to judge by."""
JUDGED_CALLS = 3
"""Calls of a graph whose outputs are compared; those lie evenly between the first and the last."""
TIMED_CALLS = 3


@dataclass(frozen=True, slots=True)
class Material:
    """Calls of each graph by name: to choose scales by, and to judge and time by; of a voice, sentences as they sound now.

    ``timbres`` has the speaker's vector of each sentence.
    """

    calibration: Mapping[str, Sequence[Call]]
    test: Mapping[str, Sequence[Call]]
    speeches: tuple[Speech, ...] = ()
    timbres: tuple[Array, ...] = ()


def gather(bundle: Bundle, voice: Voice | None, *, calibrate: bool = True) -> Material:
    """Collect what the graphs of a bundle are given.

    Parameters
    ----------
    bundle : Bundle
        For its golden vectors, where it is no voice.
    voice : Voice or None
        Of it, in float32.
    calibrate : bool
        Whether there are passes that choose scales.

    Raises
    ------
    PortError
        It is no voice and has no golden vectors.
    """
    if voice is None:
        if not has_golden(bundle):
            raise PortError(
                f"{bundle.path}: is no voice that speaks and has no golden vectors, so nothing can be measured with it"
            )
        calls = {name: [read_vectors(bundle, name)[0]] for name in bundle.manifest.graphs}
        return Material(calls, calls)
    learnt = _listen(voice, CALIBRATION)[0] if calibrate else {}
    judged, speeches = _listen(voice, TEST)
    return Material(learnt, judged, speeches, timbres_of(speeches))


def spread(calls: Sequence[Inputs], n: int) -> list[Inputs]:
    """Return at most ``n`` calls, evenly from the first to the last."""
    return [calls[k] for k in sorted({round(k) for k in np.linspace(0, len(calls) - 1, n)})]


def is_voice(bundle: Bundle) -> bool:
    """Whether a bundle speaks by itself."""
    return bundle.manifest.task == TASK


def _listen(voice: Voice, texts: Sequence[str]) -> tuple[dict[str, list[Call]], tuple[Speech, ...]]:
    before = dict(voice.graphs)
    listeners = {name: Listener(session) for name, session in before.items()}
    voice.graphs.update(cast(Mapping[str, Session], listeners))
    try:
        speeches = tuple(voice.synthesize(text) for text in texts)
    finally:
        voice.graphs.update(before)
    return {name: listener.calls for name, listener in listeners.items()}, speeches
