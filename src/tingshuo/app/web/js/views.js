/**
 * The parts of the page, one at a time, chosen by the hash of its address. The first is the page itself; each of the others
 * comes when it is asked for: a fragment `views/<name>.html`, a module with a class `View`, and the style sheet of them all.
 */

const LATER = {
  stream: () => import("./stream/view.js"),
  listen: () => import("./listen/view.js"),
  voices: () => import("./voices/view.js"),
  monitor: () => import("./monitor/view.js"),
};
const FIRST = "say";

/** What every view may use: `{translator, session, player, controls}`. */
export class Views {
  /** @param {object} app */
  constructor(app) {
    this.app = app;
    this.first = document.querySelector(`main[data-view=${FIRST}]`);
    this.tabs = [...document.querySelectorAll("[data-tab]")];
    /** @type {Map<string, Promise<{root: HTMLElement, view: object}>>} */
    this.made = new Map();
    this.shown = null;
    this.name = FIRST;
    addEventListener("hashchange", () => this.#go());
    app.translator.addEventListener("change", () => this.#title());
    document.querySelector(".skip").addEventListener("click", (event) => this.#skip(event));
    this.#go();
  }

  async #go() {
    const hash = location.hash.slice(1);
    const name = Object.hasOwn(LATER, hash) ? hash : FIRST;
    if (name === this.name) return;
    this.name = name;
    this.shown?.view.hide();
    for (const main of document.querySelectorAll("main[data-view]")) main.hidden = main.dataset.view !== name;
    this.shown = null;
    this.#title();
    if (name === FIRST) return;
    try {
      const made = await this.#make(name);
      if (this.name !== name) return; // another was chosen meanwhile
      this.shown = made;
      made.root.hidden = false;
      made.view.show();
    } catch (error) {
      this.made.delete(name);
      this.#complain(name, error);
    }
  }

  #make(name) {
    if (!this.made.has(name)) this.made.set(name, this.#load(name));
    return this.made.get(name);
  }

  async #load(name) {
    const root = this.#place(name);
    const [fragment, { View }, { VIEW_TEXTS }] = await Promise.all([
      fragmentOf(name), LATER[name](), import("./texts-views.js"), styleSheet(),
    ]);
    this.app.translator.add(VIEW_TEXTS);
    root.innerHTML = fragment;
    this.app.translator.apply(root);
    return { root, view: new View(root, this.app) };
  }

  #place(name) {
    const there = document.querySelector(`main[data-view=${name}]`);
    if (there) return there;
    const root = document.createElement("main");
    Object.assign(root, { className: "view", tabIndex: -1 });
    root.dataset.view = name;
    document.body.append(root);
    return root;
  }

  #complain(name, error) {
    const sentence = document.createElement("p");
    sentence.setAttribute("role", "alert");
    sentence.textContent = this.app.translator.t("viewMissing", { reason: error.message });
    this.#place(name).replaceChildren(sentence);
  }

  /** To the speak button, or to what is shown instead of it. */
  #skip(event) {
    if (this.name === FIRST) return;
    event.preventDefault();
    this.shown?.root.focus();
  }

  #title() {
    const { translator } = this.app;
    for (const tab of this.tabs) {
      if (tab.dataset.tab === this.name) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
    const tab = this.tabs.find((one) => one.dataset.tab === this.name);
    document.title = this.name === FIRST ? translator.t("title") : `${tab.textContent} · ${translator.t("title")}`;
  }
}

async function fragmentOf(name) {
  const response = await fetch(`views/${name}.html`);
  if (!response.ok) throw new Error(`${response.status}`);
  return response.text();
}

let styled = null;

/** Once for all views; none is shown before it is there, so that nothing is seen bare. */
function styleSheet() {
  styled ??= new Promise((resolve, reject) => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: "css/views.css" });
    link.addEventListener("load", resolve);
    link.addEventListener("error", () => reject(new Error(link.href)));
    document.head.append(link);
  });
  return styled;
}
