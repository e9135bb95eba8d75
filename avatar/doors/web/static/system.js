// What the house has, and what it would do with it. Changes nothing.

import { ask, house, make, t, translate } from "./house.js";
import { bytes } from "./downloads.js";

const AGAIN = 10000; // milliseconds between two looks

export async function open(element) {
  const root = element.querySelector(".system");
  const slip = root.querySelector(".slip");
  const look = async () => {
    if (!document.hidden && root.offsetParent) {
      try {
        show(root, await ask("/health"));
        slip.textContent = "";
      } catch (problem) {
        slip.textContent = problem.message;
      }
    }
    setTimeout(look, AGAIN);
  };
  try {
    await house();
    translate(root);
    await look();
    root.classList.add("open");
  } catch (problem) {
    slip.textContent = problem.message;
  }
}

function show(root, told) {
  const { machine } = told.plan;
  const cards = [
    card(t("system.queue"), t("system.queued", told.queue), t("system.running", told.queue)),
    card(t("system.processor"), t("system.cores", { count: machine.cores }), t("system.profile", { name: told.plan.profile })),
    bar(t("system.memory"), machine.ram - machine.ram_free, machine.ram),
    bar(t("system.disk"), machine.disk - machine.disk_free, machine.disk),
    ...machine.gpus.map((gpu) => bar(gpu.name, gpu.vram - gpu.vram_free, gpu.vram)),
  ];
  if (!machine.gpus.length) cards.splice(2, 0, card(t("system.gpu"), t("system.none"), t("system.floor")));
  root.querySelector(".cards").replaceChildren(...cards);
  root.querySelector("tbody").replaceChildren(...told.plan.backends.map(row));
}

function card(title, main, more) {
  return make("div", { className: "card" }, make("span", { textContent: title }), make("b", { textContent: main }), make("span", { textContent: more }));
}

function bar(title, used, all) {
  const made = card(title, t("system.free", { size: bytes(all - used) }), t("system.of", { size: bytes(all) }));
  const meter = make("div", { className: "meter" }, make("i"));
  meter.firstElementChild.style.width = `${all ? (100 * used) / all : 0}%`;
  made.insertBefore(meter, made.lastElementChild);
  return made;
}

function row(one) {
  const runs = make("td", { className: one.runs ? "yes" : "no", textContent: t(one.runs ? "yes" : "no") });
  const why = one.why || (one.device ? `${one.device}${one.precision ? `, ${one.precision}` : ""}` : "");
  return make("tr", {}, make("td", { textContent: t(`name.${one.stage}`) }), make("td", { textContent: one.backend }), runs, make("td", { textContent: why }));
}
