"""Linear layers as one product with its bias, depthwise convolutions as pictures one row high; see `tingshuo.port.optimize`."""

from tingshuo.errors import PortError
from tingshuo.port.optimize import as_gemm, widen_depthwise
from tingshuo.port.passes.subject import NotApplicableError, Subject, copied
from tingshuo.port.products import find_depthwise, find_products
from tingshuo.port.rewrite import drop_unused


def apply(subject: Subject) -> Subject:
    """Rewrite the linear layers and depthwise convolutions of a graph.

    Raises
    ------
    NotApplicableError
        It has none, or convolutions of another kind beside them.
    """
    model = copied(subject.model)
    before = model.SerializeToString(deterministic=True)
    try:
        if any(node.op_type == "ConvTranspose" for node in model.graph.node):
            raise NotApplicableError("it is a stack of convolutions, see wide")
        depthwise = find_depthwise(model.graph)
        products = find_products(model.graph)
    except PortError as error:
        raise NotApplicableError(str(error)) from error
    if depthwise:
        widen_depthwise(model.graph)
        products = find_products(model.graph)
    for product in products:
        as_gemm(model.graph, product)
    drop_unused(model.graph)
    if model.SerializeToString(deterministic=True) == before:
        raise NotApplicableError("its products are as they should be")
    return subject.changed(model)
