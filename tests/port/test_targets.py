import pytest

pytest.importorskip("torch")

from tingshuo.errors import EngineNotInstalledError, RequestError
from tingshuo.port import targets
from tingshuo.port.targets import check_target, chosen_passes, unasked

pytestmark = pytest.mark.train


@pytest.mark.parametrize("target", ["cuda", "tensorrt"])
def test_a_device_that_is_not_here_is_refused(target):
    with pytest.raises(EngineNotInstalledError, match="NVIDIA GPU"):
        check_target(target)


def test_unknown_words_are_refused_with_those_that_are_known():
    with pytest.raises(RequestError, match="accepted: cpu, pi"):
        check_target("npu")
    with pytest.raises(RequestError, match="unknown pass 'faster'"):
        chosen_passes("cpu", ["faster"])
    with pytest.raises(RequestError, match="is for openvino, not for cpu"):
        chosen_passes("cpu", ["openvino"])


def test_passes_of_a_target_in_order(monkeypatch):
    assert chosen_passes("cpu", skip=["fold", "gemm"])[:2] == ["wide", "repeats"]
    assert chosen_passes("cpu", ["int8-static", "wide"]) == ["wide", "int8-static"]
    monkeypatch.setattr(targets.platform, "machine", lambda: "x86_64")
    assert chosen_passes("pi") == ["fold", "repeats", "attention", "step", "half"]  # what can be counted
    monkeypatch.setattr(targets.platform, "machine", lambda: "aarch64")
    assert "int8-static" in chosen_passes("pi")


def test_what_takes_long_is_tried_where_it_is_named():
    assert unasked("cpu") == ["torch-compile", "torch-compile-bf16"]
    assert not set(unasked("cpu")) & set(chosen_passes("cpu"))
    assert chosen_passes("cpu", ["torch-compile", "wide"]) == ["wide", "torch-compile"]
    assert unasked("openvino") == []
