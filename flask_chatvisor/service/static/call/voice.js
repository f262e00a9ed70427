// @ts-check
/** Voice: this window's microphone, and the other participant's sound. */

import { part, voiceAudio } from "./parts.js";

/** @import { Call, Feature } from "./call.js" */
/** @import { Stats } from "./quality.js" */

/** @implements {Feature} */
export class Voice {
  /** @param {Call} call */
  constructor(call) {
    this.call = call;
    this.model = call.model;
    part("microphone").addEventListener("click", () => void this.toggle());
    // Browsers may require a click first, so every click in the window tries again.
    document.addEventListener("click", () => this.play());
  }

  hear = (/** @type {MediaStream} */ stream) => {
    voiceAudio.srcObject = stream;
    this.play();
  };

  play() {
    if (!voiceAudio.srcObject || !voiceAudio.paused) return;
    voiceAudio.play().then(
      () => {
        this.model.muted = false;
        this.call.show();
      },
      () => {}, // reported once there is sound
    );
  }

  /** @param {Stats} stats */
  measured({ voice }) {
    this.model.muted = voice && voiceAudio.paused;
  }

  async toggle() {
    const { call, model } = this;
    model.trouble.local = "";
    if (model.microphone) return this.silence();
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
      model.microphone = stream.getAudioTracks()[0] ?? null;
      if (model.state === "ended") return this.silence(); // ended while asking
      model.microphone?.addEventListener("ended", () => this.silence());
      await call.peer?.speak(model.microphone);
    } catch {
      model.trouble.local = "microphone";
    }
    call.show();
  }

  silence() {
    this.model.microphone?.stop(); // the browser's own light goes out
    this.model.microphone = null;
    void this.call.peer?.speak(null);
    this.call.show();
  }

  letGo() {
    voiceAudio.srcObject = null;
    this.silence();
  }
}
