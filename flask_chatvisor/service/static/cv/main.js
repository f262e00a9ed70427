// @ts-check
/** What happens when the script has loaded. */

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
// Who was here before is still here; a browser that nobody tagged needs no socket.
if (visitor.known) visitor.socket.open();

// From now on truthy; what a page sets later all the same is called all the same.
const waiting = page.CVLoaded;
Object.defineProperty(window, "CVLoaded", {
  configurable: true,
  enumerable: true,
  get: () => true,
  set: (callback) => call(callback),
});
call(waiting);
