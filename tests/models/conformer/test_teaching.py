"""What syllables have in common is learnt in common, and added up in the finished net."""

import pytest

torch = pytest.importorskip("torch")

from tingshuo.errors import TextError  # noqa: E402
from tingshuo.models.conformer.config import ConformerConfig  # noqa: E402
from tingshuo.models.conformer.teaching import Pupil, syllables_of  # noqa: E402

pytestmark = pytest.mark.train

UNITS = ["ma1", "ma3", "an1", "hao3", "ba5"]
CONFIG = ConformerConfig(
    units=6, features=20, dim=16, stem=4, layers=3, heads=2, hidden=24, kernel=3, dynamic_chunk=True, decoder_layers=0,
    reverse_layers=0,
)  # fmt: skip


def pupil(dropout=0.3):
    torch.manual_seed(0)
    return Pupil(CONFIG, syllables_of(UNITS), dropout)


def test_syllables_are_taken_apart():
    found = syllables_of(UNITS)
    assert found.units[0] == found.names_of_phones[0] == "<blank>"
    assert [tuple(found.names_of_phones[n] for n in one) for one in found.phones] == [
        (), ("m", "a1"), ("m", "a3"), ("an1",), ("h", "ao3"), ("b", "a5"),
    ]  # fmt: skip
    assert found.parts.sum(1).tolist() == [0, 5, 5, 5, 5, 5]
    shared = found.parts @ found.parts.T
    assert shared[1, 2] == 3, "m, a and ma"
    assert shared[1, 3] == 1, "the tone"
    with pytest.raises(TextError):
        syllables_of(["hello1"])


def test_the_finished_net_says_what_the_pupil_says():
    taught = pupil().eval()
    features, lengths = torch.randn(2, 60, 20), torch.tensor([60, 41])
    with torch.no_grad():
        units, phones = taught(features, lengths)
        assert torch.allclose(taught.finished()(features, lengths), units, atol=1e-5)
    assert units.shape[2] == 6
    assert phones.shape[2] == len(syllables_of(UNITS).names_of_phones)


def test_dropout_is_for_teaching_alone():
    taught, features = pupil(), torch.randn(1, 40, 20)
    one, other = (taught(features, torch.tensor([40]))[0] for _ in range(2))
    assert not torch.equal(one, other)
    taught.eval()
    one, other = (taught(features, torch.tensor([40]))[0] for _ in range(2))
    assert torch.equal(one, other)


def test_a_syllable_that_is_never_heard_learns_from_its_parts():
    taught = pupil(0.0)
    before = taught._weight()[2].detach().clone()
    log_probs, _ = taught(torch.randn(1, 40, 20), torch.tensor([40]))
    log_probs[..., 1].sum().backward()  # ma1
    with torch.no_grad():
        for parameter in (taught.parts, taught.net.ctc.weight):
            gradient = parameter.grad.clone()
            if parameter is taught.net.ctc.weight:
                gradient[2] = 0
            parameter += gradient
    moved = taught._weight()[2] - before
    assert moved @ (taught.net.ctc.weight.grad[1]) > 0
