// What the house has and what it would do with it, and the weights that it keeps. Knows no film.

import { ask, house, make, recall, t, translate } from "./house.js";
import { bytes } from "./downloads.js";
import { Shelf } from "./shelf.js";
import { keepProfile } from "./wish.js";

const AGAIN = 10000; // milliseconds between two looks
const PROFILES = ["auto", "minimal", "recommended", "maximum"];

export async function open(element) {
  const room = new System(element.querySelector(".system"));
  try {
    await house();
    await room.open();
  } catch (problem) {
    room.slip(problem.message);
  }
}

class System {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(name);
    this.profile = this.find("#y-profile");
  }

  async open() {
    translate(this.root);
    this.profile.append(...PROFILES.map((name) => make("option", { value: name, textContent: t(`profile.${name}`) })));
    this.profile.value = recall("profile") ?? "auto";
    this.shelf = new Shelf(this.root, (text) => this.slip(text));
    this.profile.addEventListener("change", () => this.plan());
    this.find(".wear").addEventListener("click", () => {
      keepProfile(this.profile.value);
      this.worn();
      const studio = document.getElementById("s-profile");
      if (studio) Object.assign(studio, { value: this.profile.value }).dispatchEvent(new Event("input", { bubbles: true }));
    });
    new IntersectionObserver(([seen]) => seen.isIntersecting && this.look()).observe(this.root);
    await this.look();
    this.root.classList.add("open");
  }

  slip(text) { this.find(".slip").textContent = text; }

  async look() {
    clearTimeout(this.next);
    if (document.hidden || !this.root.offsetParent) return void (this.next = setTimeout(() => this.look(), AGAIN));
    try {
      const told = await ask("/health");
      this.slip("");
      this.cards(told);
      await this.plan();
      await this.shelf.look();
    } catch (problem) {
      this.slip(problem.message);
    }
    this.next = setTimeout(() => this.look(), AGAIN);
  }

  cards({ plan: { machine }, queue }) {
    const cards = [
      card(t("system.queue"), t("system.queued", queue), t("system.running", queue)),
      card(t("system.processor"), t("system.cores", { count: machine.cores }), machine.gpus.length ? "" : t("system.floor")),
      bar(t("system.memory"), machine.ram - machine.ram_free, machine.ram),
      bar(t("system.disk"), machine.disk - machine.disk_free, machine.disk),
      ...machine.gpus.map((gpu) => bar(`${gpu.name} · VRAM`, gpu.vram - gpu.vram_free, gpu.vram)),
    ];
    if (!machine.gpus.length) cards.splice(2, 0, card(t("system.gpu"), t("system.none"), ""));
    this.find(".cards").replaceChildren(...cards);
  }

  // What an ordinary film would be made with in the chosen profile, before it is taken.
  async plan() {
    const plan = await ask("/v1/plans", { method: "POST", body: { script: "Hello.", profile: this.profile.value } });
    const costs = [t("system.profile", { name: t(`profile.${plan.profile}`) })];
    if (plan.fetch_bytes) costs.push(t("plan.fetch", { size: bytes(plan.fetch_bytes) }));
    if (plan.peak_ram) costs.push(t("plan.ram", { size: bytes(plan.peak_ram) }));
    if (plan.peak_vram) costs.push(t("plan.vram", { size: bytes(plan.peak_vram) }));
    costs.push(t("system.after", { size: bytes(plan.disk_after) }));
    this.find(".costs").textContent = costs.join(" · ");
    this.find(".chains tbody").replaceChildren(...plan.backends.map(row));
    this.worn();
  }

  worn() {
    const own = (recall("profile") ?? "auto") === this.profile.value;
    this.find(".wear").disabled = own;
    this.find(".wear").textContent = t(own ? "system.worn" : "system.wear");
  }
}

function card(title, main, more) {
  return make("div", { className: "card" }, make("span", { textContent: title }), make("b", { textContent: main }), make("span", { textContent: more }));
}

function bar(title, used, all) {
  const made = card(title, t("system.free", { size: bytes(all - used) }), t("system.of", { size: bytes(all) }));
  const share = all ? Math.round((100 * used) / all) : 0;
  const meter = make("div", { className: "meter" }, make("i"));
  meter.classList.toggle("full", share > 90);
  Object.entries({ role: "meter", "aria-label": title, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": share }).forEach(([name, value]) => meter.setAttribute(name, value));
  meter.firstElementChild.style.width = `${share}%`;
  made.insertBefore(meter, made.lastElementChild);
  return made;
}

function row(one) {
  const runs = make("td", { className: one.runs ? "yes" : "no", textContent: t(one.runs ? "yes" : "no") });
  const why = one.why || (one.device ? `${one.device}${one.precision ? `, ${one.precision}` : ""}` : "");
  return make("tr", {}, make("td", { textContent: t(`name.${one.stage}`) }), make("td", { textContent: one.backend }), runs, make("td", { textContent: why }));
}
