import numpy as np
import pytest
import soundfile

torch = pytest.importorskip("torch")

from tests.train.beeps import CONFIG, RATE, write_beeps  # noqa: E402

from tingshuo.data.words import read_words  # noqa: E402
from tingshuo.errors import DataError  # noqa: E402
from tingshuo.train.keywords_material import ROOM, gather  # noqa: E402

pytestmark = pytest.mark.train


def test_clips_become_numbers(tmp_path):
    rows = read_words(write_beeps(tmp_path), 0.2).rows
    seen = []
    material = gather(rows, CONFIG.fbank, 40, lambda done, total: seen.append((done, total)))
    assert material.words == ("high", "low", "rising")
    assert len(material.names) == len(material.taught.labels) == 30
    assert material.held_out.windows.shape == (6, 40, 16)
    assert material.held_out.labels.tolist().count(0) == 2
    assert material.blank.shape == (CONFIG.fbank.frames(2 * RATE), 16)
    assert seen[-1] == (37, 37)
    lengths = material.taught.lengths
    assert int(lengths.max()) == material.taught.features.shape[1] <= ROOM * 40
    shortest = int(lengths.argmin())
    assert (material.taught.features[shortest, int(lengths[shortest]) :] == 0).all()


def test_what_cannot_be_read_is_left_out_and_told(tmp_path):
    folder = write_beeps(tmp_path)
    (folder / "low" / "s1_0.wav").write_bytes(b"no sound")
    soundfile.write(folder / "low" / "s1_1.wav", np.zeros(10, np.float32), RATE)
    material = gather(read_words(folder, 0).rows, CONFIG.fbank, 40)
    why = {one.where: one.why for one in material.skipped}
    assert set(why) == {"low/s1_0", "low/s1_1"}
    assert why["low/s1_1"] == "is shorter than 32 ms"
    assert "cannot be read as audio" in why["low/s1_0"]


def test_a_word_without_a_clip_that_can_be_read_ends_it(tmp_path):
    folder = write_beeps(tmp_path)
    for path in (folder / "high").iterdir():
        path.write_bytes(b"no sound")
    with pytest.raises(DataError, match="no clip of 'high' can be learnt from; 12 clips were skipped"):
        gather(read_words(folder, 0).rows, CONFIG.fbank, 40)
