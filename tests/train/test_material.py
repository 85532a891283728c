"""Which rows of a corpus are used, for which stages, and what is said of the others."""

import json

import pytest

torch = pytest.importorskip("torch")

import soundfile  # noqa: E402

from tingshuo.data.utterance import Utterance, read_manifest, write_manifest  # noqa: E402
from tingshuo.errors import DataError, TrainError  # noqa: E402
from tingshuo.train.config import read_config  # noqa: E402
from tingshuo.train.material import prepare_material, read_rows  # noqa: E402
from tingshuo.train.told import Told  # noqa: E402

pytestmark = pytest.mark.train

TEXTS = ("今天天气很好。", None, "我们去公园。", "……")
NOBODY = Told()


@pytest.fixture(scope="module")
def manifest(tmp_path_factory, voice):
    """Four recordings: two with a text, one without, and one whose text has no word."""
    folder = tmp_path_factory.mktemp("recordings")
    rows = []
    for number, text in enumerate(TEXTS):
        soundfile.write(folder / f"{number}.wav", voice.synthesize("今天天气很好。").wav, voice.sample_rate)
        rows.append(Utterance(id=str(number), audio=f"{number}.wav", text=text, split="dev" if number == 2 else "train"))
    write_manifest(folder / "rows.jsonl", rows)
    return folder / "rows.jsonl"


def chosen(manifest, run, *stages, **how):
    run.mkdir(exist_ok=True)
    config = read_config("tiny", settings=[f"stages=[{', '.join(stages)}]"])
    read_rows(manifest, run, config, NOBODY, **how)
    why = {row["where"]: row["why"] for row in map(json.loads, (run / "skipped.jsonl").read_text("utf-8").splitlines())}
    return {row.id for row in read_manifest(run / "data.jsonl")}, why


def test_a_vocoder_learns_from_rows_without_text_too(manifest, tmp_path):
    used, why = chosen(manifest, tmp_path / "run", "acoustic", "vocoder")
    assert used == {"0", "1", "2"}
    assert why.keys() == {"3"}


def test_an_acoustic_model_does_not_and_says_so(manifest, tmp_path):
    used, why = chosen(manifest, tmp_path / "run", "acoustic")
    assert used == {"0", "2"}
    assert why["1"] == "has no text that can be spoken, and no vocoder is trained"


def test_a_resumed_run_keeps_its_rows(manifest, tmp_path):
    run = tmp_path / "run"
    first = chosen(manifest, run, "acoustic")
    assert chosen(tmp_path / "gone", run, "acoustic", resume=True) == first
    with pytest.raises(DataError, match="no such file"):
        chosen(tmp_path / "gone", run, "acoustic")


def test_a_share_of_nobody_is_refused_before_features_are_computed(manifest, tmp_path):
    config = read_config("tiny", settings=["vocoder.shares={somebody: 0.2}"])
    with pytest.raises(TrainError, match="names 'somebody', of whom there is no recording"):
        read_rows(manifest, tmp_path, config, NOBODY)
    assert not (tmp_path / "data.jsonl").exists()


def test_nothing_is_aligned_for_a_vocoder_alone(manifest, tmp_path):
    chosen(manifest, tmp_path, "vocoder")
    told = []
    config = read_config("tiny", settings=["stages=[vocoder]"])
    material = prepare_material(tmp_path, config, Told(lambda stage, *_: told.append(stage)))
    assert len(material.features.clips) == 3
    assert list(material.examples) == []
    assert set(told) == {"features"}


def test_clips_that_are_too_short_for_a_segment_are_found_before_anything_is_aligned(manifest, tmp_path):
    chosen(manifest, tmp_path, "acoustic", "vocoder")
    config = read_config("tiny", settings=["vocoder.frames=9999", "stages=[acoustic, vocoder]"])
    with pytest.raises(TrainError, match="no clip has the 9999 frames of a segment"):
        prepare_material(tmp_path, config, NOBODY)
