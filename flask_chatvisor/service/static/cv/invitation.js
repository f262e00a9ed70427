// @ts-check
/** An agent's request to see the screen. */

import { initials } from "../shared/names.js";
import { doc } from "../shared/page.js";
import { inLanguage, windowName } from "./call-windows.js";
import { element, shadow } from "./elements.js";
import { complain } from "./failures.js";
import { notify } from "./notice.js";
import { learnLanguage, nameOfAgent, phrase, text } from "./texts.js";
import { visitor } from "./visitor.js";

/** @import { Message } from "../shared/socket.js" */
/** @import { Agent } from "./visitor.js" */

const FACTS = ["invitation.choice", "invitation.nothing", "facts.look", "invitation.stop"];

/** An agent's question: `<chatvisor-invitation>`. */
class Invitation extends HTMLElement {
  /** @param {Message} ring @param {string} href @param {string} target */
  ask(ring, href, target) {
    this.setAttribute("data-call", ring.callId);
    const name = nameOfAgent(ring.agent);
    this.status = element("p", { class: "small", role: "status" });
    this.status.textContent = text("invitation.window");
    const dialog = element(
      "dialog",
      {
        role: "alertdialog",
        dir: text("direction"),
        tabindex: "-1",
        "aria-modal": "true",
        "aria-labelledby": "title",
        "aria-describedby": "about",
      },
      element(
        "div",
        { class: "from" },
        element("div", { class: "face", "aria-hidden": "true" }, initials(name)),
        element("h2", { id: "title" }, ...phrase("invitation.title", { agent: name })),
      ),
      this.about(ring.agent),
      element("div", { class: "actions" }, this.decliner(ring), this.accepter(href, target)),
      this.status,
    );
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      invitations.decline(ring.callId);
    });
    dialog.addEventListener("keydown", (event) => {
      event.stopPropagation(); // or the page's own keyboard shortcuts would run
      keepTab(event, dialog);
    });
    shadow(this).append(dialog);
    // Outside of body, so that applications that swap its content keep the question.
    doc.documentElement.append(this);
    dialog.showModal();
    // Not on a button, because a key press meant for the page must not answer.
    dialog.focus();
    this.dialog = dialog;
  }

  /** @param {Agent} agent */
  about(agent) {
    const values = { agent: nameOfAgent(agent), email: agent.email };
    let intro = "invitation.who";
    if (!agent.email) intro = "invitation.who-by-name";
    else if (values.agent === agent.email) intro = "invitation.who-named-by-email";
    const facts = FACTS.map((key) => element("li", {}, ...phrase(key, values)));
    return element(
      "div",
      { id: "about" },
      element("p", {}, ...phrase(intro, values)),
      element("ul", {}, ...facts),
    );
  }

  /** @param {Message} ring */
  decliner(ring) {
    const button = element("button", { type: "button", "data-chatvisor-decline": "" });
    button.textContent = text("invitation.decline");
    button.addEventListener("click", () => invitations.decline(ring.callId));
    return button;
  }

  /**
   * A real link, so that no pop-up blocker interferes. Not rel=noopener, because then every
   * click would open another window instead of the named one.
   *
   * @param {string} href
   * @param {string} target
   */
  accepter(href, target) {
    const link = element("a", {
      class: "button",
      href,
      target,
      referrerpolicy: "no-referrer",
      "data-chatvisor-accept": "",
    });
    link.textContent = text("invitation.accept");
    link.addEventListener("click", () => {
      if (this.status) this.status.textContent = text("invitation.opened");
    });
    return link;
  }

  leave() {
    this.dialog?.close(); // gives the focus back
    this.remove();
  }
}

/**
 * The browser keeps the focus away from the page behind; this keeps Tab in the dialog.
 *
 * @param {KeyboardEvent} event
 * @param {HTMLElement} dialog
 */
function keepTab(event, dialog) {
  if (event.key !== "Tab") return;
  const stops = /** @type {NodeListOf<HTMLElement>} */ (
    dialog.querySelectorAll("a[href], button")
  );
  const root = /** @type {ShadowRoot} */ (dialog.getRootNode());
  const index = [...stops].indexOf(/** @type {HTMLElement} */ (root.activeElement));
  const step = event.shiftKey ? -1 : 1;
  const next = index < 0 && event.shiftKey ? stops.length - 1 : index + step;
  event.preventDefault();
  stops[(next + stops.length) % stops.length]?.focus();
}

/** The open questions, by call. */
export const invitations = {
  /** @type {Map<string, {ring: Message, shown: Invitation, sure: boolean}>} */
  open: new Map(),

  /** @param {Message} ring */
  async ring(ring) {
    const known = this.open.get(ring.callId);
    if (known) {
      known.sure = true;
      return;
    }
    /** @type {string} */
    let href;
    try {
      href = inLanguage(ring.url);
    } catch (error) {
      return complain("ring", error);
    }
    const shown = new Invitation();
    this.open.set(ring.callId, { ring, shown, sure: true });
    await learnLanguage();
    if (this.open.get(ring.callId)?.shown !== shown) return; // it has ended meanwhile
    shown.ask(ring, href, windowName("visitor", visitor.known?.id ?? ""));
  },

  /** @param {string} callId @param {string} reason */
  unring(callId, reason) {
    const known = this.open.get(callId);
    if (!known) return;
    this.open.delete(callId);
    known.shown.leave();
    if (["accepted", "declined"].includes(reason)) return;
    const said = ["no-answer", "agent-ended"].includes(reason) ? reason : "over";
    void notify(`notice.${said}`, { agent: nameOfAgent(known.ring.agent) });
  },

  /** @param {string} callId */
  decline(callId) {
    visitor.send({ type: "decline", callId });
    this.unring(callId, "declined");
  },

  /** After a reconnect the service rings again for calls that still ring; others have ended. */
  confirm() {
    for (const known of this.open.values()) known.sure = false;
    setTimeout(() => {
      for (const [callId, known] of this.open) {
        if (!known.sure) this.unring(callId, "over");
      }
    }, 3000);
  },

  clear() {
    for (const known of this.open.values()) known.shown.leave();
    this.open.clear();
  },
};

customElements.define("chatvisor-invitation", Invitation);
