import pytest

torch = pytest.importorskip("torch")

from tingshuo.train.disguise import disguised, pieces  # noqa: E402
from tingshuo.train.disguise_config import DisguiseConfig  # noqa: E402

pytestmark = pytest.mark.train
PLAIN = DisguiseConfig(tempo=0, tract_bands=0, colour_nepers=0, rooms=0, noisy=0, gated=0, band_masks=0, time_masks=0)
BLANK = torch.zeros(0, 8)


def test_a_plain_disguise_changes_nothing_and_others_do():
    torch.manual_seed(0)
    windows = torch.zeros(2, 24, 8)
    windows[:, 6:10] = 10 + torch.randn(2, 4, 8)
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


def test_pieces_are_of_the_sound_without_words():
    torch.manual_seed(0)
    blank = torch.arange(50.0)[:, None].expand(50, 8)
    found = pieces(blank, 6, 20)
    assert found.shape == (6, 20, 8)
    assert (found[:, 1:] - found[:, :-1] == 1).all()
    assert len(set(found[:, 0, 0].tolist())) > 1
