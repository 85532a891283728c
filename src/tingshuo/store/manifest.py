"""manifest.json of a bundle: what it holds, where it comes from, and the size and SHA-256 of every file.

The schema is versioned. A reader refuses a version that it does not know, unknown keys, and any path that could lead
out of the bundle's folder. The JSON schema in ``docs/manifest.schema.json`` is generated from these records.
"""

import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from tingshuo.config import StrictModel
from tingshuo.errors import BundleError, ConfigError, SchemaVersionError

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
CONFIG = "config.json"
ALIGNER = "aligner"
"""Folder of the models that tell when a phone is spoken, for voices that are trained from this one; speaking needs none, and not
every bundle has them."""

_SEMVER = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
UNLIMITED = "unlimited"
_PART = re.compile(r"[^\x00-\x1f\x7f/\\:*?\"<>|]+")
_MAX_MANIFEST_BYTES = 4 << 20


def check_relative_path(path: str) -> str:
    """Return ``path`` when it is a plain relative path that stays inside its folder on every operating system.

    Raises
    ------
    ValueError
        It is absolute, has ``.`` or ``..``, a backslash, a drive, a control character or an empty part.
    """
    for part in path.split("/"):
        if part in ("", ".", "..") or not _PART.fullmatch(part) or part[-1] in ". ":
            raise ValueError(f"{path!r} is not a plain relative path inside the bundle")
    return path


Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]


class FileEntry(StrictModel, frozen=True):
    """What a file must be."""

    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", max_length=64)]
    """Lower-case hexadecimal digest."""
    size: Count
    """Bytes."""


class TensorSpec(StrictModel, frozen=True):
    """An input or output of a graph."""

    dtype: str
    """As numpy spells it: ``float32``, ``int64``."""
    shape: tuple[int | str, ...]
    """A word is a free dimension: ``(1, "frames", 256)``."""


class GraphVariant(StrictModel, frozen=True):
    """One file of a graph: made for an engine, at a precision."""

    engine: str
    """Name of an engine: ``onnx``."""
    precision: str
    """Arithmetic inside the graph: ``fp32``, ``int8``; inputs and outputs stay as in `GraphEntry`."""
    path: str
    weights: tuple[str, ...] = ()
    """Tensor files that the graph refers to by tensor name."""


class GraphEntry(StrictModel, frozen=True):
    """A network of the bundle and the files that hold it."""

    inputs: dict[str, TensorSpec]
    outputs: dict[str, TensorSpec]
    variants: Annotated[tuple[GraphVariant, ...], Meta(min_length=1)]

    def __post_init__(self) -> None:
        """Refuse two variants of a kind."""
        kinds = [(v.engine, v.precision) for v in self.variants]
        if len(set(kinds)) != len(kinds):
            raise ValueError("two variants have the same engine and precision")


class Attribution(StrictModel, frozen=True):
    """A work that this bundle was made from and the credit that it is owed."""

    work: str
    author: str
    licence: str
    """SPDX identifier where one exists: ``CC-BY-SA-4.0``."""
    url: str = ""
    used_for: str = ""


class Measurement(StrictModel, frozen=True):
    """Figures measured on one machine: names carry their unit (``rtf``, ``ttfb_ms``)."""

    engine: str
    precision: str
    machine: str
    threads: Positive
    figures: dict[str, float]


class ConsentRecord(StrictModel, frozen=True, kw_only=True):
    """That a person agreed to a voice which was cloned from theirs."""

    speaker: str
    """As the manifest lists it."""
    given_by: Annotated[str, Meta(min_length=1, max_length=200)]
    """Who agreed: a name, or a reference to where the name is kept."""
    given_on: Annotated[str, Meta(pattern=_DATE)]
    """The day, ``2026-05-01``."""
    purpose: Annotated[str, Meta(min_length=1, max_length=1000)]
    """What the voice may be used for."""
    valid_until: Annotated[str, Meta(pattern=rf"{_DATE}|^unlimited$")]
    """The last day, or ``unlimited``, which has to be said."""
    recording_sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", max_length=64)]
    """Of the recording, or of the signed paper, in which they agreed; the file itself stays with whoever made the voice."""

    def __post_init__(self) -> None:
        """Refuse days that no calendar has."""
        for day in (self.given_on, self.valid_until):
            if day != UNLIMITED:
                date.fromisoformat(day)
        if self.valid_until != UNLIMITED and self.valid_until < self.given_on:
            raise ValueError(f"it ends on {self.valid_until}, before it was given on {self.given_on}")


