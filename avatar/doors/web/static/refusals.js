// Where in the studio's form a refusal is shown: beside the field that it speaks of. Knows no request.

const FIELDS = [
  ["negative_prompt", /negative_prompt/i], ["guidance_scale", /guidance/i], ["sampler", /sampler/i], ["steps", /steps/i], ["variations", /variations/i],
  ["seconds", /seconds/i], ["backends", /backend/i], ["background", /background/i], ["label", /label/i], ["face", /face|landmarks|marks/i],
  ["script", /text|script/i], ["size", /film of|picture of|pixels|size/i], ["seed", /seed/i], ["prompt", /prompt/i], ["audio", /audio|recording/i], ["voice", /voice/i], ["image", /image/i],
  ["drive", /drive|motion|replace/i], ["video", /video|footage/i],
];
const NAMED = { landmarks: "face", width: "size", height: "size", text: "script" };

// The place for `text` about `field`, as the API calls it; nothing where it speaks of none.
export function placeOf(root, text, field = "") {
  const first = field.split(".")[0];
  const [name] = FIELDS.find(([known]) => known === (NAMED[first] ?? first)) ?? FIELDS.find(([, says]) => says.test(text)) ?? [];
  return name && root.querySelector(`[data-for="${name}"]`);
}
