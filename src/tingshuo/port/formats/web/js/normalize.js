/** Written Chinese to spoken Chinese: the usual ways of writing dates, times, amounts, numbers of telephones, units and signs.
 *
 * A smaller set of rules than that of tingshuo.text.rules; those of forms.js come first, then those of punctuation. */
(function (tingshuo) {
  "use strict";

  let rules = null;

  /**
   * Turn written Chinese into spoken Chinese.
   * @param {string} text
   * @param {(sentence: string) => void} warn is told what has no reading
   * @returns {string}
   */
  tingshuo.normalize = function (text, warn) {
    rules ??= [...tingshuo.writtenForms(), ...marks()].map(([pattern, say, flags = ""]) => [
      new RegExp(pattern, `gu${flags}`),
      say,
    ]);
    let spoken = simplify(clean(text));
    for (const [pattern, say] of rules) spoken = spoken.replace(pattern, say);
    return tidy(dropOdd(spoken, warn)).trim();
  };

  /** Widths and compatibility forms of characters, as plain ones. */
  function clean(text) {
    const { SPECIAL } = tingshuo.tables.clean;
    const plain = Array.from(text, (char) => {
      if (Object.hasOwn(SPECIAL, char)) return SPECIAL[char];
      if (/[，：；！？（）、。…～￥]/u.test(char)) return char;
      return /[\uff01-\uff5e\u2f00-\u2fd5\u3200-\u33ff\u2460-\u24ff\u{1d400}-\u{1d7ff}]/u.test(char)
        ? char.normalize("NFKC")
        : char;
    }).join("");
    return plain.replace(/(?<=[0-9])：(?=[0-9])/gu, ":").replace(/[\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff\u00ad]/gu, "");
  }

  /** Traditional characters as simplified ones. */
  function simplify(text) {
    const { characters, phrases, DRY, ASPECT, KEEP_ZHU, KEEP_QIAN } = tingshuo.tables.traditional;
    text = text.replace(new RegExp(DRY, "gu"), "干").replace(new RegExp(ASPECT, "gu"), "着");
    if (!Array.from(text).some((char) => Object.hasOwn(characters, char))) return text;
    const pattern = new RegExp(
      Object.keys(phrases)
        .sort((a, b) => b.length - a.length)
        .join("|") + "|.",
      "gsu",
    );
    const plain = text.replace(pattern, (found) => phrases[found] ?? characters[found] ?? found);
    return plain.replace(new RegExp(KEEP_ZHU, "gu"), "着").replace(new RegExp(`乾(?!${KEEP_QIAN}|嘉)`, "gu"), "干");
  }

  function marks() {
    const { GREEK } = tingshuo.tables.punctuation;
    const wide = { ",": "，", ";": "；", "!": "！", "?": "？", ":": "：", "(": "（", ")": "）", "<": "", ">": "" };
    const quotes = {
      "「": "“",
      "『": "“",
      "」": "”",
      "』": "”",
      "【": "（",
      "〔": "（",
      "[": "（",
      "{": "（",
      "】": "）",
      "〕": "）",
      "]": "）",
      "}": "）",
    };
    return [
      ["[α-ωΑ-Ω]", (letter) => GREEK[letter] ?? letter],
      ["[「『」』【〔\\[{】〕\\]}]", (mark) => quotes[mark]],
      ["\\.{3,}|。{2,}|…+|·{3,}", () => "……"],
      ["-{2,}|—+|_{2,}", () => "——"],
      ["(?<![A-Za-z])(Mr|Mrs|Ms|Dr|Prof|St|vs|etc)\\.(?![A-Za-z])", (_, title) => title],
      ["(?<![A-Za-z.])(?:[A-Za-z]\\.){2,8}", (found) => found.replaceAll(".", "")],
      ["(?<=[A-Za-z])\\.(?=[A-Za-z])", () => "点"],
      ["\\.(?=\\s|$|[^A-Za-z])", () => "。"],
      ["(?<=[A-Za-z]) ?& ?(?=[A-Za-z])", () => " and "],
      [" ?& ?", () => "和"],
      ["[/\\-_]", () => " "],
      ["[,;!?:()<>]", (mark) => wide[mark]],
    ];
  }

  /** Say or drop the signs that are left; what is dropped is told. */
  function dropOdd(text, warn) {
    const { WORDS, PAUSES } = tingshuo.tables.punctuation;
    return text.replace(/[^\p{L}\p{N}\p{M}\s，。！？；：、…—“”‘’（）《》·']/gu, (char) => {
      const said = WORDS[char] ?? PAUSES[char];
      if (said === undefined && !'~"*`'.includes(char)) warn(char);
      return said ?? "";
    });
  }

  /** Drop spaces and marks that say nothing. */
  function tidy(text) {
    const hanzi = "〇㐀-䶿一-鿿\\u{20000}-\\u{3ffff}";
    const end = "，。！？；：、…—”’）》";
    return text
      .replace(/[ \t]+/g, " ")
      .replace(new RegExp(` (?=[${end}“‘（《])|(?<=[${end}“‘（《]) |(?<=[${hanzi}]) | (?=[${hanzi}])`, "gu"), "")
      .replace(/（[，、。：；（]*）|《》|“”|‘’/g, "")
      .replace(/，{2,}/g, "，")
      .replace(/，(?=[。！？；：、…])|(?<=[。！？；：、…（“‘《])，/g, "")
      .replace(/([、！？])\1+/g, "$1");
  }
})((globalThis.tingshuo ??= {}));
