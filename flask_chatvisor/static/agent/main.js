// @ts-check
/**
 * The agent's pages: keeps lists and statuses current, and starts calls.
 *
 * Elements are looked up by the templates' hooks each time, so that parts of a page may
 * come and go. Texts are inserted as text, never as HTML.
 */

import { followAlerts } from "./alerts.js";
import { start } from "./start-call.js";
import { SECOND } from "./config.js";
import { closest, doc, first } from "./dom.js";
import { followFilters } from "./filters.js";
import { connect, lookNow, refreshIn, wake } from "./live.js";
import { dropLeft } from "./rows.js";
import { tellIfMissing, whenLoaded } from "./vendor-script.js";
import { tellAll } from "./time.js";

doc.addEventListener("click", (event) => {
  const button = closest(event, "[data-chatvisor-start]");
  if (button) void start(button);
});

const left = doc.getElementsByClassName("chatvisor-row-left");
for (const type of ["focusout", "pointerout", "selectionchange"])
  doc.addEventListener(type, () => {
    if (left.length) setTimeout(() => dropLeft() && wake());
  });

doc.addEventListener("visibilitychange", () => {
  if (!doc.hidden) refreshIn(0);
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) refreshIn(0);
});
window.addEventListener("online", () => refreshIn(0));

// Elements that the application's scripts add later are kept current, too.
const PARTS = "[data-chatvisor-users], [data-chatvisor-watch]";
/** @param {Element} added */
const hasParts = (added) =>
  Element.prototype.matches.call(added, PARTS) || first(PARTS, added);
new MutationObserver((records) => {
  const added = records.flatMap((record) => Array.from(record.addedNodes));
  if (!added.some((node) => node instanceof Element && hasParts(node))) return;
  connect();
  lookNow();
}).observe(document, { childList: true, subtree: true });

followFilters();
followAlerts();
tellAll();
setInterval(tellAll, 5 * SECOND);
whenLoaded(connect);
void tellIfMissing();
refreshIn(0);
