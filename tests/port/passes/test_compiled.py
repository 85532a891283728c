import pytest

pytest.importorskip("torch")

from tests.port.passes.graphs import frames, stack

from tingshuo.errors import EngineError, PortError
from tingshuo.port.passes import compiled
from tingshuo.tasks.golden import error_db

pytestmark = pytest.mark.train


@pytest.mark.parametrize(("apply", "precision", "limit_db"), [(compiled.float32, "fp32", -100), (compiled.bfloat16, "bf16", -30)])
def test_it_computes_the_same_at_every_length(apply, precision, limit_db, monkeypatch):
    monkeypatch.setattr(compiled, "BACKEND", "eager")  # what compiles takes seconds, and a C++ compiler
    one = stack()
    made = apply(one)
    assert (made.engine, made.precision) == ("torch", precision)
    session = made.open()
    errors = [error_db(session.run(frames(n))["y"], one.open().run(frames(n))["y"]) for n in (40, 24)]
    assert max(errors) < limit_db
    assert (max(errors) > -90) is (precision == "bf16")


def test_what_the_compiler_refuses_is_one_sentence(monkeypatch):
    def backend(module, inputs):
        raise RuntimeError("no C++ compiler\nand a page of its input")

    monkeypatch.setattr(compiled, "BACKEND", backend)
    session = compiled.float32(stack()).open()
    with pytest.raises(EngineError, match=r"^graph 'g' cannot be compiled: .*no C\+\+ compiler and a page of its input"):
        session.run(frames())


def test_an_operator_that_torch_has_not_is_named():
    one = stack()
    one.model.graph.node[1].domain = "com.microsoft"
    with pytest.raises(PortError, match=r"com\.microsoft"):
        compiled.float32(one).open()
