"""What is a trace in a text, and what only looks like one."""

import getpass
import platform
from pathlib import Path

import pytest

from tingshuo.store.traces import Traces, Words, fragments, is_telling, owners, words_of_here

HOME, MAC = "/" + "home", "/" + "Users"
"""Apart, as the house wants no file to name a folder of somebody's."""
WORDS = Words(
    users=frozenset({"zhangwei", "Jane Doe", "li", "root"}),
    hosts=frozenset({"buildbox7"}),
    names=frozenset({"Acme Audio", "QX", "studio"}),
    people={"anna": "speaker-1", "王小明": "speaker-2", "a": "speaker-3"},
    kept=fragments(["spoken by Yue Anna; H. Bu", "cmn-caen-anna (Shtooka collection)"]),
)
TRACES = Traces(WORDS)


def clean(text: str) -> tuple[str, list[tuple[str, str]]]:
    found: list[tuple[str, str]] = []
    return TRACES.clean(text, found.append), [(one[0], one[1]) for one in found]


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (f"recordings lie in {HOME}/zhangwei/rec, and more", "recordings lie in [path], and more"),
        ("/data/anna has ten minutes of reading aloud", "[path] has ten minutes of reading aloud"),
        ("in /nas2/voices/anna.wav.", "in [path]."),
        (f"{MAC}/jane/My Recordings/take.wav, done", "[path], done"),
        (f"{MAC}/jane/My Recordings/take one.wav", "[path]"),
        (f"from '{HOME}/jane doe/My Rec/x y.wav' on", "from '[path]' on"),
        ('File "/opt/x/y z.py", line 3', 'File "[path]", line 3'),
        ("in ~/recs/a.wav and ~kim/x", "in [path] and [path]"),
        (r"C:\Users\Jane Doe\My Recs\x.wav, and", "[path], and"),
        (r"D:\录音\张三\1.wav。", "[path]。"),
        (f"it is C:{MAC}/jane/x all right", "it is [path] all right"),
        (r"\\nas01\share\voice\a.wav", "[path]"),
        (f"file://{HOME}/zhangwei/a%20b.wav or s3://bucket/voices", "[path] or [path]"),
        (f"录音在{HOME}/zhangwei/录音/一.wav，好", "录音在[path]，好"),
        ("mail zhang.wei+tts@acme-corp.com now", "mail [e-mail] now"),
        ("rsync root@gpu-3:/data/x and git@10.0.0.5", "rsync [host]:[path] and [host]"),
        ("built on BuildBox7 by ZhangWei for acme audio", "built on [host] by [user] for [name]"),
        ("in studio QX", "in [name] [name]"),
        ("Anna reads; 王小明的录音", "speaker-1 reads; speaker-2的录音"),
        ("http://buildbox7/x http://192.168.1.5:9000/a http://mlflow:5000/x", "[host] [host] [host]"),
        ("https://jane:secret@git.example.org/zhangwei/x", "https://git.example.org/user/x"),
    ],
)
def test_what_tells_of_a_person_or_a_machine_goes(text: str, cleaned: str) -> None:
    assert clean(text)[0] == cleaned
    assert clean(cleaned) == (cleaned, [])


@pytest.mark.parametrize(
    "text",
    [
        f"https://www.openslr.org/33 and https://github.com/hugolpz/audio-cmn, http://example.org:80{HOME}/anna/x",
        "default@1.2.0 and bella, 24kHz@16bit",
        "and/or 1/2 km/h, 普通/快速/慢速, </p>, ~5/分钟, 3:4, a woman, root and li",
        "see docs/voice.md of Tingshuo, config.json, OVRL / SIG / BAK",
        "Mandarin words spoken by Yue Anna (cmn-caen-anna, CC BY-SA 3.0 US), H. Bu",
        "annabel, zhangweiming",
    ],
)
def test_what_only_looks_like_a_trace_stays(text: str) -> None:
    assert clean(text) == (text, [])


def test_each_find_has_its_kind_and_its_words() -> None:
    assert clean("x@y.org on gpu@gpu-3 in /tmp/a/b by zhangwei, anna")[1] == [
        ("e-mail address", "x@y.org"), ("host name", "gpu@gpu-3"), ("path", "/tmp/a/b"), ("user name", "zhangwei"),
        ("speaker name", "anna"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("anna", "speaker-1"),
        ("a", "speaker-3"),
        ("anna-fast", "speaker-1-fast"),
        ("/encoder/layers.0/MatMul", "/encoder/layers.0/MatMul"),
        (f"{HOME}/zhangwei/net/MatMul", "path"),
        ("zhangwei_net", "user_net"),
        ("blocks.0.weight/int8/x", "blocks.0.weight/int8/x"),
    ],
)
def test_a_name_stays_one_word(name: str, cleaned: str) -> None:
    assert TRACES.clean_name(name, lambda _: None) == cleaned


def test_accounts_are_known_by_their_home_folders() -> None:
    text = f"{HOME}/li/x C:\\Users\\Jane Doe\\x {MAC}/bob/y ~kim/x https://example.org{HOME}/nobody-here/x"
    assert owners(text) == {"li", "Jane Doe", "bob", "kim"}
    assert owners(f"录音在{HOME}/张三/一.wav") == {"张三"}


def test_this_account_and_machine_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "zhangwei")
    monkeypatch.setattr(platform, "node", lambda: "gpu-3.lab.example.org")
    monkeypatch.setattr(Path, "home", lambda: Path(f"{HOME}/zhang"))
    users, hosts = words_of_here()
    assert {"zhangwei", "zhang"} <= users
    assert hosts == {"gpu-3.lab.example.org", "gpu-3"}


def test_an_account_without_a_name_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise OSError("no such account")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert all(isinstance(words, frozenset) for words in words_of_here())


@pytest.mark.parametrize(
    ("word", "telling"), [("a", False), ("li", False), ("root", False), ("Lin", True), ("王", False), ("王明", True)]
)
def test_short_and_common_words_are_not_looked_for(word: str, telling: bool) -> None:
    assert is_telling(word) is telling
