"""Fixtures that several rooms share."""

import importlib.util
import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

GOLDEN = Path(__file__).parents[2] / "shared" / "golden"


@dataclass(frozen=True)
class Golden:
    """What a network answered: ``spec`` of the fixture, ``arrays`` by name, ``files`` the folder with its rebuilt checkpoint."""

    spec: dict[str, Any]
    arrays: dict[str, np.ndarray]
    files: Path

    def check(self, name: str, answer: Any) -> None:
        """Compare an answer with the stored one, within the tolerance that the fixture states."""
        expected, row = self.arrays[name], self.spec["golden"][name]
        answer = np.asarray(answer)
        assert answer.shape == expected.shape, f"{name}: {answer.shape} instead of {expected.shape}"
        error = float(np.abs(answer.astype(np.float64) - expected).max()) if expected.size else 0.0
        assert error <= row.get("tolerance", 0), f"{name}: off by {error:.2e}, allowed {row.get('tolerance', 0):.2e}"


@pytest.fixture(scope="session")
def voice():
    """The built-in voice, opened once; read-only, so sharing is safe."""
    import tingshuo

    return tingshuo.load("default")


@pytest.fixture(scope="session")
def two_speakers(tmp_path_factory):
    """Return a bundle of the first speaker of the built-in voice and a second, a man five semitones lower, named "deep"."""
    from safetensors.numpy import load_file, save

    from tingshuo.config import SpeakerConfig
    from tingshuo.store.bundle import open_bundle, write_bundle
    from tingshuo.tasks.voices import find_voice

    bundle = open_bundle(find_voice("default"))
    first = bundle.config.speakers[0]
    second = SpeakerConfig("deep", "male", first.log_f0_mean - 5 / 12 * math.log(2), first.log_f0_std)
    config = bundle.config.replace(
        speakers=(first, second), architecture={**bundle.config.architecture, "fastspeech.speakers": 2}
    )
    tensors = load_file(bundle.path / "weights/acoustic.safetensors")
    row = tensors["speaker.weight"][:1]
    tensors["speaker.weight"] = np.concatenate([row, 0.9 * row])
    files = {name: bundle.path / name for name in bundle.manifest.files}
    files["weights/acoustic.safetensors"] = save(tensors)
    files["config.json"] = json.dumps(config.fields()).encode()
    manifest = bundle.manifest.fields() | {"name": "pair", "speakers": [first.name, second.name]}
    return write_bundle(tmp_path_factory.mktemp("voices") / "pair", manifest, files)


@pytest.fixture(scope="session")
def pair(two_speakers):
    """Return the voice of `two_speakers`, opened once."""
    import tingshuo

    return tingshuo.load(two_speakers)


@pytest.fixture(scope="session")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the bundle of a tiny voice that was imported from another system, by its name in `tests.port.tiny_bundles`; made
    once for all processes of a run, and not to be changed."""
    pytest.importorskip("torch")
    from tests.port.tiny_bundles import import_tiny

    from tingshuo.store.locks import locked

    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "imported"

    def get(name: str) -> Path:
        with locked(folder / f"{name}.lock", wait_s=600):
            made = folder / name
            return made if made.is_dir() else import_tiny(name, folder, get)

    return get


@pytest.fixture(scope="session")
def speaking(imported: Callable[[str], Path]) -> Callable[[str], Any]:
    """Return a voice of `imported`, opened once."""
    import tingshuo

    opened: dict[str, Any] = {}

    def get(name: str) -> Any:
        if name not in opened:
            opened[name] = tingshuo.load(imported(name))
        return opened[name]

    return get


@pytest.fixture(scope="session")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Golden]:
    """Return a fixture by name with its checkpoint rebuilt; skips where the folder is not there. Names may be merged into one
    folder: ``golden("sambert_16k", "kan_hifigan_16k")`` rebuilds both, and is of the first."""
    if not GOLDEN.is_dir():
        pytest.skip("the golden fixtures are not there")
    pytest.importorskip("torch")
    described = importlib.util.spec_from_file_location("make_weights", GOLDEN / "make_weights.py")
    assert described is not None
    assert described.loader is not None
    maker = importlib.util.module_from_spec(described)
    described.loader.exec_module(maker)
    made: dict[tuple[str, ...], Golden] = {}

    def get(*names: str) -> Golden:
        if names not in made:
            out = tmp_path_factory.mktemp(names[0])
            specs = [json.loads((GOLDEN / name / "spec.json").read_text("utf-8")) for name in names]
            for spec in specs:
                maker.write(spec, out)
            with np.load(GOLDEN / names[0] / "golden.npz") as stored:
                made[names] = Golden(specs[0], dict(stored), out)
        return made[names]

    return get


@pytest.fixture(scope="session")
def tiny_vits():
    """Return config by name: one speaker with drawn durations, three speakers with predicted ones."""
    from tingshuo.models.vits.config import VitsConfig

    one = VitsConfig(
        sample_rate=600, symbols=9, latent=4, dim=8, encoder_layers=1, encoder_hidden=12, duration_dim=8, duration_layers=1,
        duration_steps=1, flow_steps=1, flow_layers=2, channels=8, upsample_rates=(3, 2), upsample_kernels=(7, 4),
        block_kernels=(3, 5), block_dilations=((1, 2), (2, 3)),
    )  # fmt: skip
    return {"one": one, "three": one.replace(speakers=3, speaker_dim=5, stochastic=False, block_kind=1)}


@pytest.fixture(scope="session")
def tiny_net(tiny_vits):
    """Return nets of `tiny_vits`, whose phonemes last some frames each."""
    torch = pytest.importorskip("torch")
    from tingshuo.models.vits.net import Vits

    torch.manual_seed(0)
    nets = {name: Vits(config).eval() for name, config in tiny_vits.items()}
    torch.nn.init.constant_(nets["one"].duration.shift, -1.2)
    torch.nn.init.constant_(nets["three"].duration.leave.bias, 1.2)
    return nets
