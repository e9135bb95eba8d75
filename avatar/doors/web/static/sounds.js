// Asks for a recording or a film of somebody, and for consent. Knows not what is made of it.

import { ask, make, t } from "./house.js";
import { upload } from "./cast.js";

export const bringSound = () => bring("audio", { accept: "audio/*,video/mp4,video/webm", title: t("sound.title"), hint: t("sound.hint"), consent: t("sound.consent") });

export function bringFootage(hint) {
  return bring("video", { accept: "video/mp4,video/webm,video/quicktime,video/x-matroska", title: t("footage.title"), hint, consent: t("footage.consent") });
}

// What was brought for a job, to be used again: a picture as `image`, a sound as `audio`, a film as `video`. Each is shown by
// `picture`, the address of what came of it. Raises Problem.
export async function broughtFor(job, asked, picture) {
  const names = { image: t("own.name"), audio: t("jobs.sound"), video: t("footage.title") };
  const parts = Object.keys(names).filter((part) => asked[part]);
  const uploads = await Promise.all(parts.map((part) => ask(`/v1/asked/${job}/${part}`, { method: "POST" })));
  return Object.fromEntries(parts.map((part, place) => [part, { upload: uploads[place].upload_id, name: names[part], picture }]));
}

// Gives `{ upload, name, file }`, or null when the visitor thought better of it.
function bring(kind, { accept, title, hint, consent }) {
  const box = make("dialog");
  box.innerHTML = `<form><h2></h2><p></p><label><input type="file" required></label>
    <label><input type="checkbox" required><span></span></label><p class="slip" role="alert"></p>
    <div class="row"><button type="button" class="quiet"></button><button class="act"></button></div></form>`;
  const find = (name) => box.querySelector(name);
  const [file, slip, go] = [find("[type=file]"), find(".slip"), find(".act")];
  find("h2").textContent = title;
  find("p").textContent = hint;
  file.accept = accept;
  file.setAttribute("aria-label", title);
  find("span").textContent = consent;
  find(".quiet").textContent = t("cancel");
  go.textContent = t("own.use");
  document.body.append(box);
  box.showModal();
  return new Promise((resolve) => {
    let brought = null;
    find(".quiet").addEventListener("click", () => box.close());
    find("form").addEventListener("submit", async (event) => {
      event.preventDefault();
      go.disabled = true;
      try {
        const [chosen] = file.files;
        brought = { upload: (await upload(chosen, kind)).upload_id, name: chosen.name, file: chosen };
        box.close();
      } catch (problem) {
        slip.textContent = problem.message;
        go.disabled = false;
      }
    });
    box.addEventListener("close", () => { box.remove(); resolve(brought); }, { once: true });
  });
}

// A film's first picture as a data URL. Rejects, or never comes, where the browser can't read the film.
export async function firstPicture(file) {
  const film = make("video", { muted: true, preload: "auto", src: URL.createObjectURL(file) });
  try {
    await new Promise((resolve, reject) => Object.assign(film, { onloadeddata: resolve, onerror: reject }));
    if (!film.videoWidth) throw new Error("no picture");
    const scale = Math.min(1, 640 / Math.max(film.videoWidth, film.videoHeight));
    const canvas = make("canvas", { width: film.videoWidth * scale, height: film.videoHeight * scale });
    canvas.getContext("2d").drawImage(film, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/jpeg", 0.85);
  } finally {
    URL.revokeObjectURL(film.src);
  }
}
