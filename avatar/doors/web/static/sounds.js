// Asks for a recording and for consent. Knows not what is made of it.

import { make, t } from "./house.js";
import { upload } from "./cast.js";

// Gives `{ upload, name }`, or null when the visitor thought better of it.
export function bringSound() {
  const box = make("dialog");
  box.innerHTML = `<form><h2></h2><p></p><label><input type="file" accept="audio/*,video/mp4,video/webm" required></label>
    <label><input type="checkbox" required><span></span></label><p class="slip" role="alert"></p>
    <div class="row"><button type="button" class="quiet"></button><button class="act"></button></div></form>`;
  const find = (name) => box.querySelector(name);
  const [file, slip, go] = [find("[type=file]"), find(".slip"), find(".act")];
  find("h2").textContent = t("sound.title");
  find("p").textContent = t("sound.hint");
  file.setAttribute("aria-label", t("sound.title"));
  find("span").textContent = t("sound.consent");
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
        brought = { upload: (await upload(file.files[0], "audio")).upload_id, name: file.files[0].name };
        box.close();
      } catch (problem) {
        slip.textContent = problem.message;
        go.disabled = false;
      }
    });
    box.addEventListener("close", () => { box.remove(); resolve(brought); }, { once: true });
  });
}
