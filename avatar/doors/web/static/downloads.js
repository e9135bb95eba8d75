// What can be taken along of a finished job. Knows no room.

import { film, make, t } from "./house.js";

const VARIANTS = { video: "mp4", audio: "wav", "captions.srt": "srt", "captions.vtt": "vtt", "words.json": "json", "motion.csv": "csv", "certificate.json": "json" };

// Fills `place` with links to the files of `job`, an answer of the API.
export function downloads(place, viewer, job) {
  const has = Object.keys(VARIANTS).filter((variant) => job.mode === "video" || variant === "audio");
  place.replaceChildren(...has.map((variant) => make("a", {
    href: film(viewer, job.id, variant), download: `${job.id}-${variant.split(".")[0]}.${VARIANTS[variant]}`, textContent: t(`file.${variant}`),
  })));
  place.append(make("span", { className: "seed", textContent: `${t("studio.seed")} ${job.output.seed}` }));
  place.hidden = false;
}

export const bytes = (count) => {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; count >= 999.5 && unit < 4; unit++) count /= 1000;
  return `${count < 10 && unit ? count.toFixed(1) : Math.round(count)} ${units[unit]}`;
};
