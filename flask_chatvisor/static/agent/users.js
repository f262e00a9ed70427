// @ts-check
/** Active users on an agent's page. */

import { TEXT } from "./texts.js";

/**
 * @typedef {{name: string, email: string}} Agent
 * @typedef {object} User
 * @property {string} visitorId
 * @property {string | null} id
 * @property {string | null} email
 * @property {string | null} firstname
 * @property {string | null} lastname
 * @property {string | null} gender
 * @property {string[]} labels
 * @property {string | null} assignedUser
 * @property {Record<string, unknown>} additionalTaggingData
 * @property {boolean} verified
 * @property {{title: string, path: string | null} | null} location
 * @property {string | null} since
 * @property {string | null} lastSeen
 * @property {boolean} visible
 * @property {{agent: Agent, since: string | null} | null} inCall
 * @property {string | null} waitingSince
 * @property {{title: string, path: string | null, visible: boolean}[]} [tabs] of one user only
 * @property {{title: string, path: string | null, at: string | null}[]} [pages] likewise
 * @typedef {{users: User[], total: number, page: number, pageSize: number, asOf: string, trouble?: {code: string, detail: string, remedy: string}}} Listing
 */

/** The filters of a list. */
export const FILTERS = ["q", "label", "assigned", "waiting", "in_call"];

/** @param {User} user */
export function nameFor(user) {
  const full = [user.firstname, user.lastname].filter(Boolean).join(" ");
  return full || user.email || user.id || TEXT.noName;
}

/** @param {string | Agent} agent */
export function nameOf(agent) {
  return typeof agent === "string" ? agent : agent.name || agent.email || "";
}

/** @param {{visible: boolean}} tab or a user, whose visible tab counts */
export function presenceOf(tab) {
  return tab.visible ? "visible" : "background";
}

/** An agent is asking for a call or was accepted, but no screen is shared yet. @param {User} user */
export function isAsked(user) {
  return Boolean(user.inCall && !user.inCall.since);
}

/** The user is waiting for an agent, and none has joined yet. @param {User} user */
export function waits(user) {
  return Boolean(user.waitingSince && !user.inCall);
}
