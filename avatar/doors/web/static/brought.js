// What the visitor brings into the studio besides a face: a recording, a first picture, a film of somebody. Knows no request.

import { bringPicture } from "./cast.js";
import { t } from "./house.js";
import { bringFootage, bringSound, firstPicture } from "./sounds.js";

export class Brought {
  constructor(studio) {
    Object.assign(this, { studio, find: studio.find, sound: null, start: null, footage: null });
    const arm = (name, does) => this.find(name).addEventListener("click", does);
    arm(".bring", async () => this.take((await bringSound()) ?? this.sound));
    arm(".drop-sound", () => this.take(null));
    arm(".bring-start", async () => this.begin((await bringPicture({ marked: false })) ?? this.start));
    arm(".drop-start", () => this.begin(null));
    arm(".bring-footage", () => this.bringFootage());
    arm(".drop-footage", () => this.film(null));
  }

  // What was brought for a film that is to be made again.
  restore({ kind, brought: { image, audio, video } }) {
    this.take(audio ?? null);
    this.film(video ?? null);
    this.begin((kind === "video" && image) || null);
  }

  take(sound) {
    this.sound = sound;
    this.show(".drop-sound", sound);
    this.studio.changed();
  }

  begin(start) {
    this.start = start;
    this.show(".drop-start", start);
    this.studio.face();
    this.studio.changed();
  }

  async bringFootage() {
    const brought = await bringFootage(t(this.studio.kind === "talk" ? "footage.hint" : "footage.hint.move"));
    if (!brought) return;
    this.film(brought);
    firstPicture(brought.file).then((picture) => this.footage === brought && this.film(Object.assign(brought, { picture })), () => {});
  }

  // Somebody's film: in a film that speaks it is dubbed, in one of words it is moved like.
  film(footage) {
    this.footage = footage;
    this.show(".drop-footage", footage);
    this.studio.face();
    this.studio.changed();
  }

  // Its picture, its name, and the button that lets it go.
  show(drop, brought) {
    const button = this.find(drop);
    button.hidden = !brought;
    const [image, name] = ["img", ".brought"].map((what) => button.parentElement.querySelector(what));
    if (name) name.textContent = brought?.name ?? "";
    if (image) Object.assign(image, { hidden: !brought?.picture, src: brought?.picture ?? "" });
  }
}
