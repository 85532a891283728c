"""What a voice says while it is proved uses every graph as a request would."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from tingshuo.config.conformer import ConformerBundleConfig, SpellingConfig
from tingshuo.config.fbank import FbankConfig
from tingshuo.engine.onnx import open_graph
from tingshuo.port.bundling import Listener
from tingshuo.port.convert.rehearsal import SENTENCE, hear_sentence, speak_once
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.recognise.language import FILE, language_tensors
from tingshuo.text.frontend import Frontend
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.lm.kneser_ney import estimate
from tingshuo.text.spelling import vocabulary_of

pytestmark = pytest.mark.train


@pytest.mark.parametrize("name", ["sambert", "sambert_bytes", "emotivoice"])
def test_every_graph_is_used(imported: Callable[[str], Path], name: str) -> None:
    bundle = open_bundle(imported(name))
    listeners = {}
    for graph, entry in bundle.manifest.graphs.items():
        (variant,) = entry.variants
        (weights,) = variant.weights
        listeners[graph] = Listener(open_graph(bundle.path / variant.path, bundle.tensors(weights)))
    speak_once(bundle.settings, bundle.tensors("weights/acoustic.safetensors"))(listeners)
    assert all(listener.calls for listener in listeners.values())


def test_what_is_said_is_one_sentence() -> None:
    assert len(list(Frontend(english=True).sentences(SENTENCE))) == 1


class Answering:
    """A graph that always answers the same."""

    def __init__(self, **answer: np.ndarray) -> None:
        self.answer, self.calls = answer, 0

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        self.calls += 1
        return self.answer


def test_a_recogniser_of_syllables_writes_with_the_words_of_its_bundle() -> None:
    model = estimate([["你好"]], 1)
    language = language_tensors(model, vocabulary_of(load_lexicon(), model.units))
    config = ConformerBundleConfig(
        family="conformer", fbank=FbankConfig(), units=("<blank>", "ni2", "hao3"), tokenizer="syllable",
        spelling=SpellingConfig(model=FILE), sos=0, eos=0, subsampling=4, context_frames=7, architecture={},
    )  # fmt: skip
    heard = np.log(np.full((1, 5, 3), 1 / 3, np.float32))
    graphs = {"encoder": Answering(encoded=np.zeros((1, 5, 4), np.float32)), "ctc": Answering(log_probs=heard)}
    hear_sentence(config, {FILE: language}, graphs)
    assert [graph.calls for graph in graphs.values()] == [1, 1]
