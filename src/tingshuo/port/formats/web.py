"""A folder that speaks in a browser, opened from the disk: no server, no network.

The page has onnxruntime-web and the voice's float32 graphs with their weights inside. What lies between and after the graphs, and
the text side, is written again in JavaScript in ``web/js``, which reads the same tables as Python (`web_tables`). A page that was
opened from the disk may read no file, so everything that is no script lies in one as base64.
"""

import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from safetensors.numpy import save

import tingshuo
from tingshuo.config import VoiceConfig
from tingshuo.engine.embed import embed
from tingshuo.errors import BundleError, ConsentError, PortError, SealedError
from tingshuo.port.formats.web_readme import readme
from tingshuo.port.formats.web_runtime import MODULE, SCRIPT, WASM, find_runtime, runtime_version
from tingshuo.port.formats.web_tables import data_script, json_script, text_scripts
from tingshuo.store.atomic import Content, new_folder, write_files
from tingshuo.store.bundle import Bundle, verify_bundle
from tingshuo.tasks.fastspeech import EMOTION_TABLE, SPEAKER_TABLE, STYLE_TABLE, TABLES
from tingshuo.tasks.prosody import EFFECTS
from tingshuo.text.symbols import has_english

LABEL = "人工智能合成的语音，不是真人录音。AI-generated speech, not recorded from a person."
"""What every WAV file says in itself."""
SCRIPTS = (
    "store lexicon polyphones readings sandhi english numbers forms normalize split frontend "
    "transform source prosody acoustics voice wav player page"
).split()
"""The scripts of the page, in the order in which it loads them."""
GRAPHS = ("encoder", "pitch", "decoder", "vocoder")
_FILTERS = {"gain", "phase", "noise_gain"}
"""Outputs of the kind of vocoder graph that the page can speak through, `tingshuo.tasks.vocoder.SourceFilter`."""
_INPUTS = {"phoneme_ids", "tones", "positions", "style"}


@dataclass(frozen=True, slots=True)
class WebExport:
    """What `write_web` wrote: the bytes of each part of the folder ``path``, and the version of the runtime.

    The parts are the graphs with their weights, the tables of the text side, onnxruntime-web, and the page with its scripts.
    """

    path: Path
    runtime_version: str
    graphs_bytes: int
    text_bytes: int
    runtime_bytes: int
    page_bytes: int

    @property
    def total_bytes(self) -> int:
        """Size of the folder."""
        return self.graphs_bytes + self.text_bytes + self.runtime_bytes + self.page_bytes


def write_web(bundle: Bundle, destination: Path, *, runtime: Path | None = None) -> WebExport:
    """Write a folder whose ``index.html`` speaks with a voice when it is opened in a browser.

    Parameters
    ----------
    bundle : Bundle
        A voice of the family ``fastspeech`` with a source-filter vocoder.
    destination : Path
        The folder to make; it is there whole or not at all.
    runtime : Path or None
        Where onnxruntime-web is, as `find_runtime` takes it.

    Raises
    ------
    SealedError
        The bundle is encrypted.
    BundleError
        It is damaged.
    ConsentError
        It was cloned from a person: a page cannot tell when their consent has ended.
    PortError
        The voice is of a kind that the page cannot speak with, or the runtime is not there.
    OutputError
        The destination exists or cannot be written.
    """
    config = _checked(bundle)
    place = find_runtime(runtime)
    parts = {
        "graphs": dict(_graph_files(bundle)),
        "text": dict(_scripts(text_scripts(english=has_english(config.phonemes)))),
        "runtime": dict(_runtime_files(place)),
    }
    version = runtime_version(place)
    loaded = [name for part in parts.values() for name in part if name.endswith(".js")]
    parts["page"] = dict(_page_files(bundle, config, version, loaded))
    sizes = {part: sum(len(data) for data in found.values()) for part, found in parts.items()}
    parts["page"]["README.md"] = readme(bundle.manifest, version, sizes).encode()
    everything: dict[str, Content] = {name: data for found in parts.values() for name, data in found.items()}
    with new_folder(destination) as folder:
        write_files(folder, everything, lambda _: 0o644)
    sizes["page"] += len(parts["page"]["README.md"])
    return WebExport(destination, version, sizes["graphs"], sizes["text"], sizes["runtime"], sizes["page"])


