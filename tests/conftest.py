"""Fixtures that several rooms share."""

import json
import math

import pytest


@pytest.fixture(scope="session")
def voice():
    """The built-in voice, opened once; read-only, so sharing is safe."""
    import tingshuo

    return tingshuo.load("default")


@pytest.fixture(scope="session")
def two_speakers(tmp_path_factory):
    """Return a bundle of the first speaker of the built-in voice and a second, a man five semitones lower, named "deep"."""
    import numpy as np
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
