"""Self-contained HTML pages for reports on audio: one file, no script, nothing fetched, readable by day and by night.

Text is Chinese and English side by side (``中文 · English``), as in the rest of the documentation.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

from tingshuo.audio.plot import COLOURS
from tingshuo.audio.write import encode
from tingshuo.types import Wav

_NIGHT_COLOURS = ("#63cdb4", "#f0a06a", "#8fb0f2", "#ea93c7", "#c9c95c", "#a9bfd0")

_STYLE = """
:root { color-scheme: light dark; --paper: #eef2ef; --surface: #fbfdfc; --line: #d5dfda; --edge: #7e918a; --ink: #15211e;
  --soft: #4c5f59; --tone: #0f6b5c; --bad: #a3201b; --warn: #fbf4e2; DAY }
@media (prefers-color-scheme: dark) { :root { --paper: #0d1312; --surface: #151d1b; --line: #2a3633; --edge: #70847d;
  --ink: #e5eeea; --soft: #9fb1ab; --tone: #63cdb4; --bad: #ffaba3; --warn: #2b2513; NIGHT } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI",
  "PingFang SC", "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { margin: 0 0 4px; font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 34px 0 10px; font-size: 1.15rem; }
h3 { margin: 0 0 6px; font-size: 1rem; }
p { margin: 6px 0; max-width: 80ch; }
.soft, figcaption, th { color: var(--soft); }
.card { margin: 12px 0; padding: 16px 18px; border: 1px solid var(--line); border-radius: 14px; background: var(--surface); }
.note { padding: 8px 14px; border-left: 3px solid var(--tone); border-radius: 6px; background: var(--warn); }
.bad { color: var(--bad); font-weight: 600; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 500px), 1fr)); gap: 14px; }
.chips { display: flex; flex-wrap: wrap; gap: 4px 16px; max-width: none; color: var(--soft); font-size: 0.9rem; }
.chips b { color: var(--ink); }
.trio { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); gap: 12px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { font-size: 0.85rem; font-weight: 600; white-space: nowrap; }
td.number, th.number { text-align: right; white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
figure { margin: 0; min-width: 0; }
figcaption { font-size: 0.85rem; }
svg, img { display: block; max-width: 100%; height: auto; }
img { width: 100%; image-rendering: pixelated; border-radius: 6px; }
img.spectrum { height: 150px; }
audio { display: block; width: 100%; height: 34px; margin-top: 6px; }
code { font: 0.9em ui-monospace, monospace; }
"""


def page(title: str, subtitle: str, sections: Iterable[str]) -> str:
    """Return a whole document.

    Parameters
    ----------
    title, subtitle : str
        Plain text.
    sections : iterable of str
        HTML, already escaped.
    """
    day, night = (_variables(colours) for colours in (COLOURS, _NIGHT_COLOURS))
    style = _STYLE.replace("DAY", day).replace("NIGHT", night)
    return (
        '<!doctype html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{escape(title)}</h1>\n<p class="soft">{escape(subtitle)}</p>\n'
        + "\n".join(sections)
        + "\n</main>\n</body>\n</html>\n"
    )


def section(heading: str, *parts: str) -> str:
    """Return a section with its heading (plain text) and parts (HTML)."""
    return f"<section>\n<h2>{escape(heading)}</h2>\n" + "\n".join(parts) + "\n</section>"


def card(*parts: str) -> str:
    """Return parts (HTML) on a surface of their own."""
    return f'<div class="card">{"".join(parts)}</div>'


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[int] = ()) -> str:
    """Return a table.

    Parameters
    ----------
    header : sequence of str
        Plain text.
    rows : iterable of sequence of str
        HTML, already escaped, as many cells as the header.
    numbers : sequence of int
        Columns that are aligned to the right.
    """

    def cells(tag: str, values: Iterable[str]) -> str:
        kinds = [' class="number"' if index in numbers else "" for index in range(len(header))]
        return "".join(f"<{tag}{kind}>{value}</{tag}>" for kind, value in zip(kinds, values, strict=True))

    body = "\n".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    head = cells("th", (escape(name) for name in header))
    return f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def figure(content: str, caption: str = "") -> str:
    """Return content (HTML) with its caption (plain text)."""
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{content}{below}</figure>"


def picture(png: bytes, alternative: str) -> str:
    """Return a PNG as an image inside the page; ``alternative`` says what it shows."""
    return f'<img class="spectrum" src="{data_uri(png, "image/png")}" alt="{escape(alternative)}">'


def player(wav: Wav, sample_rate: int) -> str:
    """Return an audio player with the sound inside the page, as 64 kbit/s MP3, which every browser plays.

    Parameters
    ----------
    wav : Wav
        Shape (T,), at least one sample.
    sample_rate : int
        Hz.
    """
    return f'<audio controls preload="none" src="{data_uri(encode(wav, sample_rate, "mp3"), "audio/mpeg")}"></audio>'


def data_uri(content: bytes, media_type: str) -> str:
    """Return bytes as an address that holds them."""
    return f"data:{media_type};base64,{b64encode(content).decode('ascii')}"


def _variables(colours: Sequence[str]) -> str:
    return " ".join(f"--series-{index}: {colour};" for index, colour in enumerate(colours, 1))
