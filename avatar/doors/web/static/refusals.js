// Where in the studio's form a refusal is shown: beside the field that it speaks of. Knows no request.

const FIELDS = [
  ["motion_bucket", /motion_bucket/], ["noise_augmentation", /noise_augmentation/], ["min_guidance", /min_guidance/], ["decode_chunk", /decode_chunk/],
  ["cache_threshold", /cache.threshold|taken? .*over/i], ["negative_prompt", /negative_prompt/i], ["guidance_scale", /guidance/i], ["sampler", /sampler/i], ["steps", /steps/i], ["variations", /variations/i],
  ["frames", /frames/i], ["seconds", /seconds|films at most/i], ["backends", /backend/i], ["background", /background/i], ["label", /label/i], ["face", /face|landmarks|marks/i],
  ["script", /text|script/i], ["size", /film of|picture of|pixels|size/i], ["seed", /seed/i], ["prompt", /prompt/i], ["audio", /audio|recording/i], ["voice", /voice/i], ["image", /image/i],
  ["drive", /drive|motion|replace/i], ["video", /video|footage/i],
];
const NAMED = { landmarks: "face", width: "size", height: "size", text: "script" };

// The place for `text` about `field`, as the API calls it; nothing where it speaks of none.
export function placeOf(root, text, field = "") {
  const [first, part] = field.split(".");
  const [name] = FIELDS.find(([known]) => known === part || known === (NAMED[first] ?? first)) ?? FIELDS.find(([, says]) => says.test(text)) ?? [];
  return name && root.querySelector(`[data-for="${name}"]`);
}
