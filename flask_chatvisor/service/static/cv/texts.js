// @ts-check
/** The script's texts, in the language of the page. */

import { agentName } from "../shared/names.js";
import { doc } from "../shared/page.js";
import { fetchTexts, fill, firstKnown } from "../shared/texts.js";
import { english } from "../texts/en-pages.js";
import { address } from "./service.js";

/** @import { Spoken } from "../shared/texts.js" */
/** @import { Agent } from "./visitor.js" */

// Any version of the service has this path.
const FOLDER = address("static/latest/texts/");

/** @type {Spoken} */
let spoken = { language: "en", texts: english };
/** By language; each is fetched once per page. @type {Map<string, Promise<Spoken>>} */
const fetched = new Map();

/** The first available language: the page's, then the browser's. */
export function wantedLanguage() {
  const declared = doc.documentElement.lang.replaceAll("_", "-");
  return firstKnown([declared, ...navigator.languages]);
}

/** Load the page's language. Before this, and if it fails, everything is English. */
export async function learnLanguage() {
  const wanted = wantedLanguage();
  const coming = fetched.get(wanted) ?? fetchTexts(wanted, english, FOLDER);
  fetched.set(wanted, coming);
  spoken = await coming;
}

/** The current language. */
export const spokenLanguage = () => spoken.language;

/** @param {string} key */
const template = (key) => spoken.texts[key] ?? key;

/**
 * @param {string} key
 * @param {Record<string, string>} [values]
 */
export const text = (key, values = {}) => fill(template(key), values);

/**
 * The pieces of a text. A name may have another text direction than its sentence, so each
 * value gets a separate element.
 *
 * @param {string} key
 * @param {Record<string, string>} values
 */
export function phrase(key, values) {
  return template(key)
    .split(/\{(\w+)\}/)
    .map((piece, index) => (index % 2 ? isolated(values[piece] ?? "") : new Text(piece)));
}

/** The agent's name, as far as customers may know it. @param {Agent | null} agent */
export const nameOfAgent = (agent) => agentName(agent) || text("someone.agent");

/** @param {string} value */
function isolated(value) {
  const made = doc.createElement("bdi");
  made.append(value);
  return made;
}
