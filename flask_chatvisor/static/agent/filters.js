// @ts-check
/**
 * The list's filters, applied without reloading the page.
 *
 * The address is kept in sync, so that a view can be bookmarked: typing replaces it, a
 * link adds to the history. Without this script the same form and links load the page.
 */

import { closest, doc, every, setAttribute, setHidden, setTexts } from "./dom.js";
import { lookNow } from "./live.js";
import { linkTo, listQuery } from "./query.js";

/** Milliseconds without a key press that mean that the agent has stopped typing. */
const PAUSE = 250;
const LINKS = "a[data-chatvisor-set], a[data-chatvisor-sort], [data-chatvisor-pager] a";

/** Apply the filters, if this page has any. */
export function followFilters() {
  const form = /** @type {HTMLFormElement | null} */ (
    doc.querySelector("[data-chatvisor-filters]")
  );
  const view = form?.closest(".chatvisor-view");
  if (!form || !view) return;
  let typing = 0;

  /** @param {URLSearchParams} query */
  const follow = (query) => {
    clearTimeout(typing);
    // A field in use is ahead of the address.
    if (!form.contains(doc.activeElement)) fillForm(form, query);
    showQuery(view, form, query);
  };
  const fromForm = () => {
    const query = formQuery(form);
    history.replaceState(history.state, "", linkTo(query, {}));
    follow(query);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    fromForm();
  });
  form.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(fromForm, PAUSE);
  });
  form.addEventListener("change", fromForm);
  view.addEventListener("click", (event) => {
    const link = plainClick(/** @type {MouseEvent} */ (event));
    if (!link) return;
    event.preventDefault();
    history.pushState(null, "", link.href);
    follow(addressQuery());
    if (link.closest("[data-chatvisor-pager]")) view.scrollIntoView();
  });
  window.addEventListener("popstate", () => {
    const query = addressQuery();
    fillForm(form, query);
    follow(query);
  });
  // When going back, browsers fill in forms from memory.
  if (!form.contains(doc.activeElement)) fillForm(form, addressQuery());
}

function addressQuery() {
  return listQuery(new URLSearchParams(location.search));
}

/** The query of the form; the number of rows comes from the address. @param {HTMLFormElement} form */
function formQuery(form) {
  const query = new URLSearchParams();
  for (const [key, value] of new FormData(form)) query.set(key, String(value));
  const now = addressQuery();
  for (const key of ["sort", "page_size"])
    if (now.has(key)) query.set(key, now.get(key) ?? "");
  return listQuery(query);
}

/** @param {HTMLFormElement} form @param {URLSearchParams} query */
function fillForm(form, query) {
  for (const field of form.elements) {
    if (field instanceof HTMLInputElement && field.type === "checkbox")
      field.checked = query.has(field.name);
    else if (field instanceof HTMLInputElement && field.value !== query.get(field.name))
      field.value = query.get(field.name) ?? "";
    else if (field instanceof HTMLSelectElement) choose(field, query.get(field.name));
  }
}

/** Add an unknown agent to the choices. @param {HTMLSelectElement} field @param {string | null} value */
function choose(field, value) {
  const wanted = value === "nobody" ? "none" : (value ?? "");
  if (!Array.from(field.options).some((option) => option.value === wanted))
    field.add(new Option(wanted, wanted));
  field.value = wanted;
}

/** @param {MouseEvent} event @returns {HTMLAnchorElement | null} */
function plainClick(event) {
  const changed = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (changed || event.button) return null;
  return /** @type {HTMLAnchorElement | null} */ (closest(event, LINKS));
}

/** @param {Element} view @param {HTMLFormElement} form @param {URLSearchParams} query */
function showQuery(view, form, query) {
  for (const list of every("[data-chatvisor-users]", view)) {
    if (list.dataset.chatvisorQuery === query.toString()) continue;
    list.dataset.chatvisorQuery = query.toString();
    list.setAttribute("aria-busy", "true");
  }
  for (const link of every("[data-chatvisor-set]", view)) {
    const changes = new URLSearchParams(link.dataset.chatvisorSet);
    setAttribute(link, "href", linkTo(query, Object.fromEntries(changes)));
  }
  for (const link of every("[data-chatvisor-sort]", view)) showSort(link, query);
  for (const chip of every("[data-chatvisor-chip]", view)) showChip(chip, form, query);
  lookNow();
}

/** @param {HTMLElement} link @param {URLSearchParams} query */
function showSort(link, query) {
  const key = link.dataset.chatvisorSort ?? "";
  const current = query.get("sort") ?? "name";
  const is = current.replace(/^-/, "") === key;
  const direction = current.startsWith("-") ? "descending" : "ascending";
  const sort = current === key ? `-${key}` : key;
  setAttribute(link, "href", linkTo(query, { sort }));
  const heading = link.closest("th");
  if (is) setAttribute(link, "data-chatvisor-sorted", direction);
  else link.removeAttribute("data-chatvisor-sorted");
  if (is) heading?.setAttribute("aria-sort", direction);
  else if (!heading?.querySelector("[data-chatvisor-sorted]"))
    heading?.removeAttribute("aria-sort");
}

/** @param {HTMLElement} chip @param {HTMLFormElement} form @param {URLSearchParams} query */
function showChip(chip, form, query) {
  const key = chip.dataset.chatvisorChip ?? "";
  const field = form.elements.namedItem(key);
  const value =
    field instanceof HTMLSelectElement
      ? field.selectedOptions[0]?.text
      : query.get(key);
  setTexts("[data-chatvisor-chip-value]", value ?? "", chip);
  setHidden(chip, !query.has(key));
}
