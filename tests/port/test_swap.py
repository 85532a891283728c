"""Another vocoder under a voice: what fits speaks, and what does not is said with everything that differs."""

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.port.tiny_vocoders import MEL_100, vocoder_bundle, write_vocoder, write_vocos

import tingshuo
from tingshuo.config import FrameConfig, MelConfig
from tingshuo.config.emotivoice import EmotiVoiceBundleConfig, PiecesConfig
from tingshuo.config.sambert import SambertBundleConfig, SambertSizes
from tingshuo.errors import OutputError, PortError
from tingshuo.models.vocos.config import VocosConfig
from tingshuo.port.convert import vocos as vocos_converter
from tingshuo.port.swap import check_fit, swap_vocoder
from tingshuo.store.bundle import open_bundle, verify_bundle, write_bundle
from tingshuo.tasks.golden import run_golden
from tingshuo.tasks.voices import find_voice

pytestmark = pytest.mark.train
LICENCE = "CC-BY-SA-4.0"


def changed(source, folder, manifest=None, files=None, **config):
    """Write a copy of a bundle with another config, other files or other words in its manifest."""
    bundle = open_bundle(source)
    held = {name: bundle.path / name for name in bundle.manifest.files} | (files or {})
    held["config.json"] = json.dumps(bundle.settings.replace(**config).fields()).encode()
    return write_bundle(folder, bundle.manifest.fields() | (manifest or {}), held)


@pytest.fixture(scope="module")
def vocos(tmp_path_factory):
    return vocoder_bundle("vocos", tmp_path_factory)


@pytest.fixture(scope="module")
def hifigan(tmp_path_factory):
    return vocoder_bundle("hifigan", tmp_path_factory)


@pytest.fixture(scope="module")
def samples_before():
    """How many samples the built-in voice speaks with its own vocoder, in the same precision."""
    return len(tingshuo.load("default", precision="fp32").synthesize("你好。").wav)


@pytest.fixture(scope="module")
def with_vocos(vocos, tmp_path_factory):
    """The built-in voice with another vocoder."""
    return swap_vocoder(find_voice("default"), vocos, tmp_path_factory.mktemp("swap") / "new", licence=LICENCE)


def test_the_new_voice_speaks_and_is_as_long(with_vocos, samples_before):
    new = tingshuo.load(with_vocos.path, precision="fp32")
    assert new.settings.family == with_vocos.family == "fastspeech+vocos"
    wav = new.synthesize("你好。").wav
    assert len(wav) == samples_before
    assert np.isfinite(wav).all()
    assert np.abs(wav).max() > 1e-3


def test_the_new_bundle_is_sound_and_says_where_it_comes_from(with_vocos, vocos):
    old, new, vocoder = (open_bundle(path).manifest for path in (find_voice("default"), with_vocos.path, vocos))
    assert verify_bundle(with_vocos.path).ok
    assert all(row.ok for row in run_golden(open_bundle(with_vocos.path)))
    major, minor, _ = old.version.split(".")
    assert (new.name, new.version) == (with_vocos.name, with_vocos.version) == ("default", f"{major}.{int(minor) + 1}.0")
    assert new.parent == f"default@{old.version}"
    assert new.attributions == (*old.attributions, *vocoder.attributions)
    assert new.licence == with_vocos.licence == LICENCE
    assert new.measured == ()
    assert vocoder.data_statement in new.data_statement
    assert max(with_vocos.errors.values()) < -60
    assert "## Vocoder of" in (with_vocos.path / "MODELCARD.md").read_text("utf-8")
    assert json.dumps(with_vocos.to_json())


def test_golden_vectors_are_of_the_new_vocoder_on_the_voices_speech(with_vocos, vocos):
    bundle = open_bundle(with_vocos.path)
    with np.load(bundle.file("golden/vocoder.npz")) as new, np.load(vocos / "golden/vocoder.npz") as theirs:
        assert {"output/log_magnitude", "output/phase"} <= set(new.files)
        assert new["input/mel"].shape != theirs["input/mel"].shape
    limits = json.loads(bundle.file("golden/limits.json").read_text("utf-8"))
    assert {"mel", "pitch", "log_magnitude"} <= limits["fp32"].keys()


def test_nothing_of_the_old_vocoder_stays(with_vocos):
    old, new = open_bundle(find_voice("default")), open_bundle(with_vocos.path)
    assert new.manifest.graphs["vocoder"].outputs.keys() == {"log_magnitude", "phase"}
    assert not [name for name in new.manifest.files if "int8/vocoder" in name]
    assert not [key for key in new.settings.architecture if key.startswith("source_filter.")]
    assert new.manifest.graphs["decoder"] == old.manifest.graphs["decoder"]
    assert new.settings.architecture["fastspeech.dim"] == old.settings.architecture["fastspeech.dim"]


