// @ts-check
/** Starts a call, or says beside the button why it cannot. */

import { config } from "./config.js";
import { Trouble, request } from "./request.js";
import { signInAgain } from "./source-script.js";
import { tellBeside } from "./start-button.js";
import { TEXT } from "./texts.js";
import { CV, authenticate } from "./vendor-script.js";

/** @param {HTMLElement} button */
export async function start(button) {
  const visitorId = button.dataset.chatvisorStart ?? "";
  if (button.getAttribute("aria-disabled") === "true") {
    tellBeside(
      button,
      new Trouble("refused", button.dataset.chatvisorWhy || TEXT.busy("")),
    );
    return;
  }
  if (button.getAttribute("aria-busy") === "true") return;
  // At once, while it still counts as the agent's click; later it may be blocked.
  const opened = CV()?.agent ? openCallWindow(visitorId) : null;
  button.setAttribute("aria-busy", "true");
  tellBeside(button, null);
  try {
    await call(visitorId);
  } catch (error) {
    opened?.close();
    tellBeside(
      button,
      error instanceof Trouble ? error : new Trouble("trouble", TEXT.failed),
    );
  }
  button.removeAttribute("aria-busy");
}

/** @param {string} visitorId */
async function call(visitorId) {
  const { token } = await request(config.calls, { visitorId });
  if (!CV()?.calling)
    throw new Trouble("trouble", TEXT.noScript, TEXT.noScriptRemedy);
  authenticate(token);
  CV().calling.startScreen(visitorId);
  signInAgain();
}

/** Open the call's window; a window that already has a page must not be closed. @param {string} visitorId @returns {Window | null} */
function openCallWindow(visitorId) {
  const opened = window.open("", `chatvisor-agent-${visitorId}`);
  try {
    if (!opened || opened.location.href !== "about:blank") return null;
    opened.document.title = TEXT.starting;
    opened.document.body.textContent = TEXT.starting;
    return opened;
  } catch {
    return null;
  }
}
