// @ts-check
/** Shows the visitor's screen to the agent. */

import { part, screenVideo } from "./parts.js";
import { Watcher } from "./peer.js";

/** @import { Call, Feature } from "./call.js" */
/** @import { Stats } from "./quality.js" */
/** @import { Message } from "../shared/socket.js" */
/** @import { Voice } from "./voice.js" */

/** @implements {Feature} */
export class Watch {
  /** @param {Call} call @param {Voice} voice */
  constructor(call, voice) {
    this.call = call;
    this.model = call.model;
    this.peer = new Watcher({
      send: call.send,
      changed: call.mediaChanged,
      hear: voice.hear,
      see: (stream) => this.see(stream),
    });
    call.peer = this.peer;
    part("size").addEventListener("click", () => {
      this.model.fit = !this.model.fit;
      call.show();
    });
    part("fullscreen").addEventListener("click", () => {
      void part("stage").requestFullscreen();
    });
    screenVideo.addEventListener("resize", call.show);
    document.addEventListener("keydown", () => part("stage").removeAttribute("data-quiet"));
  }

  /** @param {Message} message */
  receive(message) {
    this.peer.receive(message);
    const welcome = message.type === "call-welcome";
    if (welcome && this.model.underWay && !this.peer.up) this.peer.ask();
  }

  /** @param {MediaStream} stream */
  see(stream) {
    const [track] = stream.getVideoTracks();
    // Keep the last picture until the new connection has one.
    const swap = () => {
      screenVideo.srcObject = stream;
      this.lookOut(stream);
    };
    if (!screenVideo.srcObject || !track?.muted) swap();
    else track.addEventListener("unmute", swap, { once: true });
  }

  /** Wait for the first picture that is really displayed. @param {MediaStream} stream */
  lookOut(stream) {
    screenVideo.requestVideoFrameCallback(() => {
      if (screenVideo.srcObject !== stream) return;
      // Browsers paint a black picture for an abandoned connection.
      if (this.peer.up) this.seen();
      else this.lookOut(stream);
    });
  }

  /** Hidden windows paint nothing, so decoded pictures must do. @param {Stats} stats */
  measured({ frames }) {
    if (document.hidden && frames && !this.model.picture) this.seen();
  }

  seen() {
    const { call, model } = this;
    if (model.state === "ended") return;
    model.picture = true;
    model.trouble.slow = false;
    if (model.state === "connecting") call.send({ type: "live" });
    call.show();
  }

  letGo() {
    this.peer.stop();
    this.model.picture = false;
    screenVideo.srcObject = null;
    if (document.fullscreenElement) void document.exitFullscreen();
  }
}