def test_a_voice_whose_frames_are_hops_speaks_with_a_hifigan(hifigan, tmp_path, samples_before):
    source = changed(find_voice("default"), tmp_path / "voice", mel=MEL_100)
    made = swap_vocoder(source, hifigan, tmp_path / "new", licence=LICENCE)
    spoken = tingshuo.load(made.path, precision="fp32").synthesize("你好。")
    assert len(spoken.wav) == samples_before
    assert made.family == "fastspeech+hifigan"
    assert open_bundle(made.path).settings.mel.framing == "same"


def test_every_field_that_differs_is_named_in_one_sentence(hifigan, tmp_path):
    with pytest.raises(PortError) as caught:
        swap_vocoder(find_voice("default"), hifigan, tmp_path / "new", licence=LICENCE)
    assert str(caught.value).endswith(
        "the vocoder tiny-hifigan does not fit the voice default: floor 1e-07 against 1e-05, scale htk against slaney, norm none "
        "against slaney, framing center against same, power_offset 0 against 1e-09"
    )
    assert not (tmp_path / "new").exists()


def test_what_a_voice_does_not_make_is_named(vocos, tmp_path):
    graphs = json.loads((vocos / "manifest.json").read_text("utf-8"))["graphs"]
    graphs["vocoder"]["inputs"]["sines"] = {"dtype": "float32", "shape": [1, 8, "F"]}
    wants_more = changed(vocos, tmp_path / "vocoder", {"graphs": graphs}, mel=MelConfig(n_mels=80))
    with pytest.raises(PortError, match="n_mels 100 against 80, tiny-vocos reads sines, which default does not make"):
        check_fit(open_bundle(find_voice("default")), open_bundle(wants_more))


def test_two_licences_are_not_decided_here(vocos, tmp_path):
    with pytest.raises(PortError, match=r"default is under CC-BY-SA-4\.0 and tiny-vocos under LicenseRef-unknown.*--licence"):
        swap_vocoder(find_voice("default"), vocos, tmp_path / "new")


def test_the_same_licence_needs_no_word(vocos, tmp_path):
    same = changed(vocos, tmp_path / "vocoder", {"licence": LICENCE})
    assert swap_vocoder(find_voice("default"), same, tmp_path / "new").licence == LICENCE


def test_what_is_there_stays(with_vocos, vocos):
    with pytest.raises(OutputError):
        swap_vocoder(find_voice("default"), vocos, with_vocos.path, licence=LICENCE)


def test_a_voice_is_no_vocoder_and_a_vocoder_no_voice(vocos, tmp_path):
    with pytest.raises(PortError, match="is no vocoder alone, its task is tts; tingshuo import makes one"):
        swap_vocoder(find_voice("default"), find_voice("default"), tmp_path / "new")
    with pytest.raises(PortError, match="is not a voice that speaks, its task is vocoder"):
        swap_vocoder(vocos, vocos, tmp_path / "new")


def of_family(config):
    """A bundle as if it were of another family: what is compared is its config."""
    return replace(open_bundle(find_voice("default")), held=config)


def test_a_picture_that_only_one_vocoder_reads_is_no_mel(vocos):
    config = EmotiVoiceBundleConfig(
        family="emotivoice+hifigan", frames=FrameConfig(16000, 256), tokens=(), vocoder_context_frames=1, architecture={},
        pieces=PiecesConfig((), True, None, True, 512),
    )  # fmt: skip
    with pytest.raises(PortError, match="family emotivoice makes no mel but a picture that it and its vocoder have agreed on"):
        check_fit(of_family(config), open_bundle(vocos))


class Told(SambertBundleConfig, frozen=True, kw_only=True):
    """The config of a Sambert voice that tells how its mel is computed."""

    mel: MelConfig


def sambert(kind=SambertBundleConfig, **changes):
    sizes = SambertSizes(mels=100, text_dim=1, frames_per_step=3, duration_lstm=1, decoder_layers=1, decoder_dim=1,
                         postnet_lstm=1, postnet_context_frames=(1, 1))  # fmt: skip
    return kind(
        family="sambert+kan_hifigan", frames=FrameConfig(24000, 256), sizes=sizes, has_mask=True, reads_bytes=False,
        vocoder_context_frames=(1, 0), architecture={}, **changes,
    )  # fmt: skip


