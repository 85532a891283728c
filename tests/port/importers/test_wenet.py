"""Recognisers in WeNet's own layout, made here: read, run as nets and as graphs, refused where they are something else."""

import io
import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest

torch = pytest.importorskip("torch")
yaml = pytest.importorskip("yaml")

from tingshuo.config.fbank import FbankConfig  # noqa: E402
from tingshuo.errors import PortError  # noqa: E402
from tingshuo.models.conformer.graphs import graphs  # noqa: E402
from tingshuo.models.layers.transformer import sinusoids  # noqa: E402
from tingshuo.port.export import export_graph  # noqa: E402
from tingshuo.port.importers.wenet import Recogniser, read_recogniser  # noqa: E402
from tingshuo.port.importers.wenet_files import find_model  # noqa: E402
from tingshuo.port.importers.wenet_settings import Marks  # noqa: E402
from tingshuo.port.verify import open_model, reference_outputs  # noqa: E402
from tingshuo.tasks.recognise.stream import EncoderStream  # noqa: E402

pytestmark = pytest.mark.train
UNITS, BANDS, DIM, HIDDEN, TAPS = 6, 20, 8, 12, 5
ENCODER: dict[str, Any] = {
    "output_size": DIM, "attention_heads": 2, "linear_units": HIDDEN, "num_blocks": 1, "cnn_module_kernel": TAPS, "causal": True,
    "use_dynamic_chunk": True, "cnn_module_norm": "layer_norm", "pos_enc_layer_type": "rel_pos", "activation_type": "swish",
}  # fmt: skip
SETTINGS: dict[str, Any] = {
    "encoder": "conformer", "encoder_conf": ENCODER, "decoder": "bitransformer",
    "decoder_conf": {"attention_heads": 2, "linear_units": HIDDEN, "num_blocks": 1, "r_num_blocks": 1},
    "tokenizer": "bpe", "tokenizer_conf": {"symbol_table_path": "data/dict/lang_char.txt", "bpe_path": "C:\\data\\train.model",
                                           "special_tokens": {"<sos>": 5, "<eos>": 5}},
    "cmvn": "global_cmvn", "cmvn_conf": {"cmvn_file": "data/train/global_cmvn"}, "model_conf": {"reverse_weight": 0.3},
    "dataset_conf": {"fbank_conf": {"num_mel_bins": BANDS}}, "input_dim": BANDS, "output_dim": UNITS,
}  # fmt: skip
OLD = {
    "encoder": "transformer", "encoder_conf": {name: ENCODER[name] for name in ("output_size", "attention_heads", "linear_units",
                                                                              "num_blocks")} | {"normalize_before": False},
    "decoder": "transformer", "decoder_conf": {"attention_heads": 2, "linear_units": HIDDEN, "num_blocks": 1},
    "cmvn_file": "/data/train/global_cmvn", "is_json_cmvn": True, "input_dim": BANDS, "output_dim": UNITS,
}  # fmt: skip


def linear(name: str, n_out: int, n_in: int, bias: bool = True) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (n_out, n_in)} | ({f"{name}.bias": (n_out,)} if bias else {})


def norms(*names: str) -> dict[str, tuple[int, ...]]:
    return {f"{name}.{kind}": (DIM,) for name in names for kind in ("weight", "bias")}


def attention(name: str) -> dict[str, tuple[int, ...]]:
    return {key: shape for part in "q k v out".split() for key, shape in linear(f"{name}.linear_{part}", DIM, DIM).items()}


def feed(name: str) -> dict[str, tuple[int, ...]]:
    return linear(f"{name}.w_1", HIDDEN, DIM) | linear(f"{name}.w_2", DIM, HIDDEN)


def front() -> dict[str, tuple[int, ...]]:
    embed = "encoder.embed"
    return {
        f"{embed}.conv.0.weight": (DIM, 1, 3, 3), f"{embed}.conv.0.bias": (DIM,),
        f"{embed}.conv.2.weight": (DIM, DIM, 3, 3), f"{embed}.conv.2.bias": (DIM,),
        **linear(f"{embed}.out.0", DIM, 4 * DIM), **norms("encoder.after_norm"), **linear("ctc.ctc_lo", UNITS, DIM),
    }  # fmt: skip


def decoder(name: str) -> dict[str, tuple[int, ...]]:
    block = f"{name}.decoders.0"
    return {
        f"{name}.embed.0.weight": (UNITS, DIM), **norms(f"{name}.after_norm"), **linear(f"{name}.output_layer", UNITS, DIM),
        **attention(f"{block}.self_attn"), **attention(f"{block}.src_attn"), **feed(f"{block}.feed_forward"),
        **norms(*(f"{block}.norm{n}" for n in (1, 2, 3))),
    }  # fmt: skip


