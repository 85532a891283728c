"""An evaluation of a recogniser as one self-contained HTML page: figures, where errors are, and the worst utterances."""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from tingshuo.audio.page import card, figure, page, player, section, table
from tingshuo.audio.plot import Interval, Series, histogram, interval_plot, line_plot
from tingshuo.tasks.evaluate.calibration_plot import calibration_card
from tingshuo.tasks.evaluate.classification_page import classification_cards
from tingshuo.tasks.evaluate.confusion import tone_only
from tingshuo.tasks.evaluate.contest import Contest
from tingshuo.tasks.evaluate.hearing_json import taken_for
from tingshuo.tasks.evaluate.listening import Listened
from tingshuo.tasks.evaluate.page import VERDICTS
from tingshuo.tasks.evaluate.recogniser import RATES, Group, Hearing, Rate
from tingshuo.text.metrics import Pair
from tingshuo.types import Wav

MOST_GROUPS = 24
"""Speakers that are drawn, those with most errors."""
MOST_CONFUSIONS = 12
GROUPS = {"speaker": "说话人 speaker", "length": "时长 length of the clip", "snr": "信噪比（估计）SNR, estimated"}
UNITS = {"character": "字 characters", "syllable": "音节 syllables"}
FORMS = {
    "written": ("原样", "as they are"),
    "plain": (
        "去掉标点、大小写、全半角之别和汉字旁的空格",
        "without punctuation, case, widths, and blanks beside Chinese characters",
    ),
    "spoken": (
        "按读法写出（数字成汉字、繁体成简体），再去掉标点",
        "as they are said (digits as words, simplified), then without marks",
    ),
}
METHOD = (
    "错误率 = （替换 + 漏掉 + 多出）÷ 原文的数目，越低越好，可以超过 100%。音节按本项目的拼音前端把两边的文字注音后比较，"
    "所以同音字不算错。方括号是 95% 自助法区间：整条整条地重抽 2000 次；有几位说话人时先抽人、再抽每人的句子。",
    "A rate is substitutions + deletions + insertions over the units of the reference; lower is better, and it may pass 100 %. "
    "Syllables are those that our front-end reads both texts with, so homophones are no errors there. Brackets are 95 % "
    "bootstrap intervals: whole utterances are drawn 2000 times; where there are several speakers, speakers first, then "
    "utterances of each. docs/evaluate-asr.md tells more.",
)
AGAINST = (
    "差 = 现在 − 之前，单位是百分点，两边用同一批重抽样。“更好的份额”是重抽样里现在错误更少的份额，一样多的算一半"
    "（Bisani 与 Ney，2004）。",
    "Difference is now minus before, in points of per cent, over the same draws; the share is that of draws in which the new "
    "one has fewer errors, equal ones counting half (Bisani and Ney 2004).",
)
CONFIDENCE = (
    "识别器有九成把握的，应当十次对九次。整条的置信度是各单元之积，漏掉的字不在其中。区分度是对的比错的更有把握的概率，"
    "0.5 等于没有。",
    "Of what it is 90 % sure, nine in ten should be right. That of an utterance is the product of its units', which know "
    "nothing of what was lost. Ranking is how likely something right is surer than something wrong; 0.5 tells nothing.",
)
SPEED = (
    "从送入整条录音到得出文字的时间；机器忙时偏大。",
    "From the whole clip to its text, on this machine; more when it is busy.",
)


def to_html(hearing: Hearing, sounds: Mapping[str, Wav], sample_rate: int, against: Sequence[Contest] = (), old: str = "") -> str:
    """Return the page.

    Parameters
    ----------
    hearing : Hearing
        What to show.
    sounds : mapping of str to Wav
        Clips (T,) by the ids of utterances: those are shown that have one, in this order.
    sample_rate : int
        Of the clips, Hz.
    against, old : sequence of Contest, str
        How it differs from another evaluation, and what to call that.
    """
    clips = {one.id: one for one in hearing.listened}
    people = len(hearing.groups["speaker"])
    minutes = hearing.speed.audio_s / 60
    subtitle = (
        f"{hearing.subject} · {len(clips)} 条 utterances · {minutes:.1f} min · {people} 人 speakers · "
        f"形式 form {hearing.form} · beam {hearing.beam}"
    )
    shown = [_utterance(clips[name], wav, sample_rate) for name, wav in sounds.items()]
    return page(
        f"识别评测 · Evaluation of {hearing.recogniser} {hearing.version}".strip(),
        subtitle,
        [
            *(f'<p class="note">{escape(note)}</p>' for note in hearing.notes),
            section("数字 · Figures", card(_rates(hearing.rates)), *_method(hearing.form)),
            *([section(f"对比 {old} · Against {old}", card(_against(against)), *_told(AGAINST))] if against else []),
            *([section("逐词 · Word by word", *classification_cards(hearing.words))] if hearing.words else []),
            section("错在哪里 · Where the errors are", _grid(_where(hearing))),
            section("错成什么 · What is taken for what", _grid(_confusions(hearing)), _tones(hearing)),
            *_confidence(hearing),
            section("速度 · Speed", _grid(_speed(hearing))),
            *([section(f"最差的 {len(shown)} 条 · The worst {len(shown)}", *shown)] if shown else []),
        ],
    )


