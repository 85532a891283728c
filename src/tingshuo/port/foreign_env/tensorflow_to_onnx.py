"""A TensorFlow model to ONNX. Runs in the ``tensorflow`` environment, by itself.

``tensorflow_to_onnx.py SOURCE FOLDER`` reads a SavedModel (a folder), ``.keras``, ``.h5`` or ``.tflite`` and writes
``model.onnx`` and ``model.json`` (kind, inputs, outputs, signature); where that fails, ``error.json`` with the reason. A
SavedModel with several signatures gives its ``serving_default``, or the one that is named after the folder.

A model can hold code: layers that are a function of their own (Lambda), and operators that call Python or touch files. Neither is
read; it is refused by name.
"""

import json
import math
import os
import sys
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

ERROR = "error.json"
OPSET = 18
_REACH_OUT = frozenset(
    "PyFunc PyFuncStateless EagerPyFunc ReadFile WriteFile MatchingFiles ImmutableConst LookupTableExport "
    "InitializeTableFromTextFile "
    "InitializeTableFromTextFileV2 LoadDataset SaveDataset TextLineDataset TFRecordDataset FixedLengthRecordDataset "
    "RpcCall".split()
)
"""Operators that call Python or read and write files that the model names."""
_LARGEST_CONFIG_BYTES = 64 << 20


class RefusedError(Exception):
    """The model is not read; says why."""


def main(arguments: list[str]) -> int:
    """Convert; returns 0, or 1 with the reason in ``error.json``."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # a converter needs no graphics card, and one that is there is somebody else's
    source, folder = Path(arguments[0]), Path(arguments[1])
    signature = arguments[2] if len(arguments) > 2 else "serving_default"
    try:
        told = convert(source, folder / "model.onnx", signature)
    except RefusedError as error:
        (folder / ERROR).write_text(json.dumps({"reason": str(error)}), "utf-8")
        return 1
    except Exception as error:  # whatever the libraries raise has to reach the other side
        reason = f"{type(error).__name__}: {error}"[:2000]
        (folder / ERROR).write_text(json.dumps({"reason": reason}), "utf-8")
        return 1
    (folder / "model.json").write_text(json.dumps(told), "utf-8")
    return 0


def convert(source: Path, destination: Path, signature: str) -> dict[str, Any]:
    """Write the ONNX file; returns what it is."""
    kind = kind_of(source)
    if kind == "tflite":
        model = _tflite(source)
    else:
        if kind in ("keras", "h5"):
            check_keras(source, kind)
        function, inputs = _saved_model(source, signature) if kind == "saved_model" else _keras(source)
        model = _convert_function(function, inputs)
    _check_operators(model)
    destination.write_bytes(model.SerializeToString())
    sides = {"inputs": model.graph.input, "outputs": model.graph.output}
    return {"kind": kind, "signature": signature if kind == "saved_model" else None} | {
        side: {value.name: _described(value) for value in values} for side, values in sides.items()
    }


def kind_of(source: Path) -> str:
    """Return ``saved_model``, ``keras``, ``h5`` or ``tflite``, by what the files are.

    Raises
    ------
    RefusedError
        None of these.
    """
    if (source / "saved_model.pb").is_file():
        return "saved_model"
    if source.is_file():
        with source.open("rb") as file:
            head = file.read(8)
        if head.startswith(b"\x89HDF"):
            return "h5"
        if head[4:8] == b"TFL3":
            return "tflite"
        if head.startswith(b"PK\x03\x04"):
            return "keras"
    raise RefusedError(f"{source.name} is no SavedModel, .keras, .h5 or .tflite")


def check_keras(source: Path, kind: str) -> None:
    """Refuse a Keras file whose layers hold code.

    Raises
    ------
    RefusedError
        It has a Lambda layer, or is no such file.
    """
    try:
        config = json.loads(_archive_config(source) if kind == "keras" else _h5_config(source))
    except (KeyError, OSError, zipfile.BadZipFile, ValueError) as error:
        raise RefusedError(f"{source.name} is no model of Keras: {error}") from error
    if _has_code(config):
        raise RefusedError(f"{source.name} has a Lambda layer, which is code and is not run; save it with named layers")


def _archive_config(source: Path) -> bytes:
    with zipfile.ZipFile(source) as archive:
        if archive.getinfo("config.json").file_size > _LARGEST_CONFIG_BYTES:
            raise ValueError(f"its config.json is larger than {_LARGEST_CONFIG_BYTES} bytes")
        return archive.read("config.json")


def _h5_config(source: Path) -> Any:
    h5py: Any = import_module("h5py")
    with h5py.File(source, "r") as file:
        return file.attrs["model_config"]


def _has_code(config: Any) -> bool:
    if isinstance(config, dict):
        return config.get("class_name") in ("Lambda", "__lambda__") or any(map(_has_code, config.values()))
    return isinstance(config, list) and any(map(_has_code, config))


def _saved_model(source: Path, signature: str) -> tuple[Any, list[Any]]:
    tf: Any = import_module("tensorflow")
    parsed = import_module("tensorflow.core.protobuf.saved_model_pb2").SavedModel()
    parsed.ParseFromString((source / "saved_model.pb").read_bytes())
    graphs = [meta.graph_def for meta in parsed.meta_graphs]
    nodes = [node.op for graph in graphs for part in (graph.node, *(f.node_def for f in graph.library.function)) for node in part]
    reaching = sorted(_REACH_OUT.intersection(nodes))
    if reaching:
        raise RefusedError(
            f"{source.name} has the operator {reaching[0]}, which calls Python or touches files, and is not loaded"
        )
    loaded = tf.saved_model.load(str(source))
    if signature not in loaded.signatures:
        raise RefusedError(f"{source.name} has no signature {signature!r}; it has: {', '.join(loaded.signatures) or 'none'}")
    concrete = loaded.signatures[signature]
    names = list(concrete.structured_input_signature[1])
    specs = [tf.TensorSpec(spec.shape, spec.dtype, name=name) for name, spec in concrete.structured_input_signature[1].items()]

    def run(*values: Any) -> Any:
        return concrete(**dict(zip(names, values, strict=True)))

    run.kept = loaded  # type: ignore[attr-defined]  # its variables go when it does
    return run, specs


def _keras(source: Path) -> tuple[Any, list[Any]]:
    tf: Any = import_module("tensorflow")
    keras: Any = import_module("keras")
    model = keras.models.load_model(str(source), compile=False, safe_mode=True)
    specs = [tf.TensorSpec(value.shape, value.dtype, name=value.name) for value in model.inputs]
    names = list(model.output_names) if hasattr(model, "output_names") else [f"output_{i}" for i in range(len(model.outputs))]

    def run(*values: Any) -> Any:
        given = list(values) if len(values) > 1 else values[0]
        results = model(given, training=False)
        results = list(results.values()) if isinstance(results, dict) else results
        return dict(zip(names, results if isinstance(results, list | tuple) else [results], strict=True))

    return run, specs


def _tflite(source: Path) -> Any:
    """With the names of the file's signature where it has one, instead of those of its tensors."""
    tf: Any = import_module("tensorflow")
    tf2onnx: Any = import_module("tf2onnx")
    model, _ = tf2onnx.convert.from_tflite(str(source), opset=OPSET)
    _spell_out_gelu(model.graph)
    interpreter = tf.lite.Interpreter(str(source))
    if interpreter.get_signature_list():
        runner = interpreter.get_signature_runner()
        details = {**runner.get_input_details(), **runner.get_output_details()}
        _rename(model.graph, {row["name"]: name for name, row in details.items()})
    return model


