"""Traces of people and machines in texts: paths, names of accounts and machines, e-mail addresses, and names that are given.

What is a trace is told by its form (an absolute path, ``who@where``) or by a list of words: the accounts and machines of those
paths, those of this machine, the speakers, and what the user adds. Public addresses (``https://...``) stay, and so do credits.
"""

import getpass
import os
import platform
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

PATH, USER, HOST, MAIL, SPEAKER, NAME = "path", "user name", "host name", "e-mail address", "speaker name", "name"
"""Kinds of traces."""
SHORTEST = 3
"""Letters that a word must have to be looked for in texts, two where it is Chinese; a shorter one would be found everywhere."""
COMMON = frozenset(
    "admin administrator all bias build ci data default desktop docker gitlab github guest home host jovyan linux local "
    "localhost model nobody none onnx public python root runner server shared speaker staff style tingshuo torch ubuntu user "
    "users weight windows work workspace".split()
)
"""Names of accounts and machines that tell nobody, and words that mean something else in a bundle."""

_STOP = r"\s\"'`<>|*?,;，。；：、！？（）()\[\]{}《》“”"
_PLACES = (
    "Users|Volumes|builds|cluster|data|datasets|dev|etc|export|gpfs|home|lustre|media|mnt|net|nfs|opt|private|proj|projects|root|"
    "run|scratch|srv|storage|tmp|usr|var|work|workspace|workspaces"
)
_ADDRESS = rf"(?:https?|ftp)://[^{_STOP}]+"
_FORMS = rf"""
  (?P<address>{_ADDRESS})
| (?P<location>\b(?:file:/|[A-Za-z][A-Za-z0-9+.-]*://)[^{_STOP}]*)
| (?P<quoted>(?<=["'`])(?:~?/|[A-Za-z]:[\\/]|\\\\)[^"'`\n]*[\\/][^"'`\n]*(?=["'`]))
| (?P<windows>(?:(?<![A-Za-z0-9])[A-Za-z]:\\+|\\\\\\?\\?)(?:[^\\/:*?"<>|\n,;，。；]+\\+)*[^\\/:{_STOP}]*)
| (?P<drive>(?<![A-Za-z0-9])[A-Za-z]:/[^{_STOP}]+(?<![.:]))
| (?P<home>(?<![\w./~])~(?:[A-Za-z_][\w.-]*)?/[^{_STOP}]*(?<![.:]))
| (?P<rooted>(?<![A-Za-z0-9_./~\-<])/(?:{_PLACES})/(?:[^/{_STOP}]+(?:\ [^/:{_STOP}]+){{0,2}}/)*[^{_STOP}]*(?<![.:]))
| (?P<someone>[A-Za-z0-9][A-Za-z0-9._%+-]*@(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+){{3}}(?![\d.]))(?:\.[A-Za-z0-9-]+)*)
"""
"""Forms in which a trace is known: an address of the web (which may stay), paths of three systems, and ``who@where``."""
_ABSOLUTE = rf"(?P<absolute>(?<![\w./~\-<])(?:/[^/{_STOP}]+){{2,}}/?(?<![.:]))"
_WHOLE = re.compile(
    r"(?:~?/|[A-Za-z]:[\\/]|\\\\)(?:[^\n\"'<>|*?,;，。；]*[\\/])?[^\n\s\"'<>|*?,;，。；\\/]+(?: [^\n\s\"'<>|*?,;，。；\\/]+){0,2}"
)
"""A text that is a path and nothing else, blanks and all."""
_OWNERS = re.compile(
    r"(?:(?<![A-Za-z0-9_.])(?:/export|/data|/mnt|/net)?/(?:home|Users)/|(?<![A-Za-z0-9_])~)([^/\\\s\"'<>:;,*?()]+)(?=/)"
    r"|[\\/]Users[\\/]+([^\\/:*?\"<>|\n]+)[\\/]"
)
"""The name of an account in the path of its home folder."""
_PRIVATE = re.compile(
    r"[^.]+|.*\.(?:local|lan|internal|intranet|corp|home|localdomain)|(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01]))\..*"
)
_CHINESE = re.compile(r"[\u3400-\u9fff]")


