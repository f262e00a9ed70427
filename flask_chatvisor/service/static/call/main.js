// @ts-check
/** Assembles the call window for both roles. */

import { Call } from "./call.js";
import { Pages } from "./pages.js";
import { part, stopButton } from "./parts.js";
import { Quality } from "./quality.js";
import { Share } from "./share.js";
import { declareLanguage, text } from "./texts.js";
import { renderDuration } from "./view.js";
import { Voice } from "./voice.js";
import { Watch } from "./watch.js";

/** @param {Call} call */
function featuresOf(call) {
  const voice = new Voice(call);
  if (call.model.role === "agent") return [new Watch(call, voice), voice, new Quality(call)];
  return [new Share(call, voice), voice, new Quality(call), new Pages(call)];
}

/** @param {Call} call */
function listen(call) {
  stopButton.addEventListener("click", () => call.end(`${call.model.role}-ended`));
  part("close").addEventListener("click", closeWindow);
  // A new link to the same page and a page from the cache both start again.
  window.addEventListener("hashchange", () => window.location.reload());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload();
  });
  setInterval(() => renderDuration(call.model), 500);
}

function closeWindow() {
  window.close();
  // Scripts may only close windows that a script has opened.
  const hint = part("by-hand");
  hint.textContent = text("close.by-hand");
  hint.hidden = false;
}

declareLanguage();
const call = new Call(featuresOf);
listen(call);
const callId = decodeURIComponent(window.location.pathname.split("/").pop() ?? "");
const fragment = window.location.hash.slice(1);
history.replaceState(null, "", window.location.pathname + window.location.search);
call.open(callId, fragment);
