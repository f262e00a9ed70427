// @ts-check
/** The rows of a list; the row in use does not move. */

import { doc, every, setAttribute } from "./dom.js";
import { fill } from "./fill-row.js";
import { presenceOf, waits } from "./users.js";

/** @typedef {import("./users.js").User} User */

/** Update, add and remove rows by visitor; the row in use does not move. @param {HTMLElement} list @param {User[]} users */
export function renderRows(list, users) {
  const body = list.querySelector("[data-chatvisor-rows]");
  const blank = /** @type {HTMLTemplateElement | null} */ (
    list.querySelector("template[data-chatvisor-row]")
  );
  if (!body || !blank) return null;
  const old = /** @type {HTMLElement[]} */ (Array.from(body.children));
  const rows = new Map(old.map((row) => [row.dataset.chatvisorUser ?? "", row]));
  const held = heldRow(body);
  const wanted = users.map((user) => {
    const row = rows.get(user.visitorId) ?? newRow(blank);
    rows.delete(user.visitorId);
    fillRow(row, user);
    return row;
  });
  let kept = null;
  for (const row of rows.values()) {
    if (!isInUse(row)) row.remove();
    else wanted.splice(old.indexOf(row), 0, (kept = leave(row)));
  }
  keepInPlace(held, () => arrange(body, wanted, held));
  return kept;
}

/** @param {HTMLTemplateElement} blank */
function newRow(blank) {
  const copy = /** @type {DocumentFragment} */ (blank.content.cloneNode(true));
  return /** @type {HTMLElement} */ (copy.firstElementChild);
}

/** The last content of each row. @type {WeakMap<HTMLElement, string>} */
const filled = new WeakMap();

/** @param {HTMLElement} row @param {User} user */
function fillRow(row, user) {
  // In a long list, few rows change at a time.
  const data = JSON.stringify(user);
  if (filled.get(row) === data) return;
  filled.set(row, data);
  setAttribute(row, "data-chatvisor-user", user.visitorId);
  row.classList.toggle("chatvisor-row-waiting", waits(user));
  row.classList.remove("chatvisor-row-left");
  fill(row, user, presenceOf(user));
}

/** Keep a row whose user has gone until the agent's focus leaves it. @param {HTMLElement} row */
function leave(row) {
  filled.delete(row);
  row.classList.add("chatvisor-row-left");
  row.classList.remove("chatvisor-row-waiting");
  fill(row, null, "offline");
  return row;
}

/** Remove rows of users who have left, once the rows are not in use. */
export function dropLeft() {
  const left = every(".chatvisor-row-left").filter((row) => !isInUse(row));
  for (const row of left) row.remove();
  return left.length > 0;
}

/** In use by keyboard, by a selection or under the pointer; a clicked button alone does not count. @param {HTMLElement} row */
function isInUse(row) {
  const selected = doc.getSelection();
  return (
    row.matches(":hover") ||
    row.querySelector(":focus-visible") !== null ||
    Boolean(selected && !selected.isCollapsed && row.contains(selected.anchorNode))
  );
}

/** The row that the agent is using, which must not move. @param {Element} body @returns {HTMLElement | null} */
function heldRow(body) {
  const selected = doc.getSelection();
  const at = selected && !selected.isCollapsed ? selected.anchorNode : null;
  const within = [doc.activeElement, at, body.querySelector("button:hover")].find(
    (node) => node && body.contains(node),
  );
  const element = within instanceof Element ? within : within?.parentElement;
  return element?.closest("[data-chatvisor-user]") ?? null;
}

/** @param {HTMLElement | null} held @param {() => void} change */
function keepInPlace(held, change) {
  const before = held?.getBoundingClientRect().top ?? 0;
  change();
  const moved = (held?.getBoundingClientRect().top ?? 0) - before;
  if (moved) window.scrollBy({ top: moved, behavior: "instant" });
}

/** Sort rows. The held row is never moved, because moving loses focus and selection. @param {Element} body @param {HTMLElement[]} wanted @param {HTMLElement | null} held */
function arrange(body, wanted, held) {
  const fixed = held ? wanted.indexOf(held) : -1;
  let next = fixed < 0 ? null : held;
  for (const row of wanted.slice(0, fixed < 0 ? wanted.length : fixed).reverse()) {
    if (row.parentNode !== body || row.nextElementSibling !== next)
      body.insertBefore(row, next);
    next = row;
  }
  let before = held;
  for (const row of fixed < 0 ? [] : wanted.slice(fixed + 1)) {
    if (before?.nextElementSibling !== row) before?.after(row);
    before = row;
  }
}