class Found(NamedTuple):
    """A trace: its kind, and what stood there."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """Words that are traces wherever they stand.

    ``names`` are looked for however short or common they are: somebody has asked for them. ``people`` maps a speaker to what
    takes the place of their name. ``kept`` are texts in which nothing is looked for: credits.
    """

    users: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    people: Mapping[str, str] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()

    def kinds(self) -> dict[str, tuple[str, str]]:
        """Return each word, folded, with its kind and what takes its place."""
        found = {word.casefold(): (SPEAKER, alias) for word, alias in self.people.items() if word != alias}
        for words, kind, instead in ((self.users, USER, "user"), (self.hosts, HOST, "host"), (self.names, NAME, "name")):
            found |= {word.casefold(): (kind, instead) for word in words if word.casefold() not in found}
        return {word: row for word, row in found.items() if row[0] == NAME or is_telling(word)}


def is_telling(word: str) -> bool:
    """Whether a word is long enough, and rare enough, to be looked for in texts."""
    return len(word) >= (2 if _CHINESE.search(word) else SHORTEST) and word.casefold() not in COMMON


def words_of_here() -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of this account, its owner's among them, and of this machine; nothing is asked of a network."""
    users = {Path.home().name, *(os.environ.get(key, "") for key in ("USER", "LOGNAME", "USERNAME"))}
    try:
        users.add(getpass.getuser())
        import pwd

        users.add(pwd.getpwuid(os.getuid()).pw_gecos.split(",")[0])
    except (OSError, KeyError, ImportError):
        pass  # an account without a name, or a system without such a list
    host = platform.node()
    return frozenset(filter(None, users)), frozenset(filter(None, (host, host.split(".")[0])))


def owners(text: str) -> set[str]:
    """Return the names of accounts in the home folders that a text mentions."""
    return {name for found in _OWNERS.findall(text) for name in found if name}


class Traces:
    """Finds traces in texts and puts something that tells nothing in their places.

    Parameters
    ----------
    words : Words
        What is looked for beside forms.
    """

    def __init__(self, words: Words) -> None:
        self._kinds = words.kinds()
        self.people = dict(words.people)
        named = "|".join(_bounded(word) for word in sorted(self._kinds, key=len, reverse=True)) or r"(?!)"
        kept = "|".join(re.escape(text) for text in sorted(words.kept, key=len, reverse=True) if len(text) > SHORTEST) or r"(?!)"
        flags = re.VERBOSE | re.IGNORECASE
        # Words and credits hold blanks, which a verbose pattern would drop; `re.escape` has marked them.
        self._text = re.compile(rf"(?P<kept>{kept})|{_FORMS}|{_ABSOLUTE}|(?P<word>{named})", flags)
        self._name = re.compile(rf"{_FORMS}|(?P<word>{named})", flags)
        self._word = re.compile(rf"(?P<word>{named})", flags)

    def clean(self, text: str, found: Callable[[Found], None]) -> str:
        """Return a text without traces; ``found`` is told of each."""
        if _WHOLE.fullmatch(text):
            found(Found(PATH, text))
            return "[path]"
        return self._text.sub(lambda match: self._instead(match, found, "[{}]"), text)

    def clean_name(self, name: str, found: Callable[[Found], None]) -> str:
        """Return a name, of a file or of something inside a graph, without traces; what comes instead is letters alone.

        ``/encoder/layer`` is a usual name and stays; the same below the home folder of somebody is a path.
        """
        if name in self.people:
            if self.people[name] != name:
                found(Found(SPEAKER, name))
            return self.people[name]
        return self._name.sub(lambda match: self._instead(match, found, "{}"), name)

    def _instead(self, match: re.Match[str], found: Callable[[Found], None], form: str) -> str:
        text, kind = match[0], match.lastgroup
        if kind == "kept":
            return text
        if kind == "address":
            return self._address(text, found, form)
        if kind == "someone":
            public = "." in text.rpartition("@")[2] and not _PRIVATE.fullmatch(text.rpartition("@")[2])
            found(Found(MAIL if public else HOST, text))
            return form.format("e-mail" if public else "host")
        if kind == "word":
            what, alias = self._kinds[text.casefold()]
            found(Found(what, text))
            return alias if what == SPEAKER else form.format(alias)
        found(Found(PATH, text))
        return form.format("path")

    def _address(self, text: str, found: Callable[[Found], None], form: str) -> str:
        """Keep a public address, without who logs in; one of a private network is a trace, and so are the words in it."""
        scheme, _, rest = text.partition("://")
        authority, slash, tail = rest.partition("/")
        login, at, host = authority.rpartition("@")
        if _PRIVATE.fullmatch(host.split(":")[0]):
            found(Found(HOST, text))
            return form.format("host")
        if at:
            found(Found(USER, login))
        return self._word.sub(lambda match: self._in_address(match, found), f"{scheme}://{host}{slash}{tail}")

    def _in_address(self, match: re.Match[str], found: Callable[[Found], None]) -> str:
        """Leave names of speakers: in a public address such a word more often means something else."""
        return match[0] if self._kinds[match[0].casefold()][0] == SPEAKER else self._instead(match, found, "{}")


def _bounded(word: str) -> str:
    """Return the pattern of a word that is not part of another; Chinese has no blanks between words."""
    before, after = (r"" if _CHINESE.match(letter) else r"(?<![A-Za-z0-9])" for letter in (word[0], word[-1]))
    return f"{before}{re.escape(word)}{after.replace('?<!', '?!')}"


def fragments(credits: Iterable[str]) -> frozenset[str]:
    """Return the parts of credits as a card may repeat them: ``spoken by A; B, C`` names three."""
    parts = (part.strip() for credit in credits for part in re.split(r"[;,()]", credit))
    return frozenset(part for part in parts if part)
