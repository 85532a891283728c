import json

import pytest

torch = pytest.importorskip("torch")

from safetensors.numpy import load  # noqa: E402

from tingshuo.config import VoiceConfig  # noqa: E402
from tingshuo.port.voice import contexts, graph_entries, graph_path, voice_files  # noqa: E402

pytestmark = pytest.mark.train


def test_files_are_config_weights_and_graphs(tiny, exported, tensors):
    config, nets = tiny
    files = voice_files(config, nets, {"fp32": exported})
    assert VoiceConfig.check(json.loads(files["config.json"]), "config.json") == config
    stored = load(files["weights/acoustic.safetensors"]) | load(files["weights/vocoder.safetensors"])
    assert stored.keys() == tensors.keys()
    assert {graph_path(name, "fp32") for name in exported} <= files.keys()


def test_entries_say_what_goes_in_and_out(exported):
    part = {name: exported[name] for name in ("encoder", "pitch")}
    entries = graph_entries({"fp32": exported, "int8": part})
    assert entries["encoder"]["inputs"]["tones"] == {"dtype": "int64", "shape": [1, "N"]}
    assert entries["pitch"]["outputs"]["pitch"] == {"dtype": "float32", "shape": [1, "F", 2]}
    assert [variant["precision"] for variant in entries["pitch"]["variants"]] == ["fp32", "int8"]
    assert [variant["precision"] for variant in entries["vocoder"]["variants"]] == ["fp32"]
    assert entries["vocoder"]["variants"][0]["weights"] == ["weights/vocoder.safetensors"]


def test_contexts_grow_with_the_nets(tiny):
    nets = tiny[1]
    assert contexts(nets.acoustic.config, nets.vocoder.config) == {
        "pitch_context_frames": 3,
        "decoder_context_frames": 5,
        "vocoder_context_frames": 6,
        "steady_noise": False,
    }
    longer = contexts(nets.acoustic.config, nets.vocoder.config.replace(layers=2, steady_noise=1))
    assert (longer["vocoder_context_frames"], longer["steady_noise"]) == (9, True)
