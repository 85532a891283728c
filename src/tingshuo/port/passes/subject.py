"""A graph on its way through passes: structure, the tensors that it names, and what is to run it.

Its large tensors lie outside it, bound by name, as in every bundle; what a pass adds to them is stored in a file of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tingshuo.engine.engines import ENGINES
from tingshuo.errors import EngineError, PortError
from tingshuo.port.export import LOCATION
from tingshuo.port.rewrite import GraphView, assign, drop_unused
from tingshuo.types import Runs

Array = NDArray[Any]
Inputs = Mapping[str, Array]
WIDENED = ".float32"
"""Ends the name of a half-precision tensor after the cast that `tingshuo.port.export` puts behind it."""
INSIDE_BYTES = 1024
"""Constants up to this size stay inside a graph."""


class NotApplicableError(PortError):
    """A pass that has nothing to do with a graph; the message says why."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A graph, how it is run, and what it sees in use.

    ``tensors`` are all that it may name. ``calibration`` are inputs of real sentences, for passes that choose scales by them.
    ``opener`` is what opens it where no engine of a bundle does, so that it can be measured.
    """

    name: str
    model: onnx.ModelProto
    tensors: Mapping[str, Array]
    calibration: Sequence[Inputs] = ()
    engine: str = "onnx"
    precision: str = "fp32"
    opener: "Callable[[Subject, int], Runs] | None" = None

    def changed(self, model: onnx.ModelProto, tensors: Mapping[str, Array] | None = None, **fields: Any) -> "Subject":
        """Return it with another graph."""
        return replace(self, model=model, tensors=self.tensors if tensors is None else tensors, **fields)

    def open(self, threads: int = 1) -> Runs:
        """Open it with its engine.

        Raises
        ------
        EngineError
            The engine is missing or lacks something in the graph.
        RequestError
            This processor does not have the precision.
        """
        if self.opener is not None:
            return self.opener(self, threads)
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"{self.name}.onnx"
            path.write_bytes(self.model.SerializeToString())
            try:
                session: Runs = ENGINES.load(self.engine)(path, self.tensors, threads=threads, **self.options)
            except EngineError as error:
                raise type(error)(str(error).replace(str(path), f"graph {self.name!r}")) from error
            return session

    @property
    def options(self) -> dict[str, str]:
        """What its engine is told beside the threads."""
        return {"precision": "bf16"} if self.precision == "bf16" else {}

    def named(self) -> dict[str, Array]:
        """Return the tensors that the graph names."""
        return {one.name: self.tensors[one.name] for one in self.model.graph.initializer if is_external(one)}


def copied(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy of a graph."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return copy


def is_external(tensor: onnx.TensorProto) -> bool:
    """Whether the data of an initializer lies outside its graph."""
    return tensor.data_location == TensorProto.EXTERNAL


def embedded(subject: Subject) -> onnx.ModelProto:
    """Return a graph with its tensors inside; those of half precision widened, without their casts."""
    model = copied(subject.model)
    view = GraphView(model.graph)
    inside, widened = [], set()
    for one in model.graph.initializer:
        if not is_external(one):
            inside.append(one)
            continue
        data = np.ascontiguousarray(subject.tensors[one.name])
        users = view.users.get(one.name, [])
        if data.dtype == np.float16 and users and all(user.output[0] == one.name + WIDENED for user in users):
            widened.add(one.name + WIDENED)
            inside.append(numpy_helper.from_array(data.astype(np.float32), one.name + WIDENED))
        else:
            inside.append(numpy_helper.from_array(data, one.name))
    assign(model.graph.initializer, inside)
    assign(model.graph.node, [node for node in model.graph.node if node.output[0] not in widened])
    return model


def outside(model: onnx.ModelProto, subject: Subject, suffix: str) -> Subject:
    """Put the tensors of a graph outside it again.

    What the subject had and is as it was keeps its name; what is new gets the suffix.

    Parameters
    ----------
    model : onnx.ModelProto
        Made of `embedded`; changed in place.
    subject : Subject
        Where it comes from.
    suffix : str
        Ends the names of new tensors, so that they are not taken for those they were made of.
    """
    graph = model.graph
    known, kept, casts, renamed = dict(subject.tensors), [], [], {}
    for one in graph.initializer:
        data, base = numpy_helper.to_array(one), one.name.removesuffix(WIDENED)
        if data.nbytes <= INSIDE_BYTES and base not in subject.tensors:
            kept.append(one)
            continue
        source = base if _is_known(data, subject.tensors.get(base)) else one.name + suffix
        known.setdefault(source, data)
        renamed[one.name] = source
        if source == base and known[base].dtype == np.float16:
            casts.append(helper.make_node("Cast", [base], [base + WIDENED], name=base + WIDENED, to=TensorProto.FLOAT))
            renamed[one.name] = base + WIDENED
        kept.append(reference(source, known[source]))
    for node in graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = renamed.get(name, name)
    assign(graph.node, [*casts, *graph.node])
    assign(graph.initializer, kept)
    drop_unused(graph)
    return subject.changed(model, known)


def _is_known(data: Array, known: Array | None) -> bool:
    return known is not None and data.shape == known.shape and np.array_equal(known.astype(data.dtype), data)


def reference(name: str, data: Array) -> onnx.TensorProto:
    """Return an initializer whose data lies outside its graph."""
    kind = helper.np_dtype_to_tensor_dtype(data.dtype)
    reference = TensorProto(name=name, data_type=kind, dims=data.shape, data_location=TensorProto.EXTERNAL)
    reference.external_data.add(key="location", value=LOCATION)
    return reference
