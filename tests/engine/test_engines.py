from tingshuo.engine.engines import ENGINES
from tingshuo.engine.onnx import open_graph


def test_onnx_is_an_engine():
    assert ENGINES.load("onnx") is open_graph


def test_every_engine_says_how_to_install_it():
    assert all(ENGINES.row(name).hint for name in ENGINES)
