// The chat: what is said, and the film that answers. Knows no form of the studio.

import { Cast } from "./cast.js";
import { ask, film, house, make, picture, recall, store, t, translate } from "./house.js";
import { fillLanguages, voiceFor } from "./languages.js";
import { icon, light, lines, timed } from "./bubbles.js";
import { remarks } from "./downloads.js";
import { listenWith } from "./mic.js";
import { Screen } from "./screen.js";
import { asFilm, askPersona, asText, persona } from "./talked.js";
import { faceOf } from "./wish.js";

const KEPT = 60; // lines that the browser remembers

export async function open(element) {
  const room = new Chat(element.querySelector(".chat"));
  const voices = ask("/v1/voices").catch(() => null); // a house with keys tells them only once one was given
  try {
    await room.open(await house(), await voices);
  } catch (problem) {
    room.slip(problem.message);
  }
}

class Chat {
  constructor(root) {
    this.root = root;
    const find = (name) => root.querySelector(name);
    Object.assign(this, {
      lines: find(".lines"), slipped: find(".slip"), form: find("form"), text: find("textarea"), chips: find(".chips"),
      note: find(".note"), lead: find(".lead"), language: find("select"),
    });
    this.screen = new Screen(root);
    this.history = JSON.parse(recall("lines") ?? "[]");
    this.next = []; // what is to be played after the present film
  }

