"""Which files of a folder are a recogniser of sherpa-onnx, or of FunASR's own ONNX runtime, and what they say.

::

    model.onnx, model.int8.onnx, ...    the graph, by what it holds: sherpa-onnx leaves its kind in the metadata
    tokens.txt                          its units
    am.mvn, config.yaml, tokens.json    beside model.onnx or model_quant.onnx of FunASR, whose graph says nothing of itself

Layouts: https://github.com/k2-fsa/sherpa-onnx (Apache-2.0), https://github.com/modelscope/FunASR (``runtime/python/onnxruntime``,
MIT).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tingshuo.errors import PortError
from tingshuo.port.draft import UNKNOWN_LICENCE
from tingshuo.port.importers.recogniser_files import read_units, without_extra
from tingshuo.port.importers.sherpa_asr_funasr import CONFIG, funasr_contract, funasr_refusal
from tingshuo.port.importers.sherpa_asr_kinds import SUPPORTED, TRANSDUCER, WENET, Metadata, contract_of, refusal
from tingshuo.port.recognise.onnx_head import OnnxHead, read_onnx_head
from tingshuo.store.manifest import Attribution

TOKENS = "tokens.txt"
FUNASR = "funasr"
_INTEGER = {"ConvInteger", "DynamicQuantizeLinear", "MatMulInteger", "QLinearConv", "QLinearMatMul", "DequantizeLinear"}


@dataclass(frozen=True, slots=True)
class Found:
    """The graph of a recogniser."""

    graph: Path
    head: OnnxHead
    kind: str
    """``model_type`` of sherpa-onnx, or ``funasr``."""
    others: tuple[str, ...] = ()
    """Other graphs beside it that could be imported."""

    @property
    def integer(self) -> bool:
        """Whether it counts in integers."""
        return bool(_INTEGER & set(self.head.operators))


@dataclass(frozen=True, slots=True)
class ForeignRecogniser:
    """A recogniser, read: ``contract`` is of `tingshuo.port.importers.recogniser_contract`."""

    found: Found
    what: str
    contract: Mapping[str, Any]
    attributions: tuple[Attribution, ...]
    notes: tuple[str, ...]


def find(path: Path) -> Found:
    """Find the graph of a recogniser.

    Parameters
    ----------
    path : Path
        A ``.onnx`` file, or the folder of a model. Of several precisions float32 is taken, unless the file is given.

    Raises
    ------
    PortError
        There is none, or none that is supported; the message says what there is.
    """
    if not path.exists():
        raise PortError(f"{path}: is not there; give the model.onnx of a recogniser or its folder")
    graphs = [path] if path.is_file() else sorted(path.glob("*.onnx"))
    if not graphs:
        raise PortError(f"{path}: has no .onnx in it, so there is no recogniser of sherpa-onnx; give the folder that has one")
    seen = [(graph, _head(graph)) for graph in graphs]
    refused = {graph: _refusal(graph, head) for graph, head in seen}
    usable = [(graph, head) for graph, head in seen if refused[graph] is None]
    if not usable:
        graph, why = max(refused.items(), key=lambda one: (one[1] == TRANSDUCER, bool(one[1])))
        raise PortError(f"{graph}: {_sentence(why)}")
    kinds = {head.metadata.get("model_type") or FUNASR for _, head in usable}
    if len(kinds) > 1:
        raise PortError(f"{path}: holds graphs of several recognisers ({', '.join(sorted(kinds))}); give the path of one of them")
    chosen = [Found(graph, head, head.metadata.get("model_type") or FUNASR) for graph, head in usable]
    best = min(chosen, key=lambda one: (one.integer, len(one.graph.name)))
    return Found(best.graph, best.head, best.kind, tuple(graph.name for graph, _ in usable if graph != best.graph))


def read_recogniser(path: Path) -> ForeignRecogniser:
    """Read what lies around the graph of a recogniser; the graph itself is not read.

    Raises
    ------
    PortError
        A file is missing, damaged, or of another kind or model.
    """
    found = find(path)
    said, folder = found.head.metadata, found.graph.parent
    if found.kind == FUNASR:
        what, contract, notes = funasr_contract(found.graph, found.head)
    else:
        what, notes = SUPPORTED[found.kind][0], ()
        tokens = _tokens(found.graph)
        units = _units(folder / tokens, found)
        contract = contract_of(found.head, found.graph, tokens, units)
    if said.get("license"):
        contract = {**contract, "licence": said["license"]}
    return ForeignRecogniser(found, what, contract, _attributions(what, said), (*_notes(found), *notes))


def _head(graph: Path) -> OnnxHead:
    try:
        return read_onnx_head(graph)
    except (ValueError, OSError) as error:
        raise PortError(f"{graph}: cannot be read as an ONNX graph: {error}") from error


def _refusal(graph: Path, head: OnnxHead) -> str | None:
    said = refusal(head)
    if said == "" and (graph.parent / CONFIG).is_file():
        return funasr_refusal(head)
    return said


def _sentence(why: str | None) -> str:
    known = ", ".join(name.split(" ", 1)[1] for name, _, _ in SUPPORTED.values())
    if why:
        return f"is {why}, which is not supported; supported are: {known}"
    return (
        f"has no model_type of sherpa-onnx in its metadata, and no {CONFIG} of FunASR beside it, so it is not known what it "
        "hears; a contract says that of any graph"
    )


def _tokens(graph: Path) -> str:
    """Return the name of the file of units: tokens.txt, or the only one that ends so."""
    if (graph.parent / TOKENS).is_file():
        return TOKENS
    others = sorted(one.name for one in graph.parent.glob(f"*{TOKENS}") if one.is_file())
    if len(others) != 1:
        raise PortError(f"{graph}: has no {TOKENS} beside it, so what it hears cannot be written; put it there")
    return others[0]


def _units(path: Path, found: Found) -> Sequence[str]:
    """Return the units, as many as the metadata say where they say it."""
    units = read_units(path)
    wanted = Metadata(found.head.metadata, found.graph).number("vocab_size", -1)
    if wanted >= 0 and len(without_extra(units, wanted)) != wanted:
        raise PortError(
            f"{path}: lists {len(units)} units, but the graph {found.graph.name} scores {wanted}; it is of another model"
        )
    return units


def _attributions(what: str, said: Mapping[str, str]) -> tuple[Attribution, ...]:
    """Return the credit for a net, where its file names whom it is owed."""
    if not said.get("model_author", "").strip():
        return ()
    licence = said.get("license") or UNKNOWN_LICENCE
    return (Attribution(what.split(" ", 1)[1], said["model_author"], licence, said.get("url", ""), "the net and its weights"),)


def _notes(found: Found) -> tuple[str, ...]:
    said = found.head.metadata
    notes = [f"its file names {said[key]} as its {what}" for key, what in _TOLD.items() if said.get(key, "").strip()]
    if found.kind == WENET:
        notes.append(
            "its features are computed as sherpa-onnx does, edges mirrored and bands up to 7600 Hz, which is not quite as WeNet "
            "trains; where the checkpoint of WeNet is at hand, import that"
        )
    if found.others:
        notes.append(f"{found.graph.name} was taken; {', '.join(found.others)} is there too, and is imported by its own path")
    elif found.integer:
        notes.append("its graph counts in integers of 8 bits and stays so: the float32 one, of which it was made, is not there")
    return tuple(notes)


_TOLD = {"model_author": "author", "url": "origin", "comment": "model"}
"""What the metadata tell, and what it is."""
