// A plan in words: what will run, what it costs, what was stepped down and why. Knows no request.

import { make, t } from "./house.js";
import { bytes } from "./downloads.js";

// Backends that serve only those who brought something of their own.
const SPECIAL = { upload: "sound", "speecht5-clone": "sound", photo: "picture", "photo-plain": "picture" };

// Fills the `p.sum` and `ul` of `place`.
export function showPlan(place, plan, brought) {
  const costs = [plan.mode === "audio_only" ? t("plan.sound") : t("plan.film")];
  costs.push(plan.seconds ? t("plan.seconds", { seconds: Math.max(1, Math.round(plan.seconds)) }) : t("plan.unknown"));
  if (plan.peak_vram) costs.push(t("plan.vram", { size: bytes(plan.peak_vram) }));
  if (plan.fetch_bytes) costs.push(t("plan.fetch", { size: bytes(plan.fetch_bytes) }));
  place.querySelector(".sum").textContent = costs.join(" · ");
  const stages = grouped(plan.backends.filter((one) => brought[SPECIAL[one.backend]] ?? true));
  place.querySelector("ul").replaceChildren(...[...stages].map(([stage, chain]) => entry(stage, chain)), ...plan.notes.map((note) => make("li", { className: "remark", textContent: note })));
}

function entry(stage, chain) {
  const [first, ...others] = chain.filter((one) => one.runs);
  const line = make("li", {}, make("b", { textContent: t(`name.${stage}`) }), make("span", { textContent: first ? first.backend : t("plan.nobody") }));
  if (others.length) line.append(make("small", { textContent: t("plan.else", { names: others.map((one) => one.backend).join(", ") }) }));
  for (const one of chain.filter((found) => !found.runs)) line.append(make("small", { textContent: `${one.backend}: ${one.why}` }));
  return line;
}

function grouped(all) {
  const found = new Map();
  for (const one of all) found.set(one.stage, [...(found.get(one.stage) ?? []), one]);
  return found;
}