class Sealing(StrictModel, frozen=True, kw_only=True):
    """That the files of a bundle are encrypted, and for whom."""

    recipients: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Public keys of age: ``age1...``."""
    plain_sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", max_length=64)]
    """Of the manifest inside, and so of all that was encrypted: what has not changed is known without a key."""


class Manifest(StrictModel, frozen=True, kw_only=True):
    """manifest.json.

    Versions follow SemVer: major = inputs or the identity of the voice changed, minor = quality or speed, patch = packaging.
    """

    schema_version: Literal[1]
    name: Annotated[str, Meta(pattern=r"^\w[\w.-]*$", max_length=64)]
    version: Annotated[str, Meta(pattern=_SEMVER)]
    family: str
    """Model family that built the weights."""
    task: Literal["tts", "vocoder", "conversion", "asr", "keywords", "lm"]
    """``tts`` speaks text, ``vocoder`` makes sound of mels, ``conversion`` gives speech another voice, ``asr`` writes it down,
    ``keywords`` tells single words apart, ``lm`` tells how likely a text is."""
    languages: Annotated[tuple[str, ...], Meta(min_length=1)]
    """BCP 47 tags: ``zh-CN``."""
    speakers: tuple[str, ...] = ()
    """Timbres that may be offered; the first is the default."""
    styles: tuple[str, ...] = ()
    emotions: tuple[str, ...] = ()
    sample_rate: Count
    """Hz of the audio in or out; 0 for a language model alone, which has none."""
    licence: str
    """SPDX identifier of the weights' licence."""
    attributions: tuple[Attribution, ...] = ()
    data_statement: str
    """What the weights were trained on, and what is known about its limits."""
    consent: str
    """On what ground the voices of these people may be used."""
    cloned: tuple[str, ...] = ()
    """Speakers whose voice was cloned from recordings of a person; each needs a record among ``consents``."""
    consents: tuple[ConsentRecord, ...] = ()
    sealed: Sealing | None = None
    """Set when the files are encrypted; what this manifest says of them is then all that can be known without the key."""
    created_with: dict[str, str] = msgspec.field(default_factory=dict)
    """Library to version."""
    parent: str | None = None
    """``name@version`` of the bundle that this one was made from."""
    graphs: dict[str, GraphEntry] = msgspec.field(default_factory=dict)
    measured: tuple[Measurement, ...] = ()
    files: dict[str, FileEntry]
    """Every file of the bundle except the manifest itself and a detached signature."""

    def __post_init__(self) -> None:
        """Refuse file names that could leave the folder or clash, and graphs whose files are not listed."""
        for path in self.files:
            check_relative_path(path)
        folded = {path.casefold() for path in self.files}
        if len(folded) != len(self.files):
            raise ValueError("two file names differ only in case")
        if folded & {MANIFEST, "signature.json"}:
            raise ValueError("the manifest and its signature cannot list themselves as files")
        self._check_people()
        if (self.sample_rate == 0) != (self.task == "lm"):
            raise ValueError(f"a sample_rate of {self.sample_rate} does not fit the task {self.task}")
        if self.sealed is None and CONFIG not in self.files:
            raise ValueError(f"{CONFIG} is not among the files")
        for name, graph in self.graphs.items():
            for path in (p for v in graph.variants for p in (v.path, *v.weights)):
                if path not in self.files:
                    raise ValueError(f"graph {name!r} refers to {path!r}, which is not among the files")

    def _check_people(self) -> None:
        """Refuse a cloned voice without licence and consent."""
        unknown = {*self.cloned, *(record.speaker for record in self.consents)} - set(self.speakers)
        if unknown:
            raise ValueError(f"cloned or consents name {min(unknown)!r}, who is not among the speakers")
        missing = set(self.cloned) - {record.speaker for record in self.consents}
        if missing:
            raise ValueError(f"{min(missing)!r} was cloned from a person, so consents needs a record of their consent")
        if self.cloned and not self.licence.strip():
            raise ValueError("a voice that was cloned from a person needs a licence")

    def variant(self, graph: str, precision: str, engine: str) -> GraphVariant:
        """Return the row of a graph for an engine and precision.

        Raises
        ------
        BundleError
            There is no such graph, or no such variant of it; the message lists those that exist.
        """
        if graph not in self.graphs:
            raise BundleError(f"voice {self.name!r} has no graph {graph!r}; it has: {', '.join(self.graphs) or 'none'}")
        variants = self.graphs[graph].variants
        for variant in variants:
            if (variant.engine, variant.precision) == (engine, precision):
                return variant
        known = ", ".join(f"{v.engine}/{v.precision}" for v in variants)
        raise BundleError(f"graph {graph!r} of voice {self.name!r} has no variant {engine}/{precision}; it has: {known}")


def manifest_schema() -> dict[str, Any]:
    """Return the JSON schema of a manifest, for programs that read bundles without this package."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | msgspec.json.schema(Manifest)


def parse_manifest(fields: Mapping[str, Any], source: str) -> Manifest:
    """Check the fields of a manifest; ``source`` names them in messages.

    Raises
    ------
    SchemaVersionError
        Written by a version of Tingshuo that is newer than this one.
    BundleError
        A key is missing, unknown or has a wrong value.
    """
    version = fields.get("schema_version")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise SchemaVersionError(
            f"{source}: schema version {version!r} is not known here (known: {SCHEMA_VERSION}); update tingshuo"
        )
    try:
        return Manifest.check(fields, source)
    except ConfigError as error:
        raise BundleError(str(error)) from error


def read_manifest(folder: Path) -> Manifest:
    """Read and check ``manifest.json`` of a bundle.

    Raises
    ------
    SchemaVersionError
        Written by a version of Tingshuo that is newer than this one.
    BundleError
        The folder has no manifest, or it is not JSON, too large, or wrong.
    """
    path = folder / MANIFEST
    try:
        if path.stat().st_size > _MAX_MANIFEST_BYTES:
            raise BundleError(f"{path}: larger than {_MAX_MANIFEST_BYTES} bytes, so it is not a manifest")
        fields = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise BundleError(f"{folder}: is not a bundle, it has no {MANIFEST}") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BundleError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(fields, dict):
        raise BundleError(f"{path}: is not a JSON object")
    return parse_manifest(fields, str(path))
