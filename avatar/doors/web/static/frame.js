// The frame around the rooms: light or dark, and the tabs until Gradio has put up its own. Knows no room but opens the chat.

import { open } from "./chat.js";
import { house, recall, store, t, translate } from "./house.js";

const dark = () => document.body.classList.contains("dark");
const night = matchMedia("(prefers-color-scheme: dark)");
const early = document.getElementById("early");
let wanted = "";

function wear(shade) {
  document.body.classList.toggle("dark", shade === "dark");
}

wear(recall("shade") ?? (night.matches ? "dark" : "light"));
for (const button of early.querySelectorAll("[data-room]")) {
  button.addEventListener("click", () => {
    wanted = button.dataset.room;
    for (const other of early.querySelectorAll("[data-room]")) other.classList.toggle("selected", other === button);
  });
}
early.querySelector("[data-room]").classList.add("selected");
open(early);

house().finally(() => {
  translate(early.querySelector(".early-tabs"));
  const button = document.getElementById("shade");
  const tell = () => {
    button.setAttribute("aria-label", t(dark() ? "shade.light" : "shade.dark"));
    button.dataset.shade = dark() ? "dark" : "light";
  };
  button.addEventListener("click", () => {
    store("shade", dark() ? "light" : "dark");
    wear(recall("shade"));
    tell();
  });
  tell();
});

// Gradio's tabs are there: the chat goes into its own, as it is, and whoever wanted another room gets it.
export function settle(element) {
  const chat = early.querySelector(".chat");
  const film = chat.querySelector("video");
  const plays = !film.paused;
  const held = document.activeElement;
  const place = element.querySelector(".place");
  if (place.moveBefore) place.moveBefore(chat, null);
  else place.append(chat);
  early.remove();
  if (recall("shade")) wear(recall("shade"));
  if (plays) film.play().catch(() => {});
  if (chat.contains(held)) held.focus();
  if (wanted) enter(wanted);
}

// A tab takes no click in the moment in which it is put up.
function enter(room) {
  const tab = document.getElementById(`tab-${room}-button`);
  tab?.click();
  if (tab?.getAttribute("aria-selected") !== "true") requestAnimationFrame(() => enter(room));
}
