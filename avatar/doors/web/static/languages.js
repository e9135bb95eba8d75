// Which language is spoken, and the voice for it that fits an avatar. Knows no synthesiser beyond its ids.

import { language, make, recall, store, t } from "./house.js";

// Timbres by who speaks.
export const TIMBRES = { female: "f2", male: "m3", old_female: "f1", old_male: "m1" };

export function languageName(tag) {
  try {
    return new Intl.DisplayNames([language], { type: "language" }).of(tag.replace(/^cmn/, "zh"));
  } catch {
    return tag;
  }
}

// Fills `select` with the languages of `voices`; the first choice is the text's own.
export function fillLanguages(select, voices) {
  const found = voices.data
    .filter((voice) => voice.language && !voice.id.includes("+") && /^[a-z]{2,3}(-[a-z]{2})?$/.test(voice.id))
    .map((voice) => ({ id: voice.id, name: languageName(voice.language) }))
    .filter((voice) => voice.name && voice.name !== voice.id)
    .sort((one, other) => one.name.localeCompare(other.name, language));
  select.append(make("option", { value: "", textContent: t("chat.language.auto") }));
  for (const voice of found) select.append(make("option", { value: voice.id, textContent: voice.name }));
  select.value = recall("language") ?? "";
  if (select.selectedIndex < 0) select.value = "";
  select.addEventListener("change", () => store("language", select.value));
}

// The voice id for a language spoken by this card; empty for the avatar's own voice. A picture has the one that was chosen
// with it.
export function voiceFor(tag, card) {
  if (!tag && !card.upload) return "";
  const timbre = TIMBRES[card.voice?.replace(" ", "_")] ?? TIMBRES[card.voice?.split(" ").at(-1)];
  return timbre ? `${tag}+${timbre}` : tag;
}
