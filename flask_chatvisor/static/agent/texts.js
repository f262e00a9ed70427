// @ts-check
/**
 * The texts of the agents' pages, here in English; the page has the translations.
 *
 * Messages are literals in their calls, so that they can be extracted for the catalogues.
 */

import { config } from "./config.js";

const { language = "en", texts = {} } = config;

/** @typedef {Record<string, string | number>} Values */

/** @param {string} message @param {Values} [values] for its `%(name)s` */
function say(message, values = {}) {
  return fill(texts[message]?.[0] ?? message, values);
}

/** @param {string} one @param {string} many @param {number} number */
function sayMany(one, many, number) {
  if (!texts[one]) return fill(number === 1 ? one : many, { number });
  return fill(texts[one][formOf(number)] ?? texts[one].at(-1) ?? many, { number });
}

/** @param {string} text @param {Values} values */
function fill(text, values) {
  return text.replace(/%\((\w+)\)s/g, (whole, name) => String(values[name] ?? whole));
}

/** The index of a plural form; catalogues list them in the order of Unicode's categories. @param {number} number */
function formOf(number) {
  const rules = new Intl.PluralRules(language);
  const { pluralCategories } = rules.resolvedOptions();
  return ["zero", "one", "two", "few", "many", "other"]
    .filter((name) => pluralCategories.some((category) => category === name))
    .indexOf(rules.select(number));
}

export const TEXT = {
  noName: say("No name"),
  online: say("Online"),
  background: say("In background"),
  front: say("In front"),
  offline: say("Offline"),
  checking: say("Checking …"),
  unknown: say("Status unknown"),
  join: say("Join"),
  now: say("just now"),
  ago: (/** @type {string} */ span) => say("%(span)s ago", { span }),
  activeNow: say("active now"),
  activeAgo: (/** @type {string} */ span) => say("active %(span)s ago", { span }),
  lasting: (/** @type {string} */ span) => say("for %(span)s", { span }),
  seconds: (/** @type {number} */ number) => say("%(number)s s", { number }),
  minutes: (/** @type {number} */ number) => say("%(number)s min", { number }),
  hours: (/** @type {number} */ hours, /** @type {number} */ minutes) =>
    minutes
      ? say("%(hours)s h %(minutes)s min", { hours, minutes })
      : say("%(number)s h", { number: hours }),
  days: (/** @type {number} */ number) =>
    sayMany("%(number)s day", "%(number)s days", number),
  summary: (/** @type {number} */ total, /** @type {number} */ waiting) => {
    const users = sayMany("%(number)s active user", "%(number)s active users", total);
    if (!waiting) return users;
    return say("%(users)s, %(waiting)s waiting for help", { users, waiting });
  },
  range: (
    /** @type {number} */ first,
    /** @type {number} */ last,
    /** @type {number} */ total,
  ) =>
    last < first ? "" : say("%(first)s–%(last)s of %(total)s", { first, last, total }),
  asks: (/** @type {string} */ name) => say("%(name)s is asking for help.", { name }),
  notificationsBlocked:
    say("This browser does not allow notifications here. Allow them in its settings for this site."),
  left: say("This user has left."),
  connecting: say("Connecting …"),
  live: say("Live"),
  polling: say("Updated every 5 seconds"),
  reconnecting: say("Reconnecting; updated every 5 seconds"),
  stale: (/** @type {string} */ time) => say("Out of date since %(time)s.", { time }),
  retrying: say("Retrying …"),
  starting: say("Starting the call …"),
  signedOut: say("You are signed out."),
  signIn: say("Sign in again"),
  denied: say("You may not see active users."),
  deniedCall: say("You may not call this user."),
  gone: say("This user is no longer active."),
  busy: (/** @type {string} */ name) =>
    name
      ? say("Already in a call with %(name)s.", { name })
      : say("Already in a call."),
  asking: (/** @type {string} */ agent) =>
    agent ? say("%(agent)s is asking …", { agent }) : say("Another agent is asking …"),
  asked: (/** @type {string} */ agent) =>
    agent
      ? say("%(agent)s is already asking this user.", { agent })
      : say("Another agent is already asking this user."),
  verified: say("Verified by the application"),
  unverified: say("Not verified"),
  doubtful: say("not verified"),
  noToken: say("This application has no call token for you."),
  network: say("The application cannot be reached."),
  networkRemedy: say("Check your connection."),
  slow: say("The application did not answer in time."),
  unexpected: say("The application's answer could not be read."),
  service: (/** @type {number} */ status) =>
    say("The application answered with error %(status)s.", { status }),
  noScript: say("The Chatvisor script has not loaded."),
  noScriptRemedy: say("Check that nothing blocks it, then reload this page."),
  silent: say("Chatvisor does not answer."),
  failed: say("The call could not be started."),
};
