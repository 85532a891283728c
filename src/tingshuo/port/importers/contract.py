"""What a person tells of a model that does not tell it itself: a file of JSON or YAML, the contract.

::

    task: vocoder                       # tts, asr or vocoder
    name: my-vocoder                    # optional: what the bundle is called
    licence: CC-BY-4.0                  # optional, as SPDX writes it
    languages: [zh-CN]                  # optional
    graphs: {vocoder: model.onnx}       # optional where there is one file
    calls: {inputs: [...], outputs: [...]}   # of TorchScript alone: what the module is called with
    signature: serving_default          # of a SavedModel alone
    ...                                 # the keys of the task

The keys of a task belong to who makes a bundle of it (`tingshuo.port.convert.contract`). Nothing is guessed from names: what is
not told and cannot be seen in the graph is an error.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import msgspec
import yaml

from tingshuo.config import StrictModel
from tingshuo.errors import ConfigError

Task = Literal["tts", "asr", "vocoder", "conversion"]
TASKS: tuple[str, ...] = get_args(Task)
LARGEST_BYTES = 4 << 20
"""Of a contract or a config: lists of phonemes and of units are long."""
UNFILLED = "FILL_IN"
"""What stands, as a whole value, where a person has to say something."""
_SHOWN = 8
M = TypeVar("M", bound=StrictModel)


class CallInput(StrictModel, frozen=True, kw_only=True):
    """One input of a TorchScript module."""

    name: str
    dtype: Literal["float32", "float16", "int64", "int32", "bool"]
    shape: tuple[int | str, ...]
    """A name is a size that is free."""
    value: int | float | str | None = None
    """What it is in the example that the module is run on: a number, or the name of a free size, for lengths."""
    most: Annotated[int, msgspec.Meta(ge=1)] = 2
    """Of whole numbers that are drawn for the example: 0 to this one."""


class Calls(StrictModel, frozen=True, kw_only=True):
    """How a TorchScript module is called: inputs and outputs in its own order."""

    inputs: tuple[CallInput, ...]
    outputs: tuple[str, ...]


class _Head(StrictModel, frozen=True, kw_only=True):
    """The keys that contracts of all tasks have."""

    task: Task
    name: str | None = None
    licence: str | None = None
    languages: tuple[str, ...] = ()
    graphs: dict[str, str] = msgspec.field(default_factory=dict)
    signature: str = "serving_default"
    calls: dict[str, Any] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A contract that was read; ``fields`` are the keys of its task, not checked yet, ``calls`` are by graph."""

    path: Path
    task: Task
    name: str | None = None
    licence: str | None = None
    languages: tuple[str, ...] = ()
    graphs: Mapping[str, str] = field(default_factory=dict)
    signature: str = "serving_default"
    calls: Mapping[str, Calls] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)


def read_contract(path: Path) -> Contract:
    """Read a contract.

    Raises
    ------
    ConfigError
        It cannot be read, is no JSON or YAML, or a key that all contracts have is missing or wrong.
    """
    content = read_document(path)
    head = {key: value for key, value in content.items() if key in common_keys()}
    if "task" not in head:
        raise ConfigError(f"{path}: does not say its task; accepted: {', '.join(TASKS)}, such as task: vocoder")
    told = check(_Head, head, str(path))
    return Contract(
        path=path,
        task=told.task,
        name=told.name,
        licence=told.licence,
        languages=told.languages,
        graphs=told.graphs,
        signature=told.signature,
        calls=_calls(told.calls, path),
        fields={key: value for key, value in content.items() if key not in head},
    )


def common_keys() -> tuple[str, ...]:
    """Return the keys that contracts of all tasks have."""
    return _Head.__struct_fields__


def check(model: type[M], fields: Mapping[str, Any], source: str, more: tuple[str, ...] = ()) -> M:
    """Make a record of keys; of one that it has not, the message lists those that it has, and ``more`` that others read.

    Raises
    ------
    ConfigError
        A key is unknown, missing or wrong.
    """
    for where, problem in _problems(model, fields, "", more):
        raise ConfigError(f"{source}: {where or 'the whole file'}: {problem}")
    return model.check(dict(fields), source)


def read_document(path: Path) -> dict[str, Any]:
    """Read a file of JSON or YAML that holds keys and values.

    Raises
    ------
    ConfigError
        It cannot be read, is neither, has a key twice, or is longer than such a file is.
    """
    try:
        size = path.stat().st_size
        text = path.read_text("utf-8") if size <= LARGEST_BYTES else ""
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError(f"{path}: cannot be read as JSON or YAML: {reason}") from error
    if size > LARGEST_BYTES:
        raise ConfigError(f"{path}: has {size} bytes, and is not what it should be: JSON or YAML that a person wrote")
    try:
        content = _parse(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: cannot be read as JSON or YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ConfigError(f"{path}: does not hold keys and values, such as task: vocoder")
    open_keys = list(_unfilled(content, ""))
    if open_keys:
        more = f" and {len(open_keys) - _SHOWN} more" if len(open_keys) > _SHOWN else ""
        raise ConfigError(f"{path}: {UNFILLED} still stands at {', '.join(open_keys[:_SHOWN])}{more}; say what it is")
    return content


def _unfilled(value: Any, where: str) -> Iterator[str]:
    """Yield where something is still to be said."""
    if value == UNFILLED:
        yield where
    rows = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in rows:
        yield from _unfilled(inner, f"{where}.{key}".lstrip("."))


def _calls(told: Mapping[str, Any], path: Path) -> dict[str, Calls]:
    """Return calls by graph; those of the only graph stand without its name."""
    if "inputs" in told or "outputs" in told:
        return {"": check(Calls, told, f"{path}: calls")}
    return {name: check(Calls, one, f"{path}: calls: {name}") for name, one in told.items()}


def _problems(
    model: type[StrictModel], fields: Mapping[str, Any], where: str, more: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:
    """Yield where a key is not one, or a value none of those that there are, with a sentence that lists what is accepted."""
    known = {one.name: one.type for one in msgspec.structs.fields(model)}
    for key, value in fields.items():
        place = f"{where}{'.' if where else ''}{key}"
        if key not in known:
            yield where, f"there is no key {key!r}; accepted: {', '.join((*more, *known))}"
            continue
        kinds = (known[key], *get_args(known[key]))
        choices = next((get_args(kind) for kind in kinds if get_origin(kind) is Literal), ())
        if choices and not isinstance(value, list | Mapping | None) and value not in choices:
            yield place, f"{value!r} is none of them; accepted: {', '.join(map(str, choices))}"
        for inner in [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, StrictModel)][:1]:
            for row, one in _records(value):
                yield from _problems(inner, one, f"{place}{row}")


def _records(value: Any) -> list[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        return [("", value)]
    rows = value if isinstance(value, list) else []
    return [(f"[{place}]", one) for place, one in enumerate(rows) if isinstance(one, Mapping)]


def _parse(text: str) -> Any:
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text, object_pairs_hook=_once)
        except json.JSONDecodeError:  # YAML may begin so too
            pass
    return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader that takes less


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} is there twice")
        found[key] = value
    return found


class _Loader(yaml.SafeLoader):
    """Takes no key twice and no aliases, and ``1e-5`` for the number that it is, which YAML 1.1 does not."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not read; write it out")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.YAMLError(f"the key {twice!r} is there twice")
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+"), list("-+0123456789"))
