// @ts-check
/** The Start button: its label and whether it can be used. */

import { doc, first, setAttribute, setText } from "./dom.js";
import { TEXT } from "./texts.js";
import { isAsked, nameOf, waits } from "./users.js";

/**
 * @typedef {import("./request.js").Trouble} Trouble
 * @typedef {import("./users.js").User} User
 */

/** A disabled button stays focusable and says why when it is pressed. @param {HTMLElement} button @param {User | null} user */
export function fillStart(button, user) {
  if (user) setAttribute(button, "data-chatvisor-start", user.visitorId);
  const why = user ? reason(user) : TEXT.left;
  if (why) setAttribute(button, "aria-disabled", "true");
  else button.removeAttribute("aria-disabled");
  // The message beside it may be out of date.
  if ((button.dataset.chatvisorWhy ?? "") !== why) tellBeside(button, null);
  button.dataset.chatvisorWhy = why;
  const joins = user && waits(user);
  const action = button.querySelector("[data-chatvisor-field=action]");
  if (action)
    setText(action, joins ? TEXT.join : (button.dataset.chatvisorLabel ?? ""));
}

/** Why this user cannot be called, if so. @param {User} user */
function reason(user) {
  if (!user.inCall) return "";
  const name = nameOf(user.inCall.agent);
  return isAsked(user) ? TEXT.asked(name) : TEXT.busy(name);
}

/** @param {HTMLElement} button @param {Trouble | null} error */
export function tellBeside(button, error) {
  const place = first("[data-chatvisor-message]", button.parentElement);
  if (!place) return;
  const words = error ? [error.message, error.remedy].filter(Boolean).join(" ") : "";
  place.replaceChildren(words);
  if (error?.kind !== "signed-out") return;
  const link = doc.createElement("a");
  link.className = "chatvisor-link";
  link.href = location.href;
  link.textContent = TEXT.signIn;
  place.append(" ", link);
}
