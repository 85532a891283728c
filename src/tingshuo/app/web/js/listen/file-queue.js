/**
 * Files that are written down, one after the other.
 *
 * Phases of one: waiting, sending, hearing, done, error, stopped.
 */

import { Transcript } from "./transcript.js";
import { transcribe } from "./upload.js";

/** Event: `change`, after which `progress` may be another. */
export class FileTask extends EventTarget {
  /**
   * @param {File} file
   * @param {Record<string, string>} fields how it is to be heard
   */
  constructor(file, fields) {
    super();
    Object.assign(this, { file, fields });
    this.phase = "waiting";
    this.transcript = new Transcript();
    /** @type {Error | null} */
    this.error = null;
    /** @type {string[]} */
    this.warnings = [];
    this.sent = 0;
    /** Seconds, where the browser can tell; 0 where not. */
    this.durationS = 0;
    this.abort = new AbortController();
  }

  /** How far it is in its phase, 0 to 1; null where that is not known. */
  get progress() {
    if (this.phase === "sending") return this.sent;
    if (this.phase !== "hearing" || !this.durationS) return null;
    return Math.min(1, (this.transcript.segments.at(-1)?.end_s ?? 0) / this.durationS);
  }

  get isOver() {
    return ["done", "error", "stopped"].includes(this.phase);
  }

  async run() {
    Object.assign(this, { abort: new AbortController(), error: null, sent: 0, warnings: [] });
    this.transcript.clear(0);
    this.#enter("sending");
    durationOf(this.file).then((seconds) => (this.durationS = seconds));
    const { signal } = this.abort;
    try {
      await transcribe(this.file, this.fields, {
        signal, onSent: (share) => this.#sent(share), onEvent: (event) => this.#on(event),
      });
      this.#enter("done");
    } catch (error) {
      this.error = signal.aborted ? null : error;
      this.#enter(signal.aborted ? "stopped" : "error");
    }
  }

  stop() {
    this.abort.abort();
    if (this.phase === "waiting") this.#enter("stopped");
  }

  wait() {
    this.#enter("waiting");
  }

  #sent(share) {
    this.sent = share;
    if (this.phase === "sending") this.#enter(share < 1 ? "sending" : "hearing");
  }

  #on(event) {
    if (event.type === "transcript.text.delta") {
      this.transcript.add(event.segment ?? { text: event.delta.trim(), start_s: null, end_s: null });
    } else if (event.type === "transcript.text.done") {
      this.warnings = event.warnings ?? [];
    }
    this.#enter("hearing");
  }

  #enter(phase) {
    this.phase = phase;
    this.dispatchEvent(new Event("change"));
  }
}

export class FileQueue {
  constructor() {
    /** @type {FileTask[]} */
    this.tasks = [];
    this.isRunning = false;
  }

  /** @param {FileTask} task a new one, or one that is to be tried again */
  add(task) {
    task.wait();
    if (!this.tasks.includes(task)) this.tasks.push(task);
    this.#run();
  }

  /** @param {FileTask} task */
  remove(task) {
    this.tasks = this.tasks.filter((one) => one !== task);
    task.stop();
  }

  async #run() {
    if (this.isRunning) return;
    this.isRunning = true;
    for (let next = this.#next(); next; next = this.#next()) await next.run();
    this.isRunning = false;
  }

  #next() {
    return this.tasks.find(({ phase }) => phase === "waiting");
  }
}

/** @returns {Promise<number>} 0 where the browser does not know this kind of file; the server may all the same */
function durationOf(file) {
  const media = document.createElement("audio");
  const address = URL.createObjectURL(file);
  return new Promise((resolve) => {
    const tell = () => {
      URL.revokeObjectURL(address);
      resolve(Number.isFinite(media.duration) ? media.duration : 0);
    };
    media.addEventListener("loadedmetadata", tell, { once: true });
    media.addEventListener("error", tell, { once: true });
    media.preload = "metadata";
    media.src = address;
  });
}