def _spell_out_gelu(graph: Any) -> None:
    """The exact Gelu of TFLite, which tf2onnx leaves as it is, in operators that ONNX had by then."""
    from onnx import helper, numpy_helper

    nodes = list(graph.node)
    for node in [node for node in nodes if node.op_type == "TFL_GELU"]:
        if any(item.name == "approximate" and item.i for item in node.attribute):
            raise RefusedError("it has a Gelu that is approximated with tanh, which is not converted")
        x, y, stem = node.input[0], node.output[0], node.output[0]
        for name, value in (("root", math.sqrt(2.0)), ("one", 1.0), ("half", 0.5)):
            graph.initializer.append(numpy_helper.from_array(np.array(value, np.float32), f"{stem}/{name}"))
        steps = [
            helper.make_node("Div", [x, f"{stem}/root"], [f"{stem}/scaled"]),
            helper.make_node("Erf", [f"{stem}/scaled"], [f"{stem}/erf"]),
            helper.make_node("Add", [f"{stem}/erf", f"{stem}/one"], [f"{stem}/sum"]),
            helper.make_node("Mul", [x, f"{stem}/sum"], [f"{stem}/double"]),
            helper.make_node("Mul", [f"{stem}/double", f"{stem}/half"], [y]),
        ]
        at = nodes.index(node)
        nodes[at : at + 1] = steps
    del graph.node[:]
    graph.node.extend(nodes)


def _check_operators(model: Any) -> None:
    """Refuse what the converter left in TensorFlow's own operators."""
    from onnx import defs

    unknown = [node.op_type for node in model.graph.node if not node.domain and not defs.has(node.op_type, OPSET)]
    if unknown:
        raise RefusedError(f"it has the operator {unknown[0]}, which tf2onnx cannot convert")


def _rename(graph: Any, names: dict[str, str]) -> None:
    """Rename values wherever they are made or used."""
    for value in (*graph.input, *graph.output):
        value.name = names.get(value.name, value.name)
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]


def _convert_function(function: Any, inputs: list[Any]) -> Any:
    tf: Any = import_module("tensorflow")
    tf2onnx: Any = import_module("tf2onnx")
    wrapped = tf.function(function, input_signature=inputs, autograph=False)
    model, _ = tf2onnx.convert.from_function(wrapped, input_signature=inputs, opset=OPSET)
    return model


def _described(value: Any) -> dict[str, Any]:
    import onnx

    kind = value.type.tensor_type
    dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
    return {"dtype": str(dtype), "shape": [dim.dim_param or dim.dim_value or None for dim in kind.shape.dim]}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
