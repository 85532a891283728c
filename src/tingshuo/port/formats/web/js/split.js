/** Sentences: text is cut where a speaker would breathe, under a budget of spoken characters; the cuts of tingshuo.text.split. */
(function (tingshuo) {
  "use strict";

  const [GLUED, WORD, BLANK, CLAUSE, SENTENCE] = [0, 1, 2, 3, 4];
  const PENALTY = { [WORD]: 0.9, [BLANK]: 0.3, [CLAUSE]: 0, [SENTENCE]: -0.25 };
  const PHRASE_BONUS = 0.2;
  const OPENERS = "“‘「『《〈（([【〔｛{";
  const CLOSERS = "”’」』》〉）)]】〕｝}";
  const BRACKETS = { "（": "）", "(": ")", "[": "]", "【": "】", "〔": "〕", "｛": "｝", "{": "}", "《": "》", "〈": "〉" };
  const FINAL = "。！？；!?;｡";
  const escape = (marks) => marks.replace(/[\]\\]/g, "\\$&");
  const ADDRESS = "[^\\s“”‘’，。；、！？（）《》【】「」<>\\u4e00-\\u9fff]";
  const ATOM = new RegExp(
    `(?<address>(?:(?:https?|ftp|file)://|www\\.)${ADDRESS}*[A-Za-z0-9_/#=&%+\\-])` +
      "|(?<token>[0-9A-Za-zÀ-ɏ]+(?:(?:[.:'’\\-/&@+_~]|(?<=[0-9])[,：](?=[0-9]))[0-9A-Za-zÀ-ɏ]+)*)" +
      `|(?<marks>(?:[${FINAL}…，,、：:—.]|--)(?:[${escape(FINAL + CLOSERS)}…，,、：:—."'\\s]|--)*)` +
      `|(?<closers>[${escape(CLOSERS)}][${escape(CLOSERS)}\\s]*)` +
      `|(?<openers>[${escape(OPENERS)}])|(?<blank>\\s+)|(?<glyph>[^\\s])`,
    "gu",
  );
  const ABBREVIATION =
    /^(?:mr|mrs|ms|dr|prof|st|vs|etc|no|vol|fig|inc|ltd|co|jr|sr|e\.g|i\.e|a\.m|p\.m|jan|feb|apr|aug|sept?|oct|nov|dec|[a-z](?:\.[a-z])*)$/i;
  const SPEECH_TAG = /^[^\s，。！？；：“”「」…]{1,6}?(?:说道?|问道?|喊道?|叫道|答道?|笑道|骂道?|吼道?|嚷道?|道)[：:，。！？,.]/u;
  const NUMBERED = "1";

  /**
   * Cut a line of text into sentences.
   * @param {string} text
   * @param {object} lexicon
   * @param {number} first when the first sentence has more estimated characters, it is cut at a comma; 0 leaves it as it is
   * @returns {[number, number][]} start and end of each, consecutive
   */
  tingshuo.split = function (text, lexicon, first) {
    const { BUDGET } = tingshuo.tables.split;
    const pieces = [];
    let waiting = [];
    const cut = (whole) => {
      const found = cutAtoms(text, waiting, { budget: BUDGET, first: pieces.length ? 0 : first, whole, lexicon });
      pieces.push(...found.pieces);
      waiting = found.atoms;
    };
    for (const atom of atomsOf(text)) {
      waiting.push(atom);
      if (atom.rank === SENTENCE || atom.total - waiting[0].before > 2 * BUDGET) cut(atom.rank === SENTENCE);
    }
    cut(true);
    return pieces;
  };

  /** Parts of a text that are not cut, with the estimated spoken characters up to their ends and how well a cut after them suits. */
  function* atomsOf(text) {
    let [total, closing, token, fresh] = [0, [], "", true];
    for (const match of text.matchAll(ATOM)) {
      const [kind, found] = Object.entries(match.groups).find(([, value]) => value !== undefined);
      let rank = kind === "openers" ? GLUED : kind === "blank" ? BLANK : WORD;
      if (kind === "openers" && BRACKETS[found]) closing.push(BRACKETS[found]);
      if (kind === "marks" || kind === "closers") {
        while (closing.length && found.includes(closing.at(-1))) closing.pop();
        rank = rankOf(text, match.index, found, token);
        if (rank === SENTENCE && closing.length) rank = CLAUSE;
      }
      const before = total;
      total += costOf(kind, found);
      yield { start: match.index, end: match.index + found.length, before, total, rank };
      if (rank === SENTENCE || closing.length > 8) closing = [];
      const numbering = fresh && kind === "token" && /^[0-9]{1,2}$/.test(found);
      fresh = rank === SENTENCE || (kind === "blank" && (fresh || !token));
      token = numbering ? NUMBERED : kind === "token" ? found : "";
    }
  }

  const hasAny = (text, marks) => Array.from(text).some((char) => marks.includes(char));

  function rankOf(text, at, found, token) {
    const after = text.slice(at + found.length, at + found.length + 12);
    const closed = hasAny(found, CLOSERS);
    if (hasAny(found, FINAL)) return (closed || found.includes('"')) && SPEECH_TAG.test(after) ? CLAUSE : SENTENCE;
    if (found.includes("…") || found.includes("...")) return !after || (closed && !SPEECH_TAG.test(after)) ? SENTENCE : CLAUSE;
    if (found[0] === ".") {
      const spaced = found.trimEnd().length < found.length || found.length > 1 || !after;
      if (token && (token === NUMBERED || ABBREVIATION.test(token) || !spaced)) return after ? GLUED : SENTENCE;
      return SENTENCE;
    }
    if (hasAny(found, "，,：:—-")) return CLAUSE;
    return found.includes("、") || /\s$/.test(found) ? BLANK : WORD;
  }

  function costOf(kind, found) {
    if (kind === "address") return 1.2 * found.length;
    if (kind === "token") {
      const digits = found.replace(/[^0-9]/g, "").length;
      const letters = found.replace(/[^\p{L}]/gu, "").length;
      const capital = letters > 0 && found === found.toUpperCase();
      return (digits <= 8 ? 2 : 1) * digits + (capital ? 1.5 : 0.5) * letters + found.length - digits - letters;
    }
    if (kind === "glyph") return found >= "\u3040" ? 1 : 2;
    return Math.max(0.05, 0.01 * found.length);
  }

  /** Cut atoms into pieces within the budget; what is left waits, unless these are the whole. */
  function cutAtoms(text, atoms, { budget, first, whole, lexicon }) {
    const pieces = [];
    const take = (count) => {
      pieces.push([atoms[0].start, atoms[count - 1].end]);
      atoms = atoms.slice(count);
    };
    const early = first && atoms.length ? firstCut(atoms, first) : 0;
    if (early) take(early);
    while (atoms.length) {
      const total = atoms.at(-1).total - atoms[0].before;
      if (total <= budget) break;
      take(bestCut(text, atoms, { budget, total, whole, lexicon }));
      if (!whole) return { pieces, atoms };
    }
    if (whole && atoms.length) take(atoms.length);
    return { pieces, atoms };
  }

  function firstCut(atoms, first) {
    const { FIRST_SHORTEST, FIRST_REST } = tingshuo.tables.split;
    const [{ before }, { total }] = [atoms[0], atoms.at(-1)];
    if (total - before <= first) return 0;
    const fits = (atom) => atom.rank === CLAUSE && atom.total - before >= FIRST_SHORTEST && total - atom.total >= FIRST_REST;
    return atoms.findIndex(fits) + 1;
  }

  /** After how many atoms to cut: near equal parts, at the best rank. */
  function bestCut(text, atoms, { budget, total, whole, lexicon }) {
    const { ENDS_PHRASE, BEGINS_PHRASE } = tingshuo.tables.split;
    const { before } = atoms[0];
    const ideal = whole ? total / Math.ceil(total / budget) : 0.8 * budget;
    let [best, at, furthest, borders] = [Infinity, 0, 1, null];
    for (let i = 1; i < atoms.length; i++) {
      const { end, rank, total: sum } = atoms[i - 1];
      const length = sum - before;
      if (length > budget && i > 1) break;
      furthest = i;
      if (rank === GLUED) continue;
      let score = PENALTY[rank] * budget + Math.abs(length - ideal);
      if (rank === WORD && (ENDS_PHRASE.includes(text[end - 1]) || BEGINS_PHRASE.includes(text[end])))
        score -= PHRASE_BONUS * budget;
      if (score >= best) continue;
      if (rank === WORD && !(borders ??= wordBorders(text, atoms, lexicon)).has(end)) continue;
      [best, at] = [score, i];
    }
    return at || furthest;
  }

  /** The places in the text where a word ends. */
  function wordBorders(text, atoms, lexicon) {
    const borders = new Set();
    let place = atoms[0].start;
    for (const token of tingshuo.segment(Array.from(text.slice(place, atoms.at(-1).end)), lexicon)) {
      borders.add(place);
      place += token.text.length;
    }
    return borders;
  }
})((globalThis.tingshuo ??= {}));
