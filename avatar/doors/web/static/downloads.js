// What can be taken along of a finished job, and what is to be known of it. Knows no room.

import { film, language, make, t } from "./house.js";

const VARIANTS = { video: "mp4", image: "png", sheet: "png", audio: "wav", "captions.srt": "srt", "captions.vtt": "vtt", "words.json": "json", "motion.csv": "csv", "certificate.json": "json" };

// Other forms of a film that speaks; each is made when somebody first wants it.
const EXPORTS = { "alpha.webm": "webm", "prores.mov": "mov", "hevc.mp4": "mp4", "av1.mp4": "mp4", "preview.gif": "gif", "preview.webp": "webp" };

// Which files there are, by the answer's own addresses.
function had(output) {
  const told = Object.values(output).filter((value) => typeof value === "string" && value.includes("variant=")).map((url) => url.split("variant=")[1]);
  return Object.keys(VARIANTS).filter((variant) => told.includes(variant));
}

// Fills `place` with links to the files of `job`, an answer of the API; with its `exports` too where those are wanted.
export function downloads(place, viewer, job, { exports = false } = {}) {
  const link = (variant, ending, text) => make("a", { href: film(viewer, job.id, variant), download: `${job.id}-${variant.split(".")[0]}.${ending}`, textContent: text });
  place.replaceChildren(...had(job.output).map((variant) => link(variant, VARIANTS[variant], t(`file.${variant}`))));
  if (exports && job.output.captions) place.append(...Object.entries(EXPORTS).map(([variant, ending]) => link(variant, ending, variant)));
  const until = job.expires_at && new Date(job.expires_at * 1000).toLocaleString(language, { dateStyle: "short", timeStyle: "short" });
  const told = [`${t("studio.seed")} ${job.output.seed}`, ...(until ? [t("jobs.until", { time: until })] : [])];
  place.append(make("span", { className: "seed", textContent: told.join(" · ") }));
  place.hidden = false;
}

// How a model really worked, in a line.
export function made(work) {
  const told = { sampler: work.sampler, steps: work.steps, guidance: work.guidance_scale, size: `${work.width} × ${work.height}`, seed: work.seeds.join(", ") };
  return `${work.model}: ${Object.entries(told).map(([name, figure]) => `${t(`studio.${name}`)} ${figure}`).join(" · ")}`;
}

// Why it is less than was asked for, steps down, notes and how models worked, as a list; hidden where there is none of it.
export function remarks(place, job) {
  const steps = job.fallbacks.map((step) => `${t(`name.${step.stage}`)}: ${t("studio.fell", step)}`);
  const why = job.degraded && job.reason && !job.fallbacks.some((step) => job.reason.includes(step.why)) ? [job.reason] : [];
  const told = [...why, ...steps, ...(job.output?.notes ?? []), ...(job.output?.diffusion ?? []).map(made)];
  place.replaceChildren(...told.map((textContent) => make("li", { textContent })));
  place.hidden = !told.length;
  return place;
}

export const bytes = (count) => {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; count >= 999.5 && unit < 4; unit++) count /= 1000;
  return `${count < 10 && unit ? count.toFixed(1) : Math.round(count)} ${units[unit]}`;
};
