// @ts-check
/** What the agents' pages say. */

export const TEXT = {
  noName: "No name",
  online: "Online",
  background: "In background",
  front: "In front",
  offline: "Offline",
  checking: "Checking …",
  unknown: "Status unknown",
  join: "Join",
  now: "just now",
  ago: (/** @type {string} */ span) => `${span} ago`,
  lasting: (/** @type {string} */ span) => `for ${span}`,
  seconds: (/** @type {number} */ n) => `${n} s`,
  minutes: (/** @type {number} */ n) => `${n} min`,
  hours: (/** @type {number} */ n, /** @type {number} */ minutes) =>
    minutes ? `${n} h ${minutes} min` : `${n} h`,
  days: (/** @type {number} */ n) => (n === 1 ? "1 day" : `${n} days`),
  summary: (/** @type {number} */ total, /** @type {number} */ waiting) =>
    `${total === 1 ? "1 active user" : `${total} active users`}` +
    (waiting ? `, ${waiting} waiting for help` : ""),
  range: (
    /** @type {number} */ first,
    /** @type {number} */ last,
    /** @type {number} */ total,
  ) => (last < first ? "" : `${first}–${last} of ${total}`),
  asks: (/** @type {string} */ name) => `${name} asks for help.`,
  notificationsBlocked:
    "This browser does not allow notifications here. Allow them in its settings for this site.",
  left: "This user has left.",
  connecting: "Connecting …",
  live: "Live",
  polling: "Updated every 5 seconds",
  reconnecting: "Reconnecting; updated every 5 seconds",
  stale: (/** @type {string} */ time) => `Not current since ${time}.`,
  retrying: "Trying again …",
  starting: "Starting the call …",
  signedOut: "You are signed out.",
  signIn: "Sign in again",
  denied: "You may not see active users.",
  deniedCall: "You may not call this user.",
  gone: "This user is no longer active.",
  busy: (/** @type {string} */ name) =>
    name ? `Already in a call with ${name}.` : "Already in a call.",
  noToken: "This application has no call token for you.",
  network: "The application cannot be reached.",
  networkRemedy: "Check your connection.",
  slow: "The application did not answer in time.",
  unexpected: "The application gave an answer that is not understood.",
  service: (/** @type {number} */ status) =>
    `The application answered with error ${status}.`,
  noScript: "The Chatvisor script has not loaded.",
  noScriptRemedy: "Check that nothing blocks it, then load this page again.",
  silent: "Chatvisor does not answer.",
  failed: "The call could not be started.",
};