def _method(form: str) -> Iterable[str]:
    chinese, english = FORMS[form]
    first = (
        f"比较之前，两边的文字先写成“{form}”：{chinese}。",
        f"Before they are compared, both texts are written as {form!r}: {english}.",
    )
    return _told((*first, *METHOD))


def _told(texts: Iterable[str]) -> list[str]:
    return [f'<p class="soft">{escape(text)}</p>' for text in texts]


def _grid(cards: Iterable[str]) -> str:
    return f'<div class="grid">{"".join(cards)}</div>'


def _soft(text: str) -> str:
    return f'<span class="soft">{escape(text)}</span>'


def _name(measure: str) -> str:
    return f"{escape(RATES[measure].chinese)}<br>{_soft(RATES[measure].english)}"


def _rates(rates: Sequence[Rate]) -> str:
    header = ["", "% ↓", "替换 substituted", "漏掉 deleted", "多出 inserted", "对 right", "原文 reference", "条 utterances"]
    rows = []
    for rate in rates:
        value, _, interval = rate.text.partition(" ")
        found = rate.errors
        counts = [found.substitutions, found.deletions, found.insertions, found.hits, found.reference]
        if not RATES[rate.measure].unit:
            counts[1:3] = ["", ""]  # type: ignore[list-item]
        rows.append([_name(rate.measure), f"<b>{value}</b> {_soft(interval)}", *map(str, counts), str(rate.n)])
    return table(header, rows, numbers=range(1, 8))


def _against(found: Sequence[Contest]) -> str:
    header = [
        "",
        "之前 before, %",
        "现在 now, %",
        "差 difference",
        "更好的份额 better in",
        "较好／较差／相同的条数 utterances",
        "",
    ]
    rows = []
    for one in found:
        value, _, interval = one.text.partition(" ")
        share = "" if math.isnan(one.better) else f"{100 * one.better:.1f} %"
        values = (f"{100 * one.old:.2f}", f"{100 * one.new:.2f}", f"<b>{value}</b> {_soft(interval)}", share)
        rows.append([_name(one.measure), *values, f"{one.won} / {one.lost} / {one.even}", VERDICTS[one.verdict]])
    return table(header, rows, numbers=range(1, 6))


def _where(hearing: Hearing) -> Iterable[str]:
    """Rates of characters by group, under noise, and how they spread."""
    plots = [_group_plot(GROUPS[kind], groups) for kind, groups in hearing.groups.items() if len(groups) > 1]
    values = [100 * one.errors().rate for one in hearing.listened]
    spread = histogram({"CER": values}, bins=24, x_label="每条的字错误率 CER of an utterance, %", y_label="n", width=540)
    noise = list(_noise(hearing))
    # Two cards of about one height beside each other.
    yield from (card(*parts) for parts in ([[*plots, spread], noise] if noise else [plots, [spread]]) if parts)


def _noise(hearing: Hearing) -> Iterable[str]:
    """The rate by the ratio of noise; nothing where none was added."""
    rates = sorted(hearing.noise_rates.items())
    if not rates:
        return
    xs = [noise for noise, _ in rates]
    ends = (("95 % 下界 low", "low"), ("95 % 上界 high", "high"))
    lines = [Series("CER", xs, [100 * rate.value for _, rate in rates])]
    lines += [Series(name, xs, [100 * getattr(rate, end) for _, rate in rates], dashed=True, colour=5) for name, end in ends]
    drawn = line_plot(lines, x_label="加入的噪声 added noise: SNR, dB", y_label="CER, %", width=540)
    yield figure(drawn, "加噪声的同一批录音 · the same clips with noise")
    rows = [["不加 none", escape(hearing.rate().text)], *([f"{x:g}", escape(rate.text)] for x, rate in reversed(rates))]
    yield table(["SNR, dB", "CER, %"], rows, numbers=[0, 1])


def _group_plot(title: str, groups: Sequence[Group]) -> str:
    """Values in per cent; of many groups those with most errors."""
    drawn, more = list(groups), ""
    if len(groups) > MOST_GROUPS:
        drawn = sorted(groups, key=lambda one: -one.rate.value)[:MOST_GROUPS]
        more = f"（最差的 worst {MOST_GROUPS} / {len(groups)}）"
    rows = [
        Interval(f"{one.name} (n={one.rate.n})", 100 * one.rate.value, 100 * one.rate.low, 100 * one.rate.high) for one in drawn
    ]
    return interval_plot(rows, title=title + more, x_label="CER, %", width=540)


