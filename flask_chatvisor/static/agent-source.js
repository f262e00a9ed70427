// @ts-check
/** Where users come from: the application, or the script itself. */

import { fromBrowser } from "./agent-browser.js";
import { config } from "./agent-request.js";
import { fromServer } from "./agent-server.js";

/**
 * @typedef {import("./agent-users.js").User} User
 * @typedef {import("./agent-users.js").Listing} Listing
 * @typedef {{found: Map<string, User | null>, asOf: string}} Found
 * @typedef {{list(query: string): Promise<Listing>, find(queries: string[]): Promise<Found>}} Source
 */

/** @type {Source} */
export const source = config.directory === "browser" ? fromBrowser : fromServer;
