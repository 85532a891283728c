/** The microphone: asks for it, and gives out what it hears in blocks of 16 bits. */

/** Enough for speech, a third of what sound cards do; browsers that cannot resample a microphone keep their own rate. */
const WANTED_HZ = 16000;
/** A recogniser has learnt noise and rooms, but not what is left when a browser has taken them away. */
const WISHES = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: true };
const KINDS = {
  NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "missing", OverconstrainedError: "missing",
  NotReadableError: "taken", AbortError: "taken",
};

/** Why there is no sound: `insecure` page, `unsupported` browser, `denied`, `missing`, `taken` by another program, `gone`. */
export class MicrophoneError extends Error {
  /** @param {string} kind */
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

/** @returns {MicrophoneError | null} what forbids a microphone to this page in this browser, whatever its user says */
export function obstacle() {
  if (!window.isSecureContext) return new MicrophoneError("insecure");
  return navigator.mediaDevices?.getUserMedia && window.AudioWorkletNode ? null : new MicrophoneError("unsupported");
}

/** Events: `block` (a CustomEvent with an Int16Array), `gone` (it was pulled out, or taken back). */
export class Microphone extends EventTarget {
  constructor() {
    super();
    this.stream = null;
    /** @type {AudioContext | null} */
    this.context = null;
    this.capture = null;
    /** @type {AnalyserNode | null} what a level is read from */
    this.analyser = null;
  }

  /**
   * Ask for it, and begin.
   *
   * @returns {Promise<number>} Hz of the blocks
   * @throws {MicrophoneError}
   */
  async open() {
    const forbidden = obstacle();
    if (forbidden) throw forbidden;
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: WISHES });
    } catch (error) {
      throw error.name in KINDS ? new MicrophoneError(KINDS[error.name]) : error;
    }
    for (const track of this.stream.getTracks()) track.addEventListener("ended", () => this.dispatchEvent(new Event("gone")));
    const source = this.#source();
    const { context } = this;
    await context.audioWorklet.addModule(new URL("./capture-worklet.js", import.meta.url));
    this.analyser = new AnalyserNode(context, { fftSize: 1024 });
    this.capture = new AudioWorkletNode(context, "capture", {
      numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit",
    });
    this.capture.port.onmessage = ({ data }) => this.#give(data);
    source.connect(this.analyser);
    source.connect(this.capture);
    await context.resume();
    return context.sampleRate;
  }

  /** Give out what is left, and let go of the device. */
  async close() {
    const { capture, context, stream } = this;
    Object.assign(this, { capture: null, context: null, stream: null, analyser: null });
    if (capture && context.state === "running") await lastOf(capture, (block) => this.#give(block));
    for (const track of stream?.getTracks() ?? []) track.stop();
    await context?.close();
  }

  #give(block) {
    this.dispatchEvent(new CustomEvent("block", { detail: block }));
  }

  #source() {
    this.context = new AudioContext({ sampleRate: WANTED_HZ, latencyHint: "balanced" });
    try {
      return this.context.createMediaStreamSource(this.stream);
    } catch {
      this.context.close();
      this.context = new AudioContext();
      return this.context.createMediaStreamSource(this.stream);
    }
  }
}

function lastOf(capture, give) {
  return new Promise((resolve) => {
    capture.port.onmessage = ({ data }) => (data ? give(data) : resolve());
    capture.port.postMessage("end");
  });
}
