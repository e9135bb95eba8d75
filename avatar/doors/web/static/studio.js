// The studio: everything that can be asked of one film, its plan before it, and the film. Knows no conversation.

import { Cast } from "./cast.js";
import { ask, film, follow, handed, house, make, recall, store, t, translate } from "./house.js";
import { bringSound } from "./sounds.js";
import { fillLanguages } from "./languages.js";
import { downloads } from "./downloads.js";
import { showPlan } from "./plans.js";

const SIZES = ["512x512", "720x720", "1080x1080", "1280x720", "1920x1080", "720x1280", "1080x1920", "256x256"];
const TIMBRES = { own: "", female: "f2", male: "m3", old_female: "f1", old_male: "m1" };
const neural = (voice) => voice.ready && /^(speecht5|mms|piper)[:/]/.test(voice.id);
const SLIDERS = {
  head: [0, 2, 0.1, 1], gaze: [0, 2, 0.1, 1], blink: [0, 2, 0.1, 1], expression: [0, 2, 0.1, 1],
  rate: [0.5, 2, 0.05, 1], pitch: [-12, 12, 1, 0],
};
const FIELDS = [["script", /text|script/i], ["size", /film of|pixels/i], ["seed", /seed/i], ["prompt", /prompt/i], ["voice", /voice/i]];

export async function open(element) {
  const room = new Studio(element.querySelector(".studio"));
  try {
    await room.open(await house());
  } catch (problem) {
    room.slip(problem.message);
  }
}

class Studio {
  constructor(root) {
    this.root = root;
    const find = (name) => root.querySelector(name);
    Object.assign(this, {
      find, form: find("form"), video: find(".film"), poster: find(".poster"), state: find(".state"), meter: find(".meter"),
      go: find(".go"), preview: find(".preview"), cancel: find(".cancel"),
    });
    this.sound = null;
    this.job = null;
  }

  async open(told) {
    this.told = told;
    translate(this.root);
    this.go.textContent = t("studio.go");
    const size = this.form.elements.size;
    for (const name of SIZES) size.append(make("option", { value: name, textContent: `${name.replace("x", " × ")}${t(`size.${shape(name)}`)}` }));
    for (const name of ["none", "soft", "burned"]) this.form.elements.captions.append(make("option", { value: name, textContent: t(`captions.${name}`) }));
    for (const name of Object.keys(TIMBRES)) this.form.elements.timbre.append(make("option", { value: name, textContent: t(`timbre.${name}`) }));
    for (const [name, [min, max, step, value]] of Object.entries(SLIDERS)) this.find(".sliders").append(slider(name, { min, max, step, value }));
    const voices = await ask("/v1/voices");
    fillLanguages(this.form.elements.language, voices);
    for (const voice of voices.data.filter(neural)) this.form.elements.timbre.append(make("option", { value: voice.id, textContent: voice.name }));
    this.cast = new Cast(this.find(".cast"), told.avatars, (card) => this.choose(card), { described: true });
    this.listen();
    this.fill(handed() ?? JSON.parse(recall("draft") ?? "{}"));
    addEventListener("avatar-chat:again", () => this.fill(handed()));
    this.changed();
    this.root.classList.add("open");
  }

