"""Vocoder: a pulse train at F0 and white noise, filtered frame by frame in the STFT domain.

The net sees mel and F0 and predicts per frame and bin the log-gain and the phase of the pulse filter and the log-gain of
the noise filter. F0 is given, so pitch is exact and the net is small. `SourceFilter.forward` is the net alone (what a
bundle's graph computes); `SourceFilter.synthesize` goes on to the wave, in torch, for losses and for reference.

Letters: B batch, F frames, T samples, K = n_fft / 2 + 1 bins. Sources: Siuzdak 2023, "Vocos" (backbone); Engel et al. 2020,
"DDSP" (harmonic plus noise).
"""

import torch
from torch import Tensor, nn

from tingshuo.models.layers.convnext import ConvNeXtBlock
from tingshuo.models.layers.stft import hann_window, spectrum
from tingshuo.models.source_filter.config import SourceFilterConfig

LOWEST_HZ = 40.0
"""F0 at or below this counts as unvoiced."""
LOG_F0_OFFSET = 5.0
"""Subtracted from log-F0 so that the input is small."""
LARGEST_LOG_GAIN = 6.0
NOISE_LOG_GAIN_OFFSET = 2.0
"""Subtracted from the noise filter's log-gain, so that training starts with little noise."""
NOISE_LEVEL = 0.3
PULSE_LEVEL = 4.0
PHASE_SCALE = 3.1416
"""Radians per unit of the phase output; the rounded pi that the weights were trained with."""
EMBED_KERNEL = 7
INITIAL_STD = 0.02
SMALLEST = 1e-4
"""Of a bin of noise, over what is expected: below it, its phase is not known to the precision of float32."""


class SourceFilter(nn.Module):
    """The vocoder.

    Parameters
    ----------
    config : SourceFilterConfig
        Sizes.
    """

    def __init__(self, config: SourceFilterConfig) -> None:
        super().__init__()
        self.config = config
        dim = config.dim
        self.embed = nn.Conv1d(config.mels + 2, dim, EMBED_KERNEL, padding=EMBED_KERNEL // 2)
        self.norm_in = nn.LayerNorm(dim, eps=1e-6)
        self.blocks = nn.ModuleList(ConvNeXtBlock(dim, config.hidden, 1 / config.layers) for _ in range(config.layers))
        self.norm_out = nn.LayerNorm(dim, eps=1e-6)
        bins = config.n_fft // 2 + 1
        self.gain, self.phase, self.noise_gain = nn.Linear(dim, bins), nn.Linear(dim, bins), nn.Linear(dim, bins)
        for module in self.modules():
            if isinstance(module, nn.Conv1d | nn.Linear):
                nn.init.trunc_normal_(module.weight, std=INITIAL_STD)
                assert module.bias is not None
                nn.init.zeros_(module.bias)

    def forward(self, mel: Tensor, f0: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Predict the filters.

        Parameters
        ----------
        mel : Tensor
            (B, mels, F), natural logarithm of magnitude.
        f0 : Tensor
            (B, F) Hz, 0 where unvoiced.

        Returns
        -------
        gain, phase, noise_gain : Tensor
            (B, F, K) each: raw, before exponentials, clamps and scales.
        """
        voiced = (f0 > LOWEST_HZ).to(mel.dtype)
        log_f0 = torch.log(f0.clamp(min=LOWEST_HZ)) - LOG_F0_OFFSET
        x = self.embed(torch.cat([mel, log_f0[:, None], voiced[:, None]], 1)).transpose(1, 2)
        x = self.norm_in(x)
        for block in self.blocks:
            x = block(x)
        x = self.norm_out(x)
        return self.gain(x), self.phase(x), self.noise_gain(x)

    def synthesize(self, mel: Tensor, f0: Tensor, noise: Tensor) -> Tensor:
        """Return the wave.

        Parameters
        ----------
        mel, f0 : Tensor
            As for `forward`.
        noise : Tensor
            (B, (F - 1) * hop_length), white, variance 1.

        Returns
        -------
        Tensor
            (B, (F - 1) * hop_length), about [-1, 1].
        """
        parts = self(mel, f0)
        n_fft, hop_length = self.config.n_fft, self.config.hop_length
        with torch.autocast(mel.device.type, enabled=False):
            gain, phase, noise_gain = (part.float().transpose(1, 2) for part in parts)
            harmonic = torch.polar(torch.exp(gain.clamp(max=LARGEST_LOG_GAIN)), PHASE_SCALE * phase)
            breath = torch.exp(noise_gain.clamp(max=LARGEST_LOG_GAIN) - NOISE_LOG_GAIN_OFFSET)
            sources = torch.cat([self.pulses(f0), NOISE_LEVEL * noise])
            pulses, hiss = spectrum(sources, n_fft, hop_length).chunk(2)
            if self.config.steady_noise:
                hiss = NOISE_LEVEL * levelled(hiss / NOISE_LEVEL)
            return torch.istft(pulses * harmonic + hiss * breath, n_fft, hop_length, window=hann_window(n_fft, mel.device))

    def pulses(self, f0: Tensor) -> Tensor:
        """Return a band-limited pulse train: ``f0`` (B, F) Hz, 0 where unvoiced; result (B, (F - 1) * hop_length)."""
        rate = self.config.sample_rate
        size = (f0.shape[1] - 1) * self.config.hop_length
        hz = nn.functional.interpolate(f0[:, None], size=size, mode="linear", align_corners=True)[:, 0]
        phase = torch.cumsum(hz.double() / rate, 1)
        phase = (phase - torch.round(phase)).float()
        safe = hz.clamp(min=LOWEST_HZ)
        level = PULSE_LEVEL * torch.sqrt(safe / rate) * (hz > LOWEST_HZ)
        return torch.sinc(rate * phase / safe) * level


def levelled(spectra: Tensor) -> Tensor:
    """Return spectra (B, K, F) of noise of variance 1 at their expected magnitude, as `tingshuo.audio.noise.levelled`."""
    expected = hann_window(2 * (spectra.shape[1] - 1), spectra.device).square().sum().sqrt()
    return spectra * (expected / spectra.abs().clamp(min=SMALLEST * expected))
