import json

import pytest

pytest.importorskip("torch")

from tingshuo.port.optimized import write_optimized
from tingshuo.port.optimizing import subject_of
from tingshuo.port.passes.half import apply
from tingshuo.port.trials import Trial
from tingshuo.store.bundle import open_bundle

pytestmark = pytest.mark.train
TOLD = {"target": "pi", "notes": ["so it is"], "after": {}, "quality": None}


def test_new_tensors_lie_in_a_file_of_their_own_and_old_ones_go(imported, tmp_path):
    bundle = open_bundle(imported("sambert"))
    subject = apply(subject_of(bundle, "vocoder", "fp32"))
    kept = {("vocoder", "onnx", "fp32"): (subject, Trial("vocoder", ("half",), error_db={"wav": -64.0}))}
    made = open_bundle(write_optimized(bundle, tmp_path / "small", kept, lambda: TOLD), verify=True)
    variant = made.manifest.variant("vocoder", "fp32", "onnx")
    assert variant.weights == ("weights/vocoder.onnx.fp32.safetensors",)
    assert not set(made.tensors("weights/vocoder.safetensors")) & set(bundle.tensors("weights/vocoder.safetensors"))
    assert set(made.tensors("weights/acoustic.safetensors")) == set(bundle.tensors("weights/acoustic.safetensors"))
    card = (made.path / "MODELCARD.md").read_text("utf-8")
    assert "so it is." in card
    assert "| vocoder | onnx fp32 | half | not measured here | -64 |" in card
    assert json.loads((made.path / "optimize.json").read_text("utf-8")) == TOLD
