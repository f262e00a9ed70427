// @ts-check
/** A line in a corner of the page. */

import { doc } from "../shared/page.js";
import { element, shadow } from "./elements.js";
import { learnLanguage, text } from "./texts.js";

/** Corners that the sign of the visitor's own call may already occupy. */
const LOW_SIGN = ".sign[popover][data-at~='bottom']";

/** A line in a corner of the page: `<chatvisor-notice>`. */
class Notice extends HTMLElement {
  /** @param {string} words @param {{href: string, target: string} | null} [link] */
  say(words, link = null) {
    const close = element("button", { type: "button" }, text("notice.close"));
    close.addEventListener("click", () => this.remove());
    const look = { class: "notice", popover: "manual", dir: text("direction") };
    const box = element("div", { ...look, "data-at": isTaken() ? "top" : "bottom" });
    const line = element("p", { role: "status" });
    box.append(line);
    if (link) {
      const attributes = { class: "button", rel: "noopener", ...link };
      const opener = element("a", attributes, text("notice.open-call"));
      opener.addEventListener("click", () => this.remove());
      box.append(opener);
    }
    box.append(close);
    shadow(this).append(box);
    doc.documentElement.append(this);
    // Above dialogs of the page, too, if the browser supports that.
    if ("showPopover" in box) box.showPopover();
    line.textContent = words; // after adding the region, so that it is announced
    if (!link) setTimeout(() => this.remove(), 12_000);
  }
}

/** Whether something is at the foot of the page; the next item then goes elsewhere. */
function isTaken() {
  const sign = doc.querySelector("chatvisor-sign");
  return Boolean(sign?.shadowRoot?.querySelector(LOW_SIGN));
}

/**
 * @param {string} key of the text
 * @param {Record<string, string>} [values]
 * @param {{href: string, target: string} | null} [link]
 */
export async function notify(key, values = {}, link = null) {
  await learnLanguage();
  for (const old of doc.querySelectorAll("chatvisor-notice")) old.remove();
  new Notice().say(text(key, values), link);
}

customElements.define("chatvisor-notice", Notice);
