import pytest

torch = pytest.importorskip("torch")

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.calibration import pick_texts, record_inputs  # noqa: E402
from tingshuo.port.verify import open_model  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def sessions(exported, tensors):
    return {name: open_model(model, tensors) for name, model in exported.items()}


def test_every_sentence_reaches_every_graph(tiny, sessions, tensors):
    seen = record_inputs(sessions, tiny[0], tensors, ["你好。", "天气很好。", "……"])
    assert {name: len(rows) for name, rows in seen.items()} == dict.fromkeys(sessions, 2)
    first, second = seen["pitch"]
    assert not (first["style"] == second["style"]).all()  # styles take turns
    assert seen["vocoder"][0]["mel"].shape[2] == seen["decoder"][0]["frames"].shape[1]


def test_texts_without_speech_are_refused(tiny, sessions, tensors):
    with pytest.raises(PortError, match="can be spoken"):
        record_inputs(sessions, tiny[0], tensors, ["……", "!"])


def test_picked_texts_are_spread_short_and_different():
    lines = [f"句子{i}" for i in range(100)] + ["", "长" * 41]
    first, second = pick_texts(lines, 10), pick_texts(lines, 10, offset=3)
    assert first == [f"句子{i}" for i in range(0, 100, 10)]
    assert not set(first) & set(second)
