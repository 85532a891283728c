"""What a voice says while it is proved uses every graph as a request would."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")

from tingshuo.engine.onnx import open_graph
from tingshuo.port.bundling import Listener
from tingshuo.port.convert.rehearsal import SENTENCE, speak_once
from tingshuo.store.bundle import open_bundle
from tingshuo.text.frontend import Frontend

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
