"""``tingshuo verify``: is a bundle what its manifest says, and who signed it."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tingshuo.errors import BundleError, PortError, RequestError, SignatureError, VerifyError

if TYPE_CHECKING:
    from tingshuo.store.bundle import Bundle, BundleReport
    from tingshuo.store.consent import Standing
    from tingshuo.store.sign import Signed
    from tingshuo.tasks.golden import GoldenRun
    from tingshuo.tasks.golden_compare import Comparison, Inside

FP32 = "fp32"
BEYOND = 1
"""Exit code where an answer is farther off than a golden folder allows."""


def verify(
    bundle: Annotated[str, typer.Argument(help="A voice's name, a bundle's folder or archive, or an address such as s3://...")],
    key: Annotated[Path | None, typer.Option(help="The public key that must have signed it, PEM.")] = None,
    policy: Annotated[Path | None, typer.Option(help="A policy: which keys may publish which names.")] = None,
    allow_http: Annotated[bool, typer.Option("--allow-http", help="Of an address: accept what is not encrypted.")] = False,
    golden: Annotated[
        Path | None, typer.Option(help="A folder of inputs and of what the model's own program answered: compare with it.")
    ] = None,
    precision: Annotated[str, typer.Option(help="With --golden: the precision of the graphs that are run.")] = FP32,
    report: Annotated[Path | None, typer.Option(help="Write what was found as a page, for those who answer for it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a bundle against its manifest.

    Sizes and hashes of all files, the config, the weights for NaN; then its golden vectors are run in every precision. Of a
    cloned voice it says how the consent of each person stands today, which makes no bundle unsound. With --key or --policy the
    signature first, before anything in the bundle is read; this needs the sign extra.

    With --golden the bundle is run on what another program was run on, and every answer is compared with that program's; where
    torch is installed, inside the nets too. docs/verify.md tells how to make such a folder. Exit code 1: an answer is farther off
    than the folder allows.

    Example:

      tingshuo verify default

      tingshuo verify my-voice --key keys/acme.pub --report integrity.html

      tingshuo verify s3://bucket/voices/anna@1.2.0

      tingshuo verify zhitian --golden answers
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.bundle import verify_bundle
    from tingshuo.store.sign import is_signed

    if "://" in bundle:
        _verify_address(bundle, key, policy, allow_http, as_json)
        return
    folder = _folder(bundle)
    try:
        signed = _signed(folder, key, policy)
    except SignatureError as error:
        if as_json:
            print_json({"ok": False, "problems": [str(error)], "signature": {"verified": False}})
        raise
    found = verify_bundle(folder)
    vectors, not_run = _run_golden(folder) if found.ok else ((), ())
    compared = _compare(folder, golden, precision) if golden is not None and found.ok else None
    consents = _consents(folder)
    unchecked = signed is None and is_signed(folder)
    if report is not None:
        _write_report(report, folder, found, vectors, _signer(signed, unchecked))
    if as_json:
        runs = [{**run._asdict(), "ok": run.ok} for run in vectors]
        ok = found.ok and all(run.ok for run in vectors) and not (compared and compared.beyond)
        people = [{"speaker": one.speaker, "state": one.state, "told": one.told} for one in consents]
        signature = _signature(signed, unchecked)
        folder_run = {} if compared is None else {"original": compared.to_json()}
        told = {"ok": ok, "golden": runs, "not_run": list(not_run), "signature": signature, "consents": people, **folder_run}
        print_json({**asdict(found), **told})
    else:
        for problem in found.problems:
            typer.echo(problem)
    _refuse(found, vectors)
    if not as_json:
        _tell(found, vectors, consents, signed, unchecked)
        for sentence in not_run:
            typer.echo(f"Note: {sentence}")
    if compared is not None:
        _tell_compared(compared, as_json)


def _tell(
    found: "BundleReport",
    vectors: "tuple[GoldenRun, ...]",
    consents: "tuple[Standing, ...]",
    signed: "Signed | None",
    unchecked: bool,
) -> None:
    typer.echo(f"{found.name} {found.version}: {found.n_files} files, {found.n_bytes / 1e6:.1f} MB, all as the manifest says")
    if vectors:
        typer.echo(f"{len(vectors)} outputs of its graphs are within the limits of its golden vectors")
    if consents:
        typer.echo(f"Cloned from people: {'; '.join(f'{one.speaker}, {one.told}' for one in consents)}")
    if signed is not None or unchecked:
        typer.echo(_signer(signed, unchecked))


def _compare(folder: Path, golden: Path, precision: str) -> "Comparison":
    """Run a bundle whose files are sound on a golden folder."""
    from tingshuo.store.bundle import open_bundle
    from tingshuo.tasks.golden_compare import compare
    from tingshuo.tasks.golden_folder import read_folder

    original, bundle = read_folder(golden), open_bundle(folder)
    inside, blind = (
        _inside(bundle) if precision == FP32 else (None, f"inside a graph; {precision} graphs have no net to look into")
    )
    return compare(bundle, original, precision=precision, inside=inside, blind=blind)


def _inside(bundle: "Bundle") -> "tuple[Inside | None, str]":
    """Return what looks into the nets; None and the reason where torch is not installed or the nets cannot be rebuilt."""
    try:
        from tingshuo.port.inside import Inside
        from tingshuo.tasks.golden_compare import material_of

        return Inside(material_of(bundle)), ""
    except ModuleNotFoundError:
        return None, "inside a graph, where torch would look: pip install 'tingshuo[train]'"
    except (BundleError, PortError) as error:
        return None, f"inside a graph; {error}"


def _tell_compared(compared: "Comparison", as_json: bool) -> None:
    """Print how near the answers came; exit code 1 when one is farther off than it may be."""
    from tingshuo.tasks.golden_compare import lines_of

    if not as_json:
        n, beyond = len(compared.compared), len(compared.beyond)
        typer.echo(f"{compared.name}, {compared.precision}: largest error of {n} answers, what is allowed, and the SNR")
        for line in lines_of(compared):
            typer.echo(line)
        typer.echo(f"{beyond} of {n} are beyond their tolerances" if beyond else f"All {n} are within their tolerances")
    if compared.beyond:
        raise typer.Exit(BEYOND)


def _consents(folder: Path) -> "tuple[Standing, ...]":
    """Return how the consent of each cloned speaker stands today."""
    from datetime import date

    from tingshuo.store.consent import standing
    from tingshuo.store.manifest import read_manifest

    return standing(read_manifest(folder), date.today())


def _run_golden(folder: Path) -> "tuple[tuple[GoldenRun, ...], tuple[str, ...]]":
    """Run the golden vectors of a bundle whose files are sound; also what could not be run here. Nothing where it has none."""
    from tingshuo.store.bundle import open_bundle
    from tingshuo.tasks.golden import has_golden, not_run, run_golden

    bundle = open_bundle(folder)
    return (tuple(run_golden(bundle)), not_run(bundle)) if has_golden(bundle) else ((), ())


def _refuse(found: "BundleReport", golden: "tuple[GoldenRun, ...]") -> None:
    """Raise BundleError for files, and VerifyError for graphs, that are not what they were."""
    if not found.ok:
        raise BundleError(f"{found.name} {found.version}: {len(found.problems)} of its files are not what the manifest says")
    wrong = [run for run in golden if not run.ok]
    if wrong:
        worst = wrong[0]
        which = f"{worst.output!r} of {worst.graph} {worst.precision}: {worst.error_db:.1f} dB, at most {worst.limit_db:.0f}"
        raise VerifyError(
            f"{found.name} {found.version}: {len(wrong)} outputs are beyond their limits on this machine, the first {which}"
        )


def _write_report(path: Path, folder: Path, found: "BundleReport", golden: "tuple[GoldenRun, ...]", signature: str) -> None:
    from datetime import UTC, date, datetime

    from tingshuo.store.atomic import replace_file
    from tingshuo.store.manifest import read_manifest
    from tingshuo.tasks.integrity import to_html

    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    page = to_html(found, read_manifest(folder), golden, signature, now, date.today())
    replace_file(path, page.encode())


def _signer(signed: "Signed | None", unchecked: bool) -> str:
    if signed is not None:
        return f"Signed with {signed.key.label}: {signed.key.kind} key {signed.key.fingerprint}"
    if unchecked:
        return "It has a signature, which was not checked: --key PUBLIC_KEY or --policy FILE checks it"
    return "It is not signed"


def _verify_address(address: str, key: Path | None, policy: Path | None, allow_http: bool, as_json: bool) -> None:
    """Read every byte of a version where it was pushed to; nothing is kept."""
    from tingshuo.app.cli.output import print_json
    from tingshuo.app.cli.sign import key_fields
    from tingshuo.store.remote import open_store, parse_address
    from tingshuo.store.remote_manifest import read_trust
    from tingshuo.store.remote_pull import check_version

    place = parse_address(address)
    if not place.name:
        raise RequestError(f"{address!r} names no voice; it ends as voices/NAME@1.2.0", "bundle")
    trust = read_trust(key, policy)
    report = check_version(open_store(place.place, allow_http=allow_http), place.name, place.wanted, trust=trust)
    if as_json:
        signature = {"verified": True, **key_fields(report.signer)} if report.signer else None
        told = {"name": report.record.name, "version": report.record.version, "n_bytes": report.n_bytes}
        print_json({**told, "problems": list(report.problems), "ok": report.ok, "signature": signature})
    else:
        for problem in report.problems:
            typer.echo(problem)
    if not report.ok:
        raise BundleError(f"{address}: {len(report.problems)} of its files are not what the manifest says")
    if not as_json:
        by = f", signed with {report.signer.label}" if report.signer else ""
        typer.echo(f"{report.record.label}{by}: {report.n_bytes / 1e6:.1f} MB, all as the manifest says")


def _folder(bundle: str) -> Path:
    """Return a bundle's folder, found by its name alone: its manifest may not be what it was."""
    from tingshuo.errors import UnknownVoiceError
    from tingshuo.store.archive_formats import is_archive
    from tingshuo.store.blobs import hash_file
    from tingshuo.store.unpacked import open_archive
    from tingshuo.tasks.voices import find_voice

    if is_archive(bundle):
        return open_archive(Path(bundle), hasher=hash_file)
    try:
        return find_voice(bundle)
    except UnknownVoiceError:
        return Path(bundle)


def _signed(folder: Path, key: Path | None, policy: Path | None) -> "Signed | None":
    """Check the signature where it is asked for.

    Raises
    ------
    SignatureError
        It is missing, does not fit, or the policy does not allow it.
    RequestError
        Both are given, or the key cannot be read.
    ConfigError
        The policy cannot be read.
    """
    if key is not None and policy is not None:
        raise RequestError("--key and --policy exclude each other: give one of them", "key")
    if key is not None:
        from tingshuo.store.sign import verify_signature
        from tingshuo.store.sign_keys import read_public_key

        return verify_signature(folder, [read_public_key(key)])
    if policy is not None:
        from tingshuo.store.policy import check, read_policy

        return check(folder, read_policy(policy))
    return None


def _signature(signed: "Signed | None", unchecked: bool) -> dict[str, Any] | None:
    from tingshuo.app.cli.sign import key_fields

    if signed is not None:
        return {"verified": True, **key_fields(signed.key)}
    return {"verified": False} if unchecked else None
