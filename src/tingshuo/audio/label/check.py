"""Look at a file as a supervisor would: the field inside, the rhythm that is heard, the watermark."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from tingshuo.audio.ffmpeg import decode_file
from tingshuo.audio.label.field import LABELS
from tingshuo.audio.label.files import ImplicitLabel, open_file, read_label
from tingshuo.audio.label.morse import Rhythm, find_rhythms
from tingshuo.audio.label.watermark import WatermarkReading, read_watermark
from tingshuo.audio.read import read
from tingshuo.errors import AudioError
from tingshuo.types import Wav

LONGEST_SHOWN = 160
EDGE_S = 1.5
"""A rhythm so near to the start or end of a file counts as there."""


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What was found in a file.

    Attributes
    ----------
    path : str
        The file.
    implicit : ImplicitLabel or None
        None where the file could not be read.
    rhythms : tuple of Rhythm or None
        None where the sound could not be decoded.
    duration_s : float
        0 where the sound could not be decoded.
    watermark : WatermarkReading or None
        None where no key was given or the sound could not be decoded.
    errors : tuple of str
        Why something could not be looked at.
    """

    path: str
    implicit: ImplicitLabel | None
    rhythms: tuple[Rhythm, ...] | None
    duration_s: float
    watermark: WatermarkReading | None
    errors: tuple[str, ...]

    def lacks(self, *, spoken: bool = False) -> tuple[str, ...]:
        """Return what the rule asks for and this file does not show.

        Parameters
        ----------
        spoken : bool
            Somebody has heard the spoken label, so that no rhythm is needed.
        """
        missing = []
        if self.implicit is None:
            missing.append("the implicit label cannot be read")
        elif not self.implicit.count:
            missing.append("the implicit label is missing")
        elif self.implicit.problems:
            missing.append("the implicit label is wrong")
        if not self.rhythms and not spoken:
            missing.append("no rhythm label was found")
        return tuple(missing)

    def place(self, rhythm: Rhythm) -> str:
        """Return where in the file a rhythm is: start, middle or end."""
        if rhythm.start_s <= EDGE_S:
            return "start"
        return "end" if rhythm.end_s >= self.duration_s - EDGE_S else "middle"

    def to_json(self, *, spoken: bool = False) -> dict[str, Any]:
        """Return everything for machines."""
        rhythms = self.rhythms and [{**asdict(one), "place": self.place(one)} for one in self.rhythms]
        return {
            "path": self.path,
            "ok": not self.lacks(spoken=spoken),
            "lacks": list(self.lacks(spoken=spoken)),
            "implicit": None if self.implicit is None else asdict(self.implicit),
            "explicit": {"rhythms": None if rhythms is None else list(rhythms), "spoken": "not judged"},
            "watermark": None if self.watermark is None else asdict(self.watermark),
            "errors": list(self.errors),
        }

    def lines(self) -> Sequence[str]:
        """Return everything for people, a line each."""
        told = [f"  cannot be judged: {error}" for error in self.errors]
        if self.implicit is not None:
            told += _implicit_lines(self.implicit)
        if self.rhythms is not None:
            places = [f"{one.start_s:.2f} to {one.end_s:.2f} s ({self.place(one)}, {one.tone_hz:.0f} Hz)" for one in self.rhythms]
            found = f"rhythm 短长短短 at {', '.join(places)}" if places else "no rhythm; a spoken label cannot be judged here"
            told.append(f"  explicit label: {found}")
        if self.watermark is not None:
            told.append(f"  watermark: {_watermark_line(self.watermark)}")
        return told


def check_file(path: Path, key: bytes | None = None) -> FileCheck:
    """Look at a file; what is wrong with it is in the answer, not raised.

    Parameters
    ----------
    path : Path
        Of any kind.
    key : bytes or None
        Of the watermark to look for.

    Raises
    ------
    RequestError
        The key is too short.
    """
    errors: list[str] = []
    implicit: ImplicitLabel | None = None
    try:
        implicit = read_label(path)
    except AudioError as error:
        errors.append(str(error))
    try:
        channels, rate = decode(path)
    except AudioError as error:
        return FileCheck(str(path), implicit, None, 0.0, None, (*errors, *([] if str(error) in errors else [str(error)])))
    wav = channels.mean(axis=0)
    watermark = None if key is None else read_watermark(wav, rate, key)
    return FileCheck(str(path), implicit, tuple(find_rhythms(wav, rate)), len(wav) / rate, watermark, tuple(errors))


def decode(path: Path) -> tuple[Wav, int]:
    """Read the sound of a file, shape (channels, T), and its rate; what libsndfile does not know goes through ffmpeg.

    Raises
    ------
    AudioError
        There is no such file, or no sound in it that can be read here.
    """
    with open_file(path) as file:
        head = file.read(10)
        by_ffmpeg = head[4:8] == b"ftyp" or _is_adts(head, file)
    return decode_file(path) if by_ffmpeg else read(path)


def _is_adts(head: bytes, file: IO[bytes]) -> bool:
    """Whether a file is bare AAC frames: twelve set bits, layer 0, perhaps behind an ID3 tag."""
    if head[:3] == b"ID3":
        file.seek(sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=False)), 1)
        head = file.read(2)
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0


def _implicit_lines(label: ImplicitLabel) -> list[str]:
    if not label.count:
        return [f"  implicit label: none in this {label.container} file"]
    said = LABELS.get(label.elements.get("Label", ""), "unknown")
    head = f"  implicit label: {'valid' if not label.problems else 'wrong'}, content is {said}"
    elements = [f"    {name} {_shown(value) or '-'}" for name, value in label.elements.items()]
    return [head, *(f"    problem: {problem}" for problem in label.problems), *elements]


def _shown(value: str) -> str:
    """Return a text of somebody else's so that it cannot move the cursor or fill the screen."""
    shown = value if value.isprintable() else ascii(value)
    return shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}... ({len(value)} characters)"


def _watermark_line(found: WatermarkReading) -> str:
    scores = f"score {found.score:.1f}, {found.threshold:.1f} is needed"
    if not found.present:
        return f"not found with this key ({scores})"
    return f"found ({scores}), payload {'not readable' if found.payload is None else f'{found.payload:08x}'}"
