// @ts-check
/** The available languages, and how their texts are loaded. */

/** @typedef {Record<string, string>} Texts */
/** @typedef {{language: string, texts: Texts}} Spoken */

/** The names of the files in `texts/`. */
export const LANGUAGES = ["en", "de"];
const PATIENCE = 3_000; // ms

/** The file of this tag, or of its language in general. @param {string} tag */
function fileOf(tag) {
  const whole = tag.toLowerCase();
  return [whole, whole.split("-")[0]].find((name) => LANGUAGES.includes(name ?? ""));
}

/** Pages and links may declare something that is not a language. @param {string} tag */
function isTag(tag) {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

/** The first available language. @param {readonly string[]} tags */
export const firstKnown = (tags) =>
  tags.find((tag) => isTag(tag) && fileOf(tag)) ?? "en";

/**
 * Fetch a language. If that fails or takes too long, use English: a customer must be able
 * to answer.
 *
 * @param {string} language an available one
 * @param {Texts} english also for texts that the language lacks
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
