"""Measure this machine and write the table of figures into both READMEs.

    python scripts/write_figures.py            # a few minutes; nothing else should be running

The table stands between two comments. What is promised comes with the figures of ``tingshuo bench``.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PLACE = re.compile(r"<!-- figures -->\n.*?<!-- /figures -->\n", re.DOTALL)
HEADS = {
    "README.md": ("| 指标 | 实测 | 承诺 | 怎样测 |", "`tingshuo bench` 在一台 {cores} 核的 {machine} 上的结果："),
    "README.en.md": (
        "| figure | measured | promised | how |",
        "What `tingshuo bench` prints with {cores} cores of {machine}:",
    ),
}
CHINESE = {
    "RTF, int8": ("实时率 RTF，int8", "十几秒的语音，单线程，从文字到声音全过程"),
    "RTF, fp32": ("实时率 RTF，fp32", "同上"),
    "cold start": ("冷启动", "`tingshuo say` 从进程启动到写完三秒左右的文件"),
    "first audio, warm server": ("首段音频，服务已热", "二百字的文本，客户端测得，中位数"),
    "peak memory of the server": ("服务器内存峰值", "四百个不同的请求"),
    "memory after 400 / 200 requests": ("四百个与二百个请求后的内存之比", "各取五十次读数的中位数，1 就是不再增长"),
}


def main() -> None:
    """Measure, then write."""
    command = [sys.executable, "-m", "tingshuo.app.cli.main", "bench", "--json"]
    figures = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)["figures"]
    cpus = Path("/proc/cpuinfo").read_text("utf-8")
    model = re.search(r"model name\s*: (.*)", cpus)
    machine = {"machine": model[1] if model else "CPU", "cores": len(re.findall(r"^processor", cpus, re.MULTILINE))}
    for readme, (head, sentence) in HEADS.items():
        path = ROOT / readme
        rows = [row(figure, readme == "README.md") for figure in figures]
        table = "\n".join([sentence.format(**machine), "", head, "|---|---|---|---|", *rows])
        text, n = PLACE.subn(lambda _, table=table: f"<!-- figures -->\n{table}\n<!-- /figures -->\n", path.read_text("utf-8"))
        assert n == 1, f"{readme} has no place for the figures"
        path.write_text(text, "utf-8")


def row(figure: dict[str, Any], chinese: bool) -> str:
    """Return a row of the table."""
    name, detail = CHINESE[figure["name"]] if chinese else (figure["name"], figure["detail"])
    value = f"{figure['value']:.3g} {figure['unit']}".strip()
    promised = "" if figure["limit"] is None else f"≤ {figure['limit']:g} {figure['unit']}".strip()
    return f"| {name} | {value} | {promised} | {detail} |"


if __name__ == "__main__":
    main()
