from pathlib import Path

import pytest

from tingshuo.audio.formats import ALIASES, FORMATS, find_format, format_of, media_type
from tingshuo.errors import AudioError


def test_every_format_is_found_by_name_alias_and_extension():
    for name, row in FORMATS.items():
        assert find_format(name.upper()) is row
        assert media_type(name).startswith("audio/")
        for extension in row.extensions:
            assert format_of(Path(f"a.b.{extension.upper()}")) is row
    for alias, name in ALIASES.items():
        assert find_format(alias) is FORMATS[name]


def test_no_extension_stands_for_two_formats():
    extensions = [extension for row in FORMATS.values() for extension in row.extensions]
    assert len(extensions) == len(set(extensions))


@pytest.mark.parametrize("name", ["", "mp4", "wav ", "..", "../wav"])
def test_an_unknown_format_is_refused_with_the_accepted_ones(name):
    with pytest.raises(AudioError) as refused:
        find_format(name)
    for accepted in (*FORMATS, *ALIASES):
        assert accepted in str(refused.value)


@pytest.mark.parametrize("path", ["out.mp4", "out", ".wav", "out.", "out.wav.txt"])
def test_an_unknown_extension_is_refused_with_the_accepted_ones(path):
    with pytest.raises(AudioError, match=r"accepted: \.wav, \.wave, \.flac, \.mp3, \.opus, \.ogg"):
        format_of(Path(path))


@pytest.mark.parametrize(
    ("name", "rate", "nearest"),
    [("wav", 12345, 12345), ("opus", 24000, 24000), ("opus", 22050, 24000), ("opus", 44100, 48000), ("mp3", 96000, 48000)],
)
def test_a_rate_that_a_container_cannot_have_goes_up_to_the_next(name, rate, nearest):
    assert find_format(name).nearest_rate(rate) == nearest
