/** Numbers and names as people read them. */

/** @param {number} seconds @returns {string} m:ss.t, or h:mm:ss from an hour on */
export function clock(seconds) {
  const tenths = Math.max(0, Math.floor(seconds * 10 + 1e-6));
  const two = (value) => String(value).padStart(2, "0");
  const [h, m, s] = [Math.floor(tenths / 36000), Math.floor(tenths / 600) % 60, Math.floor(tenths / 10) % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}.${tenths % 10}`;
}

/** @param {number} ms @returns {string} */
export function milliseconds(ms) {
  return ms < 9.95 ? `${ms.toFixed(1)} ms` : ms < 9950 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** @param {number} rtf @returns {string} two significant digits */
export function ratio(rtf) {
  return rtf >= 1 ? rtf.toFixed(1) : Number(rtf.toPrecision(2)).toString();
}

/** @param {number} bytes @returns {string} */
export function megabytes(bytes) {
  const value = bytes / 1e6;
  return value >= 1000 ? `${(value / 1000).toFixed(2)} GB` : `${value < 10 ? value.toFixed(1) : Math.round(value)} MB`;
}

/** @param {number} bytes @returns {string} of a file, which may be small */
export function fileSize(bytes) {
  return bytes < 1e5 ? `${Math.ceil(bytes / 1000)} kB` : megabytes(bytes);
}

/** @param {number} share 0 to 1 @returns {string} */
export function percent(share) {
  return `${(100 * share).toFixed(share > 0 && share < 0.0995 ? 1 : 0)} %`;
}

/** @param {string} text @returns {number} characters as the server counts them (code points) */
export function countCharacters(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/**
 * @param {string} text
 * @param {string} extension
 * @returns {string} a file name made of the text's first characters
 */
export function fileName(text, extension) {
  const words = [...text.replace(/<[^>]*>/g, "").replace(/[^\p{L}\p{N}]+/gu, "")].slice(0, 12).join("");
  return `tingshuo-${words || "speech"}.${extension}`;
}
