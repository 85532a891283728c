/** What was spoken lately, with its settings; kept in this browser only. */

import { read, write } from "./storage.js";

const KEPT = 20;
const LONGEST_TEXT = 20000;

/**
 * @typedef {{text: string, settings: import("./settings.js").Settings, at: number, duration_s: number}} Entry
 */

/** Event: `change`. */
export class History extends EventTarget {
  /** @type {Map<string, number>} when what is no longer here was removed */
  #removed = new Map();

  constructor() {
    super();
    const stored = read("history", []);
    /** @type {Entry[]} newest first */
    this.entries = Array.isArray(stored) ? stored.filter(isEntry).slice(0, KEPT) : [];
  }

  /**
   * Put an entry on top; an equal one moves up. Texts too long for the browser's small store are left out.
   *
   * @param {Entry} entry
   * @param {number} asked when it was asked for; what was removed since then stays removed
   */
  add(entry, asked) {
    if (entry.text.length > LONGEST_TEXT) return;
    const key = identity(entry);
    if (this.#removed.get(key) >= asked) return;
    this.#set([entry, ...this.entries.filter((other) => identity(other) !== key)].slice(0, KEPT));
  }

  /** @param {Entry} entry */
  remove(entry) {
    this.#removed.set(identity(entry), Date.now());
    this.#set(this.entries.filter((other) => other !== entry));
  }

  clear() {
    for (const entry of this.entries) this.#removed.set(identity(entry), Date.now());
    this.#set([]);
  }

  /** When the store is full, the oldest make room. */
  #set(entries) {
    this.entries = entries;
    for (let kept = entries.length; kept >= 0 && !write("history", entries.slice(0, kept)); kept -= 1);
    this.dispatchEvent(new Event("change"));
  }
}

function identity({ text, settings }) {
  return JSON.stringify([text, Object.entries(settings).sort()]);
}

function isEntry(entry) {
  return typeof entry?.text === "string" && typeof entry.settings?.emotion === "string" && Number.isFinite(entry.at);
}
