/**
 * `WS /v1/audio/speech/stream`: text goes out in pieces, sentences with their times and samples come back.
 *
 * The audio is asked for as wav, as bare samples would not be labelled as made by AI. What still comes of a text that was
 * cancelled is dropped, so the next may be begun at once.
 */

import { ApiError } from "../api.js";
import { opened, socketTo } from "../socket.js";
import { WavStream } from "./wav-stream.js";

const PATH = "v1/audio/speech/stream";

/**
 * @typedef {object} Listener
 * @property {(message: {sample_rate: number, voice: string, speaker: string}) => void} onStart
 * @property {(sentence: object) => void} onSentence
 * @property {(pcm: Int16Array) => void} onAudio
 * @property {(message: {duration_s: number, label: object | null, warnings: string[]}) => void} onDone
 * @property {(message: {duration_s: number}) => void} onCancelled
 * @property {(error: ApiError) => void} onError
 * @property {() => void} onLost the connection has ended, as it does when nothing is said for minutes
 */

export class SpeechSocket {
  /** @param {Listener} listener */
  constructor(listener) {
    this.listener = listener;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.cancelling = 0;
    this.wav = new WavStream();
  }

  /**
   * Connect, when that is not so already.
   *
   * @throws {ApiError} there is no connection to be had
   */
  async open() {
    if (this.socket?.readyState === WebSocket.OPEN) return;
    this.close();
    const socket = socketTo(PATH);
    this.socket = socket;
    this.cancelling = 0;
    await opened(socket);
    socket.addEventListener("message", ({ data }) => this.socket === socket && this.#hear(data));
    socket.addEventListener("close", () => this.#lost(socket));
  }

  /** @param {object} fields of `session.config`; a text comes after it */
  configure(fields) {
    this.#send({ ...fields, type: "session.config", response_format: "wav" });
  }

  /** @param {string} text a piece of any length */
  add(text) {
    this.#send({ type: "input.text", text });
  }

  /** The text is whole. */
  over() {
    this.#send({ type: "input.done" });
  }

  /** Somebody barged in. */
  cancel() {
    if (this.#send({ type: "input.cancel" })) this.cancelling += 1;
  }

  close() {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  #send(message) {
    const isOpen = this.socket?.readyState === WebSocket.OPEN;
    if (isOpen) this.socket.send(JSON.stringify(message));
    return isOpen;
  }

  #hear(data) {
    if (typeof data !== "string") {
      const pcm = this.cancelling ? [] : this.wav.push(data);
      if (pcm.length) this.listener.onAudio(pcm);
      return;
    }
    const message = JSON.parse(data);
    if (message.type === "audio.cancelled") {
      this.cancelling -= 1;
      this.listener.onCancelled(message);
    }
    if (this.cancelling) return;
    if (message.type === "audio.start") {
      this.wav = new WavStream();
      this.listener.onStart(message);
    } else if (message.type === "audio.sentence") {
      this.listener.onSentence(message);
    } else if (message.type === "audio.done") {
      this.listener.onDone(message);
    } else if (message.type === "error") {
      this.listener.onError(new ApiError("refused", message.error.message, 0, message.error.code));
    }
  }

  #lost(socket) {
    if (this.socket !== socket) return;
    this.socket = null;
    this.listener.onLost();
  }
}
