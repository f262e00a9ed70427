// @ts-check
/** Runs when the script has loaded. */

import { CV } from "./api.js";
import { call } from "./failures.js";
import { invitations } from "./invitation.js";
import { ownCall } from "./own-call.js";
import { followPage, visitor } from "./visitor.js";

const page = /** @type {any} */ (window);
page.CV = CV;

visitor.on("ring", (message) => void invitations.ring(message));
visitor.on("unring", ({ callId, reason }) => invitations.unring(callId, reason));
visitor.on("welcome", () => invitations.confirm());
visitor.on("clear", () => invitations.clear());
visitor.on("own-call", (call) => void ownCall.show(call));

followPage(visitor);
// A known visitor is still here; a browser that was never tagged needs no socket.
if (visitor.known) visitor.socket.open();

// Truthy from now on; a function that a page sets later is called, too.
const waiting = page.CVLoaded;
Object.defineProperty(window, "CVLoaded", {
  configurable: true,
  enumerable: true,
  get: () => true,
  set: (callback) => call(callback),
});
call(waiting);
