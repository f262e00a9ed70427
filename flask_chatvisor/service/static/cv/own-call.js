// @ts-check
/** The sign that shows the state of the visitor's own call. */

import { closest, doc } from "../shared/page.js";
import { startConference } from "./conference.js";
import { element, shadow } from "./elements.js";
import { session } from "./storage.js";
import { learnLanguage, nameOfAgent, phrase, spokenLanguage, text } from "./texts.js";
import { visitor } from "./visitor.js";

/** @import { OwnCall } from "./visitor.js" */

const CORNER_KEY = "chatvisor-corner";
const CORNERS = ["bottom start", "bottom end", "top end", "top start"];
const CONTROLS =
  "a[href], button, input, select, textarea, label, summary, [tabindex='0']";

/**
 * The state of the visitor's own call: `<chatvisor-sign>`. While the customer waits, it is
 * beside the help button if there is one, otherwise in a corner of the page.
 */
class Sign extends HTMLElement {
  constructor() {
    super();
    /** @type {OwnCall | null} */
    this.own = null;
    this.line = element("p", { role: "status" });
    this.back = element("button", { type: "button", "data-chatvisor-back": "" });
    this.end = element("button", { type: "button", "data-chatvisor-stop": "" });
    this.mover = element("button", { type: "button", "data-chatvisor-move": "" }, "⇅");
    const tools = element("div", { class: "tools" }, this.back, this.end, this.mover);
    this.box = element("section", { class: "sign" }, this.line, tools);
    const corner = session.get(CORNER_KEY) ?? "";
    this.box.dataset.at = CORNERS.includes(corner) ? corner : "";
    this.back.addEventListener("click", () => void startConference());
    this.end.addEventListener("click", () => this.stop());
    this.mover.addEventListener("click", () => {
      this.move();
      session.set(CORNER_KEY, this.box.dataset.at ?? "");
    });
    shadow(this).append(this.box);
    doc.addEventListener("focusin", (event) => this.yieldTo(event.target));
  }

  /** Keep the sign when applications swap the page's content. */
  disconnectedCallback() {
    setTimeout(() => {
      if (this.own && !this.isConnected) this.show(this.own);
    }, 100);
  }

  /** @param {OwnCall} own */
  show(own) {
    this.own = own;
    const { box } = this;
    box.dataset.state = own.state;
    box.setAttribute("aria-label", text("own-call.label"));
    box.dir = text("direction");
    this.nameButtons(own);
    const focused = this.shadowRoot?.activeElement;
    this.settle(own.state === "waiting" ? besideHelpButton() : null);
    if (focused instanceof HTMLElement) focused.focus(); // wherever it has moved
    const words = this.words(own);
    const now = words.map((word) => word.textContent).join("");
    if (this.line.textContent !== now) this.line.replaceChildren(...words);
  }

  clear() {
    if (!this.own) return;
    this.own = null;
    const focused = this.shadowRoot?.activeElement;
    this.remove();
    const button = doc.querySelector("[data-chatvisor-conference]");
    if (focused && button instanceof HTMLElement) button.focus();
  }

  stop() {
    if (!this.own) return;
    visitor.stop(this.own.callId);
    this.show(this.own);
  }

  /** @param {OwnCall} own */
  words(own) {
    const place = (own.position ?? 0) + 1;
    const number = new Intl.NumberFormat(spokenLanguage()).format(place);
    let key = `own-call.${own.state}`;
    if (own.callId === visitor.stopping) key = "own-call.ending";
    else if (!own.window) key = "own-call.closed";
    else if (own.state === "connecting") key = "visitor.connecting.head";
    else if (own.state === "waiting" && !own.position) key = "own-call.next";
    return phrase(key, { agent: nameOfAgent(own.agent), number });
  }

  /** @param {OwnCall} own */
  nameButtons(own) {
    const shared = own.state === "connecting" || own.state === "live";
    this.back.textContent = text(own.window ? "own-call.back" : "own-call.reopen");
    this.end.textContent = text(shared && own.window ? "stop.sharing" : "stop.cancel");
    // Not "disabled", which would remove the focus.
    this.end.setAttribute("aria-disabled", String(own.callId === visitor.stopping));
    this.mover.setAttribute("aria-label", text("own-call.move"));
    this.mover.title = text("own-call.move");
  }

  /** @param {Element | null} place beside the help button, or nowhere in particular */
  settle(place) {
    const { box } = this;
    const home = place ?? doc.documentElement;
    if (this.parentNode === home && this.isConnected) return;
    delete box.dataset.shown;
    home.append(this);
    if (place) return box.removeAttribute("popover");
    box.setAttribute("popover", "manual");
    box.dataset.shown = "";
    // Above dialogs of the page, too, if the browser supports that.
    if ("showPopover" in box) box.showPopover();
    if (!box.dataset.at) this.findRoom();
  }

  move() {
    const next = CORNERS.indexOf(this.box.dataset.at ?? "") + 1;
    this.box.dataset.at = CORNERS[next % CORNERS.length];
  }

  /** Move it into the first corner where it covers nothing clickable. */
  findRoom() {
    this.move();
    for (let tried = 1; tried <= CORNERS.length && this.covers(); tried++) this.move();
  }

  covers() {
    const { left, top, width, height } = this.box.getBoundingClientRect();
    const points = [0.02, 0.25, 0.5, 0.75, 0.98].flatMap((x) =>
      [0.1, 0.5, 0.9].map((y) => [left + x * width, top + y * height]),
    );
    return points.some(([x = 0, y = 0]) =>
      doc.elementsFromPoint(x, y).some((under) => closest(under, CONTROLS)),
    );
  }

  /** The focused element must stay visible. @param {EventTarget | null} target */
  yieldTo(target) {
    if (!this.own || !this.box.hasAttribute("popover") || target === this) return;
    if (!(target instanceof Element) || target instanceof HTMLFormElement) return;
    if (target.matches("body, html, dialog")) return;
    const focused = target.getBoundingClientRect();
    for (let tried = 0; tried < CORNERS.length; tried++) {
      const { left, right, top, bottom } = this.box.getBoundingClientRect();
      const apart = focused.right <= left || focused.left >= right;
      if (apart || focused.bottom <= top || focused.top >= bottom) return;
      this.move();
    }
  }
}

/** The place beside a visible help button, if there is one. */
function besideHelpButton() {
  const places = [...doc.querySelectorAll(":not(form) > [data-chatvisor-queue]")];
  // An empty place has no size, so look at its button to see if it is visible.
  const buttonOf = (/** @type {Element} */ place) =>
    place.parentElement?.querySelector("[data-chatvisor-conference]");
  return places.find((place) => buttonOf(place)?.checkVisibility?.()) ?? null;
}

/** One sign for the page, made when there is something to show. */
export const ownCall = {
  /** @type {Sign | null} */
  sign: null,
  /** @type {OwnCall | null} */
  newest: null,

  /** @param {OwnCall | null} own its state now */
  async show(own) {
    this.newest = own;
    if (!own) return this.sign?.clear();
    await learnLanguage();
    if (this.newest !== own) return; // it has changed meanwhile
    this.sign ??= new Sign();
    this.sign.show(own);
  },
};

customElements.define("chatvisor-sign", Sign);
