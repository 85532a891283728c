"""Tensors stored in half precision and widened when a graph is opened: half the size, the same speed.

Arithmetic stays float32; what changes is that every weight is rounded to eleven bits, and the gate of float32 decides whether
that is heard.
"""

import numpy as np
from onnx import TensorProto, helper

from tingshuo.port.passes.subject import WIDENED, NotApplicableError, Subject, copied, is_external, reference
from tingshuo.port.rewrite import assign, drop_unused

SUFFIX = ".half"
_LARGEST = float(np.finfo(np.float16).max)


def apply(subject: Subject) -> Subject:
    """Store the float32 tensors of a graph as half precision.

    Raises
    ------
    NotApplicableError
        It has none, or one that half precision cannot hold.
    """
    model = copied(subject.model)
    tensors, casts, kept, renamed = dict(subject.tensors), [], [], {}
    for one in model.graph.initializer:
        if not is_external(one) or tensors[one.name].dtype != np.float32:
            kept.append(one)
            continue
        if np.abs(tensors[one.name]).max(initial=0) > _LARGEST:
            raise NotApplicableError(f"{one.name} has a value above {_LARGEST:g}, the largest of half precision")
        small = one.name + SUFFIX
        tensors[small] = tensors[one.name].astype(np.float16)
        kept.append(reference(small, tensors[small]))
        renamed[one.name] = small + WIDENED
        casts.append(helper.make_node("Cast", [small], [small + WIDENED], name=small + WIDENED, to=TensorProto.FLOAT))
    if not casts:
        raise NotApplicableError("its tensors are half precision already")
    for node in model.graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = renamed.get(name, name)
    assign(model.graph.node, [*casts, *model.graph.node])
    assign(model.graph.initializer, kept)
    drop_unused(model.graph)
    return subject.changed(model, tensors)
