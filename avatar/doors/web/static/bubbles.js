// Lines of a conversation as they are shown: their tools, and the words that sound just now. Knows no job.

import { make } from "./house.js";

// The JSON lines of an answer, as they come.
export async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    rest += value ?? "";
    const whole = rest.split("\n");
    rest = whole.pop();
    for (const line of whole) if (line) yield JSON.parse(line);
    if (done) return;
  }
}

export function icon(tag, path, label) {
  const made = make(tag, { title: label });
  if (tag === "button") made.type = "button";
  made.setAttribute("aria-label", label);
  made.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;
  return made;
}

// Where each written piece sounds: pieces and spoken words are matched in order, by their letters.
export function timed(spans, words) {
  const bare = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  let next = 0;
  return spans.map((span) => {
    const found = words.findIndex((word, index) => index >= next && index < next + 4 && bare(span.textContent).startsWith(bare(word.text)));
    if (found < 0) return { span, start: Infinity, end: Infinity };
    next = found + 1;
    return { span, start: words[found].start, end: words[found].end };
  });
}

export function light(bubble, seconds) {
  for (const { span, start, end } of bubble.times ?? []) {
    span.classList.toggle("lit", seconds >= start && seconds < Math.max(end, start + 0.12));
  }
}
