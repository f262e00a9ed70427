// @ts-check
/** What the call window says: one function from the model to its texts. */

import { agentName, visitorName } from "../shared/names.js";
import { countedText, firstText, number, text } from "./texts.js";

/** @import { Model } from "./model.js" */
/** @import { Stats } from "./quality.js" */

/** Problems that interrupt a live call; it continues with all others. */
export const INTERRUPTIONS = new Set(["signal", "media", "away.agent", "away.visitor"]);
/**
 * The labels of the stop button; everywhere else it ends the call.
 *
 * @type {Record<string, Record<string, string>>}
 */
const STOPS = {
  agent: { ringing: "stop.cancel", accepted: "stop.cancel" },
  visitor: {
    waiting: "stop.waiting",
    accepted: "stop.not-now",
    connecting: "stop.sharing",
    live: "stop.sharing",
  },
};
const MILLISECONDS = /** @type {const} */ ({ style: "unit", unit: "millisecond" });

/** @param {Model} model */
export function wordsOf(model) {
  const names = namesOf(model);
  const problem = model.problem && text(`problem.${model.problem}`, names);
  return { names, title: titleOf(model, names), problem, ...cardOf(model, names) };
}

/** The values for the texts. @param {Model} model @returns {Record<string, string>} */
function namesOf({ agent, visitor }) {
  return {
    agent: agentName(agent) || text("someone.agent"),
    visitor: visitorName(visitor) || text("someone.visitor"),
  };
}

/** @param {Model} model @param {Record<string, string>} names */
function titleOf(model, names) {
  const { role, state } = model;
  if (state === "ended") return text("title.ended");
  const keys = [`title.${role}.${state}`, `${role}.${state}.head`, "title.opening"];
  const title = firstText(keys, names);
  const interrupted = state === "live" && INTERRUPTIONS.has(model.problem);
  return interrupted ? text("title.interrupted", { title }) : title;
}

/** @param {{title?: string, path?: string} | null | undefined} location */
export function placeOf(location) {
  const place = [location?.title, location?.path].filter(Boolean).join(" · ");
  return place ? text("on-page", { page: place }) : "";
}

/** @param {Stats} stats @param {boolean} up */
export function gradeOf({ rtt, loss }, up) {
  if (!up || rtt === null) return "none";
  if (rtt > 0.4 || loss > 0.05) return "poor";
  return rtt > 0.15 || loss > 0.01 ? "fair" : "good";
}

/** @param {Stats} stats @param {string} grade */
export function qualityText({ rtt, width, height, relay }, grade) {
  const details = [
    text(`quality.${grade}`),
    rtt === null ? "" : number(Math.round(rtt * 1000), MILLISECONDS),
    width ? `${width} × ${height}` : "",
    text(relay ? "quality.relay" : "quality.direct"),
  ];
  return details.filter(Boolean).join(" · ");
}

/**
 * @param {Model} model
 * @param {Record<string, string>} names
 * @returns {{head: string, lead: string}}
 */
function cardOf(model, names) {
  const { role, state, reason, note } = model;
  if (state === "ended") {
    if (note === "expired" || note === "elsewhere") {
      return { head: text(`${note}.head`), lead: text(`${note}.text`) };
    }
    const who = role ?? "none";
    const how = role && reason?.replace(`${role}-`, "you-");
    const early = model.wasLive ? [] : [`early.${how}`];
    const after = model.wasLive ? [] : [`after.${who}.early`];
    return {
      head: firstText(
        [...early, `ended.${who}.${reason}`, `ended.${how}`, "ended.none.other"],
        names,
      ),
      lead: firstText([`after.${who}.${note || reason}`, ...after, `after.${who}`], names),
    };
  }
  if (!role || (role === "visitor" && state === "ringing")) {
    return { head: text("opening.head"), lead: text("opening.text") };
  }
  if (model.mustChooseAgain) {
    return { head: text("visitor.again.head", names), lead: text("visitor.again.text", names) };
  }
  // A reloaded window has no picture yet.
  const blind = role === "agent" && state === "live" && !model.picture;
  const key = `${role}.${blind ? "connecting" : state}`;
  // Customers do not get the address either.
  const byName = model.agent?.email === "" ? [`${key}.text-name`] : [];
  return {
    head: text(`${key}.head`, names),
    lead: state === "waiting" && role === "visitor"
      ? queueText(model.queuePosition)
      : firstText([...byName, `${key}.text`], names),
  };
}

/** @param {number | null} position */
function queueText(position) {
  if (position === null || position < 0) return text("visitor.waiting.text");
  if (position === 0) return text("visitor.waiting.next");
  return countedText("visitor.waiting", position);
}

/** @param {MediaStream} stream @param {Record<string, string>} names */
export function sharingText(stream, names) {
  const [track] = stream.getVideoTracks();
  const kind = track?.getSettings().displaySurface ?? "unknown";
  const surface = firstText([`surface.${kind}`, "surface.unknown"]);
  return text("bar.sharing", { ...names, surface });
}

/** @param {number} seconds */
export function clock(seconds) {
  const two = { minimumIntegerDigits: 2 };
  const hours = Math.floor(seconds / 3600);
  const rest = [number(Math.floor(seconds / 60) % 60, two), number(seconds % 60, two)];
  return [...(hours ? [number(hours)] : []), ...rest].join(":");
}

/** @param {Model} model */
export function stopText({ role, state, mustChooseAgain }) {
  const key = mustChooseAgain || !role ? undefined : STOPS[role]?.[state];
  return text(key ?? "stop.call");
}
