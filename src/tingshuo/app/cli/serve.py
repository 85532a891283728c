"""``tingshuo serve``: the HTTP server and the web page."""

from pathlib import Path
from typing import Annotated

import typer

from tingshuo.errors import RequestError


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for other machines too.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for any free one.")] = 7000,
    voice: Annotated[
        str, typer.Option("--voice", "-v", help="The voice that is meant by `default`: a name or a folder.")
    ] = "default",
    threads: Annotated[int | None, typer.Option(help="Chunks computed at the same time; default: the cores, at most 2.")] = None,
    allow_origin: Annotated[
        list[str] | None, typer.Option(help="Let pages of another origin use the API; may be repeated, * for all.")
    ] = None,
    require_signed: Annotated[
        Path | None, typer.Option(help="A policy of who may publish what: do not start with a voice that it does not allow.")
    ] = None,
    paranoid: Annotated[bool, typer.Option("--paranoid", help="Read every byte of every voice before starting.")] = False,
    voice_memory_mb: Annotated[
        int | None,
        typer.Option(help="Megabytes of weights to keep in memory; beyond it voices that nobody asks for are closed."),
    ] = None,
    max_wait: Annotated[
        float, typer.Option(help="Seconds: refuse requests while the audio that is due within them cannot be made in them.")
    ] = 10.0,
    lead: Annotated[
        float | None, typer.Option(help="Make streams only so many seconds ahead of their listeners, for live use.")
    ] = None,
    log_level: Annotated[str, typer.Option(help="critical, error, warning, info or debug.")] = "warning",
) -> None:
    """Serve the web page and the HTTP API until stopped.

    Example:

      tingshuo serve --port 7000

      tingshuo serve --voice my-voice --require-signed policy.yaml
    """
    levels = ("critical", "error", "warning", "info", "debug")
    if log_level not in levels:
        raise RequestError(f"unknown log level {log_level!r}; accepted: {', '.join(levels)}", "log_level")
    if threads is not None and threads < 1:
        raise RequestError(f"threads must be at least 1, got {threads}", "threads")
    if voice_memory_mb is not None and voice_memory_mb < 1:
        raise RequestError(f"voice_memory_mb must be at least 1, got {voice_memory_mb}", "voice_memory_mb")
    if not max_wait > 0:
        raise RequestError(f"max_wait must be more than 0 seconds, got {max_wait:g}", "max_wait")
    if lead is not None and not lead > 0:
        raise RequestError(f"lead must be more than 0 seconds, got {lead:g}", "lead")
    from tingshuo.app.http.server import create_service, listen, run
    from tingshuo.store.policy import read_policy
    from tingshuo.tasks.voices import find_voice

    policy = None if require_signed is None else read_policy(require_signed)
    find_voice(voice)
    with listen(host, port) as listener:
        run(
            create_service(
                voice,
                threads,
                policy,
                paranoid=paranoid,
                budget_bytes=voice_memory_mb and voice_memory_mb * 1_000_000,
                max_wait_s=max_wait,
                lead_s=lead,
            ),
            listener,
            allow_origins=allow_origin or (),
            log_level=log_level,
        )
