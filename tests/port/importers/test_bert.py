"""A BERT of Hugging Face computes the same as our net; the expected vectors are those of transformers 5.23 (BertModel)."""

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.models.bert.graphs import graphs  # noqa: E402
from tingshuo.port.export import export_graph, half_tensors  # noqa: E402
from tingshuo.port.importers.bert import read_bert  # noqa: E402
from tingshuo.port.verify import open_model  # noqa: E402

pytestmark = pytest.mark.train
SIZES = {
    "vocab_size": 13, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 12,
    "max_position_embeddings": 9, "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-12, "model_type": "bert",
    "torch_dtype": "float32", "attention_probs_dropout_prob": 0.1,
}  # fmt: skip
PIECES = "[PAD] [UNK] [CLS] [SEP] [MASK] 开 心 今 天 a b c".split()
IDS = [2, 7, 11, 0, 7, 3]
EXPECTED = {
    "gelu": [0.5306965, -0.4271052, -0.3940452, 0.5471438, 0.1754461, -0.5852028, 0.0782383, 0.5515749],
    "relu": [0.532996, -0.4256012, -0.3972737, 0.5467619, 0.1793316, -0.5857356, 0.0745223, 0.553016],
}


def shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes of a BERT's tensors in transformers."""
    found: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (13, 8),
        "embeddings.position_embeddings.weight": (9, 8),
        "embeddings.token_type_embeddings.weight": (2, 8),
        "embeddings.LayerNorm.weight": (8,),
        "embeddings.LayerNorm.bias": (8,),
        "pooler.dense.weight": (8, 8),
        "pooler.dense.bias": (8,),
    }
    linear = {f"attention.self.{part}": (8, 8) for part in ("query", "key", "value")}
    linear |= {"attention.output.dense": (8, 8), "intermediate.dense": (12, 8), "output.dense": (8, 12)}
    for stem in ("encoder.layer.0", "encoder.layer.1"):
        for name, shape in linear.items():
            found |= {f"{stem}.{name}.weight": shape, f"{stem}.{name}.bias": shape[:1]}
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            found |= {f"{stem}.{name}.weight": (8,), f"{stem}.{name}.bias": (8,)}
    return found


def made_up(name: str, shape: tuple[int, ...]) -> Any:
    """Numbers that follow from the name of their tensor."""
    rate = 1 + zlib.crc32(name.encode()) % 997 / 997
    wave = np.sin(rate * np.arange(1, 1 + int(np.prod(shape)))).reshape(shape)
    return torch.from_numpy((wave * (0.1 if name.startswith("pooler") else 0.5) + name.endswith("LayerNorm.weight")).astype("f4"))


def write(folder: Path, **changed: Any) -> dict[str, Any]:
    """Write configuration and vocabulary; return the tensors."""
    (folder / "config.json").write_text(json.dumps(SIZES | changed), "utf-8")
    (folder / "vocab.txt").write_text("\n".join(PIECES) + "\n", "utf-8")
    return {name: made_up(name, shape) for name, shape in shapes().items()}


@torch.inference_mode()
@pytest.mark.parametrize("activation", EXPECTED)
def test_it_computes_what_transformers_computes(activation: str, tmp_path: Path) -> None:
    save_file(write(tmp_path, hidden_act=activation), tmp_path / "model.safetensors")
    bert = read_bert(tmp_path)
    assert bert.vocabulary == tuple(PIECES)
    assert (bert.fitted.report.n_used, bert.fitted.report.left_out) == (len(bert.fitted.tensors), ())
    vector = bert.net()(torch.tensor([IDS]))[0].numpy()
    assert np.abs(vector - EXPECTED[activation]).max() < 1e-6


