/** Plays chunks one after the other while the next is being made. */
(function (tingshuo) {
  "use strict";

  const LEAD_S = 0.03;

  /** A queue of chunks at the loudspeaker. */
  class Player {
    #context = null;
    #ends_s = 0;

    /** Begin anew; call it from the handler of a click, or the browser will not play. */
    begin() {
      this.stop();
      this.#context = new AudioContext();
      this.#ends_s = 0;
    }

    /** @param {Float32Array} wav @param {number} sampleRate Hz */
    add(wav, sampleRate) {
      const context = this.#context;
      if (!context || !wav.length) return;
      const buffer = context.createBuffer(1, wav.length, sampleRate);
      buffer.copyToChannel(wav, 0);
      const source = context.createBufferSource();
      source.buffer = buffer;
      source.connect(context.destination);
      this.#ends_s = Math.max(this.#ends_s, context.currentTime + LEAD_S);
      source.start(this.#ends_s);
      this.#ends_s += buffer.duration;
    }

    /** Seconds until everything has been heard. */
    get left_s() {
      return this.#context ? Math.max(0, this.#ends_s - this.#context.currentTime) : 0;
    }

    /** Fall silent. */
    stop() {
      this.#context?.close();
      this.#context = null;
    }
  }
  tingshuo.Player = Player;
})((globalThis.tingshuo ??= {}));
