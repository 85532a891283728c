"""What goes along with exported graphs: how they are called, tables, examples, whose work they are, and what must be said.

``voice.json`` holds the bundle's config and the inputs and outputs of each graph, ``tables/*.npy`` the rows of speakers and
styles, ``examples/*.npz`` inputs with the outputs that our own graphs give, ``README.md`` the way to run them, in both languages.
"""

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tingshuo.port.formats.source import Arrays, Source
from tingshuo.store.manifest import CONFIG, Manifest
from tingshuo.types import GraphSpec

NOTICE = {
    "zh": (
        "用这些模型合成的语音是人工智能生成的内容。向公众提供时须按所在地法律标明，在中国须按《人工智能生成合成内容标识办法》"
        "（2025 年 9 月 1 日起施行）加显式与隐式标识；不得冒充他人，不得用于欺诈。"
    ),
    "en": (
        "Speech made with these models is made by artificial intelligence. Whoever offers it to the public must say so as "
        "the law "
        "there demands (in China the Measures for Labelling of AI-Generated Synthetic Content, in force since 1 September 2025: "
        "a label that is heard or seen, and one in the file's metadata). Do not pass it off as a person's own words."
    ),
}
"""The duty to label, which goes along with every file that can speak."""


def metadata(manifest: Manifest, symbols: Sequence[str]) -> dict[str, str]:
    """Return what a model file says of itself where its format has room for it."""
    return {
        "name": manifest.name,
        "version": manifest.version,
        "family": manifest.family,
        "sample_rate": str(manifest.sample_rate),
        "licence": manifest.licence,
        "attributions": "; ".join(f"{row.work}, {row.author} ({row.licence})" for row in manifest.attributions),
        "symbols": json.dumps(list(symbols), ensure_ascii=False),
        "notice": f"{NOTICE['zh']} {NOTICE['en']}",
    }


def symbols_of(config: Mapping[str, Any]) -> list[str]:
    """Return the symbols of a config, in the order of their ids; empty for a voice that reads none."""
    found = config.get("phonemes") or config.get("symbols") or []
    return [str(symbol) for symbol in found] if isinstance(found, list) else []


def companion_files(source: Source, format: str, graphs: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the files beside the graphs, the README excepted.

    Parameters
    ----------
    source : Source
        The bundle.
    format : str
        For ``voice.json``.
    graphs : Mapping
        What ``voice.json`` says of each graph beside its inputs and outputs: its files by precision.
    """
    manifest = source.bundle.manifest
    files = {f"tables/{name}.npy": _npy(array.astype(np.float32)) for name, array in source.tables.items()}
    for graph in source.graphs:
        inputs, outputs = graph.examples[0]
        files[f"examples/{graph.name}.npz"] = _npz(inputs, outputs)
    told = {
        "format": format,
        "name": manifest.name,
        "version": manifest.version,
        "family": manifest.family,
        "task": manifest.task,
        "languages": manifest.languages,
        "speakers": manifest.speakers,
        "styles": manifest.styles,
        "emotions": manifest.emotions,
        "sample_rate": manifest.sample_rate,
        "licence": manifest.licence,
        "attributions": [row.fields() for row in manifest.attributions],
        "data_statement": manifest.data_statement,
        "consent": manifest.consent,
        "notice": NOTICE,
        "graphs": {graph.name: _described(graph.spec) | graphs[graph.name] for graph in source.graphs},
        "tables": {name: {"file": f"tables/{name}.npy", "shape": array.shape} for name, array in source.tables.items()},
        "config": json.loads(source.bundle.file(CONFIG).read_text("utf-8")),
    }
    files["voice.json"] = json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"
    return files


def readme(source: Source, heading: str, notes: tuple[str, str], example: str) -> bytes:
    """Return ``README.md``.

    Parameters
    ----------
    source : Source
        The bundle.
    heading : str
        What the files are.
    notes : tuple[str, str]
        How they are run, Chinese and English, each ending where the program begins.
    example : str
        A program that runs each graph on its example and prints the differences; ``{graphs}`` becomes their names.
    """
    manifest = source.bundle.manifest
    rows = [
        f"| {graph.name} | {_told(graph.spec.inputs)} | {_told(graph.spec.outputs)} |"
        for graph in source.graphs  # the same table serves both languages
    ]
    credits = [f"- {row.work} — {row.author} ({row.licence}) {row.url}".rstrip() for row in manifest.attributions]
    lines = [
        f"# {manifest.name} {manifest.version}: {heading}",
        "",
        NOTICE["zh"],
        "",
        NOTICE["en"],
        "",
        f"采样率 sample rate: {manifest.sample_rate} Hz · 许可 licence: {manifest.licence}",
        "",
        "| 图 graph | 输入 inputs | 输出 outputs |",
        "|---|---|---|",
        *rows,
        "",
        notes[0],
        "",
        notes[1],
        "",
        "```python",
        example.format(graphs=tuple(graph.name for graph in source.graphs)).rstrip(),
        "```",
        "",
        "`voice.json` 含全部设置（符号表、特征、说话人、风格），`tables/` 是说话人与风格的向量，`examples/` 是输入与应得的输出；"
        "图与图之间的步骤（音素、时长、基频、声源）在 Tingshuo 的 `tasks` 中，可照其实现。",
        "",
        "`voice.json` holds all settings (symbols, features, speakers, styles), `tables/` the vectors of speakers and styles, "
        "`examples/` inputs with the outputs to expect; what lies between the graphs (phones, durations, F0, source) is in "
        "Tingshuo's `tasks`, to be followed.",
        "",
        "署名 credits:",
        "",
        *(credits or ["—"]),
        "",
        f"数据说明 data: {manifest.data_statement}",
        "",
        f"使用依据 ground for using the voices: {manifest.consent}",
        "",
    ]
    return "\n".join(lines).encode()


def _described(spec: GraphSpec) -> dict[str, Any]:
    sides = {"inputs": spec.inputs, "outputs": spec.outputs}
    return {
        side: {name: {"dtype": dtype, "shape": list(shape)} for name, (dtype, shape) in values.items()}
        for side, values in sides.items()
    }


def _told(values: Mapping[str, tuple[str, tuple[int | str, ...]]]) -> str:
    return "; ".join(f"`{name}` {dtype} ({', '.join(map(str, shape))})" for name, (dtype, shape) in values.items())


def _npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _npz(inputs: Arrays, outputs: Arrays) -> bytes:
    buffer = io.BytesIO()
    arrays = {f"input/{name}": array for name, array in inputs.items()}
    arrays |= {f"output/{name}": array for name, array in outputs.items()}
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
