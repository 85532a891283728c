"""What those who answer for a voice want on one page: files, signature, golden run, licence, consent, figures."""

from collections.abc import Sequence
from datetime import date
from html import escape

from tingshuo.audio.page import card, page, section, table
from tingshuo.store.bundle import BundleReport
from tingshuo.store.consent import standing, standing_of
from tingshuo.store.manifest import Manifest
from tingshuo.tasks.golden import GoldenRun


def to_html(
    report: BundleReport, manifest: Manifest, golden: Sequence[GoldenRun], signature: str, checked: str, day: date
) -> str:
    """Return a self-contained page.

    Parameters
    ----------
    report : BundleReport
        What reading every file found.
    manifest : Manifest
        Of the bundle.
    golden : sequence of GoldenRun
        What running its golden vectors gave; empty when they were not run.
    signature : str
        One sentence on who signed it.
    checked : str
        When, as it is to be shown.
    day : date
        On which consents are looked at.
    """
    sections = [
        _section("结论 · Verdict", ("", ""), [*_verdict(report, golden, signature), *_people(manifest, day)]),
        _section("声明 · Statements", ("", ""), _statements(manifest)),
        _section("克隆的声音与同意 · Cloned voices and consent", _CONSENTS, _consents(manifest, day)),
        _section("标准样本 · Golden vectors", _GOLDEN, _golden(golden), (3, 4)),
        _section("制作时量到的 · Measured when it was made", _MEASURED, _measured(manifest), (2,)),
        _section("文件 · Files", _FILES, _files(manifest), (1,)),
    ]
    return page(f"{manifest.name} {manifest.version}", f"完整性报告 · Integrity report, {checked}", sections)


_CONSENTS = (
    "说话人 speaker",
    "谁同意的 given by",
    "日期 on",
    "到 until",
    "用途 for",
    "今天 today",
    "录音或文件 recording, SHA-256",
)
_GOLDEN = ("图 graph", "精度 precision", "输出 output", "误差 error, dB", "限度 limit, dB")
_MEASURED = ("在哪里 where", "数字 figure", "")
_FILES = ("文件 file", "字节 bytes", "SHA-256")
Rows = list[tuple[str, ...]]


def _section(title: str, header: Sequence[str], rows: Rows, numbers: Sequence[int] = ()) -> str:
    return section(title, card(table(header, rows, numbers=numbers))) if rows else ""


def _verdict(report: BundleReport, golden: Sequence[GoldenRun], signature: str) -> Rows:
    wrong = sum(not run.ok for run in golden)
    files = f"{report.n_files} 个文件、{report.n_bytes / 1e6:.1f} MB 都与清单一致 · files, all as the manifest says"
    if not report.ok:
        files = "".join(f'<p class="bad">{escape(problem)}</p>' for problem in report.problems)
    ran = f"{len(golden)} 个输出都在限度以内 · outputs, all within their limits" if golden else "没有运行 · not run"
    if wrong:
        ran = f'<span class="bad">{wrong} 个输出超出限度 · outputs beyond their limits</span>'
    return [("文件 · files", files), ("签名 · signature", escape(signature)), ("标准样本 · golden vectors", ran)]


def _people(manifest: Manifest, day: date) -> Rows:
    """Say of a cloned voice whether everybody agreed until today and the licence is there; nothing of any other voice."""
    found = standing(manifest, day)
    if not found:
        return []
    wrong = [f"{one.speaker}: {one.told}" for one in found if not one.ok]
    told = f'<span class="bad">{escape("; ".join(wrong))}</span>' if wrong else "都有效 · all valid today"
    licence = escape(manifest.licence) if manifest.licence.strip() else '<span class="bad">没有 · missing</span>'
    names = escape(", ".join(manifest.cloned))
    return [("克隆自 · cloned from", names), ("同意 · consent", told), ("许可 · licence", licence)]


def _consents(manifest: Manifest, day: date) -> Rows:
    """Each record, and how it stands; records of people who are not cloned too."""
    rows: Rows = []
    for record in manifest.consents:
        [one] = standing_of([record.speaker], [record], day)
        told = escape(one.told) if one.ok else f'<span class="bad">{escape(one.told)}</span>'
        said = (record.speaker, record.given_by, record.given_on, record.valid_until, record.purpose)
        rows.append((*map(escape, said), told, f"<code>{record.recording_sha256}</code>"))
    return rows


def _statements(manifest: Manifest) -> Rows:
    made = ", ".join(f"{name} {version}" for name, version in manifest.created_with.items())
    rows = [
        ("许可 · licence", manifest.licence),
        ("同意 · consent", manifest.consent),
        ("数据 · data", manifest.data_statement),
        ("说话人 · speakers", ", ".join(manifest.speakers)),
        ("来自 · parent", manifest.parent or "–"),
        ("制作环境 · made with", made or "–"),
        *(("署名 · credit", f"{a.work}: {a.author}, {a.licence} {a.url}".strip()) for a in manifest.attributions),
    ]
    return [(name, escape(value)) for name, value in rows]


def _golden(golden: Sequence[GoldenRun]) -> Rows:
    rows: Rows = []
    for run in golden:
        error = f"{run.error_db:.1f}" if run.ok else f'<span class="bad">{run.error_db:.1f}</span>'
        limit = "–" if run.limit_db is None else f"{run.limit_db:.0f}"
        rows.append((escape(run.graph), escape(run.precision), escape(run.output), error, limit))
    return rows


def _measured(manifest: Manifest) -> Rows:
    return [
        (escape(f"{one.engine} {one.precision}, {one.machine}, {one.threads}"), escape(name), f"{value:.5g}")
        for one in manifest.measured
        for name, value in one.figures.items()
    ]


def _files(manifest: Manifest) -> Rows:
    return [(escape(name), str(entry.size), f"<code>{entry.sha256}</code>") for name, entry in manifest.files.items()]
