"""Make of a bundle another that speaks the same samples and tells nothing of where and by whom it was made.

Every text is looked through: manifest, config, cards, notes of graphs and tensor files, names of files. Speakers become
``speaker-1``, ``speaker-2``; of consents, who gave them is withheld. Credits and licences stay, as their owners ask for them, and
so does the voice itself: whoever knows the person may know them by ear. Everything that was removed is told, item by item.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tingshuo.config import FamilyConfig
from tingshuo.errors import BundleError
from tingshuo.store.anonymous_files import BINARY, Edit, clean_file, holds, texts_in
from tingshuo.store.atomic import new_folder, write_file
from tingshuo.store.bundle import Bundle, entry_of, is_private, open_bundle, verify_bundle
from tingshuo.store.manifest import CONFIG, MANIFEST, Manifest, parse_manifest
from tingshuo.store.seal_cipher import SUFFIX
from tingshuo.store.sign_format import SIGNATURE
from tingshuo.store.traces import NAME, SPEAKER, Found, Traces, Words, fragments, is_telling, owners, words_of_here

_HOUSE = frozenset(
    "acoustic aligner changelog config fp16 fp32 golden graphs input int8 limits modelcard onnx output speakers statistics text "
    "vocoder weights".split()
)
"""Names of files, folders and arrays by which the program finds them, whatever a speaker is called."""
WITHHELD = "withheld"
"""Stands for who gave a consent."""
_LONG_ENOUGH = 6
"""Bytes of a trace that cannot be in a file of numbers by chance: one in 2^48 of its places."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What was removed: from which file of the source, from which of its fields, of what kind, and how many."""

    file: str
    field: str
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Removed:
    """What `anonymize` took out, the new names of people by their old ones, and sentences on what stays."""

    traces: tuple[Trace, ...]
    people: dict[str, str]
    kept: tuple[str, ...]

    @property
    def total(self) -> int:
        """How many traces there were."""
        return sum(trace.count for trace in self.traces)


def anonymize(source: Path, destination: Path, names: Iterable[str] = ()) -> Removed:
    """Write a bundle without traces of people and machines.

    Parameters
    ----------
    source : Path
        Folder of a sound bundle; it is read, not changed.
    destination : Path
        The new folder; must not be there.
    names : iterable of str
        More to remove wherever it stands, such as the names of people, a company, a project.

    Raises
    ------
    BundleError
        The source is damaged, or holds a trace where it cannot be removed from; nothing is written then.
    SealedError
        The source is encrypted.
    OutputError
        The destination is there or cannot be written.
    """
    report = verify_bundle(source)
    if not report.ok:
        raise BundleError(report.problems[0])
    bundle = open_bundle(source)
    work = _Work(bundle, _words(bundle, names))
    with new_folder(destination) as folder:
        work.write(folder)
        report = verify_bundle(folder)
        if not report.ok:
            raise BundleError(report.problems[0].replace(str(folder), str(destination)))
        work.check(folder)
    return Removed(work.traces(), work.people, work.kept())


