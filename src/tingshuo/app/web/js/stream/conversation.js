/**
 * One text at a time, spoken while it is still being written, and what is measured of that.
 *
 * Phases: idle, connecting, listening (no sound yet), speaking, heard (all of it), cancelled, error.
 */

import { ApiError } from "../api.js";
import { SpeechSocket } from "./speech-socket.js";

/** How the sound fades out when it is stopped, see `live.js`. */
const FADE_MS = 12;

/** Events: `change`; `begin` (of the sound), `sentence` (a CustomEvent with it), `finish` (of the making). */
export class Conversation extends EventTarget {
  /** @param {import("../player.js").Player} player one of its own */
  constructor(player) {
    super();
    this.player = player;
    this.phase = "idle";
    /** @type {Error | null} */
    this.error = null;
    this.wasWaiting = false;
    this.socket = new SpeechSocket({
      onStart: (message) => this.#start(message),
      onSentence: (sentence) => this.dispatchEvent(new CustomEvent("sentence", { detail: sentence })),
      onAudio: (pcm) => this.#push(pcm),
      onDone: (message) => this.#done(message),
      onCancelled: (message) => this.#cancelled(message),
      onError: (error) => this.fail(error),
      onLost: () => this.busy && !this.isMade && this.fail(new ApiError("broken")),
    });
    player.addEventListener("change", () => this.#heard());
    this.#forget();
  }

  /** Whether more text may be added. */
  get open() {
    return ["connecting", "listening", "speaking"].includes(this.phase) && !this.isOver;
  }

  /** Whether there is something to barge in on. */
  get busy() {
    return ["connecting", "listening", "speaking"].includes(this.phase);
  }

  /** Seconds of sound that have come and are not heard yet. */
  get leadS() {
    return this.player.live ? Math.max(0, this.player.durationS - this.player.positionS) : 0;
  }

  /**
   * Begin a text; call this inside a click or a key press, browsers permit sound only there.
   *
   * @param {object} config fields of `session.config`
   * @param {number} sampleRate Hz, of the voice
   * @returns {Promise<boolean>} whether it has begun
   */
  async begin(config, sampleRate) {
    if (this.busy) this.bargeIn();
    this.player.unlock(sampleRate).catch(() => {});
    this.#forget();
    const { text } = this;
    this.#enter("connecting");
    try {
      await this.socket.open();
    } catch (error) {
      if (text === this.text) this.fail(error);
      return false;
    }
    if (text !== this.text || !this.busy) return false; // stopped meanwhile
    this.socket.configure(config);
    for (const piece of text.waiting.splice(0)) this.#send(piece);
    this.#enter("listening");
    if (this.isOver) this.socket.over();
    return true;
  }

  /** @param {string} piece */
  add(piece) {
    if (!this.open || !piece) return;
    if (this.phase === "connecting") this.text.waiting.push(piece);
    else this.#send(piece);
  }

  /** The text is whole. */
  over() {
    if (!this.open) return;
    this.isOver = true;
    if (this.phase !== "connecting") this.socket.over();
    this.#changed();
  }

  /** @param {number} [pressed] when the key or button went down, on the page's clock, ms */
  bargeIn(pressed = performance.now()) {
    if (!this.busy) return;
    const { player, figures } = this;
    const heardS = player.positionS;
    const unheardS = this.leadS;
    this.phase = "cancelled"; // before the player tells that it has stopped
    player.stop();
    const silentMs = performance.now() - pressed + FADE_MS + 1000 * (player.context?.outputLatency || 0);
    figures.stop = { pressed, heardS, silentMs, unheardS, confirmedMs: null, wasMade: this.isMade };
    if (this.samples) this.label = { form: "unfinished" };
    if (!this.isMade) this.socket.cancel();
    this.#changed();
  }

  /** @param {Error} error */
  fail(error) {
    if (this.busy && !this.isOver) this.socket.cancel(); // what is left of the text is not the beginning of another
    this.player.finish();
    this.error = error;
    this.#enter("error");
  }

  /** Nobody listens any more. */
  leave() {
    if (this.busy) this.bargeIn();
    this.player.stop();
    this.socket.close();
  }

  #forget() {
    this.error = null;
    this.isOver = false;
    this.isMade = false;
    this.samples = 0;
    this.text = { waiting: [] };
    this.label = undefined;
    this.figures = { firstPiece: 0, lastPiece: 0, pieces: 0, firstAudioMs: 0, afterPieceMs: 0, gaps: 0, stop: null };
  }

  #send(piece) {
    const { figures } = this;
    figures.lastPiece = performance.now();
    figures.firstPiece ||= figures.lastPiece;
    figures.pieces += 1;
    this.socket.add(piece);
  }

  #start({ sample_rate: sampleRate }) {
    this.player.begin(sampleRate);
    this.dispatchEvent(new Event("begin"));
  }

  #push(pcm) {
    const { figures } = this;
    if (!this.samples) {
      const now = performance.now();
      figures.firstAudioMs = now - figures.firstPiece;
      figures.afterPieceMs = now - figures.lastPiece;
    }
    this.player.push(this.samples, pcm);
    this.samples += pcm.length;
    if (this.phase === "listening") this.#enter("speaking");
  }

  #done({ label }) {
    this.isMade = true;
    this.label = label;
    this.player.finish();
    this.dispatchEvent(new Event("finish"));
    this.#heard();
  }

  #cancelled({ duration_s: madeS }) {
    const { stop } = this.figures;
    if (!stop || stop.wasMade) return;
    stop.confirmedMs = performance.now() - stop.pressed;
    stop.unheardS = Math.max(stop.unheardS, madeS - stop.heardS);
    this.#changed();
  }

  /** The player went on: count the times that it ran dry, and see when all has been heard. */
  #heard() {
    if (this.phase !== "speaking") return;
    const { waiting, playing } = this.player;
    if (waiting && !this.wasWaiting && !this.isMade) this.figures.gaps += 1;
    this.wasWaiting = waiting;
    if (this.isMade && !playing) this.#enter("heard");
    else this.#changed();
  }

  #enter(phase) {
    this.phase = phase;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
