import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tingshuo.port.variants as variants  # noqa: E402
from tingshuo.errors import VerifyError  # noqa: E402
from tingshuo.port.verify import LIMITS_DB  # noqa: E402

pytestmark = pytest.mark.train
CALIBRATION, TEST = ["今天天气很好。", "我们去公园吧。"], ["你吃饭了吗？"]


@pytest.fixture
def build(tiny, exported, monkeypatch):
    monkeypatch.setattr(variants, "export_graph", lambda graph: exported[graph.name])
    return lambda: variants.build_variants(*tiny, CALIBRATION, TEST, "你好。")


def test_both_precisions_pass_and_golden_vectors_come_along(build):
    built = build()
    assert {precision: list(models) for precision, models in built.models.items()} == {
        "fp32": ["encoder", "pitch", "decoder", "vocoder"],
        "int8": [name for name in ("encoder", "pitch", "decoder", "vocoder") if name not in built.refused],
    }
    assert max(built.errors["fp32"].values()) < -60
    assert {"golden/limits.json", "golden/encoder.npz", "golden/vocoder.npz"} <= built.golden.keys()
    assert all(np.isfinite(value) for value in built.figures.values())


def test_an_int8_graph_above_its_limit_is_left_out(build, monkeypatch):
    monkeypatch.setitem(LIMITS_DB, "int8", LIMITS_DB["int8"] | {"mel": -150.0})
    built = build()
    assert "decoder" not in built.models["int8"]
    assert "-150 dB" in built.refused["decoder"]
    assert "decoder" in built.models["fp32"]


def test_a_float32_graph_above_its_limit_stops_the_build(build, monkeypatch):
    monkeypatch.setattr("tingshuo.port.verify.FP32_DB", -199.0)
    with pytest.raises(VerifyError, match=r"fp32 output .* the limit is -199 dB"):
        build()