def _checked(bundle: Bundle) -> VoiceConfig:
    """Refuse what must not or cannot be written."""
    manifest = bundle.manifest
    if manifest.sealed is not None:
        raise SealedError(f"{bundle.path}: is encrypted; `tingshuo unseal` it first, a page cannot keep a secret")
    if manifest.cloned:
        raise ConsentError(
            f"web: the voice of {manifest.cloned[0]!r} was cloned from a person; a page on somebody's disk speaks for ever "
            "and cannot ask whether their consent still holds, so let it speak through `tingshuo serve`"
        )
    report = verify_bundle(bundle.path)
    if not report.ok:
        raise BundleError(report.problems[0])
    vocoder, encoder = manifest.graphs.get("vocoder"), manifest.graphs.get("encoder")
    config = bundle.settings
    if vocoder is None or encoder is None or not isinstance(config, VoiceConfig):
        raise PortError(
            f"web: {manifest.name!r} is of the family {manifest.family!r}; the page speaks with fastspeech voices alone"
        )
    if vocoder.outputs.keys() != _FILTERS or encoder.inputs.keys() != _INPUTS:
        raise PortError(
            f"web: the vocoder of {manifest.name!r} gives {', '.join(vocoder.outputs)}; the page speaks through a source-filter "
            f"vocoder ({', '.join(sorted(_FILTERS))}), which `tingshuo train` makes unless told otherwise"
        )
    return config


def _graph_files(bundle: Bundle) -> Iterator[tuple[str, bytes]]:
    """Yield the graphs as scripts, and the rows of speakers, styles and emotions."""
    for name in GRAPHS:
        variant = bundle.manifest.variant(name, "fp32", "onnx")
        tensors = {key: tensor for file in variant.weights for key, tensor in bundle.tensors(file).items()}
        model = embed((bundle.path / variant.path).read_bytes(), tensors)
        yield f"data/graph-{name}.js", data_script(f"graph-{name}", model).encode()
    rows = bundle.tensors(TABLES)
    tables = {"style": rows[STYLE_TABLE], "speaker": rows[SPEAKER_TABLE]}
    if EMOTION_TABLE in rows:
        tables["emotion"] = rows[EMOTION_TABLE]
    yield "data/voice-tables.js", data_script("voice-tables", save(tables)).encode()


def _runtime_files(place: Path) -> Iterator[tuple[str, bytes]]:
    yield "runtime/ort.wasm.min.js", (place / SCRIPT).read_bytes()
    for name, file in (("runtime", WASM), ("runtime-module", MODULE)):
        yield f"runtime/{name}.js", data_script(name, zlib.compress((place / file).read_bytes(), 9)).encode()
    yield "runtime/LICENSE.txt", (files("tingshuo.port.formats") / "web" / "runtime-license.txt").read_bytes()


def _page_files(bundle: Bundle, config: VoiceConfig, runtime: str, loaded: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the page, its scripts and styles, and the facts about the voice; ``loaded`` are the scripts of the other parts."""
    own, served = files("tingshuo.port.formats") / "web", files("tingshuo") / "app" / "web"
    yield "data/voice.js", json_script("voice", _facts(bundle, config, runtime)).encode()
    for name in SCRIPTS:
        yield f"js/{name}.js", (own / "js" / f"{name}.js").read_bytes()
    for name, source in _styles(own, served):
        yield name, source.read_bytes()
    scripts = ["data/voice.js", *loaded, *(f"js/{name}.js" for name in SCRIPTS)]
    tags = "\n".join(f'  <script defer src="{name}"></script>' for name in scripts)
    yield "index.html", (own / "index.html").read_text("utf-8").replace("<!--scripts-->", tags).encode()
    yield "NOTICE.txt", _notice().encode()


def _notice() -> str:
    """Return whose work the scripts and the tables of the text side are: the NOTICE of this package, installed or checked out."""
    with suppress(PackageNotFoundError):
        installed = distribution("tingshuo").read_text("licenses/NOTICE")
        if installed:
            return installed
    checked_out = Path(tingshuo.__file__).parents[2] / "NOTICE"
    if not checked_out.is_file():
        raise PortError("web: the NOTICE of Tingshuo, which has to go along with its tables, is not installed; install it again")
    return checked_out.read_text("utf-8")


def _styles(own: Traversable, served: Traversable) -> Iterator[tuple[str, Traversable]]:
    """Yield what the page looks like; colours and controls are the files of the server's page."""
    yield "page.css", own / "page.css"
    yield "base.css", served / "css" / "base.css"
    yield "controls.css", served / "css" / "controls.css"
    yield "icon.svg", served / "icon.svg"


def _facts(bundle: Bundle, config: VoiceConfig, runtime: str) -> dict[str, Any]:
    """Return what the scripts have to know about the voice."""
    manifest = bundle.manifest
    kept = {"mel", "phonemes", "speakers", "styles", "emotions", "gain", "steady_noise"}
    fields = config.fields()
    return {
        "name": manifest.name,
        "version": manifest.version,
        "licence": manifest.licence,
        "attributions": [row.fields() for row in manifest.attributions],
        "label": LABEL,
        "runtime": runtime,
        "english": has_english(config.phonemes),
        "emotions": list(dict.fromkeys([*EFFECTS, *config.emotions])),
        "effects": {name: asdict(effect) for name, effect in EFFECTS.items()},
        "config": {key: value for key, value in fields.items() if key in kept or key.endswith("_context_frames")},
    }


def _scripts(scripts: Iterator[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    for name, text in scripts:
        yield f"data/{name}.js", text.encode()
