"""A voice teaches a light vocoder and speaks with it; and what is refused, a sentence each."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.train.light_voice import make_quickly, tiny_config, write_texts  # noqa: E402

import tingshuo  # noqa: E402
from tingshuo.errors import BundleError, OutputError, PortError, RequestError, TrainError  # noqa: E402
from tingshuo.store.bundle import open_bundle, verify_bundle  # noqa: E402
from tingshuo.tasks import vocoder  # noqa: E402
from tingshuo.tasks.golden import run_golden  # noqa: E402
from tingshuo.tasks.voices import find_voice  # noqa: E402
from tingshuo.train import light  # noqa: E402
from tingshuo.train.light import judge, lighten_vocoder, read_light_config, run_folder  # noqa: E402
from tingshuo.train.light_config import LightConfig  # noqa: E402
from tingshuo.train.light_teacher import check_teacher  # noqa: E402
from tingshuo.train.shrink_measure import Comparison, Row  # noqa: E402

pytestmark = pytest.mark.train
TEXT = "今天天气很好，我们去公园吧。"


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    make_quickly(monkeypatch)


@pytest.fixture(scope="module", params=["emotivoice", "sambert", "sambert_bytes"])
def lightened(request, imported, tmp_path_factory):
    """Voices with a causal vocoder, with a latent, and with a vocoder that has a source."""
    folder = tmp_path_factory.mktemp("light")
    with pytest.MonkeyPatch.context() as patch:
        make_quickly(patch)
        made = lighten_vocoder(imported(request.param), folder / "new", tiny_config(), write_texts(folder))
    return imported(request.param), made


def test_the_loss_falls_and_the_run_tells(lightened):
    _, made = lightened
    run = run_folder(made.bundle)
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    held = [row["held_out"]["mel"] for row in rows if "held_out" in row]
    assert held[-1] < held[0]
    assert (made.step, made.finished, made.refusal) == (20, True, "")
    assert {"config.yaml", "report.html", "comparison.json", "samples", "lessons"} <= {path.name for path in run.iterdir()}
    assert json.loads((run / "comparison.json").read_text("utf-8")) == made.comparison.fields()


def test_the_new_bundle_is_sound_and_says_where_it_comes_from(lightened):
    source, made = lightened
    old, new = open_bundle(source), open_bundle(made.bundle)
    assert verify_bundle(made.bundle).ok
    assert all(row.ok for row in run_golden(new))
    assert new.manifest.family == f"{old.manifest.family.partition('+')[0]}+vocos"
    assert (new.manifest.version, new.manifest.parent) == ("1.1.0", f"{old.manifest.name}@1.0.0")
    assert "from the speech of" in new.manifest.data_statement
    assert "Vocos" in {one.work for one in new.manifest.attributions}
    assert new.manifest.graphs["vocoder"].outputs.keys() == {"log_magnitude", "phase"}
    kinds = {key.partition(".")[0] for key in new.settings.architecture}
    assert "vocos" in kinds
    assert not {"hifigan", "kan_hifigan"} & kinds
    assert "## Light vocoder of 1.1.0" in (made.bundle / "MODELCARD.md").read_text("utf-8")


def test_it_says_what_the_other_says_for_as_long(lightened):
    source, made = lightened
    old, new = (tingshuo.load(path).synthesize(TEXT) for path in (source, made.bundle))
    assert len(new.wav) == len(old.wav)
    assert np.isfinite(new.wav).all()
    assert np.abs(new.wav).max() > 0
    assert new.words == old.words


def test_however_it_is_cut_the_sound_is_the_same(lightened, monkeypatch):
    _, made = lightened
    voice = tingshuo.load(made.bundle)
    whole = voice.synthesize(TEXT).wav
    monkeypatch.setattr(vocoder, "FIRST_CHUNK_FRAMES", 5)
    monkeypatch.setattr(vocoder, "LONGEST_CHUNK_FRAMES", 11)
    chunks = [chunk.wav for chunk in voice.stream(TEXT)]
    assert len(chunks) > 3
    np.testing.assert_allclose(np.concatenate(chunks), whole, atol=1e-4 * np.abs(whole).max())


def test_the_table_has_cost_speed_and_distance(lightened):
    _, made = lightened
    keys = [row.key for row in made.comparison.rows]
    assert keys[:7] == [
        "vocoder_parameters", "vocoder_gmacs_per_s", "vocoder_mb", "file_mb", "vocoder_rtf", "rtf", "mel_nepers"
    ]  # fmt: skip
    assert "speaker_similarity" in keys
    new = open_bundle(made.bundle).manifest
    assert new.measured[0].figures["mel_nepers"] == made.comparison["mel_nepers"].after
    size = sum(entry.size for entry in new.files.values()) / 1e6
    assert made.comparison["file_mb"].after == pytest.approx(size, rel=0.2)


def test_a_recording_that_was_interrupted_goes_on(imported, tmp_path):
    config = tiny_config(steps=7, limit_nepers=1e-6)

    def stop(stage, done, note):
        if stage == "lessons" and done > 0.4:
            raise KeyboardInterrupt  # as a kill: what has been spoken stays

    with pytest.raises(KeyboardInterrupt):
        lighten_vocoder(imported("sambert"), tmp_path / "new", config, write_texts(tmp_path), tell=stop)
    run = run_folder(tmp_path / "new")
    assert read_light_config(run) == config
    spoken = sorted((run / "lessons").glob("*.safetensors"))
    assert 0 < len(spoken) < 6
    before = spoken[0].stat().st_mtime_ns
    made = lighten_vocoder(imported("sambert"), tmp_path / "new", config, resume=True)
    assert made.step == 7
    assert spoken[0].stat().st_mtime_ns == before
    assert len(list((run / "lessons").glob("*.safetensors"))) == 6


def test_a_killed_training_has_the_losses_of_one_that_was_not(imported, tmp_path):
    texts, config = write_texts(tmp_path), tiny_config(steps=8)
    lighten_vocoder(imported("sambert"), tmp_path / "straight", config, texts)
    seen = []

    def kill(stage, done, note):
        seen.append(stage)
        if seen.count("teach") == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lighten_vocoder(imported("sambert"), tmp_path / "killed", config, texts, tell=kill)
    made = lighten_vocoder(imported("sambert"), tmp_path / "killed", config, resume=True)
    assert made.step == 8
    logs = [
        [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in path.read_text("utf-8").splitlines()]
        for path in (run_folder(tmp_path / name) / "log.jsonl" for name in ("straight", "killed"))
    ]
    assert logs[0] == logs[1]


def test_a_student_that_is_far_off_is_not_published(imported, tmp_path):
    made = lighten_vocoder(imported("sambert"), tmp_path / "new", tiny_config(steps=2, limit_nepers=1e-3), write_texts(tmp_path))
    assert made.bundle is None
    assert not (tmp_path / "new").exists()
    assert "the limit is 0.001" in made.refusal
    assert "no bundle was written: go on with --resume --steps 4" in made.refusal
    better = tiny_config(steps=4)
    assert lighten_vocoder(imported("sambert"), tmp_path / "new", better, resume=True).bundle == tmp_path / "new"


def test_what_is_heard_decides(tmp_path):
    def refusal(apart, before, after):
        rows = Row("mel_nepers", "", "nepers", None, apart), Row("dnsmos_ovrl", "", "", before, after)
        return judge(Comparison(rows, ""), LightConfig(), tmp_path, 10)

    assert refusal(0.1, 3.2, 3.1) == ""
    assert "after 10 steps the light vocoder lets DNSMOS fall from 3.20 to 2.90, and it may lose 0.2; no" in refusal(
        0.1, 3.2, 2.9
    )
    assert "is 0.90 nepers from the vocoder that taught it, the limit is 0.3 and lets DNSMOS fall" in refusal(0.9, 3.2, 2.9)
    assert "cannot be judged, as the voice is silent; no bundle" in refusal(float("nan"), 1.0, 1.0)


def test_what_cannot_end_well_is_refused_at_once(imported, tmp_path, monkeypatch):
    voice, texts = imported("sambert"), write_texts(tmp_path)
    (tmp_path / "there").mkdir()
    with pytest.raises(OutputError, match="is there already; choose another -o"):
        lighten_vocoder(voice, tmp_path / "there", tiny_config(), texts)
    (tmp_path / "empty.txt").write_text("\n", "utf-8")
    with pytest.raises(RequestError, match="holds no text"):
        lighten_vocoder(voice, tmp_path / "new", tiny_config(), tmp_path / "empty.txt")
    with pytest.raises(RequestError, match="unknown size 'huge'; accepted: small, large"):
        lighten_vocoder(voice, tmp_path / "new", tiny_config(size="huge"), texts)
    with pytest.raises(TrainError, match="train without --resume"):
        lighten_vocoder(voice, tmp_path / "never", tiny_config(), resume=True)
    (tmp_path / "old.run" / "lessons").mkdir(parents=True)
    (tmp_path / "old.run" / "lessons" / "plan.json").write_text("{}")
    with pytest.raises(TrainError, match="has a training already; add --resume"):
        lighten_vocoder(voice, tmp_path / "old", tiny_config(), texts)
    full = shutil.disk_usage(tmp_path)._replace(free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(OutputError, match="MB are needed and 1 MB are free"):
        lighten_vocoder(voice, tmp_path / "new", tiny_config(), texts)


def test_other_lessons_or_sizes_cannot_go_on(imported, tmp_path):
    lighten_vocoder(imported("sambert"), tmp_path / "new", tiny_config(steps=1, limit_nepers=1e-3), write_texts(tmp_path))
    other = tiny_config(steps=2).replace(sizes={"dim": 8, "hidden": 8, "layers": 1})
    with pytest.raises(TrainError, match=r"cannot be resumed with other settings or data: .*sizes"):
        lighten_vocoder(imported("sambert"), tmp_path / "new", other, resume=True)


def test_what_cannot_teach_is_said(imported):
    bundle = open_bundle(imported("sambert"))
    with pytest.raises(PortError, match=r"is not a voice that speaks, its task is vocoder; name a voice"):
        check_teacher(replace(bundle, manifest=bundle.manifest.replace(task="vocoder")))
    graphs = {name: entry for name, entry in bundle.manifest.graphs.items() if name != "vocoder"}
    with pytest.raises(PortError, match=r"has no vocoder apart that could be replaced"):
        check_teacher(replace(bundle, manifest=bundle.manifest.replace(graphs=graphs)))
    sealed = bundle.manifest.replace(sealed={"recipients": ["age1x"], "plain_sha256": "0" * 64})
    with pytest.raises(BundleError, match="is encrypted"):
        check_teacher(replace(bundle, manifest=sealed))


def test_a_vocoder_that_is_light_already_stays(tmp_path, monkeypatch):
    monkeypatch.undo()
    with pytest.raises(PortError, match=r"makes a second of speech with 0\.\d+ G multiplications, and the student would need"):
        lighten_vocoder(find_voice("default"), tmp_path / "new", LightConfig())
    assert not light.run_folder(tmp_path / "new").exists()
