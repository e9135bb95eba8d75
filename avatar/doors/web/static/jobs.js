// The visitor's films: those that wait, those that are made, those that are there. Knows no form and no conversation.

import { grow } from "./growing.js";
import { ask, film, follow, glimpse, hand, house, make, picture, span, t, translate, language } from "./house.js";
import { downloads, remarks } from "./downloads.js";
import { broughtFor } from "./sounds.js";
import { draftOf } from "./wish.js";

const AGAIN = 2000; // milliseconds between two looks while something is being made
const SLOW = 15000;
const OPEN = ["queued", "in_progress"];

export async function open(element) {
  const room = new Films(element.querySelector(".jobs"));
  try {
    await room.open(await house());
  } catch (problem) {
    room.slip(problem.message);
  }
}

class Films {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(name);
    this.limit = 24;
    this.tiles = new Map();
  }

  async open(told) {
    this.told = told;
    translate(this.root);
    this.find(".more").addEventListener("click", () => {
      this.limit = Math.min(100, this.limit + 24);
      this.look();
    });
    addEventListener("visibilitychange", () => this.look());
    new IntersectionObserver(([seen]) => seen.isIntersecting && this.look()).observe(this.root);
    await this.look();
    this.root.classList.add("open");
  }

  slip(text) { this.find(".slip").textContent = text; }

  // Nobody looks: nothing is followed and nothing plays.
  rest() {
    this.unfollow?.();
    this.unfollow = this.watched = null;
    for (const tile of this.tiles.values()) tile.still();
  }

  async look() {
    clearTimeout(this.next);
    if (document.hidden || !this.root.offsetParent) return this.rest();
    try {
      const page = await ask(`/v1/videos?limit=${this.limit}`);
      this.show(page);
      this.next = setTimeout(() => this.look(), page.data.some((job) => OPEN.includes(job.status)) ? AGAIN : SLOW);
    } catch (problem) {
      this.slip(problem.message);
      this.next = setTimeout(() => this.look(), SLOW);
    }
  }

  // One stream at a time: the first job at work is watched while it is made, and its steps are counted.
  watch(page) {
    const first = page.data.find((job) => job.status === "in_progress")?.id ?? null;
    if (first === this.watched) return;
    this.watched = first;
    this.unfollow?.();
    this.unfollow = first && follow(this.told.viewer, first, (name, data) => this.tiles.get(first)?.heard(name, data));
  }

  show(page) {
    this.slip("");
    const going = page.data.filter((job) => OPEN.includes(job.status)).length;
    this.find(".count").textContent = going ? t("jobs.going", { count: going }) : "";
    this.find(".bare").hidden = page.data.length > 0;
    this.find(".more").hidden = !page.has_more || this.limit >= 100;
    const list = this.find(".tiles");
    for (const [id, tile] of this.tiles) {
      if (page.data.some((job) => job.id === id)) continue;
      tile.root.remove();
      this.tiles.delete(id);
    }
    page.data.forEach((job, place) => {
      const tile = this.tiles.get(job.id) ?? new Tile(this, job.id);
      this.tiles.set(job.id, tile);
      tile.show(job);
      if (list.children[place] !== tile.root) list.insertBefore(tile.root, list.children[place] ?? null);
    });
    this.watch(page);
  }
}

class Tile {
  constructor(room, id) {
    Object.assign(this, { room, id, seen: "" });
    this.shot = make("button", { type: "button", className: "shot" });
    this.text = make("p", { className: "text" });
    this.fate = make("p", { className: "fate" });
    this.meter = make("div", { className: "meter" }, make("i"));
    this.tools = make("div", { className: "tools" });
    this.root = make("li", { className: "tile" }, this.shot, this.text, this.meter, this.fate, this.tools);
    this.shot.addEventListener("click", () => this.play());
    ask(`/v1/asked/${id}`).then((asked) => {
      this.asked = asked;
      const words = asked.text || asked.prompt || t(asked.audio ? "jobs.sound" : "jobs.picture");
      this.text.textContent = words;
      this.shot.setAttribute("aria-label", `${t("chat.play")}: ${words.slice(0, 80)}`);
      this.dim();
    }, () => {});
  }

  // The film grows in the tile as soon as there is something to see.
  heard(name, data) {
    if (name === "progress" && data.total > 1) this.steps = ` · ${data.done} / ${data.total}`;
    if (name === "started") this.steps = "";
    if (name === "glimpse") this.glimpse(data);
    if (name !== "playable" || this.live || this.job.request.kind !== "talk") return;
    this.live = make("video", { muted: true, autoplay: true, playsInline: true });
    this.settle = grow(this.live, film(this.room.told.viewer, this.id, "stream"));
    this.shot.replaceChildren(this.live);
  }

  // Who is asked for, while there is nothing else to see.
  dim() {
    if (this.asked?.avatar && !this.shot.childNodes.length) this.shot.append(make("img", { className: "dim", src: picture(this.asked.avatar), alt: "" }));
  }

