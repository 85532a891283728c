/** The reading of every Chinese character of a sentence, before sandhi: words, contexts, surnames, the polyphone net. */
(function (tingshuo) {
  "use strict";

  const patterns = new Map();

  /**
   * Choose readings.
   * @param {{start: number, tokens: object[]}[]} runs runs of Chinese characters, segmented
   * @param {string[]} chars the whole sentence
   * @param {object} lexicon
   * @param {object} polyphones
   * @returns {Map<number, string>} index of a character to its pinyin; characters without a reading are missing
   */
  tingshuo.readCharacters = function (runs, chars, lexicon, polyphones) {
    const settled = inContext(chars);
    const readings = new Map();
    const undecided = new Map();
    for (const { start, tokens } of runs) {
      const surnames = findSurnames(tokens);
      tokens.forEach((token, t) => {
        const known = inWord(token, lexicon);
        Array.from(token.text).forEach((char, k) => {
          const i = start + token.start + k;
          const [reading, sure] = known[k];
          const surname = surnames.get(token.start + k);
          const ofGrammar = surname || sure || settled.has(i) || token.text !== "得" ? "" : readDe(tokens, t);
          const chosen = surname ?? (sure ? reading : (settled.get(i) ?? ofGrammar));
          if (chosen) readings.set(i, chosen);
          else if (polyphones.has(char)) undecided.set(i, reading);
          else if (reading || lexicon.readings(char).length) readings.set(i, reading || lexicon.readings(char)[0]);
        });
      });
    }
    decide(undecided, chars, polyphones, readings);
    return readings;
  };

  function decide(undecided, chars, polyphones, readings) {
    if (!undecided.size) return;
    const indices = [...undecided.keys()];
    polyphones.scores(chars, indices).forEach((scores, k) => {
      const ofWord = undecided.get(indices[k]);
      if (ofWord) scores.set(ofWord, (scores.get(ofWord) ?? 0) + tingshuo.tables.g2p.DICTIONARY_WEIGHT);
      readings.set(indices[k], [...scores].reduce((best, one) => (one[1] > best[1] ? one : best))[0]);
    });
  }

  /** What the lexicon has for each character of a word, if need be from words inside it: reading or "", and whether it is sure. */
  function inWord(token, lexicon) {
    const chars = Array.from(token.text);
    const n = chars.length;
    const out = chars.map(() => ["", false]);
    if (n === 1) return out;
    if (token.entry.readings.length) return token.entry.readings.map((reading) => [reading, token.entry.sure]);
    for (let length = n - 1; length > 1; length--) {
      for (const start of [0, n - length]) {
        const part = lexicon.word(chars.slice(start, start + length).join(""));
        if (!part?.readings.length || out[start][0] || out.slice(start, start + length).some(([, sure]) => sure)) continue;
        part.readings.forEach((reading, k) => (out[start + k] = [reading, part.sure]));
      }
    }
    return out;
  }

  /** Readings that the rules of context settle. */
  function inContext(chars) {
    const text = chars.join("");
    const found = new Map();
    const place = places(chars);
    for (const char of new Set(chars)) {
      for (const [pinyin, source] of tingshuo.tables.contexts.BY_CHARACTER[char] ?? []) {
        let pattern = patterns.get(source);
        if (!pattern) patterns.set(source, (pattern = new RegExp(source, "dgu")));
        for (const match of text.matchAll(pattern)) {
          const at = place[(match.indices.findLast((pair, i) => i && pair) ?? match.indices[0])[0]];
          if (!found.has(at)) found.set(at, pinyin);
        }
      }
    }
    return found;
  }

  /** Index of the character for each index of the string. */
  function places(chars) {
    return chars.flatMap((char, i) => (char.length === 2 ? [i, i] : [i]));
  }

  /** The reading of 得 as a word of its own: dei3 (must), de5 (before how it is done), "" when unsure. */
  function readDe(tokens, i) {
    const { MUST_AFTER, MUST_BEFORE, ACHIEVED, GAINED } = tingshuo.tables.contexts;
    if (i === 0 || i + 1 === tokens.length) return "";
    const [before, after] = [tokens[i - 1], tokens[i + 1]];
    const next = Array.from(after.text)[0];
    if (MUST_AFTER.includes(before.text)) {
      const must = !GAINED.includes(next) && (["v", "a", "d"].includes(after.entry.tag) || MUST_BEFORE.includes(after.text));
      return must ? "dei3" : "";
    }
    const described = "advzrilcp".includes(after.entry.tag) && !GAINED.includes(next);
    if (before.length === 1 && "vnm".includes(before.entry.tag) && ACHIEVED.includes(next)) return "de5";
    return described && "vafzm".includes(before.entry.tag) ? "de5" : "";
  }

  /** Surnames with a reading of their own: index of a character in the run to its pinyin. */
  function findSurnames(tokens) {
    const found = new Map();
    const { SURNAMES } = tingshuo.tables.names;
    tokens.forEach((token, i) => {
      for (const length of [2, 1]) {
        const surname = token.text.slice(0, length);
        if (surname.length !== length || !Object.hasOwn(SURNAMES, surname) || !isSurname(tokens, i, length)) continue;
        SURNAMES[surname].forEach((pinyin, k) => found.set(token.start + k, pinyin));
        return;
      }
    });
    return found;
  }

  function isSurname(tokens, i, length) {
    const { TITLES, BEFORE } = tingshuo.tables.names;
    const { text, entry } = tokens[i];
    const before = tokens[i - 1]?.text ?? "";
    const after = tokens[i + 1]?.text ?? "";
    const rest = text.slice(length);
    if (rest) return !entry.readings.length && (TITLES.includes(rest) || (entry.tag === "N" && rest.length <= 2));
    if (length === 2 || before.endsWith("姓") || TITLES.includes(after)) return true;
    if (["小", "老", "阿"].includes(before) && entry.tag !== "v") return !(after && "孩子学年时儿的".includes(after[0]));
    return (!before || BEFORE.includes(before)) && isGivenName(tokens, i + 1);
  }

  function isGivenName(tokens, i) {
    const { TITLES, GIVEN } = tingshuo.tables.names;
    const [first, second] = [tokens[i], tokens[i + 1]];
    if (!first) return false;
    if (first.length === 2) return first.entry.tag === "N" && Array.from(first.text).every((char) => GIVEN.includes(char));
    return second !== undefined && fitsName(first) && (TITLES.includes(second.text) || fitsName(second));
  }

  function fitsName(token) {
    const { GIVEN, RARE } = tingshuo.tables.names;
    return token.length === 1 && (GIVEN.includes(token.text) || token.entry.cost > RARE);
  }
})((globalThis.tingshuo ??= {}));