class _Work:
    """An anonymisation under way: what is looked for, and what was found."""

    def __init__(self, bundle: Bundle, words: Words) -> None:
        self.bundle, self.people, self._words = bundle, dict(words.people), words
        self._traces = Traces(words)
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._texts: set[str] = set()
        self._unknown: list[str] = []
        self._fixed = _HOUSE | _vocabulary(bundle.manifest, bundle.settings)
        self._names = self._renamed()

    def write(self, folder: Path) -> None:
        """Write every file anew, the manifest last."""
        for name, new in self._names.items():
            path = self.bundle.file(name)
            if name == CONFIG:
                config = self._config(self.bundle.settings)
                content = path.read_bytes() if config == self.bundle.settings else _encode(config.fields())
            else:
                cleaned = clean_file(path, self._edit(name))
                content = path.read_bytes() if cleaned is None else cleaned
                self._unknown += [name] if cleaned is None else []
            write_file(folder / new, content, 0o600 if is_private(new) else 0o644)
        if (self.bundle.path / SIGNATURE).exists():
            self._counts[SIGNATURE, "whole file", "signature"] += 1
        fields = self._manifest(self.bundle.manifest)
        entries = {new: entry_of(folder / new).fields() for new in sorted(self._names.values())}
        checked = parse_manifest(fields | {"files": entries}, f"the manifest of {self.bundle.path}")
        write_file(folder / MANIFEST, _encode(checked.fields()))

    def check(self, folder: Path) -> None:
        """Look for every text that was removed in every byte of what is no plain text, and so was rewritten in known places only.

        Raises
        ------
        BundleError
            One is still there.
        """
        credits, words = " ".join(self._words.kept).casefold(), self._words
        texts = {*self._texts, *filter(is_telling, (*words.users, *words.hosts, *words.names))}
        searched: list[str] = []
        for text in sorted(texts, key=len):  # where a long one is left, so is the short one inside it
            if len(text.encode()) >= _LONG_ENOUGH and text.casefold() not in credits and not any(one in text for one in searched):
                searched.append(text)
        for name, new in self._names.items():
            left = holds(folder / new, searched) if Path(name).suffix in BINARY or name in self._unknown else None
            if left is not None:
                raise BundleError(
                    f"{self.bundle.file(name)}: holds {left!r} where it cannot be removed from; take the file out of the bundle, "
                    "or export its graph anew"
                )

    def traces(self) -> tuple[Trace, ...]:
        """Return what was removed, in the order of files."""
        return tuple(Trace(*where, count) for where, count in sorted(self._counts.items()))

    def kept(self) -> tuple[str, ...]:
        """Return sentences on what stays."""
        told = ["the voice itself and its licence stay: who knows the person may know them by ear"]
        manifest = self.bundle.manifest
        if manifest.attributions:
            told.append(f"the credits of {len(manifest.attributions)} works stay, as their licences ask for them")
        if manifest.consents:
            told.append(f"of {len(manifest.consents)} consents the days, the purpose and the SHA-256 of the recording stay")
        short = sorted(name for name in self.people if not is_telling(name))
        if short:
            told.append(f"not looked for in texts, as too short or too common: {', '.join(self.people[name] for name in short)}")
        told += [f"{name} is of a kind that is not known here: it was searched and stays as it is" for name in self._unknown]
        return tuple(told)

    def _edit(self, file: str) -> Edit:
        def clean(field: str, text: str) -> str:
            return self._clean(file, field, text)

        def label(field: str, text: str) -> str:
            if {part.casefold() for part in text.removesuffix(".npy").split("/")} <= self._fixed:
                return text
            return self._traces.clean_name(text, self._note(file, field))

        def drop(field: str, text: str) -> None:
            self._counts[file, field, "text of an utterance"] += 1
            self._texts.add(text)

        return Edit(clean, label, drop)

    def _clean(self, file: str, field: str, text: str) -> str:
        return self._traces.clean(text, self._note(file, field))

    def _note(self, file: str, field: str) -> Callable[[Found], None]:
        def note(found: Found) -> None:
            self._counts[file, field, found.kind] += 1
            if found.kind != SPEAKER:  # a speaker's name may well be a word of the credits, or a part of another word
                self._texts.add(found.text)

        return note

    def _renamed(self) -> dict[str, str]:
        """Return the new name of each file; names that become one are told apart by a number.

        An encrypted timbre has its speaker's name inside, so that it cannot take the place of another: it stays behind.
        """
        new: dict[str, str] = {}
        for name in self.bundle.manifest.files:
            parts = []
            for part in name.split("/"):
                stem, dot, ending = part.partition(".")
                known = stem.casefold() in self._fixed
                parts.append(f"{stem if known else self._person(name, 'name of the file', stem)}{dot}{ending}")
            wanted, number = "/".join(parts), 2
            if name.endswith(SUFFIX) and wanted != name:
                self._counts[name, "whole file", "timbre that names its speaker, encrypted"] += 1
                continue
            new[name] = wanted
            while list(map(str.casefold, new.values())).count(new[name].casefold()) > 1:
                new[name], number = f"{wanted}-{number}", number + 1
        return new

    def _person(self, file: str, field: str, name: str) -> str:
        return self._traces.clean_name(name, self._note(file, field))

    def _config(self, config: FamilyConfig) -> FamilyConfig:
        speakers = [one.replace(name=self._person(CONFIG, "speakers", one.name)) for one in config.speakers]
        styles = [
            one.replace(
                name=self._person(CONFIG, "styles", one.name),
                description=self._clean(CONFIG, "description of a style", one.description),
            )
            for one in config.styles
        ]
        return config.replace(speakers=tuple(speakers), styles=tuple(styles))

    def _manifest(self, manifest: Manifest) -> dict[str, Any]:
        """Return the fields of the new manifest but for its files."""
        fields = manifest.fields()
        for key in ("name", "parent"):
            if fields[key] is not None:
                fields[key] = self._label(key, fields[key])
        for key in ("speakers", "styles", "cloned"):
            fields[key] = [self._person(MANIFEST, key, name) for name in fields[key]]
        for key in ("data_statement", "consent"):
            fields[key] = self._clean(MANIFEST, key, fields[key])
        for credit in fields["attributions"]:
            for key in ("url", "used_for"):
                credit[key] = self._clean(MANIFEST, f"attributions.{key}", credit[key])
        for record in fields["consents"]:
            self._withhold(record)
        for measured in fields["measured"]:
            measured["machine"] = self._clean(MANIFEST, "measured.machine", measured["machine"])
        fields["created_with"] = {key: self._made_with(key, value) for key, value in fields["created_with"].items()}
        for graph in fields["graphs"].values():
            for variant in graph["variants"]:
                variant["path"] = self._names[variant["path"]]
                variant["weights"] = [self._names[name] for name in variant["weights"]]
        return fields

    def _label(self, field: str, text: str) -> str:
        """Clean ``name`` and ``name@version``, which is no mail address."""
        name, at, version = text.partition("@")
        return f"{self._person(MANIFEST, field, name)}{at}{version}"

    def _withhold(self, record: dict[str, Any]) -> None:
        record["speaker"] = self._person(MANIFEST, "consents.speaker", record["speaker"])
        record["purpose"] = self._clean(MANIFEST, "consents.purpose", record["purpose"])
        if record["given_by"] != WITHHELD:
            self._counts[MANIFEST, "consents.given_by", NAME] += 1
            record["given_by"] = WITHHELD

    def _made_with(self, key: str, value: str) -> str:
        """Keep the system and drop the release of its kernel, which may name who built it or where it runs."""
        if key == "system" and " " in value:
            self._counts[MANIFEST, "created_with.system", "release of the kernel"] += 1
            value = value.split()[0]
        return self._clean(MANIFEST, f"created_with.{key}", value)


