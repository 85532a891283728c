import subprocess
import sys
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

from tingshuo.errors import OutputError, TrainError  # noqa: E402
from tingshuo.train import checkpoint  # noqa: E402
from tingshuo.train.checkpoint import State, collect, has_checkpoint, load_checkpoint, restore, save_checkpoint  # noqa: E402

pytestmark = pytest.mark.train


def state(step, **fields):
    return State(step=step, epoch=1, position=2, seconds=3.5, best=0.25, identity={"seed": 1}, **fields)


def trained(seed):
    torch.manual_seed(seed)
    net = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(net.parameters(), 0.1)
    net(torch.randn(4, 3)).sum().backward()
    optimizer.step()
    return net, optimizer


def test_nets_optimizers_and_average_come_back_to_the_last_bit(tmp_path):
    net, optimizer = trained(0)
    average = {name: value.detach() * 2 for name, value in net.state_dict().items()}
    tensors, rest = collect({"net": net}, {"net": optimizer}, average)
    save_checkpoint(tmp_path / "checkpoints", tensors, state(7, optimizers=rest))
    assert (tmp_path / "checkpoints/last/tensors.safetensors").is_file()

    other, other_optimizer = trained(1)
    kept = {name: torch.zeros_like(value) for name, value in average.items()}
    loaded, found = load_checkpoint(tmp_path)
    restore(loaded, found, {"net": other}, {"net": other_optimizer}, kept)
    assert found == state(7, optimizers=rest)
    for name, value in net.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])
        assert torch.equal(kept[name], average[name])
    for _ in range(2):
        for one, stepper in ((net, optimizer), (other, other_optimizer)):
            stepper.zero_grad()
            one(torch.ones(1, 3)).square().sum().backward()
            stepper.step()
    assert torch.equal(net.weight, other.weight)


def test_what_an_optimizer_keeps_beside_tensors_is_kept(tmp_path):
    net = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    optimizer.state[net.weight] = {"rounds": 3}
    tensors, rest = collect({}, {"net": optimizer}, {})
    fresh = torch.optim.SGD(net.parameters(), 0.1)
    restore(tensors, state(1, optimizers=rest), {}, {"net": fresh}, {})
    assert fresh.state[net.weight] == {"rounds": 3}


def test_last_and_best_are_kept_and_nothing_else(tmp_path):
    for step, best in ((1, False), (2, True), (3, False), (4, False)):
        save_checkpoint(tmp_path / "checkpoints", {"net/w": torch.full((2,), float(step))}, state(step), best=best)
    (tmp_path / "checkpoints/.step-00000009.x.partial").mkdir()  # as a killed process leaves it
    save_checkpoint(tmp_path / "checkpoints", {"net/w": torch.zeros(2)}, state(5))
    assert sorted(p.name for p in (tmp_path / "checkpoints").iterdir()) == ["best", "last", "step-00000002", "step-00000005"]
    assert load_checkpoint(tmp_path, "best")[1].step == 2
    assert load_checkpoint(tmp_path)[1].step == 5


def test_other_nets_are_refused():
    net = torch.nn.Linear(2, 2)
    with pytest.raises(TrainError, match="does not fit"):
        restore({"net/weight": torch.zeros(3, 3), "net/bias": torch.zeros(3)}, state(1), {"net": net}, {}, {})
    with pytest.raises(TrainError, match="average is of another net"):
        restore({}, state(1), {}, {}, {"weight": torch.zeros(1)})


@pytest.mark.parametrize("harm", ["nothing", "cut tensors", "cut state"])
def test_a_missing_or_damaged_checkpoint_says_so(tmp_path, harm):
    if harm != "nothing":
        save_checkpoint(tmp_path / "checkpoints", {"net/w": torch.zeros(99)}, state(1))
        path = tmp_path / "checkpoints/last" / ("state.json" if harm == "cut state" else "tensors.safetensors")
        path.write_bytes(path.read_bytes()[:50])
    assert has_checkpoint(tmp_path) == (harm != "nothing")
    with pytest.raises(TrainError, match="holds no 'last' checkpoint" if harm == "nothing" else "is damaged"):
        load_checkpoint(tmp_path)


def test_a_disk_without_room_is_noticed_before_anything_is_written(tmp_path, monkeypatch):
    save_checkpoint(tmp_path / "checkpoints", {"net/w": torch.ones(2)}, state(1))
    monkeypatch.setattr(checkpoint.shutil, "disk_usage", lambda _: SimpleNamespace(free=9))
    with pytest.raises(OutputError, match=r"needs 17 MB and 0 MB are free; make room"):
        save_checkpoint(tmp_path / "checkpoints", {"net/w": torch.ones(2)}, state(2))
    assert load_checkpoint(tmp_path)[1].step == 1


WRITER = """
import resource, signal, sys
from pathlib import Path
import torch
from tingshuo.errors import OutputError
from tingshuo.train.checkpoint import State, save_checkpoint
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
state = State(step=2, epoch=0, position=0, seconds=0, best=None, identity={})
try:
    save_checkpoint(Path(sys.argv[1]), {"net/w": torch.ones(1_000_000)}, state)
except OutputError as error:
    print("refused:", error)
"""


def test_the_old_checkpoint_survives_a_write_that_fails_half_way(tmp_path):
    """The system refuses to let the file grow, as a full disk does."""
    save_checkpoint(tmp_path / "checkpoints", {"net/w": torch.ones(2)}, state(1))
    out = subprocess.run([sys.executable, "-c", WRITER, tmp_path / "checkpoints"], capture_output=True, text=True, check=False)
    assert "refused:" in out.stdout, out.stderr
    assert "cannot be written" in out.stdout
    assert load_checkpoint(tmp_path)[1].step == 1
    assert sorted(p.name for p in (tmp_path / "checkpoints").iterdir()) == ["last", "step-00000001"]


def test_a_full_disk_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    mounted = tmp_path / "disk"
    mounted.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mounted)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk cannot be mounted here")
    try:
        monkeypatch.setattr(checkpoint, "_check_room", lambda *_: None)
        save_checkpoint(mounted / "checkpoints", {"net/w": torch.ones(1000)}, state(1))
        with pytest.raises(OutputError, match="cannot be written"):
            save_checkpoint(mounted / "checkpoints", {"net/w": torch.ones(1_000_000)}, state(2))
        assert load_checkpoint(mounted)[1].step == 1
    finally:
        subprocess.run(["umount", str(mounted)], check=True)
