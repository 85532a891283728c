"""From what came through a door to a `SpeechRequest`: the same checks, and so the same sentences, for all doors."""

import re
from typing import Any

from tingshuo.errors import TextError, TooLargeError
from tingshuo.types import MAX_CHARACTERS, SpeechRequest

_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
"""Control characters other than tabs and line ends, and halves of characters: signs that the text was damaged on its way."""


def make_request(text: str, **controls: Any) -> SpeechRequest:
    """Return a checked request.

    Parameters
    ----------
    text : str
        Text or SSML as it came.
    **controls
        The other fields of `SpeechRequest`.

    Raises
    ------
    TooLargeError
        The text is longer than a request may be.
    TextError
        It holds control characters or lone surrogates.
    RequestError
        A control is outside its range.
    """
    if len(text) > MAX_CHARACTERS:
        raise TooLargeError(f"the text has {len(text)} characters, at most {MAX_CHARACTERS} are accepted; split it", "text")
    if found := _NOT_TEXT.search(text):
        code = ord(found.group())
        what = "half a character (a lone surrogate)" if code >= 0xD800 else "a control character"
        raise TextError(f"the text has {what}, U+{code:04X}, at position {found.start()}; send text without such")
    return SpeechRequest(text=text, **controls)
