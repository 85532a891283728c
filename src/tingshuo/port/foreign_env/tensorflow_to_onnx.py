"""A TensorFlow model to ONNX. Runs in the ``tensorflow`` environment, by itself.

``tensorflow_to_onnx.py SOURCE FOLDER`` reads a SavedModel (a folder), ``.keras``, ``.h5`` or ``.tflite`` and writes
``model.onnx``, ``model.json`` (kind, inputs, outputs, signature) and ``examples.npz``, inputs of two lengths and what
TensorFlow made of them, where it can be run on what is made up; where it fails, ``error.json`` with the reason. A SavedModel
with several signatures gives its ``serving_default``, or the one that is named after the folder.

A model can hold code: layers that are a function of their own (Lambda), and operators that call Python or touch files. Neither
is read; it is refused by name. Some that touch files are in every SavedModel, as it can save itself again: so walls go up
before it is read (``walls.py`` beside this), behind which no file is changed but those that were opened before.
"""

import json
import math
import os
import runpy
import sys
import zipfile
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

ERROR = "error.json"
OPSET = 18
_REACH_OUT = frozenset(
    """PyFunc PyFuncStateless EagerPyFunc ReadFile WriteFile MatchingFiles ImmutableConst LookupTableExport
    InitializeTableFromTextFile InitializeTableFromTextFileV2 LoadDataset SaveDataset SaveDatasetV2 SnapshotDataset
    SnapshotDatasetV2 TextLineDataset TextLineDatasetV2 TFRecordDataset TFRecordDatasetV2 FixedLengthRecordDataset
    FixedLengthRecordDatasetV2 CacheDataset CacheDatasetV2 LMDBDataset SqlDataset CSVDataset CSVDatasetV2 TextLineReader
    TextLineReaderV2 TFRecordReader TFRecordReaderV2 WholeFileReader WholeFileReaderV2 FixedLengthRecordReader
    FixedLengthRecordReaderV2 LMDBReader CreateSummaryFileWriter CreateSummaryDbWriter DebugIdentity DebugIdentityV2
    DebugIdentityV3 DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 DataServiceDatasetV4 RemoteCall RpcCall
    GrpcCall""".split()
)
"""Operators that call Python, read and write files that the model names, or call other machines."""
NO_WALLS = (
    "this system cannot lock a process in, and a SavedModel is a program, so it is not loaded; convert it to ONNX where it was "
    "made, or do this on Linux"
)
LENGTHS = 23, 37
"""Of free sizes in the two examples; the first axis of an input is a batch, of which there is one."""
_LARGEST_CONFIG_BYTES = 64 << 20


class RefusedError(Exception):
    """The model is not read; says why."""


def main(arguments: list[str]) -> int:
    """Convert; returns 0, or 1 with the reason in ``error.json``."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # a converter needs no graphics card, and one that is there is somebody else's
    source, folder = Path(arguments[0]), Path(arguments[1])
    signature = arguments[2] if len(arguments) > 2 else "serving_default"
    with ExitStack() as opened:
        files = ("model.onnx", "model.json", "examples.npz", ERROR)
        model, told, examples, error = (opened.enter_context((folder / name).open("wb")) for name in files)
        try:
            kind = kind_of(source)
            if not raise_walls() and kind == "saved_model":
                raise RefusedError(NO_WALLS)
            content, description, arrays = convert(source, kind, signature)
            model.write(content)
            told.write(json.dumps(description).encode())
            np.savez(examples, allow_pickle=False, **arrays)
        except RefusedError as problem:
            error.write(json.dumps({"reason": str(problem)}).encode())
            return 1
        except Exception as problem:  # whatever the libraries raise has to reach the other side
            reason = f"{type(problem).__name__}: {problem}"[:2000]
            error.write(json.dumps({"reason": reason}).encode())
            return 1
    return 0


def raise_walls() -> bool:
    """Take from this process every change of files, network and other programs, for good; whether that could be done.

    What is needed is imported before: some of it wants to know the machine, by programs that the walls keep away.
    """
    for name in ("tensorflow", "keras", "tf2onnx", "h5py", "onnx"):
        import_module(name)
    walls = runpy.run_path(str(Path(__file__).with_name("walls.py")))
    return bool(walls["raise_walls"](reading=True))


def convert(source: Path, kind: str, signature: str) -> tuple[bytes, dict[str, Any], dict[str, Any]]:
    """Return a model as ONNX, what it is, and examples."""
    if kind == "tflite":
        model, run, specs = _tflite(source)
    else:
        if kind in ("keras", "h5"):
            check_keras(source, kind)
        run, specs = _saved_model(source, signature) if kind == "saved_model" else _keras(source)
        model = _convert_function(run, specs)
    _check_operators(model)
    sides = {"inputs": model.graph.input, "outputs": model.graph.output}
    told: dict[str, Any] = {"kind": kind, "signature": signature if kind == "saved_model" else None}
    told |= {side: {value.name: _described(value) for value in values} for side, values in sides.items()}
    return model.SerializeToString(), told, run_examples(run, specs)


def run_examples(run: Any, specs: list[Any]) -> dict[str, Any]:
    """Run a model twice; returns arrays as ``0/input/x`` and ``1/output/y``, none where it cannot take what is made up."""
    arrays: dict[str, Any] = {}
    for place, length in enumerate(LENGTHS):
        rng = np.random.default_rng(place)
        values = []
        for spec in specs:
            shape = [size or (1 if axis == 0 else length) for axis, size in enumerate(spec.shape)]
            dtype = np.dtype(spec.dtype.as_numpy_dtype)
            made = rng.standard_normal(shape) if dtype.kind == "f" else rng.integers(0, 2, shape)
            values.append(np.asarray(made).astype(dtype))
        try:
            results = run(*values)
        except Exception:  # whatever a model does not like about it: then there is nothing to compare with
            return {}
        arrays |= {f"{place}/input/{spec.name}": value for spec, value in zip(specs, values, strict=True)}
        arrays |= {f"{place}/output/{name}": np.asarray(value) for name, value in results.items()}
    return arrays


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


def _tflite(source: Path) -> tuple[Any, Any, list[Any]]:
    """With the names of the file's signature where it has one, instead of those of its tensors."""
    tf: Any = import_module("tensorflow")
    tf2onnx: Any = import_module("tf2onnx")
    model, _ = tf2onnx.convert.from_tflite(str(source), opset=OPSET)
    _spell_out_gelu(model.graph)
    interpreter = tf.lite.Interpreter(str(source))
    names = {}
    if interpreter.get_signature_list():
        runner = interpreter.get_signature_runner()
        details = {**runner.get_input_details(), **runner.get_output_details()}
        names = {row["name"]: name for name, row in details.items()}
        _rename(model.graph, names)
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    shapes = [[None if size < 0 else int(size) for size in row["shape_signature"]] for row in inputs]
    specs = [
        tf.TensorSpec(shape, row["dtype"], name=names.get(row["name"], row["name"]))
        for shape, row in zip(shapes, inputs, strict=True)
    ]

    def run(*values: Any) -> Any:
        for row, value in zip(inputs, values, strict=True):
            interpreter.resize_tensor_input(row["index"], value.shape)
        interpreter.allocate_tensors()
        for row, value in zip(inputs, values, strict=True):
            interpreter.set_tensor(row["index"], value)
        interpreter.invoke()
        return {names.get(row["name"], row["name"]): interpreter.get_tensor(row["index"]) for row in outputs}

    return model, run, specs


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
