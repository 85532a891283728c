/**
 * One synthesis at a time: asks the server, feeds player and track, and knows what to tell the user.
 *
 * States: connecting, ready, requesting, speaking, waiting (playback has caught up with the server), done, stopped, error.
 */

import { ApiError, streamSpeech } from "./api.js";
import { requestBody } from "./settings.js";

/** From so many characters on the file is made in a format that a browser plays and a server can keep for hours of speech. */
const LONG_TEXT = 12000;

/** Events: `change`; `begin` and `finish` of an utterance. */
export class Session extends EventTarget {
  /**
   * @param {import("./player.js").Player} player
   * @param {import("./track.js").Track} track
   */
  constructor(player, track) {
    super();
    Object.assign(this, { player, track });
    this.phase = "connecting";
    /** @type {AbortController | null} */
    this.abort = null;
    /** @type {Error | null} */
    this.error = null;
    /** What is heard: its text and settings, and what the server said about it. */
    this.utterance = null;
    player.addEventListener("change", () => this.#changed());
    player.addEventListener("failed", () => this.#playbackFailed());
  }

  /** Whether a request is on its way. */
  get busy() {
    return this.abort !== null;
  }

  get state() {
    if (this.phase === "streaming" || this.phase === "finished") {
      if (this.player.waiting && this.busy) return "waiting";
      return this.busy || this.player.playing ? "speaking" : "done";
    }
    return this.phase === "stopped" && this.player.playing ? "speaking" : this.phase;
  }

  /** The server has said what it can do. */
  ready() {
    if (this.phase === "connecting" || this.phase === "error") this.#enter("ready", null);
  }

  /** @param {Error} error why there is nothing to speak with, or what else went wrong */
  fail(error) {
    this.#enter("error", error);
  }

  /**
   * Speak; does nothing while another request is on its way.
   *
   * @param {string} text
   * @param {import("./settings.js").Settings} settings
   * @param {{sampleRate: number, formats: string[]}} voice
   */
  async speak(text, settings, { sampleRate, formats }) {
    if (this.busy) return;
    const abort = new AbortController();
    this.abort = abort;
    this.player.pause();
    this.player.unlock(sampleRate).catch(() => {});
    this.#enter("requesting", null);
    const format = text.length > LONG_TEXT && formats.includes("mp3") ? "mp3" : "wav";
    try {
      await this.#run({ text, settings, format, firstAudioMs: 0, summary: null }, abort.signal);
      this.#end("finished", null);
    } catch (error) {
      if (abort.signal.aborted) this.#end("stopped", null);
      else this.#end("error", error);
    }
  }

  /** Stop the request and the sound. */
  stop() {
    this.abort?.abort();
    this.player.stop();
  }

  async #run(utterance, signal) {
    const asked = performance.now();
    for await (const line of streamSpeech(requestBody(utterance.text, utterance.settings, utterance.format), signal)) {
      if (signal.aborted) return;
      if (line.type === "start") {
        this.utterance = utterance;
        this.track.begin(line.sample_rate);
        this.player.begin(line.sample_rate);
        this.dispatchEvent(new Event("begin"));
      } else if (line.type === "sentence") {
        this.track.addSentence(line);
      } else if (line.type === "audio") {
        this.player.push(line.start_samples, line.pcm);
        this.track.push(line.pcm);
        if (this.phase === "requesting") {
          utterance.firstAudioMs = performance.now() - asked;
          this.#enter("streaming", null);
        }
      } else if (line.type === "done") {
        utterance.summary = line;
        this.track.setLabel(line.label);
      }
    }
  }

  #end(phase, error) {
    const begun = this.phase === "streaming";
    this.abort = null;
    if (begun) {
      this.track.finish();
      this.player.finish(phase === "finished" ? this.utterance.summary.audio_url : "");
    }
    this.#enter(phase, error);
    if (phase === "finished") this.dispatchEvent(new Event("finish"));
  }

  #playbackFailed() {
    this.#enter("error", new ApiError("expired"));
  }

  #enter(phase, error) {
    this.phase = phase;
    this.error = error;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
