// @ts-check
/** Storage that still works, at least for this page, if the browser blocks it. */

/** @param {"localStorage" | "sessionStorage"} kind */
function storage(kind) {
  /** @type {Map<string, string>} */
  const memory = new Map();
  return {
    /** @param {string} key */
    get(key) {
      try {
        return window[kind].getItem(key);
      } catch {
        return memory.get(key) ?? null;
      }
    },
    /**
     * @param {string} key
     * @param {string | null} value
     */
    set(key, value) {
      try {
        if (value === null) window[kind].removeItem(key);
        else window[kind].setItem(key, value);
      } catch {
        if (value === null) memory.delete(key);
        else memory.set(key, value);
      }
    },
  };
}

export const local = storage("localStorage");
export const session = storage("sessionStorage");
