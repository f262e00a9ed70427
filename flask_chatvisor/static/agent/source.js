// @ts-check
/** The source of users: the application, or the vendor's script. */

import { config } from "./config.js";
import { fromApplication } from "./source-application.js";
import { fromScript } from "./source-script.js";

/**
 * @typedef {import("./users.js").User} User
 * @typedef {import("./users.js").Listing} Listing
 * @typedef {{found: Map<string, User | null>, asOf: string}} Found
 * @typedef {{list(query: string): Promise<Listing>, find(queries: string[]): Promise<Found>}} Source
 */

/** @type {Source} */
export const source = config.directory === "browser" ? fromScript : fromApplication;