def test_a_sambert_voice_takes_a_vocoder_that_reads_its_mel(hifigan, vocos):
    told = sambert(Told, mel=MEL_100)
    check_fit(of_family(told), open_bundle(hifigan))
    check_fit(of_family(sambert(Told, mel=MelConfig())), open_bundle(vocos))
    with pytest.raises(PortError, match="does not fit the voice default: floor 1e-05 against 1e-07, scale slaney against htk"):
        check_fit(of_family(told), open_bundle(vocos))
    with pytest.raises(PortError, match="the frames of default carry F0 for the harmonic source of its own vocoder"):
        check_fit(of_family(sambert(Told, mel=MEL_100, harmonics=8)), open_bundle(hifigan))


def test_a_sambert_voice_says_that_it_does_not_tell(vocos):
    with pytest.raises(PortError, match="does not tell how its mel is computed"):
        check_fit(of_family(sambert()), open_bundle(vocos))


def test_a_sambert_voice_speaks_with_a_transform(imported, tmp_path):
    """A Vocos that reads decibels from 0 to 1 under a voice that makes them: cut into pieces it sounds as it does whole."""
    mel = open_bundle(imported("sambert")).settings.mel
    write_vocos(tmp_path / "tiny", VocosConfig(mels=6, n_fft=80, hop_length=20, dim=8, hidden=12, layers=1), mel, filters=False)
    read = vocos_converter.draft(tmp_path / "tiny")
    vocoder = write_vocoder(replace(read, config=read.config.replace(mel=mel)), tmp_path / "vocoder")
    made = swap_vocoder(imported("sambert"), vocoder, tmp_path / "new")
    assert made.family == "sambert+vocos"
    assert max(made.errors.values()) < -60
    assert verify_bundle(made.path).ok
    assert all(row.ok for row in run_golden(open_bundle(made.path)))
    old, new = tingshuo.load(imported("sambert")), tingshuo.load(made.path)
    spoken = new.synthesize("今天天气真好。")
    assert len(spoken.wav) == len(old.synthesize("今天天气真好。").wav)
    assert np.abs(spoken.wav).max() > 1e-3
    np.testing.assert_array_equal(np.concatenate([chunk.wav for chunk in new.stream("今天天气真好。")]), spoken.wav)


def strangers(vocos, folder, precision="fp32"):
    """The vocoder as if its graph had come as it is: no sizes from which a net could be rebuilt."""
    graphs = json.loads((vocos / "manifest.json").read_text("utf-8"))["graphs"]
    graphs["vocoder"]["variants"][0]["precision"] = precision
    told = {"family": "vocoder+graph", "graphs": graphs}
    return changed(vocos, folder, told, family="vocoder+graph", architecture={})


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_a_graph_without_a_net_is_put_under_a_voice_as_it_is(vocos, with_vocos, tmp_path, precision):
    made = swap_vocoder(
        find_voice("default"), strangers(vocos, tmp_path / "vocoder", precision), tmp_path / "new", licence=LICENCE
    )
    assert made.family == "fastspeech+graph"
    assert max(made.errors.values()) < -60
    bundle = open_bundle(made.path)
    assert not [key for key in bundle.settings.architecture if not key.startswith("fastspeech.")]
    assert "against itself, run operator by operator," in (made.path / "MODELCARD.md").read_text("utf-8")
    assert {row.limit_db for row in run_golden(bundle) if row.graph == "vocoder"} == {-60.0 if precision == "fp32" else -40.0}
    spoken, same = (tingshuo.load(path, precision="auto").synthesize("你好。").wav for path in (made.path, with_vocos.path))
    assert len(spoken) == len(same)
    if precision == "fp32":
        np.testing.assert_array_equal(tingshuo.load(made.path, precision="fp32").synthesize("你好。").wav,
                                      tingshuo.load(with_vocos.path, precision="fp32").synthesize("你好。").wav)  # fmt: skip


def test_a_graph_of_another_kind_or_of_other_frames_is_refused(vocos, hifigan, tmp_path):
    graphs = json.loads((vocos / "manifest.json").read_text("utf-8"))["graphs"]
    graphs["vocoder"]["outputs"]["more"] = graphs["vocoder"]["outputs"]["phase"]
    odd = changed(vocos, tmp_path / "odd", {"graphs": graphs})
    with pytest.raises(PortError, match="tiny-vocos makes log_magnitude, more, phase, which is neither samples nor a transform"):
        check_fit(open_bundle(find_voice("default")), open_bundle(odd))
    mel = MelConfig(hop_length=200, n_fft=800)
    voice, vocoder = (changed(path, tmp_path / name, mel=mel) for path, name in ((find_voice("default"), "a"), (hifigan, "b")))
    with pytest.raises(PortError, match=r"its graph makes \d+ samples of \d+ frames, and 200 each are wanted"):
        swap_vocoder(voice, vocoder, tmp_path / "new", licence=LICENCE)
