// Who can be talked with: the drawn avatars, and a picture of the visitor's own. Knows no film.

import { ask, inTurn, make, picture, recall, store, t } from "./house.js";
import { TIMBRES } from "./languages.js";
import { marked } from "./marks.js";

// Fills `list` with everyone. `chosen(card)` hears who was chosen; a card of one's own has an `upload`.
export class Cast {
  constructor(list, cards, chosen, { described = false } = {}) {
    this.list = list;
    this.chosen = chosen;
    const own = JSON.parse(recall("own") ?? "null");
    this.plus = this.entry({ id: "own", name: t("own.name"), description: t("own.title") }, make("span", { className: "plus", textContent: "+" }));
    this.plus.addEventListener("click", () => this.bring());
    list.append(this.plus);
    const free = { id: "described", name: t("own.described"), description: t("own.described") };
    if (described) this.add(free, make("span", { className: "plus", textContent: "✎" }));
    if (own) this.add(own);
    for (const card of cards) this.add({ ...card, picture: picture(card.id) });
    this.cards = [...(described ? [free] : []), ...(own ? [own] : []), ...cards.map((card) => ({ ...card, picture: picture(card.id) }))];
    list.addEventListener("keydown", (event) => this.key(event));
    this.choose(this.cards.find((card) => card.id === recall("avatar")) ?? this.cards.find((card) => card.id === cards[0].id));
  }

  entry(card, face) {
    const one = make("button", { type: "button", title: card.name }, face, make("span", { textContent: card.name }));
    one.setAttribute("role", "radio");
    one.setAttribute("aria-label", `${card.name}. ${card.description}`);
    one.dataset.avatar = card.id;
    return one;
  }

  add(card, face = null) {
    const image = make("img", { alt: "", width: 54, height: 54 });
    if (!face) inTurn(image, card.picture);
    const one = this.entry(card, face ?? image);
    one.addEventListener("click", () => this.choose(card));
    if (card.upload) {
      this.list.querySelector(`[data-avatar="${card.id}"]:not(:first-child)`)?.remove();
      this.plus.after(one);
    } else this.list.append(one);
  }

  choose(card) {
    if (card.id !== "described") store("avatar", card.id);
    for (const one of this.list.children) {
      const it = one.dataset.avatar === card.id && one !== this.plus;
      one.setAttribute("aria-checked", it);
      one.tabIndex = it ? 0 : -1;
      if (it) one.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    this.plus.tabIndex = 0;
    this.chosen(card);
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...this.list.children];
    const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
    next.focus();
    if (next !== this.plus) next.click();
  }

  async bring() {
    const brought = await bringPicture();
    if (brought) this.own(brought);
  }

  // A picture of the visitor's own, in the place of the one before.
  own(brought) {
    const card = { id: "mine", name: t("own.name"), description: t("own.title"), voice: "", ...brought };
    store("own", JSON.stringify(card));
    this.cards = [...this.cards.filter((known) => known.id !== card.id), card];
    this.add(card);
    this.choose(card);
  }
}

// Asks for a picture and for consent, whose voice it has, then where its face is. Gives `{ upload, picture, voice, face,
// landmarks }`, or null when the visitor thought better of it.
export async function bringPicture({ marked: asks = true } = {}) {
  const brought = await asked(asks);
  if (!brought || !asks) return brought;
  const marks = await marked(brought.upload, brought.file);
  return marks && { upload: brought.upload, picture: brought.picture, voice: brought.voice, ...marks };
}

async function asked(speaks) {
  const box = make("dialog");
  box.innerHTML = `<form><h2></h2><p></p>
    <label class="drop"><span></span><input type="file" accept="image/png,image/jpeg,image/webp"></label>
    <label class="voice"><span></span><select></select></label>
    <label><input type="checkbox"><span></span></label><p class="slip" role="alert"></p>
    <div class="row"><button type="button" class="quiet"></button><button class="act" disabled></button></div></form>`;
  const find = (name) => box.querySelector(name);
  const [drop, file, tick, go, slip] = [find(".drop"), find("[type=file]"), find("[type=checkbox]"), find(".act"), find(".slip")];
  find("h2").textContent = t("own.title");
  find("p").textContent = t("own.hint");
  find(".drop span").textContent = t("own.drop");
  tick.nextElementSibling.textContent = t("own.consent");
  find(".voice span").textContent = t("studio.voice");
  const voice = find(".voice select");
  voice.append(...Object.keys(TIMBRES).map((name) => make("option", { value: name, textContent: t(`timbre.${name}`) })));
  if (!speaks) find(".voice").remove();
  find(".quiet").textContent = t("cancel");
  go.textContent = t("own.use");
  document.body.append(box);
  let chosen = null;
  const check = () => { go.disabled = !(chosen && tick.checked); };
  const take = async (found) => {
    slip.textContent = "";
    const small = found && (await shrunk(found).catch(() => null));
    if (found && !small) slip.textContent = t("own.unreadable");
    chosen = small ? { file: found, small } : null;
    if (chosen) drop.querySelector("span").replaceChildren(make("img", { src: small, alt: t("own.title") }));
    check();
  };
  file.addEventListener("change", () => take(file.files[0]));
  tick.addEventListener("change", check);
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop") take(event.dataTransfer.files[0]);
    });
  }
  box.showModal();
  return new Promise((resolve) => {
    let brought = null;
    find(".quiet").addEventListener("click", () => box.close());
    find("form").addEventListener("submit", async (event) => {
      event.preventDefault();
      go.disabled = true;
      try {
        brought = { upload: (await upload(chosen.file, "image")).upload_id, picture: chosen.small, file: chosen.file, voice: voice.value };
        box.close();
      } catch (problem) {
        slip.textContent = problem.message;
        check();
      }
    });
    box.addEventListener("close", () => { box.remove(); resolve(brought); }, { once: true });
  });
}

// Sends a file whose person agreed.
export function upload(file, kind) {
  const form = new FormData();
  form.append("consent", "true");
  form.append("kind", kind);
  form.append("file", file);
  return ask("/v1/uploads", { method: "POST", body: form });
}

// A small square of a picture, as a data URL to be kept in the browser.
async function shrunk(file) {
  const found = await createImageBitmap(file);
  const side = Math.min(found.width, found.height);
  const canvas = make("canvas", { width: 384, height: 384 });
  canvas.getContext("2d").drawImage(found, (found.width - side) / 2, (found.height - side) / 4, side, side, 0, 0, 384, 384);
  return canvas.toDataURL("image/jpeg", 0.85);
}
