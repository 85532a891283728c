"""What nets answer is the same in a process of their own, and weights that they let go of come back."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.port.tiny_vocoders import HIFIGAN_TINY  # noqa: E402

from tingshuo.models.hifigan.net import HiFiGan  # noqa: E402
from tingshuo.port import reference  # noqa: E402
from tingshuo.port.families import sizes  # noqa: E402
from tingshuo.port.reference import answers, compute  # noqa: E402
from tingshuo.store.tensors import release, write_tensors  # noqa: E402

pytestmark = pytest.mark.train
ARCHITECTURE = sizes("hifigan", HIFIGAN_TINY)


@pytest.fixture
def held(tmp_path: Path) -> tuple[HiFiGan, dict[str, Path], dict[str, Any]]:
    """A net, its weights in a file, and two calls."""
    torch.manual_seed(0)
    net = HiFiGan(HIFIGAN_TINY).eval()
    write_tensors({name: tensor.numpy() for name, tensor in net.state_dict().items()}, tmp_path / "vocoder.safetensors")
    rng = np.random.default_rng(0)
    calls = [{"mel": rng.standard_normal((1, HIFIGAN_TINY.mels, n)).astype(np.float32)} for n in (7, 9)]
    return net, {"vocoder": tmp_path / "vocoder.safetensors"}, {"vocoder": calls}


def test_layers_let_go_of_their_weights_and_answer_the_same(held: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    net, weights, calls = held
    given_back: list[int] = []

    def note(tensors: Any) -> None:
        given_back.append(len(list(tensors)))
        release(tensors)

    monkeypatch.setattr(reference, "release", note)
    monkeypatch.setattr(reference, "LET_GO_BYTES", 1)
    found = compute(ARCHITECTURE, weights, calls)["vocoder"]
    with torch.inference_mode():
        for answer, call in zip(found, calls["vocoder"], strict=True):
            np.testing.assert_array_equal(answer["wav"], net(torch.from_numpy(call["mel"])).numpy())
    assert len(given_back) > 20


def test_another_process_answers_the_same(held: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, weights, calls = held
    here = answers(ARCHITECTURE, weights, calls, tmp_path)
    monkeypatch.delitem(reference.sys.modules, "torch")  # type: ignore[attr-defined]
    there = answers(ARCHITECTURE, weights, calls, tmp_path)
    for one, other in zip(here["vocoder"], there["vocoder"], strict=True):
        np.testing.assert_allclose(one["wav"], other["wav"], atol=1e-6)