def conformer() -> dict[str, tuple[int, ...]]:
    block, conv = "encoder.encoders.0", "encoder.encoders.0.conv_module"
    names = ("norm_ff", "norm_mha", "norm_ff_macaron", "norm_conv", "norm_final", "conv_module.norm")
    return {
        "encoder.global_cmvn.mean": (BANDS,), "encoder.global_cmvn.istd": (BANDS,), **front(), **attention(f"{block}.self_attn"),
        f"{block}.self_attn.linear_pos.weight": (DIM, DIM), f"{block}.self_attn.pos_bias_u": (2, DIM // 2),
        f"{block}.self_attn.pos_bias_v": (2, DIM // 2), **feed(f"{block}.feed_forward"), **feed(f"{block}.feed_forward_macaron"),
        f"{conv}.pointwise_conv1.weight": (2 * DIM, DIM, 1), f"{conv}.pointwise_conv1.bias": (2 * DIM,),
        f"{conv}.depthwise_conv.weight": (DIM, 1, TAPS), f"{conv}.depthwise_conv.bias": (DIM,),
        f"{conv}.pointwise_conv2.weight": (DIM, DIM, 1), f"{conv}.pointwise_conv2.bias": (DIM,),
        **norms(*(f"{block}.{name}" for name in names)), **decoder("decoder.left_decoder"), **decoder("decoder.right_decoder"),
    }  # fmt: skip


def transformer() -> dict[str, tuple[int, ...]]:
    block = "encoder.encoders.0"
    idle = linear(f"{block}.concat_linear", DIM, 2 * DIM) | linear("decoder.decoders.0.concat_linear1", DIM, 2 * DIM)
    layers = attention(f"{block}.self_attn") | feed(f"{block}.feed_forward") | norms(f"{block}.norm1", f"{block}.norm2")
    return {**front(), **layers, **idle, **decoder("decoder")}


def random_state(shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    random = torch.Generator().manual_seed(0)
    return {name: 0.3 * torch.randn(shape, generator=random) + ("norm" in name) for name, shape in shapes.items()}


def write(folder: Path, state: Any, settings: dict[str, Any], name: str = "final.pt") -> Path:
    folder.mkdir(exist_ok=True)
    torch.save(state, folder / name)
    (folder / "train.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    (folder / "units.txt").write_text("<blank> 0\n<unk> 1\n你 2\n好 3\n▁A 4\n<sos/eos> 5\n", "utf-8")
    sums = {"mean_stat": [50.0] * BANDS, "var_stat": [290.0] * BANDS, "frame_num": 10}
    (folder / "global_cmvn").write_text(json.dumps(sums))
    return folder


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Recogniser:
    """A U2++ as newer code saves it, with tables of positions."""
    folder = tmp_path_factory.mktemp("wenet") / "u2pp"
    table = sinusoids(torch.arange(50), DIM)[None]
    tables = {f"{name}.pe": table for name in ("encoder.embed.pos_enc", "decoder.left_decoder.embed.1")}
    write(folder, random_state(conformer()) | tables, SETTINGS)
    (folder / "train.model").touch()
    (folder / "README.md").write_text("---\nlanguage: zh\nlicense: apache-2.0\n---\n# A model\n")
    return read_recogniser(find_model(folder))


def test_everything_about_a_recogniser_is_read(newer: Recogniser) -> None:
    assert (newer.config.layers, newer.config.kernel, newer.config.dynamic_chunk) == (1, TAPS, True)
    assert newer.fbank == FbankConfig(n_mels=BANDS)
    assert newer.units == ("<blank>", "<unk>", "你", "好", "▁A", "<sos/eos>")
    assert (newer.marks, newer.reverse_weight, newer.tokenizer, newer.licence) == (Marks(0, 5, 5), 0.3, "bpe", "apache-2.0")
    assert newer.pieces is not None
    assert newer.pieces.name == "train.model"
    assert newer.fitted.report.left_out == (
        "encoder.global_cmvn.mean", "encoder.global_cmvn.istd", "encoder.embed.pos_enc.pe", "decoder.left_decoder.embed.1.pe",
    )  # fmt: skip


def test_what_the_checkpoint_normalises_by_wins_over_the_file(newer: Recogniser, tmp_path: Path) -> None:
    assert newer.cmvn is not None
    assert newer.cmvn.mean != pytest.approx([5] * BANDS)
    state = {name: tensor for name, tensor in random_state(conformer()).items() if "global_cmvn" not in name}
    cmvn = read_recogniser(find_model(write(tmp_path, state, SETTINGS))).cmvn
    assert cmvn is not None
    assert cmvn.mean == pytest.approx([5] * BANDS)
    assert cmvn.inverse_deviation == pytest.approx([0.5] * BANDS)
    assert read_recogniser(find_model(write(tmp_path, state, SETTINGS | {"cmvn": None}))).cmvn is None
    (tmp_path / "global_cmvn").unlink()
    write(tmp_path, state, SETTINGS)
    (tmp_path / "global_cmvn").unlink()
    with pytest.raises(PortError, match="has no global_cmvn in it or beside it, and the net wants normalised features"):
        read_recogniser(find_model(tmp_path))


@pytest.mark.parametrize(
    "name",
    [
        "encoder_chunk",
        "decoder",
        # An export takes seconds; these three are made of the same parts.
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("encoder", "ctc", "reverse_decoder")),
    ],
)
def test_graphs_are_the_net_at_any_length(newer: Recogniser, name: str) -> None:
    net, random = newer.net(), np.random.default_rng(0)
    (graph,) = (graph for graph in graphs(net) if graph.name == name)
    session = open_model(export_graph(graph, half=False), {name: tensor.numpy() for name, tensor in net.state_dict().items()})
    for length in (1, 2, 9):
        shape = {"T": 7 + 4 * (length - 1), "N": 3 * length, "P": 4 * (length - 1), "B": length, "U": length + 1}
        inputs = {}
        for key, example in graph.inputs.items():
            size = [shape[graph.free[key][n]] if n in graph.free.get(key, {}) else s for n, s in enumerate(example.shape)]
            whole = example.dtype == torch.int64
            inputs[key] = random.integers(0, UNITS, size) if whole else random.standard_normal(size).astype(np.float32)
        for key, expected in reference_outputs(graph, inputs).items():
            np.testing.assert_allclose(session.run(inputs)[key], expected, atol=2e-5, err_msg=f"{key}, {length}")
    if name == "encoder_chunk":
        features = random.standard_normal((61, BANDS)).astype(np.float32)
        stream = EncoderStream(session, 4, 7, chunk=3, left=1)
        encoded = np.concatenate([*(stream.feed(features[n : n + 10]) for n in range(0, 61, 10)), stream.finish()])
        with torch.inference_mode():
            masked = net.encoder(torch.from_numpy(features[None]), chunk=3, left=1)[0]
        np.testing.assert_allclose(encoded, masked, atol=2e-5)


def test_a_net_of_the_first_age(tmp_path: Path) -> None:
    old = read_recogniser(find_model(write(tmp_path, random_state(transformer()), OLD, "avg_30.pt")))
    assert (old.config.positions, old.config.norm_first, old.marks, old.tokenizer) == ("absolute", False, Marks(0, 5, 5), "char")
    assert [name for name in old.fitted.report.left_out if "concat" not in name] == [
        "encoder.after_norm.weight", "encoder.after_norm.bias",
    ]  # fmt: skip
    assert len(old.fitted.report.left_out) == 6
    net = old.net()
    with torch.inference_mode():
        assert torch.isfinite(net(torch.zeros(1, 20, BANDS))).all()
    assert {graph.name for graph in graphs(net)} == {"encoder", "ctc", "decoder"}


def test_the_net_beside_an_optimizer_is_found(tmp_path: Path) -> None:
    state = {"module": random_state(conformer()), "optimizer": {"step": 3}, "epoch": 2}
    files = find_model(write(tmp_path, state, SETTINGS, "epoch_2.pt"))
    assert read_recogniser(files).fitted.report.left_out[:2] == ("optimizer", "epoch")


def script(path: Path) -> None:
    buffer = io.BytesIO()
    torch.save({"a": torch.zeros(1)}, buffer)
    with ZipFile(buffer) as saved, ZipFile(path, "w") as archive:
        for name in saved.namelist():
            archive.writestr(name, saved.read(name))
        archive.writestr(f"{saved.namelist()[0].split('/')[0]}/code/__torch__.py", "class ASRModel: pass")


def test_what_is_no_checkpoint_of_a_net_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"model": {"encoder.encoders0.0.w": torch.zeros(1)}, "epoch": 3}, SETTINGS)
    with pytest.raises(PortError, match=r"final\.pt: is no recogniser of WeNet: .* it holds encoder\.encoders0\.0\.w"):
        read_recogniser(find_model(tmp_path))
    script(tmp_path / "final.pt")
    with pytest.raises(PortError, match=r"final\.pt: is TorchScript, an export for a runtime"):
        read_recogniser(find_model(tmp_path))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ctc.ctc_lo.bias": None}, r"1 missing: ctc\.bias; is .*train\.yaml the one that it was trained with"),
        ({"encoder.strange": torch.zeros(1)}, "1 without a place: encoder.strange"),
        ({"encoder.embed.pos_enc.pe": torch.zeros(1, 9, DIM)}, "pos_enc.pe is not what WeNet makes it"),
        ({"encoder.global_cmvn.mean": torch.zeros(7)}, "normalises 7 features, but the net reads 20"),
        ({"decoder.left_decoder.decoders.0.src_attn.linear_v.weight": None}, r"cross\.value\.weight is not beside it"),
    ],
)
def test_tensors_that_do_not_fit_are_named(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    state = {name: tensor for name, tensor in (random_state(conformer()) | change).items() if tensor is not None}
    with pytest.raises(PortError, match=message) as raised:
        read_recogniser(find_model(write(tmp_path, state, SETTINGS)))
    assert "\n" not in str(raised.value)


def test_units_have_to_be_those_of_the_net(tmp_path: Path) -> None:
    write(tmp_path, random_state(conformer()), SETTINGS)
    (tmp_path / "units.txt").write_text("<blank> 0\n")
    with pytest.raises(PortError, match=r"units\.txt: lists 1 units, but the net knows 6; it is of another model"):
        read_recogniser(find_model(tmp_path))
    (tmp_path / "units.txt").unlink()
    with pytest.raises(PortError, match=r"final\.pt: has no units\.txt beside it, so what it hears cannot be written"):
        read_recogniser(find_model(tmp_path))
