// A quick preview of what the studio would make: small, short and with few steps. Knows no form.

import { ask } from "./house.js";

const QUICK = { talk: { size: "256x256", fps: 25 }, video: { fps: 25, seconds: 1, frames: undefined }, image: {} };
const FEW = 6; // steps of diffusion
const SMALL = { square: "256x256", wide: "456x256", tall: "256x456" };
const MAKES = { video: "video", image: "picture" };

// What is to be changed in `body`. The seed stays, so that the whole is like it, and so does the model: one that was made for
// steps of its own keeps them.
export async function quick(body) {
  const [width, height] = body.size.split("x").map(Number);
  const small = { ...QUICK[body.kind], size: body.kind === "talk" ? "256x256" : SMALL[width === height ? "square" : width > height ? "wide" : "tall"] };
  if (body.kind === "talk") return small;
  const fewer = { ...small, steps: Math.min(Number(body.steps) || FEW, FEW) };
  return (await maker({ ...body, ...small })) === (await maker({ ...body, ...fewer })) ? fewer : small;
}

// The first that would make it; nobody where it is refused.
async function maker(body) {
  try {
    const plan = await ask("/v1/plans", { method: "POST", body });
    return plan.backends.find((each) => each.stage === MAKES[body.kind] && each.runs)?.backend;
  } catch {
    return undefined;
  }
}
