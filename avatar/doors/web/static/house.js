// What every room needs: the visitor's number, the API asked in his name, words in his language. Knows no room.

const KEPT = "avatar-chat";

function stored(name) {
  try { return localStorage.getItem(`${KEPT}.${name}`); } catch { return memory.get(name) ?? null; }
}

export function store(name, value) {
  memory.set(name, value);
  try {
    if (value === null) localStorage.removeItem(`${KEPT}.${name}`);
    else localStorage.setItem(`${KEPT}.${name}`, value);
  } catch { /* a browser that keeps nothing: it lasts as long as the page */ }
}

const memory = new Map();
export const recall = stored;

function number() {
  let found = stored("visitor");
  if (!found || !/^[A-Za-z0-9_-]{22,64}$/.test(found)) {
    const bytes = crypto.getRandomValues(new Uint8Array(24));
    found = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    store("visitor", found);
  }
  return found;
}

const here = (path) => new URL(path.replace(/^\//, ""), document.baseURI).href;

export class Problem extends Error {
  constructor(told, status) {
    super(told.detail || t("problem"));
    this.code = told.code || "internal";
    this.field = told.field || "";
    this.status = status;
  }
}

// Asks the API below /me. `body` is sent as JSON, or as it is when it is a form. Raises Problem.
export async function ask(path, { method = "GET", body, signal, raw = false } = {}) {
  const headers = { "X-Visitor": number() };
  const key = stored("key");
  if (key) headers.Authorization = `Bearer ${key}`;
  const form = body instanceof FormData;
  if (body !== undefined && !form) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(here(`me${path}`), {
      method, headers, signal, body: body === undefined || form ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ code: "offline", detail: t("problem.offline") }, 0);
  }
  if (!answer.ok) throw new Problem(await answer.json().catch(() => ({})), answer.status);
  if (raw) return answer;
  return answer.status === 204 ? null : answer.json();
}

let told = {};
export let language = "en";

// The words of `name` with {holes} filled.
export function t(name, holes = {}) {
  const text = told[name] ?? name;
  return text.replace(/\{(\w+)\}/g, (whole, hole) => (hole in holes ? String(holes[hole]) : whole));
}

// A length of time as people say it, as exact as a guess deserves.
export function span(seconds) {
  const [unit, size] = seconds < 90 ? ["second", 1] : seconds < 5400 ? ["minute", 60] : ["hour", 3600];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 0 }).format(Math.max(1, Math.round(seconds / size))).replace(/ /g, "\u00a0");
}

const LANGUAGES = ["en", "de", "fr", "es", "zh", "ja"];

async function learn() {
  const wanted = (navigator.languages || [navigator.language || "en"]).map((tag) => tag.toLowerCase().split("-")[0]);
  language = wanted.find((tag) => LANGUAGES.includes(tag)) ?? "en";
  const answers = await Promise.all(
    [...new Set(["en", language])].map((name) => fetch(here(`look/words/${name}.json`)).then((found) => found.json())),
  );
  told = Object.assign({}, ...answers);
  document.documentElement.lang = language;
}

export function translate(root) {
  for (const found of root.querySelectorAll("[data-t]")) found.textContent = t(found.dataset.t);
  for (const found of root.querySelectorAll("[data-t-label]")) found.setAttribute("aria-label", t(found.dataset.tLabel));
  for (const found of root.querySelectorAll("[data-t-hint]")) found.placeholder = t(found.dataset.tHint);
}

let opened;
// What the server says of itself, once the words are there. A house with keys is asked again when one was given.
export function house() {
  opened ??= entered(ask("/v1/page"), learn());
  return opened;
}

async function entered(page, words) {
  page.catch(() => {}); // it is heard below, when there are words to say it in
  await words;
  for (let asked = page; ; asked = ask("/v1/page")) {
    try {
      return await asked;
    } catch (problem) {
      if (problem.status !== 401) throw problem;
      store("key", await keyAsked(stored("key") ? t("key.wrong") : ""));
    }
  }
}

function keyAsked(why) {
  const box = make("dialog", { className: "ask-key" });
  box.innerHTML = `<form method="dialog"><h2></h2><p class="slip"></p><label><span></span><input type="password" autocomplete="current-password" required></label><button class="act"></button></form>`;
  box.querySelector("h2").textContent = t("key.title");
  box.querySelector("p").textContent = why;
  box.querySelector("span").textContent = t("key.label");
  box.querySelector("button").textContent = t("key.enter");
  document.body.append(box);
  box.addEventListener("cancel", (event) => event.preventDefault());
  box.showModal();
  return new Promise((resolve) => box.addEventListener("close", () => {
    box.remove();
    resolve(box.querySelector("input").value.trim());
  }, { once: true }));
}

export function make(tag, members = {}, ...inside) {
  const made = Object.assign(document.createElement(tag), members);
  made.append(...inside);
  return made;
}

export const film = (viewer, job, what) => here(`look/${viewer}/${job}/${what}`);
let last = Promise.resolve();
const shownBefore = new Set();

// Shows pictures one after another: a browser has six connections to a server, and a film needs them more.
export function inTurn(image, source) {
  if (shownBefore.has(source)) {
    image.src = source;
    return;
  }
  const shown = async () => {
    while (document.querySelector(".waiting")) await new Promise((resolve) => setTimeout(resolve, 300));
    return new Promise((resolve) => {
      image.addEventListener("load", () => resolve(shownBefore.add(source)), { once: true });
      image.addEventListener("error", resolve, { once: true });
      image.src = source;
    });
  };
  last = last.then(shown);
}

export const picture = (avatar) => here(`look/avatars/${avatar}.webp`);

// Hears a job's events until the last one. Gives back how to stop.
export function follow(viewer, job, heard) {
  const source = new EventSource(film(viewer, job, "events"));
  const names = ["queued", "started", "progress", "playable", "glimpse", "fell_back", "stage_finished", "finished", "failed", "canceled"];
  for (const name of names) {
    source.addEventListener(name, (event) => {
      if (["finished", "failed", "canceled"].includes(name)) source.close();
      heard(name, JSON.parse(event.data));
    });
  }
  return () => source.close();
}

// The newest rough picture of what a job is making, once it can be shown; null when there is none any more.
export function glimpse(viewer, job, { at }) {
  const next = make("img", { src: `${film(viewer, job, "glimpse")}?${at}`, alt: "" });
  return next.decode().then(() => next, () => null);
}

let passed = null;

// Hands a draft to the studio, and gives it there, once.
export function hand(draft) {
  passed = draft;
  document.getElementById("tab-studio-button")?.click();
  dispatchEvent(new Event("avatar-chat:again"));
}

export function handed() {
  const found = passed;
  passed = null;
  return found;
}
