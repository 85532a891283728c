import pytest

torch = pytest.importorskip("torch")

from tingshuo.train.keywords_config import DisguiseConfig  # noqa: E402
from tingshuo.train.keywords_disguise import disguised, pieces, placed, spoilt  # noqa: E402
from tingshuo.train.keywords_material import Teaching  # noqa: E402

pytestmark = pytest.mark.train
PLAIN = DisguiseConfig(tempo=0, tract_bands=0, colour_nepers=0, rooms=0, noisy=0, gated=0, band_masks=0, time_masks=0)
BLANK = torch.zeros(0, 8)


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


def test_a_plain_disguise_changes_nothing_and_others_do():
    torch.manual_seed(0)
    windows = placed(clips(), torch.tensor([0, 1]), 24, PLAIN)
    torch.testing.assert_close(disguised(windows, BLANK, PLAIN), windows)
    for change in ({"tract_bands": 2}, {"colour_nepers": 1}, {"noisy": 1}, {"rooms": 1}, {"band_masks": 2}, {"time_masks": 3}):
        torch.manual_seed(1)
        changed = disguised(windows, BLANK, PLAIN.replace(**change))
        assert changed.shape == windows.shape
        assert torch.isfinite(changed).all()
        assert not torch.allclose(changed, windows), change


def test_an_echo_comes_after_its_sound_and_decays():
    window = torch.full((1, 30, 2), -8.0)
    window[:, 10] = 5
    wet = disguised(window, BLANK[:, :2], PLAIN.replace(rooms=1, decay_s=(0.3, 0.3), echo_db=(0.0, 0.0)))[0, :, 0]
    torch.testing.assert_close(wet[:10], wet[:1].expand(10), atol=0.75, rtol=0)  # the echo of the silence itself builds up
    after = wet[11:20]
    assert (after[:-1] > after[1:]).all()
    assert float(after[0] - after[1]) == pytest.approx(6.0 * 2.302585 * 0.01 / 0.3, abs=1e-2)


def test_noise_lies_as_far_below_as_is_asked():
    torch.manual_seed(0)
    window = torch.zeros(200, 30, 8)
    noise_only = torch.full((200, 30, 8), -40.0)
    noise_only[:, 0] = 0  # what the level is taken from
    noisy = disguised(noise_only, BLANK, PLAIN.replace(noisy=1, snr_db=(20.0, 20.0)))[:, 1:]
    level_db = 10 / 2.302585 * float(noisy.exp().mean().log())
    assert -23 < level_db < -17
    assert (disguised(window, BLANK, PLAIN.replace(noisy=1)) >= window).all()


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


def test_pieces_are_of_the_sound_without_words():
    torch.manual_seed(0)
    blank = torch.arange(50.0)[:, None].expand(50, 8)
    found = pieces(blank, 6, 20)
    assert found.shape == (6, 20, 8)
    assert (found[:, 1:] - found[:, :-1] == 1).all()
    assert len(set(found[:, 0, 0].tolist())) > 1
