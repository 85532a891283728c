/** Which stretch of a written sentence sounds when: the server times what is spoken, as 二零二四 for 2024. */

/**
 * @typedef {{text: string, startS: number, endS: number}} Span
 */

/**
 * Characters, and words of letters, that are written and spoken alike are paired (longest common subsequence); what is written
 * between two of them takes the time of what is spoken between them, or none of its own, as punctuation does.
 *
 * @param {{text: string, start_s: number, end_s: number, words: Array<object>}} sentence as the server sends it, spoken or heard
 * @returns {Span[]} in order; together their texts are the sentence's
 */
export function align(sentence) {
  const written = sentence.text.match(/[\p{Script=Latin}\p{M}'’]+|./gsu) ?? [];
  const spoken = sentence.words.flatMap((word) => (word.characters?.length ? word.characters : [word]));
  const spans = [];
  let [w, s] = [0, 0];
  for (const [pw, ps] of [...pairs(written, spoken), [written.length, spoken.length]]) {
    const between = spoken.slice(s, ps);
    if (pw > w) add(spans, written.slice(w, pw).join(""), between, sentence.start_s);
    if (pw < written.length) add(spans, written[pw], [spoken[ps]], sentence.start_s);
    [w, s] = [pw + 1, ps + 1];
  }
  return spans;
}

function add(spans, text, spoken, fromS) {
  const before = spans.at(-1);
  const startS = spoken[0]?.start_s ?? before?.endS ?? fromS;
  spans.push({ text, startS, endS: spoken.at(-1)?.end_s ?? startS });
}

function pairs(written, spoken) {
  const alike = (i, j) => written[i].toLowerCase() === spoken[j].text.toLowerCase();
  const width = spoken.length + 1;
  const longest = new Uint16Array((written.length + 1) * width);
  for (let i = written.length - 1; i >= 0; i -= 1) {
    for (let j = spoken.length - 1; j >= 0; j -= 1) {
      const [down, right] = [longest[(i + 1) * width + j], longest[i * width + j + 1]];
      longest[i * width + j] = alike(i, j) ? longest[(i + 1) * width + j + 1] + 1 : Math.max(down, right);
    }
  }
  const found = [];
  let [i, j] = [0, 0];
  while (i < written.length && j < spoken.length) {
    if (alike(i, j)) found.push([i++, j++]);
    else if (longest[(i + 1) * width + j] >= longest[i * width + j + 1]) i += 1;
    else j += 1;
  }
  return found;
}
