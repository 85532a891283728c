/** Puts the page together. */

import { fetchVoices } from "./api.js";
import { Compose } from "./compose.js";
import { Controls } from "./controls.js";
import { Downloads } from "./download.js";
import { History } from "./history.js";
import { HistoryView } from "./history-view.js";
import { Translator } from "./i18n.js";
import { Player } from "./player.js";
import { Session } from "./session.js";
import { loadSettings, saveSettings } from "./settings.js";
import { Stage } from "./stage.js";
import { Status } from "./status.js";
import { Track } from "./track.js";
import { Views } from "./views.js";

const RECONNECT_MS = 2000;

const byId = (id) => document.getElementById(id);

const translator = new Translator();
translator.apply(document);
const player = new Player(document.querySelector("audio"));
const session = new Session(player, new Track());
const controls = new Controls(document.querySelector("main"), translator, loadSettings());
const history = new History();
const compose = new Compose(byId("compose"), translator, session, controls, speak);
const stage = new Stage(byId("stage"), session, translator);
let asked = 0;

new Views({ translator, session, player, controls });
new Downloads(byId("downloads"), session, controls);
new Status({ line: byId("status"), alert: byId("alert"), warnings: byId("warnings") }, session, translator, retry);
new HistoryView(byId("history"), history, translator, {
  onReuse: (entry) => recall(entry, true),
  onReplay: (entry) => {
    recall(entry, false);
    speak();
  },
});

byId("language").addEventListener("click", () => translator.toggle());
controls.addEventListener("change", () => saveSettings(controls.settings));
session.addEventListener("finish", () => {
  const { text, settings, summary } = session.utterance;
  history.add({ text, settings, at: Date.now(), duration_s: summary.duration_s }, asked);
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, button, summary, a");
  if (event.key === " " && !typing && !byId("stage").closest("[hidden]")) {
    event.preventDefault();
    stage.toggle();
  }
});

function speak() {
  if (!controls.offer || session.busy) return;
  const { settings, offer } = controls;
  const voice = offer.voices.find((v) => v.name === settings.voice);
  asked = Date.now();
  session.speak(compose.text, settings, { sampleRate: voice.sample_rate, formats: offer.formats });
}

function recall(entry, edit) {
  controls.apply({ ...entry.settings, format: controls.settings.format });
  compose.set(entry.text, edit);
}

function retry() {
  if (controls.offer) compose.speak();
  else connect();
}

/** Ask the server what it can do; while it cannot be reached, ask again from time to time. */
async function connect() {
  try {
    const offer = await fetchVoices();
    compose.limit = offer.max_characters;
    controls.setOffer(offer);
    session.ready();
  } catch (error) {
    session.fail(error);
    setTimeout(() => controls.offer || connect(), RECONNECT_MS);
  }
}

connect();
