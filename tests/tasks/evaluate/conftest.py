"""A corpus of three clips, made by the built-in voice itself: a recording that the voice ought to be near to."""

import numpy as np
import pytest

from tingshuo.audio.write import write
from tingshuo.data.utterance import Utterance, read_manifest, write_manifest

TEXTS = {"a": ("今天天气很好。", "jin1 tian1 tian1 qi4 hen2 hao3"), "b": ("他去公园散步。", None), "c": ("我们明天开会。", None)}


@pytest.fixture(scope="session")
def corpus(voice, tmp_path_factory):
    """Return the manifest; speed and pitch differ a little from the voice's own."""
    folder = tmp_path_factory.mktemp("corpus")
    rows = []
    for name, (text, pinyin) in TEXTS.items():
        write(folder / f"{name}.wav", voice.synthesize(text, speed=0.9, pitch=1.0, seed=7).wav, voice.sample_rate)
        rows.append(Utterance(id=name, audio=f"{name}.wav", text=text, pinyin=pinyin, speaker=voice.speakers[0], split="dev"))
    write(folder / "silence.wav", np.zeros(100, np.float32), voice.sample_rate)
    rows.append(Utterance(id="short", audio="silence.wav", text="好。", split="train"))
    rows.append(Utterance(id="wordless", audio="a.wav", split="train"))
    rows.append(Utterance(id="gone", audio="gone.wav", text="好。", split="train"))
    write_manifest(folder / "corpus.jsonl", rows)
    return folder / "corpus.jsonl"


@pytest.fixture(scope="session")
def rows(corpus):
    """Return the rows of the corpus by id."""
    return {row.id: row for row in read_manifest(corpus)}
