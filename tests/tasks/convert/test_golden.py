"""An RVC voice answers to the folder of the original."""

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.port.originals import compare_original

from tingshuo.errors import ConfigError
from tingshuo.tasks.golden_compare import run_case
from tingshuo.tasks.golden_draws import Draws
from tingshuo.tasks.golden_folder import Case

pytestmark = pytest.mark.train


def test_every_answer_is_the_original_s(golden):
    """``head`` is the hardest of them: it is noisy, and its flow and its decoder begin late."""
    made, *_ = compare_original(golden, "rvc_v2_40k", ["head"])
    assert not made.beyond
    assert not made.left
    borders = {one.result for one in made.compared if one.where == "graph"}
    assert borders == {"m_p", "logs_p", "z_p", "z", "har_source.head", "har_source.tail", "wav"}
    assert len(made.compared) == 16


def test_draws_may_be_given_and_have_to_be_told(golden):
    _, material, inside = compare_original(golden, "rvc_v2_40k", [])
    given = {"phone": np.zeros((4, 768), np.float32), "nsff0": np.full(4, 220, np.float32), "sid": np.array(0)}
    draws = {"z": np.ones((192, 4), np.float32), "sine": np.zeros(1600, np.float32)}
    with pytest.raises(ConfigError, match="give the input 'z' of shape"):
        run_case(inside.graphs, material, Case("a", given, {}, {}, Draws("a", given, None)))
    mean, drawn = (
        run_case(inside.graphs, material, Case("a", {**given, **more}, {}, {}, Draws("a", {**given, **more}, told)))
        for more, told in (({}, "zeros"), (draws, None))
    )
    np.testing.assert_allclose(mean["z_p"], mean["m_p"])
    np.testing.assert_allclose(drawn["z_p"], mean["m_p"] + np.exp(mean["logs_p"]) * 0.66666, rtol=1e-5)
    assert mean["wav"].shape == (1600,)
    unpitched = {name: array for name, array in given.items() if name != "nsff0"}
    assert run_case(inside.graphs, material, Case("a", unpitched, {}, {}, Draws("a", unpitched, None))) is None
