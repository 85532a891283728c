"""A bundle of a few kilobytes."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from tingshuo.store.bundle import write_bundle

CONFIG: dict[str, Any] = {
    "family": "fastspeech",
    "mel": {},
    "phonemes": ["sil", "a"],
    "speakers": [{"name": "one", "gender": "f", "log_f0_mean": 5.3, "log_f0_std": 0.2}],
    "styles": [{"name": "plain", "description": "even"}],
    "pitch_context_frames": 4,
    "decoder_context_frames": 4,
    "vocoder_context_frames": 4,
    "architecture": {"hidden": 2},
}
FIELDS: dict[str, Any] = {
    "name": "tiny",
    "version": "1.0.0",
    "family": "fastspeech",
    "task": "tts",
    "languages": ["zh-CN"],
    "speakers": ["one"],
    "styles": ["plain"],
    "emotions": ["neutral"],
    "sample_rate": 24000,
    "licence": "CC0-1.0",
    "data_statement": "Random numbers.",
    "consent": "Nobody's voice.",
    "graphs": {
        "encoder": {
            "inputs": {"phoneme_ids": {"dtype": "int64", "shape": [1, "phones"]}},
            "outputs": {"hidden": {"dtype": "float32", "shape": [1, "phones", 2]}},
            "variants": [
                {
                    "engine": "onnx",
                    "precision": "fp32",
                    "path": "graphs/onnx/fp32/encoder.onnx",
                    "weights": ["weights/acoustic.safetensors"],
                }
            ],
        }
    },
}
TENSORS = {"weight": np.arange(6, dtype=np.float16).reshape(2, 3), "bias": np.ones(3, np.float32), "rows": np.arange(4)}
FILES: dict[str, bytes] = {
    "config.json": json.dumps(CONFIG).encode(),
    "weights/acoustic.safetensors": save(TENSORS),
    "graphs/onnx/fp32/encoder.onnx": b"graph",
}


@pytest.fixture
def files() -> dict[str, bytes]:
    """What the tiny bundle holds."""
    return dict(FILES)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A sound bundle."""
    return write_bundle(tmp_path / "tiny", FIELDS, FILES)


@pytest.fixture
def edit_manifest(tiny: Path) -> Callable[..., None]:
    """Change keys of the tiny bundle's manifest, as somebody with an editor would."""

    def edit(**changes: Any) -> None:
        path = tiny / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return edit


@pytest.fixture
def fields() -> dict[str, Any]:
    """A copy of the tiny bundle's manifest fields that may be changed."""
    return json.loads(json.dumps(FIELDS))


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """Make a bundle whose weights depend on a number; fields of its manifest may be changed, the config follows."""

    def build(number: int, **changes: Any) -> Path:
        fields = FIELDS | changes
        speakers = [CONFIG["speakers"][0] | {"name": name} for name in fields["speakers"]]
        config = CONFIG | {"speakers": speakers}
        weights = save({name: tensor + number for name, tensor in TENSORS.items()})
        files = FILES | {"config.json": json.dumps(config).encode(), "weights/acoustic.safetensors": weights}
        return write_bundle(tmp_path / f"source-{number}", fields, files, replace=True)

    return build


@pytest.fixture
def interrupted(tmp_path: Path) -> Callable[..., int]:
    """Kill a piece of work of ``killed.py`` before each of its writes; returns how many copies of the registry that left."""

    def interrupt(work: str, *arguments: object) -> int:
        command = [sys.executable, str(Path(__file__).with_name("killed.py")), work, str(tmp_path), *map(str, arguments)]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    return interrupt
