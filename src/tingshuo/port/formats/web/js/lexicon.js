/** The pronouncing lexicon, in the format of tingshuo.text.lexicon, and the words of a run of Chinese characters. */
(function (tingshuo) {
  "use strict";

  const WORD = /([^\x00-\x7f]+)([A-Za-z])([!-~])(=?)([a-z0-9]*)/g;
  const UNKNOWN = { cost: 80, tag: "x", sure: false, readings: [] };

  /**
   * @typedef {Object} Entry
   * @property {number} cost quarters of -ln(probability)
   * @property {string} tag part of speech, one letter
   * @property {boolean} sure no context changes the readings
   * @property {string[]} readings one a character, empty when nobody has written them down
   */

  /** Readings of characters, and words with readings, frequency and part of speech. */
  class Lexicon {
    /** @param {string} usual @param {string} rare */
    constructor(usual, rare) {
      this.lines = new Map();
      for (const text of [rare, usual]) {
        for (const line of text.split("\n")) this.lines.set(String.fromCodePoint(line.codePointAt(0)), line);
      }
      this.heads = new Map();
    }

    /** What is known under a character, null when it is no Chinese character with a reading. */
    head(char) {
      let head = this.heads.get(char);
      if (head === undefined) this.heads.set(char, (head = this.#parse(char)));
      return head;
    }

    /** @returns {string[]} readings of a character, the usual one first */
    readings(char) {
      return this.head(char)?.readings ?? [];
    }

    /** @returns {Entry|undefined} */
    word(text) {
      const char = String.fromCodePoint(text.codePointAt(0));
      const head = this.head(char);
      return head ? (text === char ? head.entry : head.words.get(text.slice(char.length))) : undefined;
    }

    #parse(char) {
      const line = this.lines.get(char);
      if (line === undefined) return null;
      const [first, ...rest] = line.slice(char.length).split(" ");
      const words = new Map();
      let longest = 0;
      for (const [, text, tag, cost, sure, pinyin] of rest.join(" ").matchAll(WORD)) {
        words.set(text, entry(cost, tag, sure !== "", pinyin));
        longest = Math.max(longest, text.length);
      }
      const readings = first.slice(2).split(",");
      return { readings, entry: entry(first[1], first[0], readings.length === 1, readings[0]), words, longest: 1 + longest };
    }
  }

  function entry(cost, tag, sure, pinyin) {
    return { cost: cost.charCodeAt(0) - 33, tag, sure, readings: pinyin.match(/[a-z]+[1-5]/g) ?? [] };
  }

  /** @returns {Promise<Lexicon>} */
  tingshuo.openLexicon = async () => new Lexicon(await tingshuo.text("lexicon"), await tingshuo.text("rare"));

  /**
   * The most probable split of a run of Chinese characters into words.
   * @param {string[]} chars
   * @param {Lexicon} lexicon
   * @returns {{text: string, start: number, length: number, entry: Entry}[]}
   */
  tingshuo.segment = function (chars, lexicon) {
    const n = chars.length;
    const best = [{ cost: 0 }];
    for (let i = 0; i < n; i++) best.push({ cost: Infinity });
    const offer = (start, end, entry) => {
      const cost = best[start].cost + entry.cost;
      if (cost < best[end].cost) best[end] = { cost, start, entry };
    };
    for (let i = 0; i < n; i++) {
      const head = lexicon.head(chars[i]);
      offer(i, i + 1, head ? head.entry : UNKNOWN);
      let following = chars[i + 1] ?? "";
      for (let end = i + 2; head && end <= Math.min(n, i + head.longest); end++) {
        const found = head.words.get(following);
        if (found) offer(i, end, found);
        following += chars[end];
      }
    }
    const tokens = [];
    for (let end = n; end > 0; end = best[end].start) {
      const { start, entry } = best[end];
      tokens.unshift({ text: chars.slice(start, end).join(""), start, length: end - start, entry });
    }
    return chars.includes("着") ? giveZheToVerbs(tokens, chars, lexicon) : tokens;
  };

  /** Cut 着 off a word that begins with it when the verb before takes it (挥着|手), and split what follows anew. */
  function giveZheToVerbs(tokens, chars, lexicon) {
    const { ZHE_WORDS, NOT_LASTING, OF_THE_HAND } = tingshuo.tables.segment;
    const at = tokens.findIndex((token, i) => {
      if (!i || !ZHE_WORDS.includes(token.text)) return false;
      const { text, length, entry } = tokens[i - 1];
      if (length === 1 && entry.tag === "v" && !NOT_LASTING.includes(text)) return true;
      return token.text === "着手" && (OF_THE_HAND.includes(text) || "空湿光脏红赤".includes(text));
    });
    if (at < 0) return tokens;
    const start = tokens[at].start;
    const zhe = { text: "着", start, length: 1, entry: lexicon.word("着") ?? UNKNOWN };
    const rest = tingshuo.segment(chars.slice(start + 1), lexicon).map((t) => ({ ...t, start: t.start + start + 1 }));
    return [...tokens.slice(0, at), zhe, ...rest];
  }
})((globalThis.tingshuo ??= {}));
