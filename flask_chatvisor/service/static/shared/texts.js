// @ts-check
/** The languages that there are, and how their texts are had. */

/** @typedef {Record<string, string>} Texts */
/** @typedef {{language: string, texts: Texts}} Spoken */

/** The names of the files in `texts/`. */
export const LANGUAGES = ["en", "de"];
const PATIENCE = 3_000; // ms

/** Its own file, or that of its language at large. @param {string} tag */
function fileOf(tag) {
  const whole = tag.toLowerCase();
  return [whole, whole.split("-")[0]].find((name) => LANGUAGES.includes(name ?? ""));
}

/** What a page or a link declares need not be a language. @param {string} tag */
function isTag(tag) {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

/** The first language that is known. @param {readonly string[]} tags */
export const firstKnown = (tags) =>
  tags.find((tag) => isTag(tag) && fileOf(tag)) ?? "en";

/**
 * Fetch a language. Where that fails, or takes too long, it is English: a customer must
 * be able to answer.
 *
 * @param {string} language one that is known
 * @param {Texts} english also for what the language lacks
 * @param {URL} folder of the languages' files
 * @returns {Promise<Spoken>}
 */
export async function fetchTexts(language, english, folder) {
  const file = fileOf(language);
  if (file === "en") return { language, texts: english };
  try {
    const { texts } = await inTime(import(new URL(`${file}.js`, folder).href));
    return { language, texts: { ...english, ...texts } };
  } catch (error) {
    console.warn(`chatvisor: texts: ${language} could not be fetched`, error);
    return { language: "en", texts: english };
  }
}

/**
 * @template T
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
function inTime(work) {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("It took too long.")), PATIENCE);
    work.then(resolve, reject);
  });
}

/**
 * @param {string} template
 * @param {Record<string, string>} values
 */
export function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
