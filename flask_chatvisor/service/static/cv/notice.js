// @ts-check
/** A line in a corner of the page. */

/** A line in a corner of the page: `<chatvisor-notice>`. */
class Notice extends HTMLElement {
  /** @param {string} words @param {{href: string, target: string} | null} [link] */
  say(words, link = null) {
    const close = element("button", { type: "button" }, text("notice.close"));
    close.addEventListener("click", () => this.remove());
    const look = { class: "notice", popover: "manual", dir: text("direction") };
    const box = element("div", { ...look, "data-at": sign.isLow() ? "top" : "bottom" });
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
    document.documentElement.append(this);
    // Above dialogs of the page as well, where the browser can do that.
    if ("showPopover" in box) box.showPopover();
    line.textContent = words; // after the region is there, so that it is announced
    if (!link) setTimeout(() => this.remove(), 12_000);
  }
}

/** @param {string} words @param {{href: string, target: string} | null} [link] */
function notify(words, link = null) {
  for (const old of document.querySelectorAll("chatvisor-notice")) old.remove();
  new Notice().say(words, link);
}

customElements.define("chatvisor-notice", Notice);
