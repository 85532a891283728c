"""What a key may be allowed: verbs, which are found by a request's path, and voices.

A path that is not in the table is for keys of every verb alone, so that a route which is added one day is closed until it has
its row here.
"""

from collections.abc import Collection, Iterable

from tingshuo.errors import RequestError

VERBS = ("speak", "transcribe", "convert", "clone", "list", "metrics", "admin")
EVERY = "*"
"""Every verb that is about speech, or every voice that nobody was cloned for."""
NAMED_ONLY = ("metrics", "admin")
"""Verbs about the server itself: a key has them only when they are named."""
READING = ("GET", "HEAD")
ROUTES = (
    ("/api/tts", "speak"),
    ("/api/audio", "speak"),
    ("/v1/audio/speech", "speak"),
    ("/api/transcribe", "transcribe"),
    ("/v1/audio/transcriptions", "transcribe"),
    ("/v1/audio/translations", "transcribe"),
    ("/funasr", "transcribe"),
    ("/wenet", "transcribe"),
    ("/api/convert", "convert"),
    ("/api/cover", "convert"),
    ("/api/clone", "clone"),
    ("/api/voices", "list"),
    ("/api/status", "list"),
    ("/v1/audio/voices", "list"),
    ("/v1/models", "list"),
    ("/docs", "list"),
    ("/openapi.json", "list"),
    ("/metrics", "metrics"),
    ("/admin", "admin"),
)
"""Path, with all below it, to verb."""


def verb_of(method: str, path: str) -> str:
    """Return the verb of a request, `EVERY` for a path that is not in `ROUTES`; listing is only reading."""
    for prefix, verb in ROUTES:
        if path == prefix or path.startswith(f"{prefix}/"):
            return EVERY if verb == "list" and method not in READING else verb
    return EVERY


def allows_verb(allowed: Collection[str], verb: str) -> bool:
    """Whether a key of these verbs may do one."""
    return verb in allowed or (EVERY in allowed and verb not in NAMED_ONLY)


def allows_voice(allowed: Collection[str], voice: str, speaker: str, *, cloned: bool) -> bool:
    """Whether a key of these voices may let a speaker of a voice speak.

    Parameters
    ----------
    allowed : collection of str
        ``NAME`` for all speakers of a voice, ``NAME/SPEAKER`` for one, `EVERY` for all that are no clones.
    voice, speaker : str
        What is asked for.
    cloned : bool
        The speaker was cloned from a person: private to the keys that name it, no ``*`` covers it.
    """
    return voice in allowed or f"{voice}/{speaker}" in allowed or (EVERY in allowed and not cloned)


def check_verbs(verbs: Iterable[str]) -> tuple[str, ...]:
    """Return the verbs, each once.

    Raises
    ------
    RequestError
        One is unknown, or there is none.
    """
    wanted = tuple(dict.fromkeys(verbs))
    for verb in wanted:
        if verb not in (*VERBS, EVERY):
            raise RequestError(f"unknown verb {verb!r} of a key; accepted: {', '.join((*VERBS, EVERY))}", "verb")
    if not wanted:
        raise RequestError("a key without verbs can do nothing; name one, or * for all about speech", "verb")
    return wanted


def check_voices(voices: Iterable[str]) -> tuple[str, ...]:
    """Return names of voices, each once; they need not be installed yet.

    Raises
    ------
    RequestError
        One cannot be the name of a voice, or there is none.
    """
    wanted = tuple(dict.fromkeys(voices))
    for voice in wanted:
        name, slash, speaker = voice.partition("/")
        if not name or (slash and not speaker) or voice != voice.strip() or not voice.isprintable():
            raise RequestError(f"{voice!r} is no voice; give NAME, NAME/SPEAKER, or * for all that are no clones", "voice")
    if not wanted:
        raise RequestError("a key without voices cannot speak; name one, or * for all that are no clones", "voice")
    return wanted
