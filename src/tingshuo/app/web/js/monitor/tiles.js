/** What the cards of the monitor show, from what `GET /api/status` tells. */

import { megabytes, milliseconds, percent, ratio } from "../format.js";

const UNKNOWN = "—";
const ms = (value) => (value === null ? UNKNOWN : milliseconds(value));
const seconds = (value, t) => t("secondsValue", { count: value.toFixed(value < 9.95 ? 2 : 0) });
const times = (value) => `${ratio(value)}×`;

/** Seconds as days, hours, minutes: the two largest that there are. */
function long(value, t) {
  const units = [["days", 86400], ["hours", 3600], ["minutes", 60], ["seconds", 1]];
  const at = Math.max(0, units.findIndex(([, size]) => value >= size));
  const first = value >= 1 ? at : units.length - 1;
  let rest = value;
  return units.slice(first, first + 2).map(([key, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return t(key, { count });
  }).join(" ");
}

/** @type {import("./tile.js").TileKind[]} */
export const TILES = [
  {
    key: "tileFirst",
    rows: [
      ["median", (_, figures) => ms(figures.first_audio_ms.p50)],
      ["tail", (_, figures) => ms(figures.first_audio_ms.p95)],
      ["spoken", (_, figures) => String(figures.first_audio_ms.count)],
    ],
    plot: { series: "first", least: 20, shown: (value) => milliseconds(value) },
  },
  {
    key: "tileThroughput",
    rows: [
      ["audioPerS", (_, figures, t) => seconds(figures.seconds ? figures.audio_s / figures.seconds : 0, t)],
      ["rtfWhat", (_, figures) => (figures.rtf === null ? UNKNOWN : ratio(figures.rtf))],
      ["requests", (_, figures) => String(figures.requests)],
    ],
    plot: { series: "throughput", least: 1, shown: (value) => times(value) },
  },
  {
    key: "tileQueue",
    rows: [
      ["active", ({ now }) => String(now.active)],
      ["due", ({ now }, _, t) => seconds(now.due_audio_s, t)],
      ["queueTail", (_, figures) => ms(figures.queue_ms.p95)],
    ],
    plot: { series: "active", least: 4, shown: (value) => String(Math.round(value)) },
  },
  {
    key: "tileStages",
    rows: [],
    bars: (figures) => Object.entries(figures.stages_ms).map(([name, value]) => [`stage.${name}`, value]),
  },
  {
    key: "tileCache",
    rows: [
      ["hitShare", (_, { cache }) => (cache.share === null ? UNKNOWN : percent(cache.share))],
      ["hits", (_, { cache }) => String(cache.hits)],
      ["misses", (_, { cache }) => String(cache.misses)],
    ],
    plot: { series: "cache", least: 1, shown: (value) => percent(value) },
  },
  {
    key: "tileMemory",
    rows: [
      ["memoryAll", ({ now }) => megabytes(now.memory_bytes)],
      ["memoryVoices", ({ now }) => megabytes(now.voice_bytes)],
    ],
    plot: { series: "memory", least: 1e6, shown: (value) => megabytes(value) },
  },
  {
    key: "tileTrouble",
    rows: [
      ["underruns", (_, figures) => String(figures.underruns)],
      ["refused", (_, figures) => String(figures.refused)],
      ["cancelledAudio", (_, figures, t) => seconds(figures.cancelled_audio_s, t)],
      ["restarts", ({ restarts }) => String(restarts)],
    ],
  },
  {
    key: "tileWorkers",
    rows: [
      ["workers", ({ ready, workers }) => `${ready} / ${workers}`],
      ["threads", ({ now }) => String(now.threads)],
      ["uptime", ({ uptime_s: up }, _, t) => long(up, t)],
      ["programVersion", ({ version }) => version],
    ],
  },
];
