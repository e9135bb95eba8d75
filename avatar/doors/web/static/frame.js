// The frame around the rooms: light or dark. Knows no room.

import { house, recall, store, t } from "./house.js";

const dark = () => document.body.classList.contains("dark");

function wear(shade) {
  document.body.classList.toggle("dark", shade === "dark");
}

const kept = recall("shade");
if (kept) wear(kept);

house().finally(() => {
  const poll = () => {
    const button = document.getElementById("shade");
    if (!button) return requestAnimationFrame(poll);
    const tell = () => {
      button.setAttribute("aria-label", t(dark() ? "shade.light" : "shade.dark"));
      button.dataset.shade = dark() ? "dark" : "light";
    };
    if (recall("shade")) wear(recall("shade"));
    button.addEventListener("click", () => {
      store("shade", dark() ? "light" : "dark");
      wear(recall("shade"));
      tell();
    });
    tell();
  };
  poll();
});
