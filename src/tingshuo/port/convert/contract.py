"""Models of which a contract tells what they are: ONNX, TorchScript and TensorFlow, used as they are.

Each graph is read as ONNX, or made that, strictly; who makes a bundle of them is told by the task.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import onnx

from tingshuo.errors import ConfigError, PortError
from tingshuo.port.draft import Draft
from tingshuo.port.importers import tensorflow
from tingshuo.port.importers.contract import Contract, read_contract
from tingshuo.port.importers.onnx_files import read_onnx
from tingshuo.port.importers.torchscript import FORMAT as TORCHSCRIPT
from tingshuo.port.importers.torchscript import to_onnx
from tingshuo.port.recognise.formats import detect
from tingshuo.store.manifest import check_relative_path

FORMATS = ("onnx", TORCHSCRIPT, *tensorflow.FORMATS)
"""That a contract may be of."""
ALONE = {"tts": "acoustic", "asr": "recogniser", "vocoder": "vocoder"}
"""What the only graph of a task is called."""
NO_CONVERSION = (
    "conversion by a graph is not supported: what such a graph reads are vectors of a content encoder, each project's own, and "
    "there is no description of those that would let them be computed here; a voice of RVC is imported from its .pth"
)


def draft(path: Path, contract: Path, voice: str | None = None) -> Draft:
    """Read a model by its contract.

    Parameters
    ----------
    path : Path
        A file, a SavedModel, or a folder of graphs.
    contract : Path
        What is told of it, see `tingshuo.port.importers.contract`; files that it names lie beside the model.
    voice : str or None
        There is one.

    Raises
    ------
    ConfigError
        The contract is wrong by itself.
    PortError
        The model cannot be read, or is not what the contract says.
    EngineNotInstalledError
        The environment that reads its format has not been made.
    """
    if voice is not None:
        raise PortError(f"{path}: is told by a contract, which is of one voice; leave --voice out")
    told = read_contract(contract)
    if told.task == "conversion":
        raise PortError(f"{contract}: task: {NO_CONVERSION}")
    files = _files(path, told)
    is_one = path in files.values()  # a SavedModel is a folder as a file is a file
    folder = path.parent if is_one or path.is_file() else path
    notes: list[str] = []
    models = {name: _model(file, name, told, notes) for name, file in files.items()}
    name = told.name or (path.resolve().name if path.is_dir() else path.stem)
    source = f"the {_kind(next(iter(files.values())))} {', '.join(file.name for file in files.values())}"
    made = _by_task(told, models, name, source, folder)
    return replace(made, notes=(*notes, *made.notes))


def _by_task(told: Contract, models: Mapping[str, onnx.ModelProto], name: str, source: str, folder: Path) -> Draft:
    if told.task == "vocoder":
        from tingshuo.port.convert.graph_vocoder import graph_vocoder_draft

        return graph_vocoder_draft(models, told.fields, name=name, licence=told.licence, source=source, contract=str(told.path))
    if told.task == "tts":
        from tingshuo.port.convert.graph_voice import graph_voice_draft

        return graph_voice_draft(
            models,
            told.fields,
            name=name,
            licence=told.licence,
            languages=told.languages,
            source=f"{source} by {told.path}",
            folder=folder,
        )
    from tingshuo.port.convert.graph_recogniser import graph_recogniser_draft

    more = {key: value for key, value in (("licence", told.licence), ("languages", list(told.languages))) if value}
    return graph_recogniser_draft(models, {**told.fields, **more}, name=name, source=source, folder=folder)


def _files(path: Path, told: Contract) -> dict[str, Path]:
    """Return the file of every graph, by our name for it."""
    if not path.exists():
        raise PortError(f"{path}: there is no such file or folder")
    whole = path.is_file() or detect(path) in FORMATS
    if whole and len(told.graphs) <= 1 and all(name == path.name for name in told.graphs.values()):
        return {next(iter(told.graphs), ALONE[told.task]): path}
    folder = path.parent if whole else path
    if told.graphs:
        return {ours: _inside(folder, name, told) for ours, name in told.graphs.items()}
    found = [file for file in sorted(folder.iterdir()) if (file.is_file() or file.is_dir()) and detect(file) in FORMATS]
    if len(found) == 1:
        return {ALONE[told.task]: found[0]}
    held = ", ".join(file.name for file in found) or "none"
    example = f"graphs: {{{ALONE[told.task]}: model.onnx}}"
    raise ConfigError(f"{told.path}: graphs: does not say which files they are, such as {example}; there are: {held}")


def _inside(folder: Path, name: str, told: Contract) -> Path:
    try:
        file = folder / check_relative_path(name)
    except ValueError as error:
        raise ConfigError(f"{told.path}: graphs: {name!r} is not a path in the folder of the model") from error
    if not file.exists():
        raise PortError(f"{file}: is missing, and {told.path} names it")
    return file


def _model(file: Path, name: str, told: Contract, notes: list[str]) -> onnx.ModelProto:
    """Return a graph as ONNX; ``notes`` are added to."""
    format = detect(file)
    if format == "onnx":
        return read_onnx(file)
    if format == TORCHSCRIPT:
        calls = told.calls.get(name, told.calls.get(""))
        if calls is None:
            raise ConfigError(
                f"{told.path}: calls: does not say how {file.name} is called, which TorchScript does not tell by itself: calls: "
                "{inputs: [{name: mel, dtype: float32, shape: [1, 80, frames]}], outputs: [wav]}"
            )
        model, error_db = to_onnx(file, calls)
        notes.append(f"made ONNX of the TorchScript {file.name}, which makes the same of two examples: {error_db:.0f} dB")
        return model
    if format in tensorflow.FORMATS:
        converted = tensorflow.to_onnx(file, told.signature)
        same = "which could not be run on examples to compare them"
        if converted.error_db is not None:
            same = f"which makes the same of two examples: {converted.error_db:.0f} dB"
        notes.append(f"made ONNX of {file.name} by TensorFlow, {same}")
        return converted.model
    raise _refusal(file, format)


def _refusal(file: Path, format: str) -> PortError:
    known = ", ".join(FORMATS)
    remedy = "; weights without a net are given with --config" if format in ("torch zip", "torch legacy", "safetensors") else ""
    return PortError(f"{file}: is {format}, and a contract may be of: {known}{remedy}")


def _kind(file: Path) -> str:
    kinds = {
        "onnx": "ONNX graph",
        TORCHSCRIPT: "TorchScript module",
        "savedmodel": "SavedModel",
        "tflite": "TensorFlow Lite model",
    }
    return kinds.get(detect(file), "Keras model")
