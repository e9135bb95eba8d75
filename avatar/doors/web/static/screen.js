// The screen of the chat: plays a job's film while it is still being made. Knows no conversation.

import { grow } from "./growing.js";
import { ask, film, follow, t } from "./house.js";

export class Screen {
  constructor(root) {
    this.root = root;
    const find = (name) => root.querySelector(name);
    Object.assign(this, {
      glow: find(".glow"), poster: find(".poster"), video: find(".film"), who: find(".who"), state: find(".state"), big: find(".big"),
    });
    this.showing = null;
    this.big.addEventListener("click", () => this.start());
    this.video.addEventListener("playing", () => {
      root.classList.add("playing", "played");
      root.classList.remove("waiting");
      this.big.hidden = true;
      this.tell("");
    });
    this.video.addEventListener("ended", () => this.ended());
    this.video.addEventListener("error", () => this.video.getAttribute("src") && this.broken(this.showing));
    this.video.addEventListener("click", () => (this.video.paused ? this.start() : this.video.pause()));
    this.video.addEventListener("timeupdate", () => this.showing?.at(this.video.currentTime));
  }

  // Who is on the screen while nothing plays.
  face(name, description, picture) {
    this.stop();
    this.root.classList.remove("played");
    this.who.textContent = name;
    glowOf(picture).then((glow) => { if (this.poster.src === picture) this.glow.src = glow; });
    this.poster.src = picture;
    this.poster.alt = description;
  }

  tell(text) { this.state.textContent = text; }

  wait() {
    this.root.classList.add("waiting");
    this.tell("");
  }

  // Plays `job` of `viewer`. `heard(name, data)` hears its events, `at(seconds)` where the film is, `done()` its end.
  play(viewer, job, { heard = () => {}, at = () => {}, done = () => {}, finished = false } = {}) {
    this.stop();
    const showing = { job, viewer, at, done, finished, tried: 0 };
    this.showing = showing;
    this.wait();
    if (finished) this.video.src = film(viewer, job, "video");
    else showing.settle = grow(this.video, film(viewer, job, "stream"), () => this.broken(showing));
    this.start();
    if (!finished) {
      showing.unfollow = follow(viewer, job, (name, data) => {
        this.hear(showing, name, data);
        heard(name, data);
      });
    }
  }

  hear(showing, name, data) {
    if (["finished", "failed", "canceled"].includes(name)) showing.finished = true;
    if (this.showing !== showing) return;
    if (name === "queued" && data.position > 1) this.tell(t("chat.queued", { position: data.position }));
    if (name === "started") this.tell(this.root.classList.contains("waiting") && data.stage ? t(`stage.${data.stage}`) : "");
    if (name === "failed" || name === "canceled") this.stop();
    if (name === "finished" && showing.retry) this.again(showing);
    if (name === "finished" && data.mode === "audio_only" && !this.video.currentTime) this.sound(showing);
  }

  start() {
    this.video.play().catch((error) => {
      if (error.name !== "NotAllowedError") return;
      this.root.classList.remove("waiting");
      this.big.hidden = false;
    });
  }

  // Some browsers play no film without its length: they get it as soon as it is whole.
  broken(showing) {
    if (!showing || this.showing !== showing) return;
    if (showing.finished) this.again(showing);
    else showing.retry = true;
  }

  again(showing) {
    if (showing.tried++) return this.stop();
    this.video.src = film(showing.viewer, showing.job, "video");
    this.start();
  }

  sound(showing) {
    showing.tried = 1;
    this.video.src = film(showing.viewer, showing.job, "audio");
    this.start();
  }

  ended() {
    this.root.classList.remove("playing");
    const showing = this.showing;
    this.showing = null;
    if (!showing) return;
    this.over(showing);
    showing.done();
  }

  // A film that has played to its end is not called off; its last events are still heard.
  over(showing) {
    if (showing.finished) showing.unfollow?.();
  }

  // Stops the film and calls off a job that is still being made.
  stop() {
    const showing = this.showing;
    this.showing = null;
    this.root.classList.remove("playing", "waiting");
    this.big.hidden = true;
    this.tell("");
    if (!showing) return;
    showing.unfollow?.();
    showing.settle?.();
    if (!showing.finished) ask(`/v1/videos/${showing.job}/cancel`, { method: "POST" }).catch(() => {});
    showing.done();
    this.video.pause();
  }
}

const SMALL = 24; // pixels that are enough for what is out of focus

// A picture out of focus, fading out around: small, so that a browser blurs it by scaling, in no time.
async function glowOf(picture) {
  const found = new Image();
  found.src = picture;
  await found.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: SMALL, height: SMALL });
  const paper = canvas.getContext("2d");
  paper.drawImage(found, SMALL * 0.1, SMALL * 0.1, SMALL * 0.8, SMALL * 0.8);
  const fade = paper.createRadialGradient(SMALL / 2, SMALL / 2, SMALL * 0.25, SMALL / 2, SMALL / 2, SMALL / 2);
  fade.addColorStop(0, "#000");
  fade.addColorStop(1, "#0000");
  Object.assign(paper, { globalCompositeOperation: "destination-in", fillStyle: fade }).fillRect(0, 0, SMALL, SMALL);
  return canvas.toDataURL();
}