  listen() {
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", (event) => {
      const { seed, lock } = this.form.elements;
      if (event.target === seed) lock.checked = seed.value.trim() !== "";
      this.changed();
    });
    this.go.addEventListener("click", () => this.make());
    this.preview.addEventListener("click", () => this.make({ size: "256x256", fps: 25 }));
    this.cancel.addEventListener("click", () => {
      this.unwanted = true;
      this.callOff();
    });
    this.find(".dice").addEventListener("click", () => {
      this.form.elements.seed.value = crypto.getRandomValues(new Uint32Array(1))[0];
      this.changed();
    });
    this.find(".listen").addEventListener("click", () => this.hear());
    this.find(".bring").addEventListener("click", async () => this.take((await bringSound()) ?? this.sound));
    this.find(".drop-sound").addEventListener("click", () => this.take(null));
  }

  choose(card) {
    this.card = card;
    this.root.classList.toggle("described", card.id === "described");
    this.poster.src = card.picture || "";
    this.poster.hidden = !card.picture;
    this.poster.alt = card.description;
    this.root.classList.remove("played");
    if (this.cast) this.changed();
  }

  take(sound) {
    this.sound = sound;
    this.find(".brought").textContent = sound?.name ?? "";
    this.find(".drop-sound").hidden = !sound;
    this.changed();
  }

  // The request as the API takes it.
  body() {
    const field = this.form.elements;
    const number = (name) => Number(field[name].value);
    const timbre = TIMBRES[field.timbre.value];
    const voice = [field.language.value, timbre].filter(Boolean).join("+");
    const seed = field.seed.value.trim();
    const body = { size: field.size.value, fps: number("fps"), captions: field.captions.value, rate: number("rate"), pitch: number("pitch") };
    body.motion = Object.fromEntries(["head", "gaze", "blink", "expression"].map((name) => [name, number(name)]));
    if (field.script.value.trim() || !this.sound) body.script = field.script.value;
    if (this.sound) body.audio = this.sound.upload;
    else if (neural({ id: field.timbre.value, ready: true })) body.voice = field.timbre.value;
    else if (voice) body.voice = field.language.value ? voice : `+${timbre}`;
    if (seed) body.seed = /^\d+$/.test(seed) ? Number(seed) : seed;
    if (this.card.upload) body.image = this.card.upload;
    else if (this.card.id === "described") body.prompt = field.prompt.value;
    else body.avatar = this.card.id;
    return body;
  }

  // After every change: what it would take, or what is wrong, beside the field.
  changed() {
    store("draft", JSON.stringify(this.draft()));
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.check(), 350);
  }

  draft() {
    const kept = {};
    for (const field of this.form.elements) if (field.name && field.name !== "lock") kept[field.name] = field.value;
    return kept;
  }

  async check() {
    this.asking?.abort();
    this.asking = new AbortController();
    const body = this.body();
    const bare = !this.sound && !body.script.trim();
    try {
      const plan = await ask("/v1/plans", { method: "POST", body: bare ? { ...body, script: "Hello." } : body, signal: this.asking.signal });
      this.slip("");
      showPlan(this.find(".plan"), plan, { sound: Boolean(body.audio), picture: Boolean(body.image) });
      this.ready(!bare);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      this.slip(problem.message, problem.field);
      this.ready(false);
    }
  }

  ready(can) {
    if (this.job) return;
    this.go.disabled = this.preview.disabled = !can;
  }

  slip(text, field = "") {
    for (const found of this.root.querySelectorAll(".slip")) found.textContent = "";
    for (const found of this.form.querySelectorAll("[aria-invalid]")) found.removeAttribute("aria-invalid");
    if (!text) return;
    const [name] = FIELDS.find(([known, says]) => field.startsWith(known) || says.test(text)) ?? [];
    const place = name && this.find(`[data-for="${name}"]`);
    if (place) {
      place.textContent = text;
      place.parentElement.querySelector("input, textarea, select")?.setAttribute("aria-invalid", "true");
    } else this.find(".slip.main").textContent = text;
  }

  async hear() {
    const script = this.form.elements.script.value.split(/(?<=[.!?。！？])\s*/)[0].slice(0, 200) || t("chip.1");
    const body = { ...this.body(), script, kind: "speech" };
    for (const name of ["audio", "image", "motion", "captions"]) delete body[name];
    const button = this.find(".listen");
    button.disabled = true;
    try {
      const job = await ask("/v1/videos", { method: "POST", body });
      follow(this.told.viewer, job.id, (name, data) => {
        if (name === "finished") new Audio(film(this.told.viewer, job.id, "audio")).play().catch(() => {});
        if (name === "failed") this.slip(data.message, "voice");
        if (["finished", "failed", "canceled"].includes(name)) button.disabled = false;
      });
    } catch (problem) {
      this.slip(problem.message, problem.field || "voice");
      button.disabled = false;
    }
  }

  async make(changes = {}) {
    const field = this.form.elements;
    if (!field.seed.value || !field.lock.checked) this.find(".dice").click();
    this.slip("");
    this.unwanted = false;
    this.busy(true);
    this.find(".downloads").hidden = true;
    this.state.textContent = t("studio.sent");
    try {
      const job = await ask("/v1/videos", { method: "POST", body: { ...this.body(), ...changes } });
      this.job = job.id;
      this.callOff();
      this.video.src = film(this.told.viewer, job.id, "stream");
      this.video.onplaying = () => this.root.classList.add("played");
      this.video.play().catch(() => {});
      this.unfollow = follow(this.told.viewer, job.id, (name, data) => this.heard(job.id, name, data));
    } catch (problem) {
      this.busy(false);
      this.slip(problem.message, problem.field);
    }
  }

  // Also called when the job's id comes only after the click.
  callOff() {
    if (!this.unwanted || !this.job) return;
    ask(`/v1/videos/${this.job}/cancel`, { method: "POST" }).catch((problem) => this.slip(problem.message));
  }

  busy(is) {
    if (!is) this.job = null;
    this.go.hidden = this.preview.hidden = is;
    this.cancel.hidden = this.meter.hidden = !is;
    this.progress(0);
    if (!is) this.state.textContent = "";
  }

  progress(percent) {
    this.meter.firstElementChild.style.width = `${percent}%`;
    this.meter.setAttribute("aria-valuenow", Math.round(percent));
  }

  async heard(job, name, data) {
    if (name === "queued" && data.position > 1) this.state.textContent = t("chat.queued", { position: data.position });
    if (name === "started") this.state.textContent = data.stage ? t(`stage.${data.stage}`) : "";
    if (name === "playable") this.state.textContent = "";
    if (name === "progress") this.progress(data.percent);
    if (name === "fell_back") this.slip(t("studio.fell", data));
    if (name === "failed") this.slip(data.message);
    if (!["finished", "failed", "canceled"].includes(name)) return;
    this.busy(false);
    if (name === "canceled") this.video.removeAttribute("src");
    if (name !== "finished") return this.root.classList.remove("played");
    const done = await ask(`/v1/videos/${job}`);
    if (done.degraded && done.reason) this.slip(done.reason);
    downloads(this.find(".downloads"), this.told.viewer, done);
    if (this.video.paused || this.video.error) this.video.src = film(this.told.viewer, job, done.mode === "audio_only" ? "audio" : "video");
  }

  // A draft, or the request of a film that is to be made again.
  fill(draft) {
    if (!draft) return;
    for (const [name, value] of Object.entries(draft)) {
      const field = this.form.elements[name];
      if (!field || value === null) continue;
      field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    if (draft.avatar) this.cast.choose(this.cast.cards.find((card) => card.id === draft.avatar) ?? this.card);
  }
}

function shape(size) {
  const [width, height] = size.split("x").map(Number);
  return width === height ? "square" : width > height ? "wide" : "tall";
}

function slider(name, range) {
  const shown = make("output", { textContent: range.value });
  const field = make("input", { type: "range", name, id: `s-${name}`, min: range.min, max: range.max, step: range.step, value: range.value });
  field.addEventListener("input", () => { shown.textContent = Number(field.value); });
  return make("div", { className: "slider" }, make("label", { htmlFor: field.id, textContent: t(`motion.${name}`) }), field, shown);
}
