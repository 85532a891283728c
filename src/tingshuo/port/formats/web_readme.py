"""The README of the folder that `tingshuo.port.formats.web` writes: how to open it, what it does not do, whose voice it is."""

from collections.abc import Mapping

from tingshuo.store.manifest import Manifest

EVERYDAY = (3000, 39786)
"""Sentences of everyday Chinese (Tatoeba) and their syllables, all read as Python does: ``benchmarks/web_frontend.py``."""
HARD = (1531, "93 %")
"""Cases of ``tests/text/golden/normalize``, from dates to markdown, and the share of their syllables that are read alike."""


def readme(manifest: Manifest, runtime: str, sizes: Mapping[str, int]) -> str:
    """Return the README in both languages.

    Parameters
    ----------
    manifest : Manifest
        Of the voice.
    runtime : str
        Version of onnxruntime-web.
    sizes : Mapping[str, int]
        Bytes of the parts ``graphs``, ``text``, ``runtime`` and ``page``.
    """
    megabytes = {part: f"{size / 1e6:.1f} MB" for part, size in sizes.items()}
    credits = "\n".join(f"- {row.work} — {row.author} ({row.licence}) {row.url}: {row.used_for}" for row in manifest.attributions)
    sentences, syllables = EVERYDAY
    cases, share = HARD
    return f"""# {manifest.name} {manifest.version} · 在浏览器里说话

双击 `index.html` 即可：不用服务器，不联网，文字不离开这台机器。需要较新的浏览器（WebAssembly SIMD；在 Chromium 上测试）。

**这里的声音由人工智能合成，不是真人录音。** 页面上写着，下载的 WAV 文件里（LIST INFO 的 ICMT）也写着；转发时请保留。

- 大小：神经网络 {megabytes["graphs"]}，文字表 {megabytes["text"]}，运行时 {megabytes["runtime"]}，页面 {megabytes["page"]}。
- 读音：{sentences} 句日常中文的 {syllables} 个音节与 Python 版全部一致；
  {cases} 条数字、日期、单位、网址、Markdown 等刁钻写法一致 {share}。
  念不出的字符会列在页面上，不会悄悄跳过。不支持 SSML、行内注音和用户词典。
- 放到网站上也可以用，把整个文件夹传上去即可。

Open `index.html`: no server, no network; the text stays on this machine. It wants a recent browser with WebAssembly SIMD and is
tested in Chromium.

**The speech is made by AI, not recorded from a person.** The page says so, and so does every WAV file that it writes (ICMT of
LIST INFO); say it when you pass the speech on.

- Readings: all {syllables} syllables of {sentences} sentences of everyday Chinese are those of Tingshuo in Python; of {cases}
  hard ways of writing numbers, dates, units, addresses and markdown it is {share} of the syllables. What cannot be spoken is
  listed on the page. There is no SSML, no inline pinyin and no lexicon of your own.

## 许可与来源 · Licence and credits

声音 Voice: {manifest.licence}. {manifest.data_statement}

{manifest.consent}

{credits}

运行时 Runtime: onnxruntime-web {runtime}, MIT, Microsoft Corporation (`runtime/LICENSE.txt`).
脚本与文字表 Scripts and tables: Tingshuo, Apache-2.0; 来源 sources: `NOTICE.txt`.
"""
