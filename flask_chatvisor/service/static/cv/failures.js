// @ts-check
/** Errors are logged to the console and stop nothing else. */

/** What went wrong, with a stable code. */
export class Failure extends Error {
  /**
   * @param {string} code
   * @param {string} [detail]
   */
  constructor(code, detail = "") {
    super(detail);
    this.code = code;
  }
}

/** @param {unknown} error */
export const codeOf = (error) => (error instanceof Failure ? error.code : "failed");

/**
 * @param {string} where
 * @param {unknown} error
 */
export function complain(where, error) {
  const detail = error instanceof Error && error.message ? ` (${error.message})` : "";
  console.warn(`chatvisor: ${where}: ${codeOf(error)}${detail}`);
}

/**
 * Call back with the result of `work`, or on an error with `empty`, and log the error.
 *
 * @template T
 * @param {string} where
 * @param {((result: T) => void) | null | undefined} callback
 * @param {T} empty
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function answer(where, callback, empty, work) {
  let result = empty;
  try {
    result = await work();
  } catch (error) {
    complain(where, error);
  }
  call(callback, result);
  return result;
}

/**
 * Run the page's own function. Its errors are the page's and stop nothing here.
 *
 * @param {unknown} callback
 * @param {...unknown} values
 */
export function call(callback, ...values) {
  if (typeof callback !== "function") return;
  try {
    callback(...values);
  } catch (error) {
    reportError(error);
  }
}
