// The studio: everything that can be asked of one film or picture, its plan before it, and what came of it. Knows no conversation.

import { Brought } from "./brought.js";
import { Cast, upload } from "./cast.js";
import { grow } from "./growing.js";
import { ask, film, follow, glimpse, handed, house, recall, span, store, t, translate } from "./house.js";
import { fillLanguages } from "./languages.js";
import { downloads, remarks } from "./downloads.js";
import { quick } from "./quick.js";
import { placeOf } from "./refusals.js";
import { showPlan } from "./plans.js";
import { Takes } from "./takes.js";
import { bodyOf, draftIn, dubs as dubbing, fill, offerBackends, offerDriving, offerVoices, prepare } from "./wish.js";

const ENDS = ["finished", "failed", "canceled"];

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
    this.job = null;
    this.brought = new Brought(this);
    this.wanted = {};
  }

  get kind() { return this.form.elements.kind.value; }

  async open(told) {
    this.told = told;
    translate(this.root);
    prepare(this.form, told);
    this.takes = new Takes(this, told.viewer);
    this.turn();
    const voices = await ask("/v1/voices");
    fillLanguages(this.form.elements.language, voices);
    offerVoices(this.form.elements.timbre, voices);
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
    this.preview.addEventListener("click", () => this.make(quick));
    this.cancel.addEventListener("click", () => {
      this.unwanted = true;
      this.callOff();
    });
    this.find(".dice").addEventListener("click", () => {
      this.form.elements.seed.value = crypto.getRandomValues(new Uint32Array(1))[0];
      this.changed();
    });
    this.find(".listen").addEventListener("click", () => this.hear());
  }

  choose(card) {
    this.card = card;
    this.face();
    if (this.cast) this.changed();
  }

  // Who is seen while nothing is made: in films of words, nobody yet.
  face() {
    const card = this.card ?? {};
    const talks = this.kind === "talk";
    const dubs = dubbing(this.form, card, this.brought.footage);
    this.root.classList.toggle("dubs", dubs);
    this.root.classList.toggle("described", talks && !dubs && card.id === "described");
    this.poster.src = (dubs ? this.brought.footage.picture : talks ? card.picture : this.brought.start?.picture) || "";
    this.poster.hidden = !this.poster.getAttribute("src");
    this.poster.alt = dubs ? this.brought.footage.name : talks ? card.description ?? "" : "";
    this.root.classList.remove("played");
  }

  body() { return bodyOf(this.form, this.card, this.brought); }

  // After every change: what it would take, or what is wrong, beside the field.
  changed() {
    if (this.root.dataset.kind !== this.kind) this.turn();
    offerDriving(this.form, this.card, this.brought);
    this.form.elements.colour.hidden = this.form.elements.background.value !== "colour";
    store("draft", JSON.stringify(draftIn(this.form)));
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.check(), 350);
  }

  // From speaking to films of words, to pictures.
  turn() {
    const kind = this.kind;
    this.root.dataset.kind = kind;
    for (const part of this.form.querySelectorAll("[data-kinds]")) part.hidden = !part.dataset.kinds.split(" ").includes(kind);
    this.find(".seen").textContent = t(kind === "talk" ? "studio.prompt" : "studio.seen");
    this.find(".footage .label").textContent = t(kind === "talk" ? "studio.footage" : "studio.footage.move");
    this.go.textContent = t(kind === "image" ? "studio.go.image" : "studio.go");
    this.face();
    this.takes?.clear();
    this.find(".downloads").hidden = this.find(".remarks").hidden = true;
  }

  async check() {
    this.asking?.abort();
    this.asking = new AbortController();
    const body = this.body();
    const bare = this.kind === "talk" ? !this.brought.sound && !body.script.trim() : !body.prompt?.trim() && !body.image;
    const full = this.kind === "talk" ? { ...body, script: body.script || "Hello." } : { ...body, ...(body.image ? {} : { prompt: body.prompt || "…" }) };
    try {
      const plan = await ask("/v1/plans", { method: "POST", body: bare ? full : body, signal: this.asking.signal });
      this.slip("");
      showPlan(this.find(".plan"), plan, body, { bare });
      offerBackends(this.find(".chains"), plan, this.wanted);
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
    const place = placeOf(this.root, text, field);
    if (!place || place.closest("[hidden]")) return void (this.find(".slip.main").textContent = text);
    place.textContent = text;
    place.closest("details")?.setAttribute("open", "");
    place.parentElement.querySelector(":scope > :is(input, textarea, select), :scope > .joined > :is(input, select)")?.setAttribute("aria-invalid", "true");
  }

  async hear() {
    const script = this.form.elements.script.value.split(/(?<=[.!?。！？])\s*/)[0].slice(0, 200) || t("chip.1");
    const { seed, voice, rate, pitch, avatar, prompt } = this.body();
    const body = { seed, voice, rate, pitch, avatar, prompt, script, kind: "speech" };
    const button = this.find(".listen");
    button.disabled = true;
    try {
      const job = await ask("/v1/videos", { method: "POST", body: JSON.parse(JSON.stringify(body)) });
      follow(this.told.viewer, job.id, (name, data) => {
        if (name === "finished") new Audio(film(this.told.viewer, job.id, "audio")).play().catch(() => {});
        if (name === "failed") this.slip(data.message, "voice");
        if (ENDS.includes(name)) button.disabled = false;
      });
    } catch (problem) {
      this.slip(problem.message, problem.field || "voice");
      button.disabled = false;
    }
  }

  // `change` gives what is to be other than in the form.
  async make(change = () => ({})) {
    const field = this.form.elements;
    if (!field.seed.value || !field.lock.checked) this.find(".dice").click();
    this.slip("");
    this.unwanted = false;
    this.busy(true);
    this.takes.clear();
    this.find(".downloads").hidden = this.find(".remarks").hidden = true;
    this.state.textContent = t("studio.sent");
    this.find(".screen").scrollIntoView({ block: innerWidth > 900 ? "nearest" : "center" }); // on a phone it is far below the form
    try {
      const body = { ...this.body(), ...await change(this.body()) };
      const job = await ask("/v1/videos", { method: "POST", body });
      this.job = job.id;
      this.began = performance.now();
      this.callOff();
      if (body.kind === "talk") this.watch(film(this.told.viewer, job.id, "stream"), grow);
      this.unfollow = follow(this.told.viewer, job.id, (name, data) => this.heard(job.id, name, data));
    } catch (problem) {
      this.busy(false);
      this.slip(problem.message, problem.field);
    }
  }

  // Plays a whole film, or with `grow` one that is still being made.
  watch(source, play = (video, url) => { video.src = url; }) {
    this.settle?.();
    this.settle = play(this.video, source);
    this.video.onplaying = () => this.root.classList.add("played");
    this.video.play().catch(() => {});
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

  // How far a stage is, and how long it may still take.
  advance({ stage, done, total, percent }) {
    this.progress(percent);
    if (this.root.classList.contains("played")) return;
    const gone = (performance.now() - this.began) / 1000;
    const left = percent > 3 && gone > 2 ? ` · ${t("jobs.left", { time: span((gone * (100 - percent)) / percent) })}` : "";
    this.state.textContent = `${t(`stage.${stage}`)} ${total > 1 ? `${done} / ${total}` : ""}${left}`;
  }

  // What a model draws or films, while it does.
  async glimpse(job, data) {
    const next = await glimpse(this.told.viewer, job, data);
    if (!next || this.job !== job) return;
    next.className = "poster";
    this.poster.replaceWith(next);
    this.poster = next;
  }

  async heard(job, name, data) {
    if (name === "queued" && data.position > 1) this.state.textContent = t("chat.queued", { position: data.position });
    if (name === "started") this.state.textContent = data.stage ? t(`stage.${data.stage}`) : "";
    if (name === "playable") this.state.textContent = "";
    if (name === "progress") this.advance(data);
    if (name === "glimpse") this.glimpse(job, data);
    if (name === "fell_back") this.slip(t("studio.fell", data));
    if (name === "failed") this.slip(data.message);
    if (!ENDS.includes(name)) return;
    this.busy(false);
    if (name === "canceled") this.video.removeAttribute("src");
    if (name !== "finished") return this.face();
    const done = await ask(`/v1/videos/${job}`);
    if (done.degraded && done.reason) this.slip(done.reason);
    else if (done.fallbacks.length) this.slip(""); // they stand in the list
    remarks(this.find(".remarks"), done);
    downloads(this.find(".downloads"), this.told.viewer, done);
    if (done.output.takes.length || done.mode === "image") this.takes.show(done);
    else if (this.video.paused || this.video.error) this.watch(film(this.told.viewer, job, done.mode === "audio_only" ? "audio" : "video"));
    this.changed();
  }

  // A picture that was made becomes the face of a film.
  async adopt(file, picture) {
    const brought = await upload(file, "image");
    this.form.elements.kind.value = "talk";
    this.cast.own({ upload: brought.upload_id, picture });
    this.changed();
    this.form.elements.script.focus();
  }

  // A draft, or the request of a film that is to be made again.
  fill(draft) {
    if (!draft) return;
    this.wanted = draft.backends ?? {};
    delete this.find(".chains").dataset.key;
    fill(this.form, draft);
    this.form.elements.lock.checked = Boolean(draft.script && draft.seed);
    const { image } = draft.brought ?? {};
    if (draft.brought) this.brought.restore(draft);
    if (draft.kind === "talk" && image) this.cast.own({ upload: image.upload, picture: image.picture, face: draft.face, landmarks: draft.landmarks });
    else if (draft.avatar) this.cast.choose(this.cast.cards.find((card) => card.id === draft.avatar) ?? this.card);
    else if (draft.kind === "talk" && draft.brought && draft.prompt) this.cast.choose(this.cast.cards[0]);
    this.changed();
  }
}