def _words(bundle: Bundle, names: Iterable[str]) -> Words:
    """Return what has to be looked for in a bundle: what this machine, its speakers and the paths in its texts are called."""
    manifest, config = bundle.manifest, bundle.settings
    people = {name: f"speaker-{number}" for number, name in enumerate(manifest.speakers, 1)}
    # Who lent a manner of speaking, and is no speaker, gave its name to the style that a training makes of it.
    readers = [style.name for style in config.styles if style.description == f"as {style.name} speaks"]
    lent = [name for name in readers if name not in people]
    people |= {name: f"reader-{number}" for number, name in enumerate(lent, 1)}
    given = {record.given_by for record in manifest.consents} - {WITHHELD}
    users, hosts = words_of_here()
    texts = (json.dumps(manifest.fields(), ensure_ascii=False), *(texts_in(bundle.file(name)) for name in manifest.files))
    found = {owner for text in texts for owner in owners(text)}
    taken = _vocabulary(manifest, config)
    return Words(
        users=frozenset(word for word in {*users, *found} if word.casefold() not in taken),
        hosts=frozenset(word for word in hosts if word.casefold() not in taken),
        names=frozenset(filter(None, map(str.strip, names))) | frozenset(filter(is_telling, fragments(given))),
        people=people,
        kept=fragments(text for credit in manifest.attributions for text in (credit.work, credit.author, credit.licence)),
    )


def _vocabulary(manifest: Manifest, config: FamilyConfig) -> set[str]:
    """Return words that have a meaning in the bundle, whatever an account or a machine is called."""
    graphs = [name for graph in manifest.graphs.values() for name in (*graph.inputs, *graph.outputs)]
    words = {manifest.task, *manifest.family.split("+"), *manifest.languages, *manifest.emotions, *manifest.graphs, *graphs}
    words |= {*config.emotions, *manifest.created_with}
    return {word.casefold() for word in words}


def _encode(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, indent=1).encode() + b"\n"
