"""Critics of mels beside an acoustic training: they learn to tell predicted mels from recorded ones, and tell the decoder.

A prediction lies frame by frame over its recording, as durations, F0 and energy are the recording's, so features of the critics
can be matched as well. What the decoder learns from is the gradient at its mels.
"""

import torch
from torch import Tensor

from tingshuo.audio.mel import QUIET
from tingshuo.models.layers.mel_critics import MelCritics, mel_adversarial_loss, mel_critic_loss, mel_matching_loss
from tingshuo.train.config import TrainConfig
from tingshuo.train.distributed import World
from tingshuo.train.examples import Batch
from tingshuo.train.loop import take_step

BETAS = (0.5, 0.9)


class Sharpener:
    """Critics and how they learn.

    Parameters
    ----------
    config : TrainConfig
        ``acoustic.adversarial_weight`` and ``acoustic.matching_weight`` say how much the decoder hears of them; their rate is
        that of the loop.
    world : World
        The processes that train together; gradients are means over all.
    """

    def __init__(self, config: TrainConfig, world: World) -> None:
        torch.manual_seed(config.loop.seed)
        self.net = MelCritics().to(world.device)
        self.optimizer = torch.optim.AdamW(self.net.parameters(), config.loop.rate, betas=BETAS, fused=True)
        self._clip, self._world = config.loop.clip, world
        self._adversarial, self._matching = config.acoustic.adversarial_weight, config.acoustic.matching_weight

    def __call__(self, batch: Batch, mel: Tensor) -> tuple[Tensor, dict[str, float]]:
        """Judge mels (B, M, F) predicted for a batch, and learn from it.

        Returns
        -------
        gradient : Tensor
            (B, M, F): of what the decoder is told, with its weights, at the mels.
        figures : dict
            The unweighted losses by name, means over all processes.
        """
        fake = mel.detach().requires_grad_()
        of_real = self.net(batch.mel, batch.frames, batch.mel_weight)
        of_fake = self.net(fake.clamp(min=QUIET), batch.frames, batch.mel_weight)  # recorded ones end there too
        adversarial, matching = mel_adversarial_loss(of_fake), mel_matching_loss(of_real, of_fake)
        told = self._adversarial * adversarial + self._matching * matching
        (gradient,) = torch.autograd.grad(told / self._world.size, fake, retain_graph=True)
        critics = mel_critic_loss(of_real, of_fake)
        take_step(self.optimizer, list(self.net.parameters()), self._clip, self._world, critics / self._world.size)
        losses = self._world.sum(torch.stack((adversarial, matching, critics)).detach()) / self._world.size
        return gradient, dict(zip(("adversarial", "matching", "critics"), losses.tolist(), strict=True))
