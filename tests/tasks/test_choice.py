import pytest

from tingshuo.errors import BundleError
from tingshuo.store.bundle import open_bundle
from tingshuo.store.manifest import GraphEntry, GraphVariant, Measurement
from tingshuo.tasks import choice
from tingshuo.tasks.choice import choose, machine_kind
from tingshuo.tasks.voices import find_voice


@pytest.fixture
def manifest():
    """A manifest whose decoder has four variants."""
    made = open_bundle(find_voice("default")).manifest
    kinds = [("onnx", "fp32"), ("onnx", "int8"), ("openvino", "fp32"), ("openvino", "bf16")]
    entry = made.graphs["decoder"]
    variants = tuple(GraphVariant(engine=e, precision=p, path=entry.variants[0].path) for e, p in kinds)
    return made.replace(
        graphs={"decoder": GraphEntry(inputs=entry.inputs, outputs=entry.outputs, variants=variants)}, measured=()
    )


def pick(manifest, **asked) -> str:
    found = choose(manifest, "decoder", **asked)
    return f"{found.engine} {found.precision}"


@pytest.fixture
def machine(monkeypatch):
    """Say what this machine has."""

    def have(*, int8: bool, openvino: bool, bf16: bool = True) -> None:
        monkeypatch.setattr(choice, "has_bf16", lambda: bf16)
        monkeypatch.setattr(choice, "has_fast_int8", lambda: int8)
        monkeypatch.setattr(choice, "find_spec", lambda name: object() if openvino else None)

    return have


def test_what_was_measured_here_decides(manifest, machine):
    machine(int8=True, openvino=True)
    assert pick(manifest) == "onnx int8"
    rows = [("onnx", "fp32", 1.4), ("onnx", "int8", 2.0), ("openvino", "bf16", 5.0)]
    measured = tuple(Measurement(e, p, machine_kind(), 1, {"decoder_speedup": ratio}) for e, p, ratio in rows)
    assert pick(manifest.replace(measured=measured)) == "openvino bf16"
    machine(int8=True, openvino=True, bf16=False)  # of the same kind of machine, an older one
    assert pick(manifest.replace(measured=measured)) == "onnx int8"
    machine(int8=True, openvino=False)
    assert pick(manifest.replace(measured=measured)) == "onnx int8"
    elsewhere = tuple(one.replace(machine="vax") for one in measured)
    machine(int8=False, openvino=False)
    assert pick(manifest.replace(measured=elsewhere)) == "onnx fp32"


def test_what_is_asked_for_is_followed(manifest, machine):
    machine(int8=True, openvino=True)
    assert pick(manifest, precision="fp32") == "onnx fp32"
    assert pick(manifest, precision="fp32", engine="openvino") == "openvino fp32"
    assert pick(manifest, precision="int8") == "onnx int8"
    alone = manifest.replace(
        graphs={"decoder": manifest.graphs["decoder"].replace(variants=manifest.graphs["decoder"].variants[:1])}
    )
    assert pick(alone, precision="int8") == "onnx fp32"
    with pytest.raises(BundleError, match="no variant for the engine 'openvino'"):
        pick(alone, engine="openvino")
    with pytest.raises(BundleError, match="no graph 'x'"):
        choose(alone, "x")
