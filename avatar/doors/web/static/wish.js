// The studio's form: what it says as the API takes it, and a request as the form shows it. Knows no job.

import { make, recall, store, t } from "./house.js";
import { TIMBRES, voiceFor } from "./languages.js";

const SIZES = ["512x512", "720x720", "1080x1080", "1280x720", "1920x1080", "720x1280", "1080x1920", "256x256"];
const NEURAL = /^(speecht5|mms|piper)[:/]/;
const SLIDERS = {
  head: [0, 2, 0.1, 1], gaze: [0, 2, 0.1, 1], blink: [0, 2, 0.1, 1], expression: [0, 2, 0.1, 1],
  rate: [0.5, 2, 0.05, 1], pitch: [-12, 12, 1, 0],
};
const SVD = ["motion_bucket", "noise_augmentation", "min_guidance", "decode_chunk"];
const AMOUNTS = ["head", "gaze", "blink", "expression"];
const CHOICES = {
  captions: ["none", "soft", "burned"],
  framing: ["head_and_shoulders", "close", "wide", "whole"],
  background: ["scene", "blur", "transparent", "colour"],
  profile: ["auto", "minimal", "recommended", "maximum"],
  use: ["dub", "move", "replace"],
};

// Fills every choice of the form.
export function prepare(form, told) {
  const option = (value, textContent) => make("option", { value, textContent });
  const field = form.elements;
  field.size.append(...SIZES.map((name) => option(name, `${name.replace("x", " × ")}${t(`size.${shape(name)}`)}`)));
  const choices = { ...CHOICES, expression: told.expressions, gesture: told.gestures };
  for (const [name, all] of Object.entries(choices)) field[name].append(...all.map((each) => option(each, t(`${name}.${each || "own"}`))));
  field.timbre.append(...["own", ...Object.keys(TIMBRES)].map((name) => option(name, t(`timbre.${name}`))));
  field.sampler.append(option("", t("studio.own")), ...told.samplers.map((name) => option(name, name)));
  field.profile.value = recall("profile") ?? "auto";
  form.querySelector(".sliders").append(...Object.entries(SLIDERS).map(([name, range]) => slider(name, range)));
}

// Neural voices whose weights are here, behind the timbres.
export function offerVoices(timbre, voices) {
  for (const voice of voices.data) if (voice.ready && NEURAL.test(voice.id)) timbre.append(make("option", { value: voice.id, textContent: voice.name }));
}

function shape(size) {
  const [width, height] = size.split("x").map(Number);
  return width === height ? "square" : width > height ? "wide" : "tall";
}

function slider(name, [min, max, step, value]) {
  const shown = make("output", { textContent: value });
  const field = make("input", { type: "range", name, id: `s-${name}-amount`, min, max, step, value });
  if (name === "expression") field.name = "liveliness";
  field.addEventListener("input", () => { shown.textContent = Number(field.value); });
  return make("div", { className: "slider" }, make("label", { htmlFor: field.id, textContent: t(`motion.${name}`) }), field, shown);
}

// What can't be read as a number is sent as it was written: the answer says beside the field what is wrong.
const number = (text) => (text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text.trim());

// Those of the fields that somebody filled.
const figures = (field, names) => Object.fromEntries(names.filter((name) => field[name].value.trim()).map((name) => [name, number(field[name].value)]));

// The request of a form. `card` is who speaks, `sound` a recording, `start` the first picture of a film from words, `footage`
// a film of somebody who is to say it, or to be moved like.
export function bodyOf(form, card, { sound, start, footage }) {
  const field = form.elements;
  const kind = field.kind.value;
  const body = { kind, size: field.size.value, profile: field.profile.value, backends: chosen(form) };
  if (field.seed.value.trim()) body.seed = number(field.seed.value);
  Object.assign(body, figures(field, ["steps", "guidance_scale", "cache_threshold"]));
  if (field.sampler.value) body.sampler = field.sampler.value;
  if (kind !== "image") body.fps = Number(field.fps.value);
  if (kind !== "image" && footage) body.video = footage.upload;
  const drive = driven(form, card, { start, footage });
  if (Object.keys(drive).length) body.drive = drive;
  if (kind === "talk") {
    const dubbed = dubs(form, card, footage);
    return Object.assign(body, spoken(field, dubbed ? {} : card, sound), dubbed ? {} : faceOf(card, field.prompt.value));
  }
  if (field.prompt.value.trim() || !start) body.prompt = field.prompt.value;
  if (field.negative_prompt.value.trim()) body.negative_prompt = field.negative_prompt.value;
  body.variations = Number(field.variations.value);
  if (kind === "video") Object.assign(body, figures(field, field.frames.value.trim() ? ["frames"] : ["seconds"]));
  if (kind === "video" && start) body.image = start.upload;
  return body;
}

// Whether it is the footage's own person who speaks, and nobody's picture.
export function dubs(form, card, footage) {
  const { kind, use } = form.elements;
  return kind.value === "talk" && Boolean(footage) && (!card?.upload || use.value === "dub");
}

// How a picture is moved, where it is moved by more than what it says.
function driven(form, card, { start, footage }) {
  const { kind, use, gesture } = form.elements;
  const talks = kind.value === "talk";
  if (!(talks ? card?.upload : kind.value === "video" && start)) return {};
  if (footage) return use.value === "replace" ? { replace: true } : {};
  if (!talks) return {};
  return gesture.value ? { motion: gesture.value } : figures(form.elements, SVD);
}

