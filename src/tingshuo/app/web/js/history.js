/** What was spoken lately, with its settings; kept in this browser only. */

import { read, write } from "./storage.js";

const KEPT = 20;
const LONGEST_TEXT = 20000;

/**
 * @typedef {{text: string, settings: import("./settings.js").Settings, at: number, duration_s: number}} Entry
 */

/** Event: `change`. */
export class History extends EventTarget {
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
   */
  add(entry) {
    if (entry.text.length > LONGEST_TEXT) return;
    const key = identity(entry);
    this.#set([entry, ...this.entries.filter((other) => identity(other) !== key)].slice(0, KEPT));
  }

  /** @param {Entry} entry */
  remove(entry) {
    this.#set(this.entries.filter((other) => other !== entry));
  }

  clear() {
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
