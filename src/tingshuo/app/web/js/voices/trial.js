/** A sentence with a voice, to hear what it is like: one at a time. */

import { streamSpeech } from "../api.js";

/** Phases: idle, asked, speaking, done, error. Event: `change`. */
export class Trial extends EventTarget {
  /** @param {import("../player.js").Player} player one of its own */
  constructor(player) {
    super();
    this.player = player;
    this.abort = null;
    this.#reset("idle", null);
    player.addEventListener("change", () => this.#heard());
  }

  get busy() {
    return this.phase === "asked" || this.phase === "speaking";
  }

  /**
   * Call this inside a click or a key press, browsers permit sound only there.
   *
   * @param {string} text
   * @param {{voice: string, speaker: string, sampleRate: number}} who
   */
  async speak(text, who) {
    this.stop();
    const abort = new AbortController();
    this.abort = abort;
    this.#reset("asked", who);
    this.player.unlock(who.sampleRate).catch(() => {});
    try {
      await this.#run(text, who, abort.signal);
    } catch (error) {
      if (abort.signal.aborted) return;
      this.error = error;
      this.#enter("error");
    }
  }

  stop() {
    this.abort?.abort();
    this.abort = null;
    this.player.stop();
    if (this.busy) this.#enter("idle");
  }

  async #run(text, { voice, speaker }, signal) {
    const asked = performance.now();
    const own = speaker ? { speaker } : {};
    for await (const line of streamSpeech({ text, voice, ...own, format: "wav" }, signal)) {
      if (signal.aborted) return;
      if (line.type === "start") this.player.begin(line.sample_rate);
      if (line.type === "audio") {
        this.firstAudioMs ||= performance.now() - asked;
        this.player.push(line.start_samples, line.pcm);
        if (this.phase === "asked") this.#enter("speaking");
      }
      if (line.type === "done") {
        this.label = line.label;
        this.abort = null;
        this.player.finish();
        this.#heard();
      }
    }
  }

  #heard() {
    if (this.phase === "speaking" && this.abort === null && !this.player.playing) this.#enter("done");
  }

  #reset(phase, who) {
    Object.assign(this, { phase, who, error: null, label: undefined, firstAudioMs: 0 });
    this.dispatchEvent(new Event("change"));
  }

  #enter(phase) {
    this.phase = phase;
    this.dispatchEvent(new Event("change"));
  }
}
