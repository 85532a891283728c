"""The data pack of the project: sets of Ogg-Opus shards with an ``index.jsonl`` each; a set alone can be read as well.

The pack's README has the format. Fields used here: ``id``, ``speaker`` (null for noise and music), ``text``, ``lang``,
``pinyin``, ``split``, ``shard``, ``start`` and ``n`` (samples at the shard's rate), ``sample_rate``, ``licence`` (of a
row that has its own).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from tingshuo.data.corpora.corpus import Builder, Corpus, Reader, first_line, read_lines
from tingshuo.errors import DataError

INDEX = "index.jsonl"
FULL_BAND_RATE = 24000
"""Hz; what a set of a lower rate has no content above is half its rate."""
LANGUAGES = {"zh": "zh-CN", "zh-en": "zh-CN", "en": "en", "ja": "ja", None: "zh-CN"}


class SetFacts(NamedTuple):
    """Where a set is from and on which terms."""

    licence: str
    source: str
    speech: bool = True
    """Whether it is taken when no sets are named."""


SETS = {
    "aishell": SetFacts("Apache-2.0", "AISHELL-1 (OpenSLR SLR33)"),
    "aishell_s0913": SetFacts("Apache-2.0", "AISHELL-1 (OpenSLR SLR33)"),
    "asp_english": SetFacts("CC-BY-4.0 or CC-BY-3.0 by story", "African Storybook Project audio"),
    "cmn_syllables": SetFacts("CC-BY-SA", "audio-cmn: syllables by Chen Wang"),
    "cmn_words": SetFacts("CC-BY-SA-3.0-US", "audio-cmn: words by Yue Tan (Shtooka)"),
    "cv_zh": SetFacts("CC0-1.0", "Mozilla Common Voice, Chinese (China)"),
    "dspspeech": SetFacts("MIT", "DSPSpeech-20"),
    "librispeech_mini": SetFacts("CC-BY-4.0", "LibriSpeech (OpenSLR SLR12)"),
    "music": SetFacts("CC0-1.0", "accompaniments made for the pack", speech=False),
    "noise": SetFacts("CC-BY-4.0", "sms-tools sounds, Music Technology Group", speech=False),
    "singing": SetFacts("CC-BY-4.0", "sms-tools sounds and the singing database of oatsu", speech=False),
    "speechocean": SetFacts("free for commercial and non-commercial use", "speechocean762 (OpenSLR SLR101)"),
}
"""From the table and the NOTICE lines of the pack's README."""


class _Entry(msgspec.Struct):
    id: str
    shard: str
    start: int
    n: int
    sample_rate: int
    speaker: str | None = None
    text: str | None = None
    lang: str | None = None
    pinyin: str | None = None
    split: str = "train"
    licence: str = ""


def probe(path: Path) -> bool:
    """Tell whether a path is the pack or one of its sets: folders whose index names shards."""
    return any('"shard"' in first_line(index) for index in _indexes(path).values())


def read(path: Path, parts: Sequence[str] = ()) -> Corpus:
    """Read the sets that ``parts`` names; none means those of speech.

    Raises
    ------
    DataError
        There is no set of that name, or nothing in them can be used.
    """
    indexes = _indexes(path)
    unknown = [name for name in parts if name not in indexes]
    if unknown:
        raise DataError(f"{path}: has no set {unknown[0]!r}; there are: {', '.join(sorted(indexes)) or 'none'}")
    builder = Builder(path)
    for name in parts or [name for name in sorted(indexes) if len(indexes) == 1 or _facts(name).speech]:
        for where, line in read_lines(indexes[name], builder):
            try:
                entry = msgspec.json.decode(line, type=_Entry)
            except msgspec.DecodeError as error:
                builder.skip(where, f"is not a row of an index: {error}")
            else:
                _add(builder, where, indexes[name].parent, name, entry)
    return builder.corpus()


def _indexes(path: Path) -> dict[str, Path]:
    """Return the index of each set by its name."""
    if (path / INDEX).is_file():
        return {path.absolute().name: path / INDEX}
    return {index.parent.name: index for index in sorted(path.glob(f"*/{INDEX}"))} if path.is_dir() else {}


def _facts(name: str) -> SetFacts:
    return SETS.get(name, SetFacts("", name))


def _add(builder: Builder, where: str, folder: Path, name: str, entry: _Entry) -> None:
    facts = _facts(name)
    builder.add(
        where,
        folder / entry.shard,
        id=entry.id,
        start_samples=entry.start,
        n_samples=entry.n,
        speaker=entry.speaker or name,
        text=entry.text,
        pinyin=entry.pinyin,
        lang=LANGUAGES.get(entry.lang, entry.lang or ""),
        split=entry.split,
        bandwidth_hz=entry.sample_rate / 2 if entry.sample_rate < FULL_BAND_RATE else None,
        licence=entry.licence or facts.licence,
        source=facts.source,
    )


READER = Reader(probe, read, parts=True)
