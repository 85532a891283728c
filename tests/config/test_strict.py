"""Config files: unknown keys, wrong values and unreadable files are one-line errors with the file's name."""

import json
from pathlib import Path

import pytest

from tingshuo.config import MelConfig, SpeakerConfig, StrictModel
from tingshuo.errors import ConfigError


class Outer(StrictModel, frozen=True):
    """Two levels, to see where a message points."""

    mel: MelConfig = MelConfig()
    speakers: tuple[SpeakerConfig, ...] = ()


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_file_is_read_with_defaults_for_what_it_leaves_out(tmp_path: Path) -> None:
    read = Outer.read(write(tmp_path / "config.json", {"mel": {"hop_length": 300}}))
    assert read.mel == MelConfig(hop_length=300)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"colour": 1}, r"config\.json: the whole file: Object contains unknown field `colour`"),
        ({"mel": {"hop": 300}}, r"config\.json: mel: Object contains unknown field `hop`"),
        ({"mel": {"n_fft": "many"}}, r"config\.json: mel\.n_fft: "),
        ({"speakers": [{"name": "a"}]}, r"config\.json: speakers\[0\]: Object missing required field `gender`"),
        ([], r"config\.json: the whole file: "),
        ("{", r"config\.json: cannot be read as JSON"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line_that_says_where(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        Outer.read(write(tmp_path / "config.json", content))
    assert "\n" not in str(caught.value)


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe")
    for name in ("missing.json", "binary.json"):
        with pytest.raises(ConfigError, match=name):
            Outer.read(tmp_path / name)


def test_a_config_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        MelConfig().hop_length = 1  # type: ignore[misc]
