import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from tingshuo.errors import PortError
from tingshuo.port.seed import read_seed


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    half = {
        "phone.weight": (5, 4),
        "style.weight": (3, 4),
        "speaker.weight": (3, 4),
        "encoder.0.attention.in_proj_weight": (12, 4),
        "encoder.0.norm_attention.bias": (4,),
        "decoder.0.gamma": (4,),
        "decoder.0.project.weight": (4, 8),
        "decoder.0.project.bias": (4,),
        "decoder_out.bias": (2,),
    }
    save_file({k: rng.standard_normal(s).astype(np.float16) for k, s in half.items()}, tmp_path / "acoustic.safetensors")
    vocoder = {"out.weight": (6, 4), "out.bias": (6,), "window": (8,)}
    save_file({k: rng.standard_normal(s).astype(np.float16) for k, s in vocoder.items()}, tmp_path / "vocoder.safetensors")
    (tmp_path / "speakers.json").write_text(json.dumps({"a": [5.0, 0.2], "b": [5.1, 0.1], "c": [4.9, 0.3]}))
    return tmp_path


def test_tensors_get_our_names(folder):
    seed = read_seed(folder, speakers=["a"], styles=["b"])
    assert set(seed.acoustic) == {
        "phoneme.weight",
        "style.weight",
        "speaker.weight",
        "encoder.0.attention.query_key_value.weight",
        "encoder.0.attention_norm.bias",
        "decoder.0.project.weight",
        "decoder.0.project.bias",
        "mel.bias",
    }
    assert set(seed.vocoder) == {f"{head}.{kind}" for head in ("gain", "phase", "noise_gain") for kind in ("weight", "bias")}
    assert seed.vocoder["phase.weight"].shape == (2, 4)
    assert seed.log_f0["c"] == (4.9, 0.3)


def test_only_the_chosen_rows_are_kept_in_their_order(folder):
    everything = read_seed(folder, speakers=["a", "b", "c"], styles=["a", "b", "c"]).acoustic
    chosen = read_seed(folder, speakers=["c"], styles=["c", "a"]).acoustic
    assert np.array_equal(chosen["speaker.weight"], everything["speaker.weight"][2:])
    assert np.array_equal(chosen["style.weight"], everything["style.weight"][[2, 0]])


def test_layer_scale_is_part_of_project(folder):
    from safetensors.numpy import load_file

    raw = {name: tensor.astype(np.float32) for name, tensor in load_file(folder / "acoustic.safetensors").items()}
    seed = read_seed(folder, speakers=["a"], styles=["a"]).acoustic
    gamma = raw["decoder.0.gamma"]
    assert np.allclose(seed["decoder.0.project.weight"], raw["decoder.0.project.weight"] * gamma[:, None])
    assert np.allclose(seed["decoder.0.project.bias"], raw["decoder.0.project.bias"] * gamma)


def test_unknown_people_and_damaged_folders_are_refused(folder):
    with pytest.raises(PortError, match="no such people: nobody; known: a, b, c"):
        read_seed(folder, speakers=["nobody"], styles=["a"])
    (folder / "vocoder.safetensors").write_bytes(b"damaged")
    with pytest.raises(PortError, match="not a readable seed voice"):
        read_seed(folder, speakers=["a"], styles=["a"])
