"""``tingshuo serve``: the HTTP server and the web page."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tingshuo.app.cli.labels import Form, Position, Producer, Watermark
from tingshuo.app.http.profiles import with_profile
from tingshuo.app.http.settings import Settings

Profile = Annotated[str | None, typer.Option(help="What it is for, see docs/scenarios.md: cloud, game, live or edge.")]
LOOPBACK = ("127.0.0.1", "::1", "localhost")

Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for other machines too.")]
Port = Annotated[int, typer.Option(help="Port to listen on; 0 for any free one.")]
VoiceName = Annotated[str, typer.Option("--voice", "-v", help="The voice that is meant by `default`: a name or a folder.")]
WorkerCount = Annotated[
    int | None, typer.Option("--workers", help="Processes that share the port, default 1; 0 is one for every two cores.")
]
Threads = Annotated[
    int | None, typer.Option(help="Chunks that a process computes at the same time; default: its cores, at most 2.")
]
GraphThreads = Annotated[int | None, typer.Option(help="Threads inside each graph, default 1; 0 is the cores of the process.")]
Grace = Annotated[
    float | None, typer.Option(help="Seconds that replies under way have to finish when the server stops; default 10.")
]
Origins = Annotated[list[str] | None, typer.Option(help="Let pages of another origin use the API; may be repeated, * for all.")]
Signed = Annotated[
    Path | None, typer.Option(help="A policy of who may publish what: do not start with a voice that it does not allow.")
]
Paranoid = Annotated[bool, typer.Option("--paranoid", help="Read every byte of every voice before starting.")]
VoiceMemory = Annotated[
    int | None, typer.Option(help="Megabytes of weights to keep in memory; beyond it voices that nobody asks for are closed.")
]
Preload = Annotated[list[str] | None, typer.Option(metavar="NAME", help="Open this voice at the start too; may be repeated.")]
ListenerName = Annotated[
    str | None,
    typer.Option(
        "--listener", metavar="NAME", help="The recogniser that hears by default, a name or a folder; it is opened at the start."
    ),
]
UploadMb = Annotated[int | None, typer.Option(help="Megabytes that a recording to be transcribed may have; default 100.")]
MaxWait = Annotated[
    float | None,
    typer.Option(help="Seconds, default 10: refuse requests while the audio that is due within them cannot be made in them."),
]
Lead = Annotated[float | None, typer.Option(help="Make streams only so many seconds ahead of their listeners, for live use.")]
Chunk = Annotated[float | None, typer.Option(help="Seconds: send streams in chunks of this length; default: as they are made.")]
CacheDir = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Keep finished audio there when the server ends; default: it goes with it.")
]
CacheMb = Annotated[int | None, typer.Option(help="Megabytes of finished audio to keep; default 256.")]
CacheTtl = Annotated[float | None, typer.Option(help="Seconds that finished audio is given again; default 3600.")]
Agreement = Annotated[
    list[str] | None, typer.Option(metavar="ID", help="Under it nothing need be heard of the label; may be repeated.")
]
Keys = Annotated[
    Path | None, typer.Option("--keys", metavar="FILE", help="Ask for keys of this file; default: the user's, if there.")
]
Rate = Annotated[list[str] | None, typer.Option(help="Requests in a time, as 60/minute, by key or address; may be repeated.")]
Concurrency = Annotated[int | None, typer.Option(metavar="N", help="Requests at the same time, for each key or address.")]
AllowNetwork = Annotated[list[str] | None, typer.Option(metavar="CIDR", help="Where requests may come from; may be repeated.")]
TrustedProxy = Annotated[
    list[str] | None, typer.Option(metavar="CIDR", help="Whose X-Forwarded-For to believe; may be repeated.")
]
Redis = Annotated[
    str | None, typer.Option(metavar="URL", help="Count rates and share finished audio there, for several servers.")
]
Audit = Annotated[Path | None, typer.Option(metavar="FILE", help="Record each request, never its text.")]
AuditStrict = Annotated[bool, typer.Option("--audit-strict", help="Serve nothing that cannot be recorded.")]
TlsCert = Annotated[Path | None, typer.Option(metavar="FILE", help="Certificate for TLS, PEM.")]
TlsKey = Annotated[Path | None, typer.Option(metavar="FILE", help="Its key, PEM.")]
LogLevel = Annotated[str, typer.Option(help="critical, error, warning, info or debug.")]


def serve(
    host: Host = "127.0.0.1",
    port: Port = 7000,
    voice: VoiceName = "default",
    profile: Profile = None,
    workers: WorkerCount = None,
    threads: Threads = None,
    graph_threads: GraphThreads = None,
    grace: Grace = None,
    allow_origin: Origins = None,
    require_signed: Signed = None,
    paranoid: Paranoid = False,
    voice_memory_mb: VoiceMemory = None,
    preload: Preload = None,
    listener: ListenerName = None,
    upload_mb: UploadMb = None,
    max_wait: MaxWait = None,
    lead: Lead = None,
    chunk: Chunk = None,
    cache_dir: CacheDir = None,
    cache_mb: CacheMb = None,
    cache_ttl: CacheTtl = None,
    label: Form = None,
    label_at: Position = None,
    producer: Producer = None,
    watermark: Watermark = None,
    agreement: Agreement = None,
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

      tingshuo serve --workers 4

      tingshuo serve --listener my-recogniser

      tingshuo serve --host 0.0.0.0 --keys keys.json --tls-cert cert.pem --tls-key key.pem
    """
    said = locals()  # options by their names, which are those of the settings
    settings = _settings(profile, {name: said[name] for name in said.keys() - {"host", "port", "profile"}})
    from tingshuo.app.http import processes
    from tingshuo.app.http.addresses import listen
    from tingshuo.app.http.tls import server_options
    from tingshuo.store.policy import read_policy

    if require_signed is not None:
        read_policy(require_signed)
    server_options(tls_cert, tls_key)
    with listen(host, port) as socket:
        if host not in LOOPBACK and not settings.producer:
            note = "the label of speech names 'tingshuo'; before you offer it to others, say who you are with --producer"
            typer.echo(f"Note: {note}", err=True)
        processes.serve(settings, socket)


def _settings(profile: str | None, said: dict[str, Any]) -> Settings:
    """Return what was said, and for the rest what the profile has; what was not said is None."""
    kept = {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
    return Settings(**with_profile(profile, kept))