  async glimpse(data) {
    const next = await glimpse(this.room.told.viewer, this.id, data);
    if (next && !this.live && this.job.status === "in_progress") this.shot.replaceChildren(next);
  }

  still() {
    this.settle?.();
    this.live?.removeAttribute("src");
    this.live?.load();
    this.live?.remove();
    this.live = null;
  }

  show(job) {
    this.job = job;
    this.fate.textContent = fate(job, this.steps ?? "");
    this.fate.classList.toggle("bad", job.status === "failed");
    this.meter.hidden = !OPEN.includes(job.status);
    this.meter.firstElementChild.style.width = `${job.progress}%`;
    if (this.seen === job.status) return;
    this.seen = job.status;
    this.shot.disabled = job.status !== "completed";
    if (!OPEN.includes(job.status)) {
      this.still();
      this.shot.replaceChildren();
      if (job.status !== "completed") this.dim();
    }
    if (job.status === "completed") {
      const { duration_seconds: long, takes } = job.output;
      const badge = make("span", { textContent: takes.length > 1 ? `× ${takes.length}` : long ? `${long.toFixed(1)} s` : `${job.output.width} × ${job.output.height}` });
      this.shot.replaceChildren(job.mode === "audio_only" ? "♪" : make("img", { src: film(this.room.told.viewer, this.id, "thumbnail"), alt: "", loading: "lazy" }), badge);
    }
    this.arm(job);
  }

  arm(job) {
    const tool = (name, does) => {
      const button = make("button", { type: "button", textContent: t(name) });
      button.addEventListener("click", async () => {
        button.disabled = true;
        try {
          await does();
        } catch (problem) {
          this.room.slip(problem.message);
        }
        button.disabled = false;
        this.room.look();
      });
      return button;
    };
    const cancel = tool("cancel", () => ask(`/v1/videos/${this.id}/cancel`, { method: "POST" }));
    const retry = tool("jobs.retry", () => ask(`/v1/again/${this.id}`, { method: "POST", body: {} }));
    const change = tool("jobs.change", async () => {
      const asked = this.asked ?? (await ask(`/v1/asked/${this.id}`));
      hand({ ...draftOf(asked), brought: await broughtFor(this.id, asked, film(this.room.told.viewer, this.id, "thumbnail")) });
    });
    const remove = tool("jobs.delete", () => ask(`/v1/videos/${this.id}`, { method: "DELETE" }));
    if (OPEN.includes(job.status)) return this.tools.replaceChildren(cancel);
    this.tools.replaceChildren(...(job.status === "completed" ? [change] : [retry, change]), remove);
  }

  play() {
    const { told } = this.room;
    const box = make("dialog", { className: "show" });
    const links = make("div", { className: "downloads" });
    downloads(links, told.viewer, this.job, { exports: true });
    const shut = make("button", { type: "button", className: "quiet", textContent: t("close") });
    shut.addEventListener("click", () => box.close());
    const remarked = remarks(make("ul", { className: "remarks" }), this.job);
    box.append(...this.files(), remarked, links, make("div", { className: "row" }, shut));
    box.setAttribute("aria-label", this.text.textContent);
    box.addEventListener("close", () => box.remove(), { once: true });
    document.body.append(box);
    box.showModal();
    box.querySelector("video, audio")?.play().catch(() => {});
  }

  // What was made: the film, the sound, the picture, or all takes.
  files() {
    const { mode, output } = this.job;
    const names = output.takes.length > 1 ? output.takes.map((_, place) => `take-${place + 1}`) : [mode === "image" ? "image" : mode === "video" ? "video" : "audio"];
    const made = names.map((name) => {
      const src = film(this.room.told.viewer, this.id, name);
      return mode === "image" ? make("img", { src, alt: this.text.textContent }) : mode === "audio_only" ? make("audio", { controls: true, src }) : make("video", { controls: true, src, loop: names.length > 1, muted: names.length > 1 });
    });
    return made.length > 1 ? [make("div", { className: "several" }, ...made)] : made;
  }
}

function fate(job, steps) {
  const at = new Date(job.created_at * 1000).toLocaleString(language, { dateStyle: "short", timeStyle: "short" });
  const soon = job.eta_seconds ? ` · ${t("jobs.left", { time: span(job.eta_seconds) })}` : "";
  if (job.status === "queued") return (job.queue_position ? t("chat.queued", { position: job.queue_position }) : t("status.queued")) + soon;
  if (job.status === "in_progress") {
    return `${job.stage ? t(`stage.${job.stage}`) : t("status.in_progress")} ${Math.round(job.progress)} %${steps}${soon}`;
  }
  if (job.status === "failed") return job.error?.message ?? t("chat.failed");
  if (job.status === "completed") return job.degraded ? `${at} · ${t("jobs.degraded")}` : at;
  return t(`status.${job.status}`);
}
