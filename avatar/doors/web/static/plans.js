// A plan in words: what will run, what it costs, what is free already, what was stepped down and why. Knows no form.

import { make, span, t } from "./house.js";
import { bytes } from "./downloads.js";

// Backends that serve only those who brought something of their own.
const SPECIAL = { upload: "audio", "speecht5-clone": "voice_sample", photo: "image", "photo-plain": "image", filmed: "video" };

const SHOWN = 2; // reasons that are seen at once

// Fills the `p.sum` and `ul` of `place`. `body` is what is asked; `bare` when that is not enough yet.
export function showPlan(place, plan, body, { bare = false } = {}) {
  const costs = [t(plan.mode === "audio_only" ? "plan.sound" : plan.mode === "image" ? "plan.image" : "plan.film", { count: body.variations ?? 1 })];
  const stages = grouped(plan, body);
  const free = bare ? [] : plan.known;
  const seconds = free.length === stages.size ? 0 : plan.seconds_now;
  if (free.length === stages.size) costs.push(t("plan.free"));
  else costs.push(seconds ? t("plan.seconds", { time: span(seconds) }) : t("plan.unknown"));
  const first = [...stages.values()].map((chain) => chain.find((one) => one.runs)).filter(Boolean);
  const memory = Math.max(0, ...first.map((one) => one.ram));
  const vram = Math.max(0, ...first.map((one) => one.vram));
  if (memory) costs.push(t("plan.ram", { size: bytes(memory) }));
  if (vram) costs.push(t("plan.vram", { size: bytes(vram) }));
  place.querySelector(".sum").textContent = costs.join(" · ");
  const lines = [...stages].map(([stage, chain]) => entry(stage, chain, { free: free.includes(stage), named: body.backends?.[stage] }));
  place.querySelector("ul").replaceChildren(...lines, ...plan.notes.map((note) => make("li", { className: "remark", textContent: note })));
}

function entry(stage, chain, { free, named }) {
  const from = Math.max(0, chain.findIndex((one) => one.backend === named));
  const left = chain.slice(from);
  const [first, ...others] = left.filter((one) => one.runs);
  const line = make("li", {}, make("b", { textContent: t(`name.${stage}`) }), make("span", { textContent: first ? first.backend : t("plan.nobody") }));
  if (free) line.append(make("em", { textContent: t("plan.cached") }));
  const missed = left.slice(0, first ? left.indexOf(first) : undefined);
  const reasons = missed.map((one) => {
    const told = one.backend === named ? t("plan.instead", { name: one.backend, why: one.why }) : `${one.backend}: ${one.why}`;
    return make("small", { textContent: told, className: one.backend === named ? "down" : "" });
  });
  line.append(...reasons.splice(0, SHOWN));
  if (reasons.length) line.append(make("details", {}, make("summary", { textContent: `+ ${reasons.length}` }), ...reasons));
  if (others.length) line.append(make("small", { textContent: t("plan.else", { names: others.map((one) => one.backend).join(", ") }) }));
  return line;
}

function grouped(plan, body) {
  const found = new Map(plan.stages.map((stage) => [stage, []]));
  for (const one of plan.backends) {
    if (one.backend === "joiner" && !plan.speakers.length) continue; // it joins the turns of several
    if (found.has(one.stage) && (body[SPECIAL[one.backend]] ?? !(one.backend in SPECIAL))) found.get(one.stage).push(one);
  }
  return found;
}
