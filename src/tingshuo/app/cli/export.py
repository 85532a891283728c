"""``tingshuo export``: a bundle as one file, or its graphs in another format."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tingshuo.errors import RequestError


def export(
    bundle: Annotated[str, typer.Argument(help="A voice's name, NAME@1.2.0, the folder of a bundle, or an archive of one.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file: .tar, .tar.gz, .tar.zst or .zip; with --format a folder."),
    ] = None,
    format: Annotated[
        str | None, typer.Option(help="onnx, openvino, torchscript, tflite, ncnn, coreml, tensorrt or web.")
    ] = None,
    precision: Annotated[str | None, typer.Option(help="With --format: a precision that the format can write.")] = None,
    graph: Annotated[list[str] | None, typer.Option(help="With --format: this graph alone; may be repeated.")] = None,
    texts: Annotated[Path | None, typer.Option(help="With --format: texts, a line each, that int8 scales are chosen on.")] = None,
    runtime: Annotated[Path | None, typer.Option(help="With --format web: folder of the npm package onnxruntime-web.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Put it in place of what is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Pack a bundle into one file or another format.

    It is verified before, and its signature goes along; the same bundle becomes the same bytes. The file is taken wherever a
    bundle's folder is. Weights hardly shrink: .tar and .zip do not compress, .tar.zst saves a tenth and needs the zstd extra.

    Example:

      tingshuo export default -o anna.tar.zst

      tingshuo say 你好 --voice anna.tar.zst

      tingshuo export default --format web -o page
    """
    if format is not None:
        _write_format(bundle, format, output, precision, graph or (), texts, runtime, force=force, as_json=as_json)
        return
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.archive_formats import TAR
    from tingshuo.store.archives import pack
    from tingshuo.store.manifest import read_manifest
    from tingshuo.tasks.voices import find_voice

    folder = find_voice(bundle)
    if output is None:
        manifest = read_manifest(folder)
        output = Path(f"{manifest.name}-{manifest.version}{TAR}")
    packed = pack(folder, output, replace=force)
    if as_json:
        print_json(asdict(packed) | {"path": str(packed.path)})
        return
    of = f"{packed.n_files} files of {packed.name} {packed.version}, {packed.n_bytes / 1e6:.1f} MB"
    typer.echo(f"{packed.path}: {packed.packed_bytes / 1e6:.1f} MB with {of}. Try: tingshuo say 你好 --voice {packed.path}")
    if packed.private:
        typer.echo("  There are timbres of people in it (speakers/): whoever has the file has them", err=True)


def _write_format(
    bundle: str,
    format: str,
    output: Path | None,
    precision: str | None,
    graphs: Sequence[str],
    texts: Path | None,
    runtime: Path | None,
    *,
    force: bool,
    as_json: bool,
) -> None:
    from tingshuo.app.cli.output import print_json
    from tingshuo.app.cli.subjects import read_lines
    from tingshuo.port.formats.formats import export_format
    from tingshuo.tasks.voices import find_voice

    if output is None:
        raise RequestError("--format writes a folder: name it with --output", "output")
    if format == "web":
        _write_page(bundle, output, runtime, as_json=as_json)
        return
    lines = read_lines(texts).lines if texts is not None else ()
    report = export_format(find_voice(bundle), format, output, replace=force, precision=precision, graphs=graphs, texts=lines)
    if as_json:
        print_json(asdict(report) | {"path": str(report.path)})
        return
    typer.echo(f"{report.path}: {report.n_bytes / 1e6:.1f} MB, {report.name} {report.version} as {format}; runs {report.runs}")
    for one in report.graphs:
        right = "not run here" if one.error_db is None else f"error {one.error_db:.1f} dB, at most {one.largest_error:.2g}"
        typer.echo(f"  {one.graph} {one.precision}: {one.n_bytes / 1e6:.1f} MB, {right}")


def _write_page(bundle: str, output: Path, runtime: Path | None, *, as_json: bool) -> None:
    from tingshuo.app.cli.output import print_json
    from tingshuo.port.formats.web import write_web
    from tingshuo.store.bundle import open_bundle
    from tingshuo.tasks.voices import find_voice

    made = write_web(open_bundle(find_voice(bundle)), output, runtime=runtime)
    if as_json:
        print_json(asdict(made) | {"path": str(made.path), "total_bytes": made.total_bytes})
        return
    parts = {"graphs": made.graphs_bytes, "text": made.text_bytes, "runtime": made.runtime_bytes, "page": made.page_bytes}
    told = ", ".join(f"{name} {size / 1e6:.1f}" for name, size in parts.items())
    typer.echo(f"{made.path}: {made.total_bytes / 1e6:.1f} MB ({told}), onnxruntime-web {made.runtime_version}")
    typer.echo(f"  Open {made.path / 'index.html'} in a browser")
