"""What an aligner is made of and how it is taught."""

from tingshuo.config import StrictModel
from tingshuo.config.mfcc import MfccConfig


class HmmConfig(StrictModel, frozen=True, kw_only=True):
    """Hidden Markov models of phones: states from left to right, tones share them, a mixture of Gaussians in each."""

    mfcc: MfccConfig = MfccConfig()
    states: int = 3
    """Emitting states of a phone, each at least one frame long."""
    iterations: int = 15
    """Rounds of aligning and re-estimating."""
    broad_iterations: int = 5
    """The first, in which only kinds of phones are told apart: finer models of few clips stay caught in the first guess."""
    splits: tuple[int, ...] = (8, 11)
    """Rounds before which every Gaussian becomes two."""
    flat_from_s: float = 600.0
    """Seconds of speech from which models are taught on it from nothing even where others are known."""
    adapt_iterations: int = 3
    """Rounds in which models that were taught before are fitted to the clips at hand."""
    adapt_frames: float = 10.0
    """Frames of these clips that weigh as much as all that such a Gaussian was taught from."""
    train_s: float = 2700.0
    """Seconds of speech, taken evenly from all clips, that the models are estimated from; the rest is only aligned."""
    min_pause_s: float = 0.1
    """A shorter silence between words is the closure of what follows, not a pause."""
    variance_floor: float = 0.03
    """Least variance of a feature whose variance over a speaker is 1."""
