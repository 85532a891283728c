"""A Kaldi data folder: ``wav.scp`` and ``text``, with ``utt2spk`` and ``segments`` where they exist; or several splits of it.

``wav.scp`` maps a recording to its file, ``segments`` an utterance to a recording and seconds, ``text`` an utterance to
its words. A relative path starts at the folder of wav.scp or, as Kaldi has it, where the program was started. Commands
(lines that end in a bar) are refused: reading data never runs a program. Format: https://kaldi-asr.org/doc/data_prep.html
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tingshuo.data.corpora.corpus import SPLITS, Builder, Corpus, Reader, first_line, join_hanzi, read_lines
from tingshuo.errors import DataError


class _Part(NamedTuple):
    """An utterance's place in a recording; seconds, an end below 0 is that of the recording."""

    recording: str
    start_s: float
    end_s: float


_WHOLE = (0.0, -1.0)


def probe(path: Path) -> bool:
    """Tell whether a path, or a folder of splits in it, has a wav.scp."""
    return any(first_line(folder / "wav.scp") for folder in _folders(path))


def read(path: Path, parts: Sequence[str] = ()) -> Corpus:
    """Read a Kaldi data folder.

    Raises
    ------
    DataError
        wav.scp has a command, or nothing can be used.
    """
    builder = Builder(path)
    for folder in _folders(path):
        _read_folder(folder, builder)
    return builder.corpus()


def _folders(path: Path) -> list[Path]:
    folders = [path, *(path / name for name in SPLITS)]
    return [folder for folder in folders if (folder / "wav.scp").is_file()]


def _read_folder(folder: Path, builder: Builder) -> None:
    files = {name: (where, _file(folder, where, rest)) for name, (where, rest) in _table(folder / "wav.scp", builder).items()}
    segments = _segments(folder / "segments", builder)
    texts = _table(folder / "text", builder) if (folder / "text").is_file() else None
    speakers = _table(folder / "utt2spk", builder) if (folder / "utt2spk").is_file() else {}
    split = SPLITS.get(folder.absolute().name, "train")
    places = segments if segments is not None else {name: (where, _Part(name, *_WHOLE)) for name, (where, _) in files.items()}
    rates: dict[Path, int] = {}
    for utterance, (where, part) in places.items():
        if part.recording not in files:
            builder.skip(where, f"the recording {part.recording!r} is not in wav.scp")
            continue
        if texts is not None and utterance not in texts:
            builder.skip(where, f"{utterance!r} has no line in text")
            continue
        fields = {"id": utterance, "split": split}
        if texts is not None:
            fields["text"] = join_hanzi(texts[utterance][1])
        if utterance in speakers:
            fields["speaker"] = speakers[utterance][1]
        _add(builder, where, files[part.recording][1], part, rates, fields)
    for utterance in sorted(set(texts or ()) - set(places)):
        builder.skip((texts or {})[utterance][0], f"{utterance!r} has no recording")


def _add(builder: Builder, where: str, audio: Path, part: _Part, rates: dict[Path, int], fields: dict[str, str]) -> None:
    if (part.start_s, part.end_s) == _WHOLE or not audio.is_file():
        builder.add(where, audio, **fields)
        return
    if audio not in rates:
        rates[audio] = _rate(audio)
    rate = rates[audio]
    if not rate:
        builder.skip(where, f"the sound file {audio} cannot be read")
        return
    start = round(part.start_s * rate)
    length = None if part.end_s < 0 else round(part.end_s * rate) - start
    builder.add(where, audio, start_samples=start, n_samples=length, **fields)


def _rate(audio: Path) -> int:
    """Return the rate of a sound file in Hz, 0 when it cannot be read."""
    import soundfile

    try:
        return int(soundfile.info(str(audio)).samplerate)
    except (soundfile.LibsndfileError, OSError):
        return 0


def _table(path: Path, builder: Builder) -> dict[str, tuple[str, str]]:
    """Read lines of a key and a value: key to where it stands and its value."""
    table: dict[str, tuple[str, str]] = {}
    for where, line in read_lines(path, builder):
        key, *rest = line.split(maxsplit=1)
        if not rest:
            builder.skip(where, f"{key!r} has nothing after it")
        elif key in table:
            builder.skip(where, f"{key!r} is there already, in {table[key][0]}")
        else:
            table[key] = (where, rest[0])
    return table


def _file(folder: Path, where: str, value: str) -> Path:
    if value.endswith("|"):
        remedy = "write the recordings to files and list their paths"
        raise DataError(f"{where}: is a command ({value[:40]!r}), and reading data never runs one; {remedy}")
    beside = folder / value
    return beside if beside.is_file() or not Path(value).is_file() else Path(value)


def _segments(path: Path, builder: Builder) -> dict[str, tuple[str, _Part]] | None:
    """Read ``segments``; None when there is no such file."""
    if not path.is_file():
        return None
    segments: dict[str, tuple[str, _Part]] = {}
    for where, line in read_lines(path, builder):
        try:
            utterance, recording, start, end = line.split()
            part = _Part(recording, float(start), float(end))
        except ValueError:
            builder.skip(where, f"must be an utterance, a recording, start and end in seconds, got {line[:40]!r}")
            continue
        if part.start_s < 0 or 0 <= part.end_s <= part.start_s:
            builder.skip(where, f"goes from {part.start_s:g} to {part.end_s:g} s")
        else:
            segments[utterance] = (where, part)
    return segments


READER = Reader(probe, read)
