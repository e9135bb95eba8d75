// The models: which are here, how large, under which licence; to be fetched and removed by the owner. Knows no plan.

import { ask, language, make, t } from "./house.js";
import { bytes } from "./downloads.js";

const SOON = 1000; // milliseconds between two looks while something comes

export class Shelf {
  constructor(root, slip) {
    this.root = root;
    this.slip = slip;
  }

  async look() {
    clearTimeout(this.next);
    const told = await ask("/v1/weights");
    this.root.querySelector(".owner").textContent = told.yours ? "" : t("weights.owner");
    this.root.querySelector(".shelf tbody").replaceChildren(...told.data.map((card) => this.row(card, told.yours)));
    if (told.data.some((card) => card.coming)) this.next = setTimeout(() => this.look().catch((problem) => this.slip(problem.message)), SOON);
  }

  row(card, yours) {
    const name = make("td", {}, make("b", { textContent: card.title }), make("small", { textContent: card.fault || card.trouble || (card.stage ? t(`name.${card.stage}`) : card.id) }));
    name.classList.toggle("bad", Boolean(card.fault || card.trouble));
    const licence = make("td", { textContent: card.licence }, make("small", { textContent: card.commercial ? "" : t("weights.noncommercial") }));
    const size = make("td", { textContent: bytes(card.kept || card.size) }, make("small", { textContent: card.installed ? t("weights.here") : "" }));
    const used = make("td", { textContent: card.used ? new Date(card.used * 1000).toLocaleDateString(language, { dateStyle: "medium" }) : "" });
    return make("tr", { className: card.installed ? "here" : "" }, name, licence, size, used, this.hand(card, yours));
  }

  hand(card, yours) {
    const place = make("td", { className: "hand" });
    if (card.coming) {
      const meter = make("div", { className: "meter" }, make("i"));
      const share = card.total ? Math.round((100 * card.done) / card.total) : 0;
      Object.entries({ role: "progressbar", "aria-label": card.title, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": share }).forEach(([name, value]) => meter.setAttribute(name, value));
      meter.firstElementChild.style.width = `${share}%`;
      place.append(meter, make("small", { textContent: `${bytes(card.done)} / ${bytes(card.total)}` }));
    }
    const here = card.coming || card.kept > 0;
    const does = card.coming ? "cancel" : here && card.installed ? "weights.evict" : "weights.fetch";
    const button = make("button", { type: "button", className: "quiet small", textContent: t(does), disabled: !yours });
    button.setAttribute("aria-label", `${t(does)}: ${card.title}`);
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        if (does === "weights.fetch") await ask(`/v1/weights/${card.id}/fetch`, { method: "POST", raw: true });
        else await ask(`/v1/weights/${card.id}`, { method: "DELETE" });
        this.slip("");
        await this.look();
      } catch (problem) {
        this.slip(problem.message);
        button.disabled = false;
      }
    });
    place.append(button);
    return place;
  }
}
