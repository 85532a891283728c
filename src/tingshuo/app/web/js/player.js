/**
 * One transport over two sources: the live stream while speech is being made, then the finished file.
 *
 * The file's `<audio>` element takes over as soon as nobody would hear the change: when the live playback pauses, seeks or
 * ends. Until the server has sent a file (or when it never does), everything works on the samples received so far.
 */

import { LiveVoice } from "./live.js";

const UPDATES = ["play", "pause", "seeked", "ended", "durationchange", "waiting", "playing"];

/** Events: `change` (any state), `ended`, `failed` (the file cannot be played). */
export class Player extends EventTarget {
  /** @param {HTMLAudioElement} audio plays the finished file */
  constructor(audio) {
    super();
    this.audio = audio;
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {LiveVoice | null} */
    this.live = null;
    this.fileUrl = "";
    audio.addEventListener("loadedmetadata", () => this.#rescue());
    for (const name of UPDATES) audio.addEventListener(name, () => this.#changed());
    audio.addEventListener("ended", () => this.dispatchEvent(new Event("ended")));
    audio.addEventListener("error", () => {
      if (this.fileUrl) this.dispatchEvent(new Event("failed"));
    });
  }

  get playing() {
    return this.live ? this.live.playing : !this.audio.paused && !this.audio.ended;
  }

  /** Whether playback has caught up with the server. */
  get waiting() {
    return Boolean(this.live?.playing && this.live.waiting);
  }

  get hasSound() {
    return this.durationS > 0;
  }

  get durationS() {
    if (this.live) return this.live.durationS;
    return this.fileUrl && Number.isFinite(this.audio.duration) ? this.audio.duration : 0;
  }

  get positionS() {
    if (this.live) return this.live.positionS;
    return this.fileUrl ? this.audio.currentTime : 0;
  }

  /**
   * Allow sound: call this inside the user's click or key press, browsers permit audio only there.
   *
   * @param {number} sampleRate Hz, of the voice
   */
  async unlock(sampleRate) {
    if (this.context?.sampleRate !== sampleRate) {
      this.context?.close();
      this.context = new AudioContext({ sampleRate, latencyHint: "interactive" });
    }
    await this.context.resume();
  }

  /**
   * Forget what was there and play what will be pushed.
   *
   * @param {number} sampleRate Hz
   */
  begin(sampleRate) {
    this.clear();
    this.unlock(sampleRate).catch(() => {});
    this.live = new LiveVoice(this.context);
    this.live.addEventListener("playing", () => this.#changed());
    this.live.addEventListener("waiting", () => this.#changed());
    this.live.addEventListener("ended", () => this.#liveEnded());
    this.live.play(0);
    this.#changed();
  }

  /**
   * @param {number} start absolute sample
   * @param {Int16Array} pcm
   */
  push(start, pcm) {
    this.live?.push(start, pcm);
  }

  /** @param {string} [url] the finished file; without it the samples received stay the source */
  finish(url = "") {
    this.fileUrl = url;
    if (url) {
      this.audio.src = url;
      this.audio.load();
    }
    this.live?.finish();
    if (this.live && !this.live.playing) this.#takeOver(this.live.positionS);
    this.#changed();
  }

  async play() {
    const from = this.durationS - this.positionS < 0.05 ? 0 : this.positionS;
    if (this.live) {
      await this.context?.resume();
      this.live.play(from);
    } else if (this.fileUrl) {
      this.audio.currentTime = from;
      await this.audio.play().catch(() => {});
    }
    this.#changed();
  }

  pause() {
    if (this.live) {
      this.live.pause();
      this.#takeOver(this.live.positionS);
    } else {
      this.audio.pause();
    }
    this.#changed();
  }

  /** @param {number} seconds */
  async seek(seconds) {
    const to = Math.max(0, Math.min(seconds, this.durationS));
    const resume = this.playing;
    if (this.live) {
      this.live.pause();
      this.live.restS = to;
      this.#takeOver(to);
    } else {
      this.audio.currentTime = to;
    }
    if (this.live && resume) this.live.play(to);
    else if (resume && this.audio.paused) await this.audio.play().catch(() => {});
    this.#changed();
  }

  /** Back to the beginning, silent. */
  stop() {
    this.pause();
    if (this.live) this.live.restS = 0;
    else if (this.fileUrl) this.audio.currentTime = 0;
    this.#changed();
  }

  /** Forget everything. */
  clear() {
    this.live?.release();
    this.live = null;
    this.fileUrl = "";
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.audio.load();
    this.#changed();
  }

  /** Let the file be the source from here on, if it can be played by now. */
  #takeOver(seconds) {
    if (!this.fileUrl || !this.live || this.audio.readyState < HTMLMediaElement.HAVE_METADATA) return;
    this.audio.currentTime = seconds;
    this.live.release();
    this.live = null;
  }

  /** Where the browser gives no running context (no sound card, a call on a phone), play the file as soon as it is there. */
  #rescue() {
    if (!this.live?.playing || this.context.state === "running") return;
    this.#takeOver(this.live.positionS);
    this.play();
  }

  #liveEnded() {
    this.#takeOver(this.live.durationS);
    this.dispatchEvent(new Event("ended"));
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
