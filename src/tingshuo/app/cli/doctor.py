"""``tingshuo doctor``: what is installed, what this machine offers, and whether the voice speaks."""

import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from tingshuo.errors import EngineError, RequestError, TingshuoError
from tingshuo.tasks.examine.finding import Finding

LIBRARIES = ("numpy", "onnxruntime", "soundfile", "soxr", "fastapi", "uvicorn")
CPU_FEATURES = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "amx_int8", "amx_bf16", "asimddp", "i8mm", "bf16")
"""What decides how fast the graphs run, by the names of /proc/cpuinfo; the last three are ARM's."""
PROBE = "今天上午我们去公园散步，天气特别好，花都开了。"
MARKS = {"ok": "ok  ", "note": "note", "broken": "FAIL"}


def doctor(
    voice: Annotated[str, typer.Option("--voice", "-v", help="The voice to try.")] = "default",
    model: Annotated[
        str | None, typer.Option(help="Look at a model instead: a voice's name, NAME@1.2.0, or a bundle, of any task.")
    ] = None,
    given: Annotated[
        Path | None,
        typer.Option("--input", help="With --model: a sound, or features in a .npy file, to compare with what it knows."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what is installed and the speed to expect here.

    Engines, formats, instruction sets, usable cores, the voice's files, and a short measured run. With --model what troubles
    models: versions, files, shapes and types, operators that an engine does not have, wrong results, memory, and features that
    were computed otherwise; each with its remedy.

    Example:

      tingshuo doctor

      tingshuo doctor --model my-voice --input recording.wav
    """
    from tingshuo.app.cli.output import print_json

    if given is not None and model is None:
        raise RequestError("--input is compared with a model: name it with --model", "input")
    findings = list(examine(voice) if model is None else look_at(model, given))
    if as_json:
        print_json({"ok": all(f.state != "broken" for f in findings), "findings": [asdict(f) for f in findings]})
    else:
        width = max(len(f.name) for f in findings)
        for finding in findings:
            remedy = f". Remedy: {finding.remedy}" if finding.remedy else ""
            typer.echo(f"{MARKS[finding.state]}  {finding.name:{width}}  {finding.detail}{remedy}")
    broken = [f.name for f in findings if f.state == "broken"]
    if broken and model is not None:
        raise EngineError(f"{model} does not work here as it should: {', '.join(broken)}; the lines above say why")
    if broken:
        raise EngineError(f"speech does not work here: {', '.join(broken)}; the lines above say why")


def look_at(model: str, given: Path | None) -> list[Finding]:
    """Return what is found of a model."""
    from tingshuo.tasks.examine.model import examine_model
    from tingshuo.tasks.voices import find_voice

    return list(examine_model(find_voice(model), given))


def examine(voice: str) -> Iterator[Finding]:
    """Yield all findings; each check that fails on purpose becomes a line, not the end."""
    yield Finding("python", "ok", f"{platform.python_version()} at {sys.executable}")
    for library in LIBRARIES:
        yield _library(library)
    checks: dict[str, Callable[[], Iterator[Finding]]] = {
        "processor": _processor,
        "engine": _engines,
        "formats": _formats,
        "bundle": lambda: _bundle(voice),
        "speech": lambda: _speech(voice),
    }
    for name, check in checks.items():
        try:
            yield from check()
        except (TingshuoError, ImportError) as error:
            yield Finding(name, "broken", str(error))


def _library(name: str) -> Finding:
    from importlib import metadata

    try:
        return Finding(name, "ok", metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(name, "broken", f"is not installed: pip install {name}")


def _processor() -> Iterator[Finding]:
    from tingshuo.engine.cpu import cpu_features, has_fast_int8, usable_cpus

    found = [feature for feature in CPU_FEATURES if feature in cpu_features()]
    detail = f"{platform.machine()}, {', '.join(found) or 'no vector extension that we look for'}"
    int8 = "int8 graphs are fast here" if has_fast_int8() else "fp32 graphs are faster here than int8"
    yield Finding("processor", "ok", f"{detail}; {int8}")
    usable, present = usable_cpus(), os.cpu_count() or 1
    yield Finding("cores", "ok", f"{usable} usable of {present} (affinity and control group); the server uses {min(2, usable)}")


def _engines() -> Iterator[Finding]:
    from tingshuo.engine.engines import ENGINES

    for name in ENGINES:
        try:
            ENGINES.load(name)
        except EngineError as error:
            yield Finding(f"engine {name}", "note", str(error))
        else:
            yield Finding(f"engine {name}", "ok", "installed")


def _formats() -> Iterator[Finding]:
    from tingshuo.audio.write import FORMATS, open_encoder

    for name in FORMATS:
        try:
            open_encoder(name, 24000).close()
        except TingshuoError as error:
            yield Finding(f"format {name}", "note", str(error))
        else:
            yield Finding(f"format {name}", "ok", "can be written")
    ffmpeg = shutil.which("ffmpeg")
    yield Finding("ffmpeg", "ok" if ffmpeg else "note", ffmpeg or "is not installed; only aac needs it")


def _bundle(voice: str) -> Iterator[Finding]:
    from tingshuo.store.bundle import verify_bundle
    from tingshuo.tasks.voices import find_voice

    report = verify_bundle(find_voice(voice))
    detail = f"{report.name} {report.version}, {report.n_files} files, {report.n_bytes / 1e6:.1f} MB"
    yield Finding("bundle", "ok" if report.ok else "broken", "; ".join((detail, *report.problems)))


def _speech(voice: str) -> Iterator[Finding]:
    """Measure: the best of three runs on one sentence, as other work on the machine only ever slows one down."""
    from tingshuo.tasks.voices import load

    begun = time.perf_counter()
    speaker = load(voice)
    opening_ms = (time.perf_counter() - begun) * 1000
    runs: list[Any] = [speaker.synthesize(PROBE) for _ in range(3)]
    best = min((speech.stages for speech in runs), key=lambda stages: stages.rtf)
    yield Finding(
        "speech",
        "ok",
        f"RTF {best.rtf:.4f} ({1 / best.rtf:.0f} times as fast as one speaks) with {speaker.precision} graphs on 1 thread, "
        f"first audio after {best.ttfb_ms:.0f} ms, voice opened in {opening_ms:.0f} ms",
    )
