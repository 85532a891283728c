/**
 * One session at a time: from the microphone to the server, and from there onto the transcript.
 *
 * Phases: idle, asking (for the microphone), connecting, listening, finishing (what was said last is being written), done, error.
 * What is heard before the server is ready waits, and so it does when the connection is slow.
 */

import { ApiError } from "../api.js";
import { ListenSocket } from "./listen-socket.js";
import { Microphone, MicrophoneError } from "./microphone.js";

/** Seconds that are left to the browser to send; more would wait in it out of our sight. */
const SENT_AHEAD_S = 1;
/** Further behind there is no use in going on. */
const FURTHEST_BEHIND_S = 60;
const BYTES_A_SAMPLE = 2;
const TICK_MS = 100;

/** Events: `change`. */
export class Dictation extends EventTarget {
  /** @param {import("./transcript.js").Transcript} transcript */
  constructor(transcript) {
    super();
    this.transcript = transcript;
    this.phase = "idle";
    /** @type {Error | null} */
    this.error = null;
    /** @type {string[]} what the server remarked */
    this.warnings = [];
    this.microphone = null;
    this.socket = new ListenSocket({
      onReady: () => this.#ready(),
      onPartial: (partial) => this.transcript.tell(partial),
      onFinal: (segment) => this.transcript.add(segment),
      onDone: ({ warnings }) => this.#done(warnings ?? []),
      onError: (error) => this.fail(error),
    });
    this.#forget();
  }

  /** Whether the microphone is on, or is about to be. */
  get on() {
    return ["asking", "connecting", "listening"].includes(this.phase);
  }

  get busy() {
    return this.on || this.phase === "finishing";
  }

  /** Seconds that were heard on this connection. */
  get heardS() {
    return this.samples / this.rate;
  }

  /** Seconds that were heard and have not left yet. */
  get behindS() {
    const waiting = this.queue.reduce((sum, { length }) => sum + length, 0);
    return (waiting + this.socket.waiting / BYTES_A_SAMPLE) / this.rate;
  }

  /**
   * Begin; call this inside a click or a key press.
   *
   * @param {object} config fields of `session.config`
   */
  async start(config) {
    if (this.busy) return;
    this.#forget();
    const microphone = new Microphone();
    this.microphone = microphone;
    microphone.addEventListener("block", ({ detail }) => this.microphone === microphone && this.#heard(detail));
    microphone.addEventListener("gone", () => this.microphone === microphone && this.fail(new MicrophoneError("gone")));
    this.#enter("asking");
    try {
      this.rate = await microphone.open();
      if (this.microphone !== microphone) return void microphone.close(); // stopped meanwhile
      this.#enter("connecting");
      await this.socket.open({ ...config, sample_rate: this.rate, format: "pcm16" });
    } catch (error) {
      if (this.microphone === microphone) this.fail(error);
      else microphone.close();
    }
  }

  /** That was all: what was said last is still written down. */
  async stop() {
    const { phase, microphone } = this;
    if (!this.on) return;
    if (phase !== "listening") {
      this.#leave();
      this.#enter("idle");
      return;
    }
    this.#enter("finishing");
    await microphone.close();
    if (this.microphone !== microphone) return; // it failed meanwhile
    this.microphone = null;
    this.isOver = true;
    this.#drain();
  }

  /** @param {Error} error */
  fail(error) {
    if (!this.busy) return;
    this.#leave();
    this.error = error;
    this.#enter("error");
  }

  #forget() {
    Object.assign(this, { error: null, warnings: [], queue: [], samples: 0, rate: 1, isOver: false });
  }

  #ready() {
    if (this.phase !== "connecting") return;
    this.#enter("listening");
    this.#drain();
  }

  #heard(block) {
    this.samples += block.length;
    this.queue.push(block);
    this.#drain();
    if (this.behindS > FURTHEST_BEHIND_S) this.fail(new ApiError("slow"));
    else this.dispatchEvent(new Event("change"));
  }

  /** Send as much as the connection takes; after the last block, say so. */
  #drain() {
    clearTimeout(this.timer);
    if (this.phase !== "listening" && this.phase !== "finishing") return;
    const most = SENT_AHEAD_S * this.rate * BYTES_A_SAMPLE;
    while (this.queue.length && this.socket.waiting < most) this.socket.add(this.queue.shift());
    if (this.queue.length) this.timer = setTimeout(() => this.#drain(), TICK_MS);
    else if (this.isOver && this.samples) this.socket.over();
    else if (this.isOver) this.#done([]);
  }

  #done(warnings) {
    this.warnings = warnings;
    this.#leave();
    this.#enter("done");
  }

  #leave() {
    const { microphone } = this;
    this.microphone = null;
    clearTimeout(this.timer);
    microphone?.close();
    this.socket.close();
    this.transcript.end(this.heardS);
    Object.assign(this, { queue: [], samples: 0 });
  }

  #enter(phase) {
    this.phase = phase;
    this.dispatchEvent(new Event("change"));
  }
}
