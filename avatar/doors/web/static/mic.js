// Speaking instead of writing: a recording from the microphone, written down by the house. Knows no conversation.

import { ask, t } from "./house.js";
import { upload } from "./cast.js";

const LONGEST = 60_000; // milliseconds

// Arms `button`. `deaf` says why the house can't write down speech; `heard(text)` gets the words, `told(text)` what is amiss.
export function listenWith(button, { deaf, heard, told }) {
  let recorder = null;
  const why = () => deaf || (navigator.mediaDevices?.getUserMedia && window.MediaRecorder ? "" : t("mic.none"));
  button.classList.toggle("off", Boolean(why()));
  button.title = why() || t("mic.speak");
  button.addEventListener("click", async () => {
    if (recorder) return recorder.stop();
    if (why()) return told(why());
    told("");
    try {
      const sound = await navigator.mediaDevices.getUserMedia({ audio: true });
      recorder = recorded(sound, async (file) => {
        recorder = null;
        button.classList.remove("hears");
        button.disabled = true;
        try {
          const { upload_id: id } = await upload(file, "audio");
          heard((await ask(`/v1/uploads/${id}/words`)).text);
        } catch (problem) {
          told(problem.message);
        }
        button.disabled = false;
      });
      button.classList.add("hears");
    } catch {
      told(t("mic.refused"));
    }
  });
}

function recorded(sound, done) {
  const recorder = new MediaRecorder(sound);
  const pieces = [];
  recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
  recorder.addEventListener("stop", () => {
    for (const track of sound.getTracks()) track.stop();
    done(new File(pieces, "speech.webm", { type: recorder.mimeType }));
  });
  recorder.start();
  setTimeout(() => recorder.state === "recording" && recorder.stop(), LONGEST);
  return recorder;
}
