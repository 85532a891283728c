/** What was seen of the server while the page looked, for the charts. */

/** Charts begin with the last minute, and grow to five. */
const [SHORTEST_S, LONGEST_S] = [60, 300];

/**
 * @typedef {{at: number, values: Array<number | null>}} Point
 */

export class Seen {
  constructor() {
    this.forget();
  }

  forget() {
    this.last = null;
    this.since = null;
    /** @type {Record<string, Point[]>} */
    this.series = { first: [], throughput: [], active: [], cache: [], memory: [] };
  }

  /**
   * @param {object} told by `GET /api/status`
   * @param {number} at seconds on the page's clock
   */
  add(told, at) {
    if (this.last && told.uptime_s < this.last.told.uptime_s) this.forget(); // it was started anew
    this.since ??= at;
    const { now, last_minute: minute } = told;
    this.#put("first", at, [minute.first_audio_ms.p50, minute.first_audio_ms.p95]);
    this.#put("active", at, [now.active]);
    this.#put("cache", at, [minute.cache.share]);
    this.#put("memory", at, [now.memory_bytes, now.voice_bytes]);
    if (this.last) this.#put("throughput", at, [this.#rate(told)]);
    this.last = { told, at };
  }

  /** @param {number} now @returns {number} seconds that a chart shows: whole minutes */
  spanS(now) {
    const minutes = Math.ceil((now - (this.since ?? now)) / 60);
    return Math.max(SHORTEST_S, Math.min(LONGEST_S, 60 * minutes));
  }

  /** The page did not look for a while: lines are broken there. */
  pause(at) {
    for (const [name, points] of Object.entries(this.series)) {
      if (points.length) this.#put(name, at, points.at(-1).values.map(() => null));
    }
    this.last = null;
  }

  /** Seconds of audio a second, since the last look. */
  #rate(told) {
    const before = this.last.told;
    const seconds = told.uptime_s - before.uptime_s;
    return seconds > 0 ? (told.since_start.audio_s - before.since_start.audio_s) / seconds : null;
  }

  #put(name, at, values) {
    const points = this.series[name];
    points.push({ at, values });
    while (points[0].at < at - LONGEST_S) points.shift();
  }
}
