"""What lies inside a net is heard, whatever its family."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.port.originals import compare_original  # noqa: E402

from tingshuo.port.inside import Ear, _listening  # noqa: E402

pytestmark = pytest.mark.train


def test_ears_join_calls_and_average_modules():
    steps = Ear(torch.nn.Identity())
    assert steps.joined([np.ones((1, 2)), np.zeros((1, 2))]).tolist() == [[1, 1], [0, 0]]
    assert steps.joined([np.ones((1, 3, 1, 4))]).shape == (3, 4)
    assert steps.joined([np.ones((1, 3, 4))]).shape == (3, 4)
    three = Ear(*[torch.nn.Identity()] * 3)
    assert three.joined([np.full((1, 2, 5), n, np.float32) for n in (1, 2, 6)])[0, 0] == 3


def test_an_ear_may_hear_the_first_calls_alone():
    once, always = torch.nn.Identity(), torch.nn.Identity()
    with _listening({"once": Ear(once, calls=1), "always": Ear(always)}) as calls:
        for number in (1, 2, 3):
            once(torch.full((1, 2), float(number)))
            always(torch.full((1, 2), float(number)))
    assert [array.tolist() for array in calls["once"]] == [[[1, 1]]]
    assert len(calls["always"]) == 3


@pytest.mark.parametrize(
    ("checkpoint", "of", "case", "inner"),
    [
        ("hifigan_v2", None, "smooth", {"conv_pre", "stage0.head", "stage3.tail"}),
        ("sambert_16k", "kan_hifigan_16k", "smooth", {"conv_pre", "pre_tanh.head", "stage3.tail"}),
        ("vocos_mel_24khz", None, "decode", {"embed", "block0", "backbone"}),
    ],
)
def test_modules_answer_by_the_names_of_the_original(golden, checkpoint, of, case, inner):
    made, *_ = compare_original(golden, checkpoint, [case], of)
    assert inner <= {one.result for one in made.compared if one.where == "net"}
    assert not made.beyond


def test_a_broken_part_is_named(golden):
    """The first answer that is off lies behind what was changed, and what comes before is as it was."""
    _, _, inside = compare_original(golden, "hifigan_v2", [])
    block = inside._ears["stage1"].modules[0]
    weight = next(block.parameters())
    with torch.no_grad():
        kept = weight.clone()
        weight *= 1.1
    try:
        made, *_ = compare_original(golden, "hifigan_v2", ["smooth"])
    finally:
        with torch.no_grad():
            weight.copy_(kept)
    order = ["conv_pre", "stage0.head", "stage0.tail", "stage1.head"]
    assert [one.ok for name in order for one in made.compared if one.result == name] == [True, True, True, False]
