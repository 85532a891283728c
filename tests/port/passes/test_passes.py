import pytest

pytest.importorskip("torch")

from tingshuo.errors import RequestError
from tingshuo.port.passes.passes import PASSES, TARGETS, load_pass

pytestmark = pytest.mark.train


def test_every_pass_has_a_function_and_targets_that_there_are():
    for name, one in PASSES.items():
        assert callable(load_pass(name)), name
        assert set(one.targets) <= set(TARGETS), name


def test_an_unknown_pass_is_named_with_those_there_are():
    with pytest.raises(RequestError, match="int8-static"):
        load_pass("faster")
