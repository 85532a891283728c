import json
import re
import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

import tingshuo
from tingshuo.port.formats.web import SCRIPTS
from tingshuo.port.formats.web_tables import CONSTANTS, data_script, json_script, syllable_phones, text_scripts, text_tables
from tingshuo.text.frontend import Frontend
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.symbols import split_syllable

PAGE = Path(tingshuo.__file__).parent / "port/formats/web/js"
TEXT_SIDE = SCRIPTS[: SCRIPTS.index("frontend") + 1]
RUN = """const vm = require("vm"), fs = require("fs"), [scripts, lines, english] = process.argv.slice(1).map(JSON.parse);
for (const file of scripts) vm.runInThisContext(fs.readFileSync(file, "utf8"), { filename: file });
tingshuo.openFrontend(english).then((frontend) => {
  const read = lines.map((line) => ({
    sentences: [...frontend.sentences(line)].map(({ words }) => words.map(({ syllables, pause_ms }) =>
      syllables.length ? syllables.map(({ pinyin }) => pinyin) : [`|${pause_ms}`])),
    warnings: frontend.warnings,
  }));
  process.stdout.write(JSON.stringify(read));
});"""

LINES = (
    "你好，我是听说。",
    "银行行长在长安街行走，重新想起重要的数字。行人还没有还书。",
    "单老师和曾国藩都姓任，他得马上去，跑得很快。",
    "一个一个看一看，第一名差不多，不要不看，一月一日统一。",
    "我很好，你也很好。老李买了五把雨伞，想想哪里好。",
    "小孩儿去公园儿玩儿，女儿在花儿旁边画画儿。",
    "他挥着手，看着手机，着手准备。",
    "今天上午9点30分，第12届大会在重庆开幕，来自31个省市的2,600多名代表出席，增长了18.5%。",
    "2026-03-05气温-3~4℃，电话13812345678，票价￥12.50，3/4的人跑了5km。",
    "臺灣與中國的歷史，她看著書。",
    "你用 iPhone 15 打开 GitHub，然后 say hello to the world.",
    "CPU和Wi-Fi都是Jack's的，shenanigans也是。",
    "“好。”他说，“我们走吧……”\n\n第二段：开始（吧）！",
    "因为昨天晚上突然下了一场非常大的雨所以今天早上学校门口的那条小路上到处都是积水我们只好绕到后面的操场再走进教室。",
    "𠮷野家的𰻝𰻝面",
)


def read_in_node(tmp_path, lines, *, english):
    if shutil.which("node") is None:
        pytest.skip("node is not installed; the browser's test runs the same scripts")
    scripts = []
    for name, text in text_scripts(english=english):
        (tmp_path / f"{name}.js").write_text(text, "utf-8")
        scripts.append(str(tmp_path / f"{name}.js"))
    scripts += [str(PAGE / f"{name}.js") for name in TEXT_SIDE]
    command = ["node", "-e", RUN, json.dumps(scripts), json.dumps(lines), json.dumps(english)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def in_python(line, *, english):
    sentences = Frontend(english=english).sentences(line)
    return [[[s.pinyin for s in word.syllables] or [f"|{word.pause_ms}"] for word in one.words] for one in sentences]


def test_the_scripts_read_as_python_does(tmp_path):
    page = read_in_node(tmp_path, LINES, english=True)
    assert [row["sentences"] for row in page] == [in_python(line, english=True) for line in LINES]
    assert [row["warnings"] for row in page if row["warnings"]] == [["没有念出来的字符：𠮷"]]


def test_what_cannot_be_spoken_is_named(tmp_path):
    lines = ("你好ก，🂡再见", "没有问题", "听 shenanigans 和 ok")
    dropped, fine, spelled = (row["warnings"] for row in read_in_node(tmp_path, lines, english=False))
    assert len(dropped) == 1
    assert "ก" in dropped[0]
    assert "🂡" in dropped[0]
    assert fine == []
    assert "shenanigans" in spelled[0]
    assert "ok" not in spelled[0]


def test_a_voice_without_english_spells_in_mandarin(tmp_path):
    [row] = read_in_node(tmp_path, ("CPU很快",), english=False)
    assert row["sentences"] == in_python("CPU很快", english=False)


def test_every_syllable_of_the_lexicon_has_the_phones_of_python():
    table = syllable_phones()
    for char in "重长行了着得的地嗯呣女绿儿":
        for pinyin in load_lexicon().readings(char):
            parts = split_syllable(pinyin)
            assert table[pinyin[:-1]] == [phone for phone in parts[:2] if phone]
    assert len(table) > 400


@pytest.mark.parametrize("english", [True, False])
def test_the_tables_hold_every_constant_that_the_scripts_name(english):
    tables = text_tables(english=english)
    json.dumps(tables)
    for script in TEXT_SIDE:
        if english or script != "english":
            text = (PAGE / f"{script}.js").read_text("utf-8")
            for names, module in re.findall(r"const \{([^}]+)\} = tingshuo\.tables\.(\w+);", text):
                assert {name.strip() for name in names.split(",")} <= tables[module].keys(), f"{script}.js: {module}"


def test_the_constants_are_there():
    for module, names in CONSTANTS.items():
        found = import_module(f"tingshuo.text.{module}")
        assert not [name for name in names.split() if not hasattr(found, name)], module


def test_scripts_put_values_into_the_page():
    assert data_script("x", b"\x00\xff").endswith('["x"] = "AP8=";\n')
    assert json_script("x", {"a": ["二"]}) == '(globalThis.tingshuo ??= {}).x = {"a":["二"]};\n'
