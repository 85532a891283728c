"""A voice of RVC becomes a draft, with or without the content vectors of its speaker."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.port.importers.test_rvc import CONFIG, save, state_of  # noqa: E402
from tests.port.originals import material_of  # noqa: E402

from tingshuo.errors import PortError, RequestError  # noqa: E402
from tingshuo.port.bundling import write_draft  # noqa: E402
from tingshuo.port.convert import rvc  # noqa: E402
from tingshuo.port.convert.rehearsals import rehearse  # noqa: E402
from tingshuo.port.inside import Inside  # noqa: E402
from tingshuo.store.bundle import open_bundle, verify_bundle  # noqa: E402
from tingshuo.tasks.convert.loop import Draws, convert  # noqa: E402
from tingshuo.tasks.convert.retrieve import Retrieval  # noqa: E402

pytestmark = pytest.mark.train


def rehearse_draft(made, graphs):
    rehearse(made.config, {f"weights/{name}.safetensors": part.tensors for name, part in made.parts.items()}, graphs)


def test_a_voice_alone_says_what_it_lacks(tmp_path):
    made = rvc.draft(save(tmp_path / "someone.pth", state_of()))
    assert (made.name, made.task, made.system, made.licence) == ("someone", "conversion", "rvc", None)
    config = made.config
    assert (config.family, config.indexed, config.pitched, config.sample_rate) == ("rvc", 0, True, 40000)
    assert (config.content.layer, config.content.projected, config.content.dim) == (12, False, 768)
    assert [one.name for one in config.speakers] == ["someone"]
    assert any("no index of content vectors beside it" in note for note in made.notes)
    assert any("needs the content encoder contentvec (layer 12, 768 features, 16000 Hz)" in note for note in made.notes)
    assert any("its table has 3 speakers; 1 of them can be chosen" in note for note in made.notes)
    assert list(made.parts) == ["voice"]


def test_an_old_voice_without_pitch(tmp_path):
    made = rvc.draft(save(tmp_path / "someone.pth", state_of(256, pitched=False), f0=0, version=None))
    assert (made.config.content.layer, made.config.content.projected, made.config.content.dim) == (9, True, 256)
    assert not made.config.pitched
    assert any("layer 9 and its projection, 256 features" in note for note in made.notes)
    inside = Inside(material_of(made))
    assert set(inside.graphs) == {"encoder", "flow", "decoder"}
    rehearse_draft(made, inside.graphs)


def test_applio_counts_its_speakers(tmp_path):
    made = rvc.draft(save(tmp_path / "two.pth", state_of(), speakers_id=2, embedder_model="spin"))
    assert [one.name for one in made.config.speakers] == ["two", "two-1"]
    assert made.config.content.encoder == "spin"
    many = rvc.draft(save(tmp_path / "many.pth", state_of(), speakers_id=99))
    assert len(many.config.speakers) == 3


def write_index(path: Path, vectors: np.ndarray) -> None:
    """Write the plain index of faiss: header, count, vectors."""
    n, dim = vectors.shape
    header = b"IxF2" + np.array([dim], "<i4").tobytes() + np.array([n, 1 << 20, 1 << 20], "<i8").tobytes()
    tail = b"\x01" + np.array([1], "<i4").tobytes() + np.array([n * dim], "<u8").tobytes()
    path.write_bytes(header + tail + vectors.astype("<f4").tobytes())


def test_an_index_is_found_and_kept_without_loss(tmp_path):
    rng = np.random.default_rng(0)
    halves = rng.standard_normal((70, 768)).astype(np.float16)
    save(tmp_path / "someone.pth", state_of())
    write_index(tmp_path / "added_IVF1_Flat_nprobe_1_someone_v2.index", halves)
    made = rvc.draft(tmp_path)
    assert made.config.indexed == 70
    assert np.array_equal(made.parts["index"].tensors["vectors"], halves)
    assert made.parts["index"].tensors["vectors"].dtype == np.float16
    assert "content vectors of its speaker: 70, of added_IVF1_Flat_nprobe_1_someone_v2.index" in made.notes
    rehearse_draft(made, Inside(material_of(made)).graphs)
    write_index(tmp_path / "added_IVF1_Flat_nprobe_1_someone_v2.index", halves.astype(np.float32) + 1e-5)
    assert rvc.draft(tmp_path).parts["index"].tensors["vectors"].dtype == np.float32


def test_an_index_of_another_version_is_refused(tmp_path):
    save(tmp_path / "someone.pth", state_of())
    write_index(tmp_path / "someone.index", np.ones((9, 256)))
    with pytest.raises(PortError, match="has vectors of 256 features, the voice's have 768"):
        rvc.draft(tmp_path)


def test_there_is_one_voice_in_a_file(tmp_path):
    path = save(tmp_path / "someone.pth", state_of())
    with pytest.raises(PortError, match="holds one voice"):
        rvc.draft(path, "other")


def test_two_voices_are_mixed(tmp_path):
    first, second = save(tmp_path / "a.pth", state_of(seed=1)), save(tmp_path / "b.pth", state_of(seed=2))
    made = rvc.fused(first, second, 0.25)
    assert (made.name, made.config.indexed, made.source) == ("a-b", 0, "the RVC voice a.pth and b.pth (0.25 of a, 0.75 of b)")
    assert any("a mixture has no index" in note for note in made.notes)
    halved = made.parts["voice"].tensors["speakers.weight"]
    expected = 0.25 * np.asarray(state_of(seed=1)["emb_g.weight"]) + 0.75 * np.asarray(state_of(seed=2)["emb_g.weight"])
    np.testing.assert_allclose(halved, expected, atol=2e-3)
    with pytest.raises(RequestError, match="from 0 to 1"):
        rvc.fused(first, second, 2)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A tiny voice with an index, through to its bundle."""
    folder = tmp_path_factory.mktemp("rvc")
    save(folder / "someone.pth", state_of(steps=1), config=[*CONFIG[:11], [[1]], *CONFIG[12:]])
    write_index(folder / "someone.index", np.random.default_rng(0).standard_normal((40, 768)).astype(np.float16))
    made = rvc.draft(folder)
    proof = write_draft(made, folder / "bundle")
    return open_bundle(folder / "bundle", verify=True), made, proof


