"""``tingshuo serve``: the HTTP server and the web page."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from tingshuo.errors import RequestError

LEVELS = ("critical", "error", "warning", "info", "debug")

Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for other machines too.")]
Port = Annotated[int, typer.Option(help="Port to listen on; 0 for any free one.")]
VoiceName = Annotated[str, typer.Option("--voice", "-v", help="The voice that is meant by `default`: a name or a folder.")]
Threads = Annotated[int | None, typer.Option(help="Chunks computed at the same time; default: the cores, at most 2.")]
Origins = Annotated[list[str] | None, typer.Option(help="Let pages of another origin use the API; may be repeated, * for all.")]
Signed = Annotated[
    Path | None, typer.Option(help="A policy of who may publish what: do not start with a voice that it does not allow.")
]
Paranoid = Annotated[bool, typer.Option("--paranoid", help="Read every byte of every voice before starting.")]
VoiceMemory = Annotated[
    int | None, typer.Option(help="Megabytes of weights to keep in memory; beyond it voices that nobody asks for are closed.")
]
MaxWait = Annotated[
    float, typer.Option(help="Seconds: refuse requests while the audio that is due within them cannot be made in them.")
]
Lead = Annotated[float | None, typer.Option(help="Make streams only so many seconds ahead of their listeners, for live use.")]
Keys = Annotated[
    Path | None, typer.Option("--keys", metavar="FILE", help="Ask for keys of this file; default: the user's, if there.")
]
Rate = Annotated[list[str] | None, typer.Option(help="Requests in a time, as 60/minute, by key or address; may be repeated.")]
Concurrency = Annotated[int | None, typer.Option(metavar="N", help="Requests at the same time, for each key or address.")]
AllowNetwork = Annotated[list[str] | None, typer.Option(metavar="CIDR", help="Where requests may come from; may be repeated.")]
TrustedProxy = Annotated[
    list[str] | None, typer.Option(metavar="CIDR", help="Whose X-Forwarded-For to believe; may be repeated.")
]
Redis = Annotated[str | None, typer.Option(metavar="URL", help="Count rates there, for several servers together.")]
Audit = Annotated[Path | None, typer.Option(metavar="FILE", help="Record each request, never its text.")]
AuditStrict = Annotated[bool, typer.Option("--audit-strict", help="Serve nothing that cannot be recorded.")]
TlsCert = Annotated[Path | None, typer.Option(metavar="FILE", help="Certificate for TLS, PEM.")]
TlsKey = Annotated[Path | None, typer.Option(metavar="FILE", help="Its key, PEM.")]
LogLevel = Annotated[str, typer.Option(help="critical, error, warning, info or debug.")]


def serve(
    host: Host = "127.0.0.1",
    port: Port = 7000,
    voice: VoiceName = "default",
    threads: Threads = None,
    allow_origin: Origins = None,
    require_signed: Signed = None,
    paranoid: Paranoid = False,
    voice_memory_mb: VoiceMemory = None,
    max_wait: MaxWait = 10.0,
    lead: Lead = None,
    keys: Keys = None,
    rate: Rate = None,
    concurrency: Concurrency = None,
    allow_network: AllowNetwork = None,
    trusted_proxy: TrustedProxy = None,
    redis: Redis = None,
    audit: Audit = None,
    audit_strict: AuditStrict = False,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    log_level: LogLevel = "warning",
) -> None:
    """Serve the web page and the HTTP API until stopped.

    Example:

      tingshuo serve --port 7000

      tingshuo serve --voice my-voice --require-signed policy.yaml

      tingshuo serve --host 0.0.0.0 --keys keys.json --tls-cert cert.pem --tls-key key.pem
    """
    _check(log_level, threads, voice_memory_mb, max_wait, lead)
    from tingshuo.app.http.server import create_service, listen, run
    from tingshuo.app.http.tls import server_options
    from tingshuo.serve.access.opening import open_gate
    from tingshuo.store.policy import read_policy
    from tingshuo.tasks.voices import find_voice

    policy = None if require_signed is None else read_policy(require_signed)
    find_voice(voice)
    server_options(tls_cert, tls_key)
    gate = open_gate(
        keys=keys,
        rates=rate or (),
        concurrency=concurrency,
        networks=allow_network or (),
        trusted_proxies=trusted_proxy or (),
        redis=redis,
        audit=audit,
        audit_strict=audit_strict,
    )
    budget_bytes = voice_memory_mb and voice_memory_mb * 1_000_000
    of_voices = partial(create_service, voice, threads, policy, paranoid=paranoid, budget_bytes=budget_bytes)
    with listen(host, port) as listener:
        service = of_voices(max_wait_s=max_wait, lead_s=lead)
        run(service, listener, gate=gate, tls=(tls_cert, tls_key), allow_origins=allow_origin or (), log_level=log_level)


def _check(log_level: str, threads: int | None, voice_memory_mb: int | None, max_wait: float, lead: float | None) -> None:
    """Refuse what no server can have, before anything is imported."""
    if log_level not in LEVELS:
        raise RequestError(f"unknown log level {log_level!r}; accepted: {', '.join(LEVELS)}", "log_level")
    for name, value in (("threads", threads), ("voice_memory_mb", voice_memory_mb)):
        if value is not None and value < 1:
            raise RequestError(f"{name} must be at least 1, got {value}", name)
    for name, seconds in (("max_wait", max_wait), ("lead", lead)):
        if seconds is not None and not seconds > 0:
            raise RequestError(f"{name} must be more than 0 seconds, got {seconds:g}", name)
