"""Settings of a classic recogniser that learns chimes in seconds."""

from tingshuo.train.hybrid_config import read_hybrid_config

SMALL = (
    "bundle.licence=CC0-1.0", "bundle.consent=nobody speaks", "bundle.data_statement=Chimes.", "bundle.name=chimes",
    "language.closed=true", "language.order=1", "dropout=0.0", "net.dim=24", "net.layers=1", "offsets=[-4, -2, 0, 2, 4]",
    "mfcc.mel.n_fft=512", "mfcc.mel.n_mels=24", "mfcc.n_coefficients=16", "hmm.iterations=8", "hmm.broad_iterations=2",
    "hmm.splits=[5]", "loop.steps=60", "loop.rate=0.02", "loop.warm_up=5", "loop.average=0.9", "loop.batch_frames=128",
    "loop.precision=fp32", "loop.evaluate_every=30", "loop.checkpoint_every=60", "loop.threads=1",
)  # fmt: skip


def small(*settings):
    """Return the settings, and some more."""
    return read_hybrid_config(None, [*SMALL, *settings])
