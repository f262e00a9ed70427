// @ts-check
/** Names of people. */

/** @param {{name?: string, email?: string} | null | undefined} agent */
export const agentName = (agent) => agent?.name || agent?.email || "";

/** @param {{[key: string]: any}} visitor @returns {string} */
export function visitorName({ firstname, lastname, email, id }) {
  return [firstname, lastname].filter(Boolean).join(" ") || email || id || "";
}

/** @param {string} name */
export function initials(name) {
  const words = name.trim().split(/\s+/);
  const ends = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
  return ends.map((word) => [...(word ?? "")][0] ?? "").join("").toUpperCase();
}