  async open(told, voices) {
    this.told = told;
    translate(this.root);
    this.cast = new Cast(this.root.querySelector(".cast"), told.avatars, (card) => this.choose(card));
    this.offer();
    this.lead.textContent = t("chat.lead");
    this.note.textContent = told.answers === "you" ? t("chat.echo") : t("chat.model", { model: told.answers });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.say(this.text.value);
    });
    this.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.form.requestSubmit();
    });
    this.text.addEventListener("input", () => this.grow());
    listenWith(this.root.querySelector(".mic"), { deaf: told.deaf, heard: (words) => this.write(words), told: (why) => this.slip(why) });
    this.menu();
    new MutationObserver(() => this.button()).observe(this.root, { attributeFilter: ["class"] });
    fillLanguages(this.language, voices ?? (await ask("/v1/voices")));
    this.remember();
    this.root.classList.add("open");
  }

  offer() {
    for (const name of ["chip.1", "chip.2", "chip.3"]) {
      const chip = make("button", { type: "button", textContent: t(name) });
      chip.addEventListener("click", () => this.say(chip.textContent));
      this.chips.append(chip);
    }
  }

  // What was heard comes behind what is written.
  write(words) {
    this.text.value = [this.text.value.trim(), words].filter(Boolean).join(" ");
    this.grow();
    this.text.focus();
  }

  menu() {
    const menu = this.root.querySelector(".menu");
    const arm = (name, does) => menu.querySelector(name).addEventListener("click", async () => {
      menu.open = false;
      this.slip("");
      await Promise.resolve().then(does).catch((problem) => this.slip(problem.message));
    });
    arm(".as-text", () => asText(this.history));
    arm(".as-film", () => asFilm(this.history));
    arm(".persona", () => askPersona(this.card));
    arm(".forget", () => this.forget());
    menu.querySelector(".persona").hidden = this.told.answers === "you";
    addEventListener("pointerdown", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  }

  forget() {
    this.hush();
    this.history = [];
    this.keep();
    for (const line of this.lines.querySelectorAll(".said, .mine")) line.remove();
    this.bare();
  }

  choose(card) {
    this.card = card;
    this.screen.face(card.name, card.description, card.picture);
  }

  grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${this.text.scrollHeight}px`;
    this.button();
  }

  // With nothing written, the button stops what plays.
  button() {
    const stops = !this.text.value.trim() && ["playing", "waiting"].some((name) => this.root.classList.contains(name));
    if (this.root.classList.contains("stoppable") === stops) return;
    this.root.classList.toggle("stoppable", stops);
    this.form.querySelector(".send").setAttribute("aria-label", t(stops ? "chat.stop" : "chat.send"));
  }

  slip(text) { this.slipped.textContent = text; }

  // One line: stops the present film, and plays the new one as soon as its first second is there.
  async say(text) {
    const line = text.trim();
    if (!line) {
      this.hush();
      return this.text.focus();
    }
    this.hush();
    this.slip("");
    this.text.value = "";
    this.grow();
    this.screen.wait();
    if (this.told.answers !== "you") return this.converse(line);
    const said = { line, avatar: this.card.id, name: this.card.name, at: Date.now() };
    const bubble = this.bubble(said);
    try {
      const job = await ask("/v1/videos", { method: "POST", body: { script: line, ...this.who() } });
      said.job = job.id;
      this.history.push(said);
      this.keep();
      this.play(said, bubble);
    } catch (problem) {
      this.screen.stop();
      bubble.root.remove();
      this.text.value = line;
      this.grow();
      this.slip(problem.message);
      this.bare();
    }
  }

  who() {
    const voice = voiceFor(this.language.value, this.card);
    return { ...faceOf(this.card), ...(voice && { voice }) };
  }

  // Nothing more of the present answer.
  hush() {
    this.answering?.abort();
    this.next = [];
    this.screen.stop();
  }

  // A line to the chat model: its sentences come one by one, each as a film, and are played in turn.
  async converse(line) {
    const answering = new AbortController();
    this.answering = answering;
    const asked = { line, mine: true, at: Date.now() };
    const history = this.history.slice(-12).map((said) => ({ mine: Boolean(said.mine), line: said.line }));
    this.mine(asked);
    this.history.push(asked);
    try {
      const answer = await ask("/v1/chat", { method: "POST", body: { line, history, persona: persona(this.card.id), ...this.who() }, signal: answering.signal, raw: true });
      for await (const told of lines(answer.body)) {
        if (told.problem) throw new Error(told.problem);
        const said = { line: told.said, job: told.job, avatar: this.card.id, name: this.card.name, at: Date.now() };
        this.history.push(said);
        this.keep();
        this.next.push([said, this.bubble(said)]);
        if (!this.screen.showing) this.onward();
      }
    } catch (problem) {
      if (problem.name === "AbortError") return;
      if (!this.screen.showing) this.screen.stop();
      this.slip(problem.message);
    }
  }

  onward() {
    const [said, bubble] = this.next.shift() ?? [];
    if (said) this.play(said, bubble);
  }

  mine(said) {
    this.lines.append(make("div", { className: "mine" }, make("p", { textContent: said.line })));
    this.lines.scrollTop = this.lines.scrollHeight;
    this.root.classList.add("begun");
  }

  keep() {
    this.history = this.history.slice(-KEPT);
    store("lines", JSON.stringify(this.history));
  }

  bare() { this.root.classList.toggle("begun", Boolean(this.lines.querySelector(".said"))); }

  bubble(said) {
    const words = make("p", { className: "words" });
    const spans = said.line.split(/(\s+)/).map((piece) => (piece.trim() ? make("span", { textContent: piece }) : piece));
    words.append(...spans);
    const tools = make("div", { className: "tools" });
    const face = this.cast.cards.find((card) => card.id === said.avatar)?.picture ?? this.card.picture;
    const root = make("div", { className: "said" }, make("img", { src: face, alt: said.name }), make("div", {}, words, tools));
    this.lines.append(root);
    this.lines.scrollTop = this.lines.scrollHeight;
    this.bare();
    return { root, tools, spans: spans.filter((span) => span instanceof Node), times: null };
  }

  play(said, bubble, finished = false) {
    bubble.root.classList.add("now");
    this.screen.play(this.told.viewer, said.job, {
      finished,
      heard: (name, data) => this.heard(said, bubble, name, data),
      at: (seconds) => light(bubble, seconds),
      done: () => {
        bubble.root.classList.remove("now");
        light(bubble, -1);
        if (this.screen.video.ended) this.onward();
      },
    });
    if (finished) this.whole(said, bubble);
  }

  heard(said, bubble, name, data) {
    if (name === "failed") this.slip(data.message);
    if (name === "failed" || name === "canceled") this.gone(bubble, t(name === "failed" ? "chat.failed" : "chat.stopped"));
    if (name === "finished") this.whole(said, bubble);
  }

  gone(bubble, why) { bubble.tools.replaceChildren(make("span", { className: "gone", textContent: why })); }

  // The film is there: it can be seen again and taken along, and its words' times are known.
  async whole(said, bubble) {
    const again = icon("button", "M4 12a8 8 0 1 0 3-6.200M4 4v5h5", t("chat.again"));
    again.addEventListener("click", () => this.play(said, bubble, true));
    const take = icon("a", "M12 4v11m-5-5 5 5 5-5M5 20h14", t("chat.download"));
    take.href = film(this.told.viewer, said.job, "video");
    take.download = `${said.name || "film"}.mp4`;
    bubble.tools.replaceChildren(again, take);
    if (bubble.times) return;
    bubble.times = [];
    const answer = await fetch(film(this.told.viewer, said.job, "words.json"));
    if (!answer.ok) return this.gone(bubble, t("chat.expired"));
    ask(`/v1/videos/${said.job}`).then((job) => bubble.tools.after(remarks(make("ul", { className: "remarks" }), job)), () => {});
    const words = await answer.json();
    bubble.times = timed(bubble.spans, words.words ?? words);
  }

  // What was said before the page was closed; a film that is still being made goes on.
  remember() {
    this.history.forEach((said, count) => {
      if (said.mine) return this.mine(said);
      const bubble = this.bubble(said);
      const last = count === this.history.length - 1;
      ask(`/v1/videos/${said.job}`).then(
        (job) => {
          if (job.status === "completed") this.whole(said, bubble);
          else if (["failed", "canceled", "expired"].includes(job.status)) this.gone(bubble, t("chat.stopped"));
          else if (last) this.play(said, bubble);
        },
        () => this.gone(bubble, t("chat.expired")),
      );
    });
  }
}
