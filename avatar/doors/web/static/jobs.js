// The visitor's films: those that wait, those that are made, those that are there. Knows no form and no conversation.

import { ask, film, hand, house, make, t, translate, language } from "./house.js";
import { downloads } from "./downloads.js";

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

  async look() {
    clearTimeout(this.next);
    if (document.hidden || !this.root.offsetParent) return;
    try {
      const page = await ask(`/v1/videos?limit=${this.limit}`);
      this.show(page);
      this.next = setTimeout(() => this.look(), page.data.some((job) => OPEN.includes(job.status)) ? AGAIN : SLOW);
    } catch (problem) {
      this.slip(problem.message);
      this.next = setTimeout(() => this.look(), SLOW);
    }
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
      this.text.textContent = asked.text || t("jobs.sound");
      this.shot.setAttribute("aria-label", `${t("chat.play")}: ${asked.text.slice(0, 80)}`);
    }, () => {});
  }

  show(job) {
    this.job = job;
    this.fate.textContent = fate(job);
    this.fate.classList.toggle("bad", job.status === "failed");
    this.meter.hidden = !OPEN.includes(job.status);
    this.meter.firstElementChild.style.width = `${job.progress}%`;
    if (this.seen === job.status) return;
    this.seen = job.status;
    this.shot.disabled = job.status !== "completed";
    if (job.status === "completed") {
      const seconds = make("span", { textContent: `${job.output.duration_seconds.toFixed(1)} s` });
      this.shot.replaceChildren(job.mode === "video" ? make("img", { src: film(this.room.told.viewer, this.id, "thumbnail"), alt: "", loading: "lazy" }) : "♪", seconds);
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
    const change = tool("jobs.change", async () => hand(draftOf(this.asked ?? (await ask(`/v1/asked/${this.id}`)))));
    const remove = tool("jobs.delete", () => ask(`/v1/videos/${this.id}`, { method: "DELETE" }));
    if (OPEN.includes(job.status)) return this.tools.replaceChildren(cancel);
    this.tools.replaceChildren(...(job.status === "completed" ? [change] : [retry, change]), remove);
  }

  play() {
    const { told } = this.room;
    const box = make("dialog", { className: "show" });
    const video = make("video", { controls: true, src: film(told.viewer, this.id, this.job.mode === "video" ? "video" : "audio") });
    const links = make("div", { className: "downloads" });
    downloads(links, told.viewer, this.job);
    const shut = make("button", { type: "button", className: "quiet", textContent: t("close") });
    shut.addEventListener("click", () => box.close());
    box.append(video, links, make("div", { className: "row" }, shut));
    box.setAttribute("aria-label", this.text.textContent);
    box.addEventListener("close", () => box.remove(), { once: true });
    document.body.append(box);
    box.showModal();
    video.play().catch(() => {});
  }
}

function fate(job) {
  const at = new Date(job.created_at * 1000).toLocaleString(language, { dateStyle: "short", timeStyle: "short" });
  if (job.status === "queued") return job.queue_position ? t("chat.queued", { position: job.queue_position }) : t("status.queued");
  if (job.status === "in_progress") {
    const left = job.eta_seconds ? ` · ${t("jobs.left", { seconds: Math.max(1, Math.round(job.eta_seconds)) })}` : "";
    return `${job.stage ? t(`stage.${job.stage}`) : t("status.in_progress")} ${Math.round(job.progress)} %${left}`;
  }
  if (job.status === "failed") return job.error?.message ?? t("chat.failed");
  if (job.status === "completed") return job.degraded ? `${at} · ${job.reason ?? t("jobs.degraded")}` : at;
  return t(`status.${job.status}`);
}

// The studio's fields for a request.
function draftOf(asked) {
  const [language, timbre] = (asked.voice ?? "").split("+");
  const named = Object.entries({ female: "f2", male: "m3", old_female: "f1", old_male: "m1" }).find(([, known]) => known === timbre);
  return {
    script: asked.text, avatar: asked.avatar, prompt: asked.prompt, language, timbre: named?.[0] ?? "own", size: `${asked.width}x${asked.height}`,
    fps: String(asked.fps), captions: asked.captions, seed: String(asked.seed), rate: asked.rate, pitch: asked.pitch, ...asked.motion,
  };
}
