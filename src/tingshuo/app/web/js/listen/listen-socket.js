/** `WS /v1/audio/transcriptions/stream`: samples go out as they are heard, what is said comes back; one session a connection. */

import { ApiError } from "../api.js";
import { opened, socketTo } from "../socket.js";

const PATH = "v1/audio/transcriptions/stream";

/**
 * @typedef {object} Listener
 * @property {(message: object) => void} onReady
 * @property {(message: {text: string, start_s: number, stable: number}) => void} onPartial
 * @property {(segment: import("./transcript.js").Segment) => void} onFinal
 * @property {(message: {warnings: string[]}) => void} onDone
 * @property {(error: ApiError) => void} onError the server refused, or the connection broke before all was written down
 */

export class ListenSocket {
  /** @param {Listener} listener */
  constructor(listener) {
    this.listener = listener;
    /** @type {WebSocket | null} */
    this.socket = null;
  }

  /** Bytes that have not left yet. */
  get waiting() {
    return this.socket?.bufferedAmount ?? 0;
  }

  /**
   * @param {object} config fields of `session.config`
   * @throws {ApiError} there is no connection to be had
   */
  async open(config) {
    this.close();
    const socket = socketTo(PATH);
    this.socket = socket;
    await opened(socket);
    if (this.socket !== socket) return;
    socket.addEventListener("message", ({ data }) => this.socket === socket && this.#hear(JSON.parse(data)));
    socket.addEventListener("close", () => this.socket === socket && this.#lost());
    this.#send({ type: "session.config", ...config });
  }

  /** @param {Int16Array} pcm */
  add(pcm) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(pcm);
  }

  /** That was all. */
  over() {
    this.#send({ type: "input.done" });
  }

  close() {
    const { socket } = this;
    this.socket = null;
    socket?.close();
  }

  #send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  #hear(message) {
    const { listener } = this;
    if (message.type === "session.ready") listener.onReady(message);
    else if (message.type === "transcript.partial") listener.onPartial(message);
    else if (message.type === "transcript.final") listener.onFinal(message);
    else if (message.type === "transcript.done") this.#end(() => listener.onDone(message));
    else if (message.type === "error") this.#end(() => listener.onError(refusalOf(message)));
  }

  #lost() {
    this.#end(() => this.listener.onError(new ApiError("broken")));
  }

  /** Nothing that comes later counts. */
  #end(tell) {
    this.close();
    tell();
  }
}

function refusalOf({ error }) {
  return new ApiError("refused", error.message, 0, error.code);
}