@torch.inference_mode()
def test_older_files_and_heads_of_tasks(tmp_path: Path) -> None:
    tensors = write(tmp_path)
    older = {
        f"bert.{name}".replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta"): t for name, t in tensors.items()
    }
    older |= {"bert.embeddings.position_ids": torch.arange(9)[None], "cls.predictions.bias": torch.zeros(13)}
    torch.save(older, tmp_path / "pytorch_model.bin")
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": false, "strip_accents": null, "model_max_length": 512}')
    bert = read_bert(tmp_path)
    assert bert.fitted.report.left_out == ("position_ids", "cls.predictions.bias")
    assert (bert.lower, bert.strip_accents, bert.chinese) == (False, None, True)
    assert np.abs(bert.net()(torch.tensor([IDS]))[0].numpy() - EXPECTED["gelu"]).max() < 1e-6


@torch.inference_mode()
def test_the_graph_computes_what_the_net_does_at_any_length(tmp_path: Path) -> None:
    save_file(write(tmp_path), tmp_path / "model.safetensors")
    net = read_bert(tmp_path).net()
    net.load_state_dict({name: tensor.half().float() for name, tensor in net.state_dict().items()})
    (graph,) = graphs(net)
    session = open_model(export_graph(graph), half_tensors(net))
    for ids in (IDS, [2, 3], [2, 5, 6, 7, 8, 9, 10, 11, 3]):
        given = np.array([ids], np.int64)
        answer = session.run({"piece_ids": given})["prompt"]
        assert np.abs(answer - net(torch.from_numpy(given)).numpy()).max() < 1e-5


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"model_type": "roformer"}, "is a net of the kind 'roformer'; only 'bert' is read"),
        ({"position_embedding_type": "relative_key"}, "of 'relative_key' positions"),
        ({"is_decoder": True}, "a BERT that is a decoder"),
        ({"hidden_act": "gelu_new"}, "the activation 'gelu_new' is not known"),
        ({"num_attention_heads": 3}, "8 features cannot be shared among 3 heads"),
        ({"num_hidden_layers": "two"}, "Expected `int`, got `str`"),
        ({"vocab_size": 9}, "vocab.txt: has 12 lines, but the net knows 9 pieces"),
        ({"intermediate_size": 16}, "layers.0.expand.weight is .12, 8. instead of .16, 8."),
    ],
)
def test_what_does_not_fit_is_said(changed: dict[str, Any], message: str, tmp_path: Path) -> None:
    save_file(write(tmp_path, **changed), tmp_path / "model.safetensors")
    with pytest.raises(PortError, match=message) as raised:
        read_bert(tmp_path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("present", "message"),
    [
        ((), "has neither model.safetensors nor pytorch_model.bin; give the folder with"),
        (("tf_model.h5",), "tf_model.h5 is of another framework"),
        (("pytorch_model.bin.index.json",), "its weights are in several files"),
    ],
)
def test_a_folder_without_weights(present: tuple[str, ...], message: str, tmp_path: Path) -> None:
    write(tmp_path)
    for name in present:
        (tmp_path / name).touch()
    with pytest.raises(PortError, match=message):
        read_bert(tmp_path)


def test_files_that_are_missing_damaged_or_of_something_else(tmp_path: Path) -> None:
    with pytest.raises(PortError, match=r"config.json: cannot be read: No such file"):
        read_bert(tmp_path)
    write(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"no")
    with pytest.raises(PortError, match="cannot be read as safetensors"):
        read_bert(tmp_path)
    save_file({"x.weight": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(PortError, match=r"has no BERT in it; its tensors are called x\.weight"):
        read_bert(tmp_path)
    save_file({"pooler.dense.bias": torch.zeros(8), "bert.pooler.dense.bias": torch.ones(8)}, tmp_path / "model.safetensors")
    with pytest.raises(PortError, match="holds more than one BERT"):
        read_bert(tmp_path)
    (tmp_path / "vocab.txt").unlink()
    with pytest.raises(PortError, match=r"vocab\.txt: cannot be read"):
        read_bert(tmp_path)