def _confusions(hearing: Hearing) -> Iterable[str]:
    header = ["说的 said", "听成 heard", "次数 / 说过 times / of", "%"]
    for unit, found in taken_for(hearing).items():
        shown = found.substitutions[:MOST_CONFUSIONS]
        rows = [[_unit(one.said), _unit(one.heard), f"{one.n} / {one.of}", f"{100 * one.n / one.of:.0f}"] for one in shown]
        nothing = '<p class="soft">没有替换 · nothing is taken for another</p>'
        lost = _counted("漏掉 lost", [(one.said, one.n) for one in found.deletions[:MOST_CONFUSIONS]])
        added = _counted("多出 added", [(one.heard, one.n) for one in found.insertions[:MOST_CONFUSIONS]])
        yield card(f"<h3>{UNITS[unit]}</h3>", table(header, rows, numbers=[2, 3]) if rows else nothing, lost, added)


def _counted(name: str, counts: Sequence[tuple[str | None, int]]) -> str:
    each = "".join(f"<span><b>{_unit(unit)}</b> {n}</span>" for unit, n in counts)
    return f'<p class="chips"><span>{name}</span>{each}</p>' if counts else ""


def _unit(unit: str | None) -> str:
    return escape(unit or "∅")


def _tones(hearing: Hearing) -> str:
    alone, wrong = tone_only(one.pairs.get("syllable", ()) for one in hearing.listened)
    if not wrong:
        return ""
    return (
        f'<p class="soft">听错的 {wrong} 个音节里，{alone} 个（{100 * alone / wrong:.0f}%）只错了声调。· '
        f"Of {wrong} syllables that were heard as others, {alone} ({100 * alone / wrong:.0f} %) differ in tone alone.</p>"
    )


def _confidence(hearing: Hearing) -> Iterable[str]:
    names = {"unit": "单元 · Units", "utterance": "整条（一字不错）· Whole utterances"}
    cards = [calibration_card(names[kind], found) for kind, found in hearing.calibration.items() if found is not None]
    if cards:
        yield section("置信度 · Confidence", _grid(cards), *_told(CONFIDENCE))


def _speed(hearing: Hearing) -> Iterable[str]:
    speed = hearing.speed
    rows = [
        ["实时率，全部 RTF, all together", f"<b>{speed.rtf:.4f}</b>"],
        ["实时率，每条的中位数 RTF, median", f"{speed.rtf_median:.4f}"],
        ["实时率，95% 的条低于 RTF, 95 % stay below", f"{speed.rtf_p95:.4f}"],
        ["每条用时，中位数 latency, median, ms", f"{speed.latency_ms_median:.1f}"],
        ["每条用时，95% 低于 latency, 95 % stay below, ms", f"{speed.latency_ms_p95:.1f}"],
        ["音频 audio, s", f"{speed.audio_s:.1f}"],
        ["计算 work, s", f"{speed.work_s:.1f}"],
    ]
    yield card(table(["", ""], rows, numbers=[1]), *_told(SPEED))
    times = [1000 * one.work_s for one in hearing.listened]
    yield card(histogram({"ms": times}, bins=24, x_label="每条用时 latency, ms", y_label="n", width=540))


def _utterance(one: Listened, wav: Wav, sample_rate: int) -> str:
    """Both texts one above the other, what is wrong in colour, and the sound."""
    found = one.errors()
    sure = "" if math.isnan(one.confidence) else f"<span>置信度 confidence <b>{one.confidence:.3f}</b></span>"
    chips = (
        f"<span>{escape(f'{one.id} {one.speaker}')}</span><span>CER <b>{100 * found.rate:.1f} %</b></span>"
        f"<span>替换 S <b>{found.substitutions}</b> 漏 D <b>{found.deletions}</b> 多 I <b>{found.insertions}</b></span>"
        f"<span><b>{one.audio_s:.1f}</b> s</span><span>SNR <b>{one.snr_db:.0f}</b> dB</span>{sure}"
    )
    lines = f'<p class="soft">原文 said: {escape(one.text)}<br>听到 heard: {escape(one.heard) or "∅"}</p>'
    return card(_side_by_side(one.pairs["word"]), f'<p class="chips">{chips}</p>', lines, player(wav, sample_rate))


_COLUMN = (
    "display:inline-flex;flex-direction:column;margin:0 1px;padding:0 3px;border-radius:4px;line-height:1.5;text-align:center"
)
_WRONG = "background:color-mix(in srgb, var(--series-2) 18%, transparent)"


def _side_by_side(pairs: Sequence[Pair]) -> str:
    cells = []
    for said, heard in pairs:
        if said == heard:
            cells.append(f'<span style="{_COLUMN}"><span>{_unit(said)}</span><span class="soft">·</span></span>')
        else:
            cells.append(
                f'<span style="{_COLUMN};{_WRONG}"><span>{_unit(said)}</span><span class="bad">{_unit(heard)}</span></span>'
            )
    return f'<div style="font-size:1.15rem">{"".join(cells)}</div>'
