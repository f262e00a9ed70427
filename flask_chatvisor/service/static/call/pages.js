// @ts-check
/**
 * The customer's pages, which reach this window directly: their Stop must work while the
 * service cannot be reached. Only the page that opened the window can be addressed; it
 * passes on what the others want.
 */

/** @import { Call, Feature } from "./call.js" */
/** @import { Message } from "../shared/socket.js" */

const EVERY = 1_000; // ms
const LOOPBACK = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/** @implements {Feature} */
export class Pages {
  /** @type {string[] | null} */
  origins = [];
  callId = "";

  /** @param {Call} call */
  constructor(call) {
    this.call = call;
    window.addEventListener("message", (event) => this.hear(event));
    setInterval(() => this.announce(), EVERY);
  }

  /** @param {Message} message */
  receive(message) {
    if (message.type !== "call-welcome") return;
    this.origins = message.origins ?? null;
    this.callId = message.callId;
    this.announce();
  }

  letGo() {
    this.announce();
  }

  /** Whatever page is there by now, it learns only that this window exists. */
  announce() {
    window.opener?.postMessage({ chatvisor: "window" }, "*");
  }

  /** @param {MessageEvent} event */
  hear({ origin, source, data }) {
    if (source !== window.opener || !this.trusts(origin)) return;
    const { model } = this.call;
    if (data?.chatvisor === "page") {
      const sharing = Boolean(model.sharing);
      const { callId } = this;
      const { state, agent } = model;
      const about = { chatvisor: "call", callId, state, agent, sharing };
      window.opener.postMessage(about, origin);
    }
    if (data?.chatvisor === "stop" && data.callId === this.callId && model.state !== "ended") {
      this.call.end("visitor-ended");
    }
  }

  /** @param {string} origin */
  trusts(origin) {
    return this.origins === null ? LOOPBACK.test(origin) : this.origins.includes(origin);
  }
}
