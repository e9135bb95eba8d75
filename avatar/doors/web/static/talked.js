// What can be done with a whole conversation: taken along as text, as one film, forgotten. Knows no screen.

import { ask, make, recall, store, t } from "./house.js";

const MOST = 60; // films in one

function give(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// The lines with who said them, as a text file.
export function asText(history) {
  const lines = history.map((said) => `${said.mine ? t("talked.me") : said.name}: ${said.line}`);
  give(new Blob([lines.join("\n"), "\n"], { type: "text/plain" }), "conversation.txt");
}

// All answers that are still kept, one behind the other. Raises Problem.
export async function asFilm(history) {
  const jobs = history.filter((said) => said.job).slice(-MOST).map((said) => said.job);
  const found = await Promise.all(jobs.map((id) => ask(`/v1/videos/${id}`).catch(() => null)));
  const whole = found.filter((job) => job?.status === "completed" && job.output.video).map((job) => job.id);
  if (!whole.length) throw new Error(t("talked.none"));
  const answer = await ask("/v1/joined", { method: "POST", body: { videos: whole }, raw: true });
  give(await answer.blob(), "conversation.mp4");
}

const kept = () => JSON.parse(recall("personas") ?? "{}");

// Who an avatar is, in the visitor's words; empty for its own description.
export const persona = (avatar) => kept()[avatar] ?? "";

export function askPersona(card) {
  const box = make("dialog");
  box.innerHTML = `<form method="dialog"><h2></h2><p></p><textarea rows="6" maxlength="2000"></textarea><div class="row"><button class="act"></button></div></form>`;
  const text = box.querySelector("textarea");
  box.querySelector("h2").textContent = t("talked.persona", { name: card.name });
  box.querySelector("p").textContent = t("talked.persona.hint");
  box.querySelector(".act").textContent = t("close");
  text.setAttribute("aria-label", t("talked.persona", { name: card.name }));
  Object.assign(text, { value: persona(card.id), placeholder: card.description });
  box.addEventListener("close", () => {
    store("personas", JSON.stringify({ ...kept(), [card.id]: text.value.trim() }));
    box.remove();
  }, { once: true });
  document.body.append(box);
  box.showModal();
}
