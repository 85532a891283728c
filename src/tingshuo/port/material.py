"""What the graphs of a bundle are given in use: sentences that are spoken, some to choose scales by, others to judge by.

A vocoder alone is given the mels of what the built-in voice says, so that its scales come from speech too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.f0 import track_f0
from tingshuo.audio.mel import log_mel
from tingshuo.audio.resample import resample
from tingshuo.config.vocoder import VocoderBundleConfig
from tingshuo.engine.onnx import Session, open_graph
from tingshuo.errors import PortError, TextError
from tingshuo.port.bundling import Listener
from tingshuo.port.gates import timbres_of
from tingshuo.port.passes.subject import Inputs
from tingshuo.store.bundle import Bundle
from tingshuo.tasks.golden import has_golden, read_vectors
from tingshuo.tasks.tts import TASK, Speech, Voice
from tingshuo.tasks.vocoder import copy_synthesis
from tingshuo.tasks.voices import DEFAULT, load
from tingshuo.types import Runs, Stages

Array = NDArray[Any]
Call = dict[str, Array]
Says = Callable[[Sequence[str]], list[Speech]]
"""Texts -> what a bundle makes of them with the graphs that it has at the moment."""

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
COPIED_S = 1.5
"""Of each sentence, what a vocoder is given at most: large ones take as long as the sentence."""
VOCODER = "vocoder"
"""The graph of a vocoder alone."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """What makes sentences of a bundle: ``graphs`` are those that it uses, and may be exchanged for a while."""

    graphs: dict[str, Session]
    says: Says

    @contextmanager
    def using(self, sessions: Mapping[str, Runs]) -> Iterator[None]:
        """Use other graphs for a while."""
        before = dict(self.graphs)
        self.graphs.update(cast(Mapping[str, Session], sessions))
        try:
            yield
        finally:
            self.graphs.update(before)


@dataclass(frozen=True, slots=True)
class Material:
    """Calls of each graph by name: to choose scales by, and to judge and time by; of what speaks, sentences as they sound now.

    ``texts`` are what it is judged by, and ``timbres`` has the speaker's vector of each.
    """

    calibration: Mapping[str, Sequence[Call]]
    test: Mapping[str, Sequence[Call]]
    texts: tuple[str, ...] = ()
    speeches: tuple[Speech, ...] = ()
    timbres: tuple[Array, ...] = ()


def speaker_of(bundle: Bundle) -> Speaker | None:
    """Return what makes sentences of a bundle in float32; None where it makes none.

    A voice says them. A vocoder makes those of the built-in voice sound again.
    """
    if is_voice(bundle):
        voice = Voice(bundle, precision="fp32")
        return Speaker(voice.graphs, lambda texts: [voice.synthesize(text) for text in texts])
    if isinstance(bundle.settings, VocoderBundleConfig):
        return _copyist(bundle, bundle.settings)
    return None


def _copyist(bundle: Bundle, config: VocoderBundleConfig) -> Speaker:
    variant = bundle.manifest.variant(VOCODER, "fp32", "onnx")
    tensors = {name: tensor for file in variant.weights for name, tensor in bundle.tensors(file).items()}
    graphs = {VOCODER: open_graph(bundle.path / variant.path, tensors)}
    voice = load(DEFAULT)
    mels: dict[str, tuple[Array, Array]] = {}

    def says(texts: Sequence[str]) -> list[Speech]:
        made = []
        for text in texts:
            if text not in mels:
                mels[text] = _features(voice.synthesize(text), config)
            wav = copy_synthesis(graphs[VOCODER], config, *mels[text])
            made.append(Speech(wav, config.sample_rate, (), Stages(), ()))
        return made

    return Speaker(graphs, says)


def _features(speech: Speech, config: VocoderBundleConfig) -> tuple[Array, Array]:
    """Return the mel (n_mels, F) and F0 (F,) Hz of a sentence, as a vocoder reads them."""
    wav = resample(speech.wav, speech.sample_rate, config.sample_rate).astype(np.float32)[: round(COPIED_S * config.sample_rate)]
    mel = log_mel(wav, config.mel)
    f0 = np.zeros(mel.shape[1], np.float32)
    tracked = track_f0(wav, config.sample_rate, config.mel.hop_length)[: len(f0)]
    f0[: len(tracked)] = tracked
    return mel, f0


def gather(bundle: Bundle, speaker: Speaker | None, *, calibrate: bool = True) -> Material:
    """Collect what the graphs of a bundle are given.

    Parameters
    ----------
    bundle : Bundle
        For its golden vectors, where it makes no sentences.
    speaker : Speaker or None
        Of it.
    calibrate : bool
        Whether there are passes that choose scales.

    Raises
    ------
    PortError
        It makes no sentences, or none that it can say, and has no golden vectors.
    """
    judged, said = _listen(speaker, TEST) if speaker is not None else ({}, {})
    if speaker is None or not said:
        if not has_golden(bundle):
            raise PortError(
                f"{bundle.path}: says none of our sentences and has no golden vectors, so nothing can be measured with it"
            )
        calls = {name: [read_vectors(bundle, name)[0]] for name in bundle.manifest.graphs}
        return Material(calls, calls)
    learnt = _listen(speaker, CALIBRATION)[0] if calibrate else {}
    speeches = tuple(said.values())
    return Material(learnt, judged, tuple(said), speeches, timbres_of(speeches))


def spread(calls: Sequence[Inputs], n: int) -> list[Inputs]:
    """Return at most ``n`` calls, evenly from the first to the last."""
    return [calls[k] for k in sorted({round(k) for k in np.linspace(0, len(calls) - 1, n)})]


def is_voice(bundle: Bundle) -> bool:
    """Whether a bundle speaks by itself."""
    return bundle.manifest.task == TASK


def _listen(speaker: Speaker, texts: Sequence[str]) -> tuple[dict[str, list[Call]], dict[str, Speech]]:
    """Return the calls of each graph and what is said, but for texts that the voice cannot say: it may know another language."""
    listeners = {name: Listener(session) for name, session in speaker.graphs.items()}
    said = {}
    with speaker.using(listeners):
        for text in texts:
            with suppress(TextError):
                (said[text],) = speaker.says([text])
    return {name: listener.calls for name, listener in listeners.items()}, said