// What footage is for is asked where there is a picture too; a motion by name where there is a picture alone, and how Stable
// Video Diffusion is to film it where there is no such motion.
export function offerDriving(form, card, { start, footage }) {
  const { kind, use, gesture } = form.elements;
  const talks = kind.value === "talk";
  const picture = talks ? card?.upload : kind.value === "video" && start;
  use.closest(".field").hidden = !(footage && picture);
  gesture.closest(".field").hidden = !(talks && picture && !footage);
  form.querySelector(".svd").hidden = gesture.closest(".field").hidden || gesture.value !== "";
  const own = [...use.options].find((each) => each.value === "dub");
  own.hidden = own.disabled = !talks;
  if (!talks && use.value === "dub") use.value = "move";
}

function spoken(field, card, sound) {
  const amount = (name) => Number((name === "expression" ? field.liveliness : field[name]).value);
  const body = {
    captions: field.captions.value, rate: amount("rate"), pitch: amount("pitch"), expression: field.expression.value, framing: field.framing.value,
    background: field.background.value === "colour" ? field.colour.value : field.background.value,
    motion: Object.fromEntries(AMOUNTS.map((name) => [name, amount(name)])),
  };
  if (field.label.value.trim()) body.label = field.label.value.trim();
  if (field.script.value.trim() || !sound) body.script = field.script.value;
  const timbre = TIMBRES[field.timbre.value];
  const voice = timbre ? `${field.language.value}+${timbre}` : voiceFor(field.language.value, card);
  if (sound) body.audio = sound.upload;
  else if (NEURAL.test(field.timbre.value)) body.voice = field.timbre.value;
  else if (voice) body.voice = voice;
  return body;
}

// Who is seen: a picture of one's own with its marks, words, or somebody of the gallery.
export function faceOf(card, prompt = "") {
  if (card.id === "described") return { prompt };
  if (!card.upload) return { avatar: card.id };
  return { image: card.upload, ...(card.face ? { face: card.face } : {}), ...(card.landmarks ? { landmarks: card.landmarks } : {}) };
}

function chosen(form) {
  const found = [...form.querySelectorAll(".chains select")].filter((select) => select.value);
  return Object.fromEntries(found.map((select) => [select.dataset.stage, select.value]));
}

// A choice of backend for each stage of a plan; what was chosen stays chosen.
export function offerBackends(place, plan, wanted = {}) {
  const key = plan.stages.join();
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  place.replaceChildren(...plan.stages.map((stage) => {
    const select = make("select", { id: `s-backend-${stage}` });
    select.dataset.stage = stage;
    select.append(make("option", { value: "", textContent: t("studio.auto") }));
    for (const one of plan.backends.filter((each) => each.stage === stage)) {
      select.append(make("option", { value: one.backend, textContent: one.runs ? one.backend : `${one.backend} · ${one.why}` }));
    }
    select.value = wanted[stage] ?? "";
    if (select.selectedIndex < 0) select.value = "";
    return make("div", { className: "field" }, make("label", { htmlFor: select.id, textContent: t(`name.${stage}`) }), select);
  }));
}

// What is kept of an unfinished form.
export function draftIn(form) {
  const kept = {};
  for (const field of form.elements) if (field.name && field.type !== "radio" && field.name !== "lock") kept[field.name] = field.value;
  return { ...kept, kind: form.elements.kind.value };
}

export function fill(form, draft) {
  for (const [name, value] of Object.entries(draft)) {
    const field = form.elements[name];
    if (!field || value === null || value === undefined) continue;
    field.value = value;
    if (field instanceof Element) field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

// The form's fields for a request that was made.
export function draftOf(asked) {
  const neural = NEURAL.test(asked.voice ?? "");
  const [language, timbre] = neural ? ["", ""] : (asked.voice ?? "").split("+");
  const named = Object.entries(TIMBRES).find(([, known]) => known === timbre);
  const { expression: liveliness, ...motion } = asked.motion;
  const colour = asked.background.startsWith("#");
  return {
    kind: asked.kind === "speech" ? "talk" : asked.kind, script: asked.text, avatar: asked.avatar, prompt: asked.prompt, language, timbre: neural ? asked.voice : named?.[0] ?? "own",
    size: `${asked.width}x${asked.height}`, fps: String(asked.fps), captions: asked.captions, seed: String(asked.seed), rate: asked.rate, pitch: asked.pitch,
    ...motion, liveliness, expression: asked.expression, framing: asked.framing, background: colour ? "colour" : asked.background,
    ...(colour ? { colour: asked.background } : {}), label: asked.label ?? "", negative_prompt: asked.negative_prompt, seconds: asked.seconds ?? 4,
    variations: asked.variations, steps: asked.steps ?? "", guidance_scale: asked.guidance_scale ?? "", sampler: asked.sampler ?? "", profile: asked.profile,
    frames: asked.frames ?? "", cache_threshold: asked.cache_threshold || "", ...Object.fromEntries(SVD.map((name) => [name, asked.drive[name] ?? ""])),
    gesture: asked.drive.motion, use: asked.drive.replace ? "replace" : asked.image && asked.video ? "move" : "dub",
    backends: asked.backends, face: asked.face, landmarks: asked.landmarks,
  };
}

export const keepProfile = (name) => store("profile", name);
