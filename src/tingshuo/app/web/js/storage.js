/** localStorage that may be missing, full, forbidden or hold nonsense: reading then gives the fallback, writing false. */

const PREFIX = "tingshuo.";

/**
 * @template T
 * @param {string} key
 * @param {T} fallback
 * @returns {T}
 */
export function read(key, fallback) {
  try {
    const stored = localStorage.getItem(PREFIX + key);
    return stored === null ? fallback : JSON.parse(stored);
  } catch {
    return fallback;
  }
}

/**
 * @param {string} key
 * @param {unknown} value anything that JSON can hold
 * @returns {boolean} whether it was stored
 */
export function write(key, value) {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}
