import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.layers.spectral import MEL_BANDS, band_limited, spectra_of, spectral_losses  # noqa: E402

pytestmark = pytest.mark.train
RATE = 24000


def tones(*hz: float, size: int = 6000):
    time = torch.arange(size) / RATE
    return sum(0.2 * torch.sin(2 * torch.pi * one * time) for one in hz)[None]


def test_equal_waves_cost_nothing():
    wav = torch.randn(2, 6000) * 0.1
    mel, linear = spectral_losses(spectra_of(wav), spectra_of(wav.clone()), RATE)
    assert mel == linear == 0


def test_a_gain_costs_its_logarithm():
    wav = torch.randn(2, 6000) * 0.1
    mel, linear = spectral_losses(spectra_of(2 * wav), spectra_of(wav), RATE)
    assert float(mel) == pytest.approx(0.693, abs=2e-3)
    assert float(linear) == pytest.approx(0.693 + 1, abs=5e-3)


def test_the_linear_loss_sees_noise_between_harmonics_that_mel_hardly_sees():
    real = tones(*range(300, 11000, 300))
    hiss = 3e-3 * torch.randn(1, real.shape[1], generator=torch.Generator().manual_seed(0))
    mel, linear = spectral_losses(spectra_of(real + hiss), spectra_of(real), RATE)
    assert linear > 2.5 * mel


def test_gradients_are_finite_also_for_silence():
    for wav in (torch.zeros(1, 6000), 0.1 * torch.randn(1, 6000)):
        fake = wav.requires_grad_()
        torch.stack(spectral_losses(spectra_of(fake), spectra_of(tones(440)), RATE)).sum().backward()
        assert fake.grad is not None
        assert torch.isfinite(fake.grad).all()


def test_what_lies_above_the_bandwidth_is_taken_away_and_nothing_else():
    low, high = tones(1000), tones(10000)
    limited = band_limited(torch.cat([low + high, low + high]), torch.tensor([8000.0, 12000.0]), RATE)
    assert torch.allclose(limited[0], low[0], atol=1e-3)
    assert torch.allclose(limited[1], (low + high)[0], atol=1e-5)


def test_there_is_a_transform_for_every_resolution():
    spectra = spectra_of(torch.zeros(2, 11264))
    assert {n: tuple(x.shape) for n, x in spectra.complex.items()} == {
        n: (2, n // 2 + 1, 11264 // (n // 4) + 1) for n in MEL_BANDS
    }
    assert all(not x.is_complex() for x in spectra.magnitude.values())
