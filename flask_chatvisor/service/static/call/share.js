// @ts-check
/** The visitor chooses what to share, and shares it. */

import { shareButton } from "./parts.js";
import { Sharer } from "./peer.js";

/** @import { Call, Feature } from "./call.js" */
/** @import { State } from "./model.js" */
/** @import { Message } from "../shared/socket.js" */
/** @import { Voice } from "./voice.js" */

/** @implements {Feature} */
export class Share {
  /** @param {Call} call @param {Voice} voice */
  constructor(call, voice) {
    this.call = call;
    this.model = call.model;
    this.peer = new Sharer({
      send: call.send,
      changed: call.mediaChanged,
      hear: voice.hear,
      reachable: () => Boolean(call.signal?.welcomed) && !call.model.trouble.away,
      timedOut: (final) => this.timedOut(final),
    });
    call.peer = this.peer;
    shareButton.addEventListener("click", () => void this.choose());
  }

  /** @param {Message} message @param {State} before */
  receive(message, before) {
    this.peer.receive(message);
    if (message.type === "peer" && message.connected && !this.peer.up) this.peer.offer();
    if (this.model.state === "accepted" && before !== "accepted") this.lookForCapture();
  }

  /** Report at once if the browser cannot share. */
  lookForCapture() {
    if ("getDisplayMedia" in (navigator.mediaDevices ?? {})) return;
    this.model.note = window.isSecureContext ? "unsupported" : "insecure";
    this.call.end("failed");
  }

  async choose() {
    this.model.trouble.local = "";
    /** @type {DisplayMediaStreamOptions & Record<string, unknown>} */
    const options = {
      video: { displaySurface: "browser", frameRate: { max: 30 } },
      audio: false,
      selfBrowserSurface: "exclude", // or the call window could show itself
      surfaceSwitching: "include",
      monitorTypeSurfaces: "include",
      systemAudio: "exclude",
    };
    try {
      this.started(await navigator.mediaDevices.getDisplayMedia(options));
    } catch (error) {
      this.notStarted(/** @type {DOMException} */ (error));
    }
  }

  /** @param {MediaStream} stream */
  started(stream) {
    const { call, model, peer } = this;
    const [track] = stream.getVideoTracks();
    if (!track || model.state === "ended") {
      for (const one of stream.getTracks()) one.stop(); // ended while choosing
      return;
    }
    track.addEventListener("ended", () => {
      if (model.sharing !== stream) return;
      call.end(model.state === "live" ? "visitor-ended" : "share-cancelled");
    });
    model.sharing = stream;
    if (model.state === "accepted") call.send({ type: "share" });
    peer.share(stream);
    call.show();
  }

  /** @param {DOMException} error */
  notStarted(error) {
    const { call, model } = this;
    if (model.state === "ended") return;
    const bySystem = /system/i.test(error.message);
    const cancelled = error.name === "NotAllowedError" && !bySystem;
    // Once the call was live, it continues, and the visitor can choose again.
    if (cancelled && model.state === "accepted") return call.end("share-cancelled");
    if (!cancelled) model.trouble.local = bySystem ? "system" : "capture";
    call.show();
  }

  /** @param {boolean} final */
  timedOut(final) {
    if (final) return this.call.end("failed");
    this.model.trouble.slow = true;
    this.call.show();
  }

  letGo() {
    this.peer.stop();
    this.model.sharing = null;
  }
}
