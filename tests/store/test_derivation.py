"""Who may have learnt from a version is told by weights and by parents; whoever was there before has not."""

import hashlib
from pathlib import Path
from typing import Any

from tingshuo.store.derivation import derive
from tingshuo.store.forgotten import Forgotten, Row
from tingshuo.store.holdings import Version, Wanted, people_of
from tingshuo.store.manifest import Manifest, parse_manifest

ANNA = Wanted("anna")


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def manifest(name: str, weights: list[str], speakers: list[str], parent: str | None) -> Manifest:
    files = {f"weights/{one}.safetensors": {"sha256": sha(one), "size": 9} for one in weights}
    files["config.json"] = {"sha256": sha("config"), "size": 9}
    fields: dict[str, Any] = {"schema_version": 1, "name": name, "version": "1.0.0", "family": "fastspeech", "task": "tts"}
    fields |= {"languages": ["zh-CN"], "sample_rate": 24000, "licence": "CC0-1.0", "data_statement": "", "consent": ""}
    return parse_manifest(fields | {"speakers": speakers, "parent": parent, "files": files}, name)


def version(
    name: str, weights: list[str], saved: str = "", speakers: tuple[str, ...] = ("bob",), parent: str | None = None
) -> Version:
    made = manifest(name, weights, list(speakers), parent)
    blobs = {entry.sha256: entry.size for entry in made.files.values()} | {sha(name): 1}
    return Version(Path(), Path(name), (name, "1.0.0"), sha(name), made, blobs, people_of(made), saved)


def names(found: list[Version]) -> list[str]:
    return [one.label[0] for one in found]


def test_weights_that_were_there_before_are_not_the_persons() -> None:
    base = version("base", ["vocoder"], "2026-01-01")
    anna = version("anna", ["vocoder", "acoustic"], "2026-02-01", ("anna",))
    bob = version("bob", ["vocoder"], "2026-03-01")
    found = derive([anna], [base, anna, bob], [], ANNA)
    assert (found.versions, sha("vocoder") in found.older) == ([], True)
    assert names(derive([anna], [anna, bob], [], ANNA).versions) == ["bob"], "without the base nobody can tell"
    assert derive([anna], [anna, bob], [base], ANNA).versions == [], "the installation was there before"


def test_a_parent_was_there_before_even_where_nobody_knows_when() -> None:
    base, anna = version("base", ["vocoder"]), version("anna", ["vocoder"], "2026-02-01", ("anna",), parent="base@1.0.0")
    assert derive([anna], [base, anna], [], ANNA).versions == []


def test_children_and_their_children_are_derived() -> None:
    anna = version("anna", ["x"], "2026-02-01", ("anna",))
    child = version("child", ["y"], "2026-03-01", parent="anna@1.0.0")
    heir = version("heir", ["y"], "2026-04-01")
    other = version("other", ["z"], "2026-04-01", parent="default@1.0.0")
    assert names(derive([anna], [anna, child, heir, other], [], ANNA).versions) == ["child", "heir"]


def test_what_was_left_before_is_derived_until_it_is_allowed() -> None:
    child = version("child", ["y"], "2026-03-01")
    left = Row(digest=sha("anna"), on="2026-03-01", derived=(child.digest,))
    assert names(derive([], [child], [], Wanted("anna", forgotten=Forgotten([left]))).versions) == ["child"]
    assert derive([], [child], [], Wanted("anna", forgotten=Forgotten([left], [child.digest]))).versions == []


def test_sharing_forgotten_weights_counts_without_the_version_that_had_them() -> None:
    row = Row(digest=sha("anna"), on="2026-03-01", blobs={sha("x"): 9})
    wanted = Wanted("anna", forgotten=Forgotten([row]))
    assert names(derive([], [version("a", ["x"], "2026-04-01"), version("b", ["y"])], [], wanted).versions) == ["a"]
