import json

import numpy as np
import pytest

from tingshuo.errors import TrainError
from tingshuo.models.hmm.config import HmmConfig
from tingshuo.models.hmm.mixtures import Mixtures
from tingshuo.store.bundle import open_bundle, write_bundle
from tingshuo.tasks.voices import find_voice
from tingshuo.text.symbols import ALL_PHONES, PHONES
from tingshuo.train.aligner import Aligner, aligner_files, bundle_files, bundled_aligner, load_aligner, save_aligner

CONFIG = HmmConfig()


@pytest.fixture
def aligner():
    rng = np.random.default_rng(0)
    shape = (len(PHONES) * CONFIG.states, 2, CONFIG.mfcc.size)
    mean, variance = rng.normal(size=shape), rng.uniform(0.1, 2, shape)
    weight = rng.uniform(0.2, 0.8, shape[:1])
    tensors = {"mean": mean, "variance": variance, "weight": np.stack([weight, 1 - weight], 1)}
    return Aligner(CONFIG, Mixtures.from_tensors(tensors))


def test_what_is_saved_is_loaded(aligner, tmp_path):
    save_aligner(aligner, tmp_path / "model")
    again = load_aligner(tmp_path / "model")
    assert (again.config, again.phones) == (aligner.config, aligner.phones)
    for name, tensor in aligner.mixtures.tensors().items():
        np.testing.assert_allclose(again.mixtures.tensors()[name], tensor, rtol=1e-3, atol=1e-4)
    # What was loaded is saved as the same bytes: a voice hands on exactly what it was given.
    assert aligner_files(again) == aligner_files(load_aligner(tmp_path / "model"))


def test_a_share_too_small_for_half_precision_stays_above_nothing(aligner, tmp_path):
    aligner.mixtures.weight[0] = (1 - 1e-9, 1e-9)
    save_aligner(aligner, tmp_path / "model")
    assert (load_aligner(tmp_path / "model").mixtures.weight > 0).all()


def test_new_phones_begin_as_those_that_sound_like_them(aligner):
    wide = aligner.widened(ALL_PHONES)
    assert wide.phones == ALL_PHONES
    states = CONFIG.states
    new, like = ALL_PHONES.index("en:IY") * states, PHONES.index("i") * states
    np.testing.assert_array_equal(wide.mixtures.mean[new : new + states], aligner.mixtures.mean[like : like + states])
    np.testing.assert_array_equal(wide.mixtures.mean[: len(PHONES) * states], aligner.mixtures.mean)
    assert aligner.widened(PHONES) is aligner


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ("missing", "no aligner can be read"),
        ("phones", "other phones"),
        ("torn", "no aligner can be read"),
        ("states", "has tensors"),
        ("variance", "not above 0"),
        ("key", "no aligner can be read"),
    ],
)
def test_a_damaged_aligner_is_refused(aligner, tmp_path, spoil, message):
    if spoil == "variance":
        aligner.mixtures.variance[3, 1, 2] = 0
    folder = tmp_path / "model"
    save_aligner(aligner, folder)
    document = json.loads((folder / "aligner.json").read_text())
    if spoil == "missing":
        (folder / "aligner.json").unlink()
    elif spoil == "phones":
        (folder / "aligner.json").write_text(json.dumps({**document, "phones": ["a"]}))
    elif spoil == "states":
        (folder / "aligner.json").write_text(json.dumps({**document, "config": {**document["config"], "states": 5}}))
    elif spoil == "key":
        (folder / "aligner.json").write_text(json.dumps({**document, "extra": 1}))
    elif spoil == "torn":
        data = (folder / "aligner.safetensors").read_bytes()
        (folder / "aligner.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(TrainError, match=message):
        load_aligner(folder)


def test_a_bundle_may_bring_an_aligner_or_none(aligner, tmp_path):
    bundle = open_bundle(find_voice("default"))
    fields = {k: v for k, v in bundle.manifest.fields().items() if k != "files"}
    plain = {name: bundle.file(name) for name in bundle.manifest.files if not name.startswith("aligner/")}
    without = open_bundle(write_bundle(tmp_path / "without", fields, plain))
    assert bundled_aligner(without) is None
    with_one = open_bundle(write_bundle(tmp_path / "with", fields, plain | bundle_files(aligner)))
    assert aligner_files(bundled_aligner(with_one)) == aligner_files(aligner)
