// @ts-check
/** Users from the vendor's script, in this browser. */

import { SECOND, config } from "./config.js";
import { request } from "./request.js";
import { select } from "./select.js";
import { CV, answerOf, authenticate, script } from "./vendor-script.js";

/** @typedef {import("./users.js").User} User */

let authenticatedUntil = 0;

/** The token for one call has replaced the one for the list. */
export function signInAgain() {
  authenticatedUntil = 0;
}

async function signIn() {
  await script();
  if (Date.now() < authenticatedUntil) return;
  const { token, expiresAt } = await request(config.token, {});
  authenticate(token);
  authenticatedUntil = Date.parse(expiresAt ?? "") - 30 * SECOND || Infinity;
}

/** @type {import("./source.js").Source} */
export const fromScript = {
  async list(query) {
    await signIn();
    const result = await answerOf((done) => CV().user.list(done));
    const users = Array.isArray(result)
      ? result.map(normal).filter((user) => user.visitorId)
      : [];
    return select(users, new URLSearchParams(query));
  },
  async find(queries) {
    await signIn();
    const found = await Promise.all(
      queries.map(async (query) => {
        const user = normal(await answerOf((done) => CV().user.status(query, done)));
        return /** @type {[string, User | null]} */ ([
          query,
          user.visitorId ? user : null,
        ]);
      }),
    );
    return { found: new Map(found), asOf: new Date().toISOString() };
  },
};

/** Only the tag and the visitor id are documented; everything else may be missing. @param {any} raw @returns {User} */
function normal(raw) {
  const given = raw ?? {};
  const text = (/** @type {unknown} */ value) =>
    value == null || value === "" ? null : String(value);
  return {
    visitorId: text(given.visitorId) ?? "",
    id: text(given.id),
    email: text(given.email),
    firstname: text(given.firstname),
    lastname: text(given.lastname),
    gender: text(given.gender),
    labels: Array.isArray(given.labels) ? given.labels.map(String) : [],
    assignedUser: text(given.assignedUser),
    additionalTaggingData: given.additionalTaggingData ?? {},
    verified: given.verified === true,
    location: given.location ?? null,
    since: text(given.since),
    lastSeen: text(given.lastSeen),
    visible: given.visible !== false,
    inCall: given.inCall ?? null,
    waitingSince: text(given.waitingSince),
  };
}
