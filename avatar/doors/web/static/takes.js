// Pictures and silent films of one job: side by side, one of them chosen, made in full or brought to speak. Knows no form.

import { film, make, t } from "./house.js";

export class Takes {
  constructor(studio, viewer) {
    Object.assign(this, { studio, viewer, list: studio.find(".takes"), picked: studio.find(".picked"), talker: studio.find(".talker") });
    studio.find(".full").addEventListener("click", () => this.full());
    this.talker.addEventListener("click", () => this.talk());
    this.list.addEventListener("keydown", (event) => this.key(event));
  }

  clear() {
    this.list.hidden = this.picked.hidden = true;
    this.list.replaceChildren();
    this.job = null;
  }

  show(job) {
    this.job = job;
    const several = job.output.takes;
    const all = several.length ? several : [{ seed: job.output.seed }];
    this.all = all.map((take, place) => ({ seed: take.seed, name: several.length > 1 ? `take-${place + 1}` : job.mode === "image" ? "image" : "video" }));
    this.list.replaceChildren(...this.all.map((take) => this.entry(take)));
    this.list.hidden = this.all.length < 2;
    this.picked.hidden = false;
    this.studio.find(".full").hidden = this.all.length < 2;
    this.talker.hidden = job.mode !== "image";
    this.choose(this.all[0]);
  }

  entry(take) {
    const source = film(this.viewer, this.job.id, take.name);
    const seen = this.job.mode === "image" ? make("img", { src: source, alt: "", loading: "lazy" }) : make("video", { src: source, muted: true, loop: true, autoplay: true, playsInline: true });
    const one = make("button", { type: "button" }, seen, make("span", { textContent: take.seed }));
    one.setAttribute("role", "radio");
    one.setAttribute("aria-label", `${t("studio.seed")} ${take.seed}`);
    one.addEventListener("click", () => this.choose(take));
    return one;
  }

  choose(take) {
    this.chosen = take;
    [...this.list.children].forEach((one, place) => {
      one.setAttribute("aria-checked", this.all[place] === take);
      one.tabIndex = this.all[place] === take ? 0 : -1;
    });
    const { studio } = this;
    const source = film(this.viewer, this.job.id, take.name);
    if (this.job.mode !== "image") return studio.watch(source);
    Object.assign(studio.poster, { src: source, hidden: false, alt: studio.form.elements.prompt.value });
    studio.root.classList.remove("played");
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const place = (this.all.indexOf(this.chosen) + step + this.all.length) % this.all.length;
    this.choose(this.all[place]);
    this.list.children[place].focus();
  }

  // The chosen seed alone, in the size and length of the form.
  full() {
    const field = this.studio.form.elements;
    field.seed.value = this.chosen.seed;
    field.lock.checked = true;
    field.variations.value = "1";
    this.studio.make();
  }

  async talk() {
    this.talker.disabled = true;
    try {
      const found = await (await fetch(film(this.viewer, this.job.id, this.chosen.name))).blob();
      const file = new File([found], `${this.chosen.seed}.png`, { type: found.type });
      await this.studio.adopt(file, film(this.viewer, this.job.id, "thumbnail"));
    } catch (problem) {
      this.studio.slip(problem.message);
    }
    this.talker.disabled = false;
  }
}
