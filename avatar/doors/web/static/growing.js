// A film that plays while it grows: its pieces go to the decoder as they come. Knows no screen and no job.
//
// A browser that is given the address alone first collects seconds of such a film, to find out what it holds.

const Source = globalThis.ManagedMediaSource ?? globalThis.MediaSource;
const KEPT = 10; // seconds behind the present picture that stay when the decoder is full

// Plays what `url` sends in `video`. `failed` is called when nothing comes that could be played. Gives back how to stop.
export function grow(video, url, failed = () => {}) {
  if (!Source) {
    video.src = url;
    return () => {};
  }
  const over = new AbortController();
  const source = new Source();
  video.disableRemotePlayback = true;
  const address = URL.createObjectURL(source);
  video.src = address;
  const opened = new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
  opened.then(() => URL.revokeObjectURL(address));
  fed(video, source, opened, url, over.signal).catch((error) => {
    if (!over.signal.aborted && error.name !== "InvalidStateError") failed(error); // that is said when the video has another source
  }).finally(() => over.abort());
  return () => over.abort();
}

async function fed(video, source, opened, url, signal) {
  const answer = await fetch(url, { signal });
  if (!answer.ok) throw new Error(String(answer.status));
  const reader = answer.body.getReader();
  let head = new Uint8Array(0);
  let type = "";
  while (!type) {
    const { value, done } = await reader.read();
    if (done) throw new Error("no film");
    head = joined(head, value);
    type = typeOf(head);
  }
  await opened;
  const buffer = source.addSourceBuffer(type);
  await append(video, buffer, head, signal);
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    await append(video, buffer, value, signal);
  }
  source.endOfStream();
}

function joined(one, other) {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

// The MIME type with its codecs, as the film's own index (ISO/IEC 14496-12 `moov`) tells them; empty while that is not whole.
function typeOf(bytes) {
  const view = new DataView(bytes.buffer);
  const named = (at) => String.fromCharCode(...bytes.subarray(at + 4, at + 8));
  for (let at = 0; at + 8 <= bytes.length; at += Math.max(8, view.getUint32(at))) {
    if (named(at) !== "moov") continue;
    const end = at + view.getUint32(at);
    if (end > bytes.length) return "";
    const index = String.fromCharCode(...bytes.subarray(at, end));
    const picture = index.indexOf("avcC"); // version, profile, compatibility, level
    const level = [...bytes.subarray(at + picture + 5, at + picture + 8)].map((byte) => byte.toString(16).padStart(2, "0"));
    const codecs = [picture < 0 ? "" : `avc1.${level.join("")}`, index.includes("mp4a") ? "mp4a.40.2" : ""];
    return `video/mp4; codecs="${codecs.filter(Boolean).join(",")}"`;
  }
  return "";
}

async function append(video, buffer, bytes, signal) {
  for (;;) {
    signal.throwIfAborted();
    try {
      buffer.appendBuffer(bytes);
      return await settled(buffer, signal);
    } catch (error) {
      if (error.name !== "QuotaExceededError") throw error;
      await new Promise((resolve) => video.addEventListener("timeupdate", resolve, { once: true, signal }));
      if (video.currentTime <= KEPT) continue;
      buffer.remove(0, video.currentTime - KEPT);
      await settled(buffer, signal);
    }
  }
}

function settled(buffer, signal) {
  return new Promise((resolve, reject) => {
    buffer.addEventListener("updateend", resolve, { once: true });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
