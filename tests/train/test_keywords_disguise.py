import pytest

torch = pytest.importorskip("torch")

from tingshuo.train.disguise_config import DisguiseConfig  # noqa: E402
from tingshuo.train.keywords_disguise import placed, spoilt  # noqa: E402
from tingshuo.train.keywords_material import Teaching  # noqa: E402

pytestmark = pytest.mark.train
PLAIN = DisguiseConfig(tempo=0, tract_bands=0, colour_nepers=0, rooms=0, noisy=0, gated=0, band_masks=0, time_masks=0)


def clips(loud=10.0):
    """Two clips of 10 and 16 frames, silent at 0, loud in the middle four frames."""
    features = torch.zeros(2, 16, 8)
    features[0, 3:7] = features[1, 6:10] = loud
    return Teaching(features, torch.tensor([10, 16]), torch.zeros(2, 8), torch.tensor([0, 1]))


def test_a_clip_lies_whole_anywhere_in_its_window():
    torch.manual_seed(0)
    windows = placed(clips(), torch.tensor([0] * 50), 24, PLAIN)
    loud = windows.mean(2) > 5
    assert (loud.sum(1) == 4).all()
    firsts = set(loud.int().argmax(1).tolist())
    assert min(firsts) >= 3
    assert max(firsts) <= 24 - 7
    assert len(firsts) > 8


def test_another_tempo_makes_a_clip_longer_or_shorter():
    torch.manual_seed(0)
    windows = placed(clips(), torch.tensor([1] * 60), 40, PLAIN.replace(tempo=0.5))
    lengths = (windows.mean(2) > 5).sum(1)
    assert lengths.min() < 4 < lengths.max()


def test_silence_may_be_deeper_than_it_was():
    torch.manual_seed(0)
    windows = placed(clips(), torch.tensor([0] * 40), 24, PLAIN.replace(gated=1.0))
    assert windows.amin() < -6


def test_a_spoilt_word_is_no_longer_whole():
    torch.manual_seed(0)
    windows = torch.zeros(100, 24, 8)
    windows[:, 4:8] = torch.arange(1.0, 5.0)[:, None] + 6
    spoiled = spoilt(windows, torch.zeros(100, 8))
    assert spoiled.shape == windows.shape
    whole = (spoiled[:, 4:8] == windows[:, 4:8]).all(2).all(1)
    assert not whole.any()
