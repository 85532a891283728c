"""Two gloo processes on the processor, started by torchrun, against one that sees what both see."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
from tests.train.conftest import make_recipe  # noqa: E402

from tingshuo.models.layers.dropout import Dropout  # noqa: E402
from tingshuo.train.batches import make_batches  # noqa: E402
from tingshuo.train.distributed import World, join  # noqa: E402

pytestmark = pytest.mark.train

STEPS = 4
QUIET = ("loop.batch_frames=170", "loop.threads=1", "loop.precision=fp32")  # bf16 rounds otherwise than by the order of sums

WORKER = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import torch
torch.set_num_threads(1)
from tests.train.conftest import make_corpus
from tests.train.test_distributed import losses_of
from tingshuo.train.distributed import join
with join() as world:
    losses = losses_of(make_corpus(Path(sys.argv[2]).parent), world)
    Path(f"{sys.argv[2]}-{world.rank}").write_text(json.dumps(losses))
"""


def losses_of(corpus, world):
    """Losses of some steps without dropout; a lone process takes the batches of two at once."""
    recipe, _ = make_recipe(corpus, QUIET, energy=1, emotions=2, world=world)
    for module in recipe.net.modules():
        if isinstance(module, Dropout):
            module.dropped = 0
    found = []
    for step, batch in enumerate(recipe.batches(0) if world.size > 1 else pairs(recipe)):
        if step < STEPS:
            found.append(recipe.step(batch, step))
    return found


def pairs(recipe):
    lengths = [example.clip.frames for example in recipe.train]
    shares = [make_batches(lengths, 170, seed=0, epoch=0, rank=rank, world=2) for rank in range(2)]
    return [np.concatenate(both) for both in zip(*shares, strict=True)]


def test_two_processes_learn_as_one_with_the_batches_of_both(tmp_path, corpus):
    root = Path(__file__).parents[2]
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--master-port=0", "--standalone", "--no-python",
        sys.executable, "-c", WORKER, root, tmp_path / "losses",
    ]  # fmt: skip
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    both = [json.loads((tmp_path / f"losses-{rank}").read_text()) for rank in range(2)]
    alone = losses_of(corpus, World())
    assert both[0] == both[1]  # every process knows the losses of all
    assert len(alone) == len(both[0]) >= 3
    for one, two in zip(alone, both[0], strict=True):
        # From the second step on, equal losses mean that the gradients were equal too.
        assert two == pytest.approx(one, rel=1e-6)


def test_alone_every_sum_is_its_own(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with join() as world:
        assert world == World(0, 1)
        assert world.leads
        values = torch.tensor([1.0, 2.0])
        assert torch.equal(world.sum(values), values)
        assert world.any(True)
        assert not world.any(False)
