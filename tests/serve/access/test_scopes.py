"""Paths to verbs, and what a key is allowed."""

import pytest

from tingshuo.errors import RequestError
from tingshuo.serve.access.scopes import NAMED_ONLY, ROUTES, VERBS, allows_verb, allows_voice, check_verbs, check_voices, verb_of


@pytest.mark.parametrize(
    ("method", "path", "verb"),
    [
        ("POST", "/api/tts", "speak"),
        ("POST", "/api/tts/stream", "speak"),
        ("GET", "/api/audio/abc", "speak"),
        ("GET", "/v1/audio/speech/stream", "speak"),
        ("POST", "/v1/audio/transcriptions", "transcribe"),
        ("GET", "/api/voices", "list"),
        ("HEAD", "/v1/models/tts-1", "list"),
        ("POST", "/api/voices", "*"),
        ("DELETE", "/v1/models/tts-1", "*"),
        ("GET", "/metrics", "metrics"),
        ("GET", "/admin", "admin"),
        ("POST", "/admin/voices", "admin"),
        ("GET", "/administrators", "*"),
        ("GET", "/api/ttsx", "*"),
        ("GET", "//admin", "*"),
        ("GET", "/", "*"),
    ],
)
def test_a_path_has_one_verb(method, path, verb):
    assert verb_of(method, path) == verb


def test_every_route_names_a_verb_that_a_key_can_have():
    assert {verb for _, verb in ROUTES} == set(VERBS)
    assert set(NAMED_ONLY) < set(VERBS)


def test_a_star_is_all_about_speech_and_nothing_about_the_server():
    assert all(allows_verb(("*",), verb) for verb in VERBS if verb not in NAMED_ONLY)
    assert not any(allows_verb(("*",), verb) for verb in NAMED_ONLY)
    assert allows_verb(("*", "admin"), "admin")
    assert not allows_verb(("speak",), "list")
    assert not allows_verb(("speak", "list", "admin"), "*")


@pytest.mark.parametrize(
    ("allowed", "voice", "speaker", "cloned", "may"),
    [
        (("*",), "a", "x", False, True),
        (("*",), "a", "x", True, False),
        (("*", "a"), "a", "x", True, True),
        (("a",), "a", "y", False, True),
        (("a/x",), "a", "x", True, True),
        (("a/x",), "a", "y", False, False),
        (("a",), "b", "x", False, False),
        (("*/x",), "a", "x", True, False),
    ],
)
def test_clones_are_for_keys_that_name_them(allowed, voice, speaker, cloned, may):
    assert allows_voice(allowed, voice, speaker, cloned=cloned) is may


def test_verbs_are_checked():
    assert check_verbs(["speak", "list", "speak"]) == ("speak", "list")
    with pytest.raises(RequestError, match=r"unknown verb 'sing' of a key; accepted: speak, .*, \*"):
        check_verbs(["sing"])
    with pytest.raises(RequestError, match="can do nothing"):
        check_verbs([])


def test_names_of_voices_are_checked():
    assert check_voices(["a/x", "*", "*"]) == ("a/x", "*")
    for wrong in ("", "/x", "a/", " a", "a\n"):
        with pytest.raises(RequestError, match="is no voice"):
            check_voices([wrong])
    with pytest.raises(RequestError, match="cannot speak"):
        check_voices([])
