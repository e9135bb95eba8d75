// Where a face is in a picture: shown, and put right by clicks, by dragging or with the arrow keys. Knows no request.

import { ask, make, t } from "./house.js";

const NAMES = ["right_eye", "left_eye", "right_mouth", "left_mouth", "chin"];
const GUESS = { right_eye: [0.41, 0.4], left_eye: [0.59, 0.4], right_mouth: [0.43, 0.62], left_mouth: [0.57, 0.62], chin: [0.5, 0.76] };

// Gives `{ face, landmarks }` for a picture that was brought, without landmarks where what was found is right; null when the
// visitor thought better of it.
export async function marked(upload, file) {
  let found = { width: 1, height: 1, faces: [] };
  let why = "";
  try {
    found = await ask(`/v1/uploads/${upload}/faces`);
  } catch (problem) {
    why = problem.message;
  }
  return new Marking(found, file, why).answer();
}

class Marking {
  constructor(found, file, why) {
    this.found = found;
    this.face = 0;
    this.active = NAMES[0];
    this.box = make("dialog", { className: "marking" });
    this.box.innerHTML = `<h2></h2><p></p><div class="ground"><img></div><p class="slip" role="status"></p>
      <div class="row"><button type="button" class="quiet next"></button><button type="button" class="quiet shut"></button><button type="button" class="act"></button></div>`;
    this.find = (name) => this.box.querySelector(name);
    this.ground = this.find(".ground");
    this.url = URL.createObjectURL(file);
    Object.assign(this.find("img"), { src: this.url, alt: t("own.title") });
    this.find("h2").textContent = t("marks.title");
    this.find("p").textContent = t("marks.hint");
    this.find(".slip").textContent = found.faces.length ? "" : why || t("marks.none");
    this.find(".next").textContent = t("marks.next");
    this.find(".next").hidden = found.faces.length < 2;
    this.find(".shut").textContent = t("cancel");
    this.find(".act").textContent = t("own.use");
    this.dots = Object.fromEntries(NAMES.map((name) => [name, this.dot(name)]));
    this.ground.append(...Object.values(this.dots));
    this.take();
  }

  dot(name) {
    const one = make("button", { type: "button", className: `dot ${name}`, title: t(`marks.${name}`) });
    one.setAttribute("aria-label", t(`marks.${name}`));
    one.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      this.choose(name);
      one.setPointerCapture(event.pointerId);
      one.onpointermove = (moved) => this.put(name, this.at(moved));
    });
    one.addEventListener("pointerup", () => { one.onpointermove = null; });
    one.addEventListener("focus", () => this.choose(name));
    one.addEventListener("keydown", (event) => {
      const [across, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
      if (!across && !down) return;
      event.preventDefault();
      const [x, y] = this.places[name];
      this.put(name, [x + across * 0.004, y + down * 0.004]);
    });
    return one;
  }

  // Where a click is, as shares of the picture.
  at(event) {
    const ground = this.ground.getBoundingClientRect();
    return [(event.clientX - ground.left) / ground.width, (event.clientY - ground.top) / ground.height];
  }

  choose(name) {
    this.active = name;
    for (const [each, dot] of Object.entries(this.dots)) dot.classList.toggle("now", each === name);
  }

  put(name, [x, y]) {
    const held = (share) => Math.min(1, Math.max(0, share));
    this.places[name] = [held(x), held(y)];
    this.changed = true;
    this.show();
  }

  show() {
    for (const [name, [x, y]] of Object.entries(this.places)) Object.assign(this.dots[name].style, { left: `${100 * x}%`, top: `${100 * y}%` });
  }

  // The marks of the present face as they were found.
  take() {
    const { faces, width, height } = this.found;
    const face = faces[this.face];
    this.places = Object.fromEntries(NAMES.map((name) => [name, face ? [face[name][0] / width, face[name][1] / height] : GUESS[name]]));
    this.changed = !face;
    this.choose(NAMES[0]);
    this.show();
  }

  answer() {
    document.body.append(this.box);
    this.box.showModal();
    this.ground.addEventListener("pointerdown", (event) => {
      this.put(this.active, this.at(event));
      this.choose(NAMES[(NAMES.indexOf(this.active) + 1) % NAMES.length]);
    });
    this.find(".next").addEventListener("click", () => {
      this.face = (this.face + 1) % this.found.faces.length;
      this.take();
    });
    return new Promise((resolve) => {
      let given = null;
      this.find(".shut").addEventListener("click", () => this.box.close());
      this.find(".act").addEventListener("click", () => {
        given = { face: this.face, ...(this.changed ? { landmarks: this.pixels() } : {}) };
        this.box.close();
      });
      this.box.addEventListener("close", () => {
        URL.revokeObjectURL(this.url);
        this.box.remove();
        resolve(given);
      }, { once: true });
    });
  }

  pixels() {
    const image = this.find("img");
    const told = this.found.width > 1;
    const [width, height] = told ? [this.found.width, this.found.height] : [image.naturalWidth, image.naturalHeight];
    return Object.fromEntries(Object.entries(this.places).map(([name, [x, y]]) => [name, [x * width, y * height]]));
  }
}