@pytest.mark.slow
def test_a_bundle_speaks_content_with_the_numbers_of_its_net(bundle):
    opened, made, proof = bundle
    assert set(proof.errors) == {"encoder", "flow", "decoder", "source"}
    assert max(error for rows in proof.errors.values() for error in rows.values()) < -90
    assert verify_bundle(opened.path).ok
    assert (opened.manifest.task, opened.settings) == ("conversion", made.config)
    card = (opened.path / "MODELCARD.md").read_text("utf-8")
    assert "turning a recording into this voice needs the content encoder contentvec" in card
    index = Retrieval(opened.tensors("weights/index.safetensors")["vectors"])
    assert len(index.vectors) == opened.settings.indexed == 40


@pytest.mark.slow
def test_a_bundle_that_converts_is_no_voice_that_speaks(bundle):
    import tingshuo
    from tingshuo.errors import BundleError

    with pytest.raises(BundleError, match="is not a voice that speaks: its task is conversion"):
        tingshuo.load(bundle[0].path)


@pytest.mark.slow
def test_graphs_of_the_bundle_are_the_net(bundle):
    from tingshuo.tasks.golden_graphs import open_graphs

    opened, made, _ = bundle
    rng, frames = np.random.default_rng(3), 33
    content = rng.standard_normal((frames, 768), np.float32)
    f0 = np.where(rng.random(frames) < 0.3, 0, 210).astype(np.float32)
    draws = Draws(rng.standard_normal((1, 4, frames), np.float32), rng.standard_normal((1, frames, 400), np.float32))
    speaker = opened.tensors("weights/voice.safetensors")["speakers.weight"][1]
    graphs, nets = open_graphs(opened), Inside(material_of(made)).graphs
    a, b = (convert(one, opened.settings, draws, content, speaker, f0) for one in (graphs, nets))
    assert b.std() > 0.01
    np.testing.assert_allclose(a, b, atol=2e-5)
