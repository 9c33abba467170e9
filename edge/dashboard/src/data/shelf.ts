// The last good bodies on this device, in the browser's Cache Storage: readable without a network, and always shown with
// their own age. Everything that can fail here fails without a word, for the page works without a store too.

import type { Body } from "./freshness.ts";
import type { Kept, Shelf } from "./resource.ts";

/** Bodies of this page's release: what an earlier one kept lacks figures that this one shows. */
const NAME = "last-good-2";

/** What earlier releases kept. */
const EARLIER = ["last-good-1"];

/** The browser's store, or one that keeps nothing where there is none or where even to ask for it is refused. */
export function deviceShelf(storage: () => CacheStorage | undefined): Shelf {
  return {
    async load(path: string): Promise<Kept<unknown> | null> {
      try {
        for (const name of EARLIER) void storage()?.delete(name);
        const response = await (await storage()?.open(NAME))?.match(path);
        return response === undefined ? null : { body: await response.json(), etag: response.headers.get("etag") };
      } catch {
        return null;
      }
    },
    async save(path: string, kept: Kept<Body>): Promise<void> {
      try {
        const headers: Record<string, string> = { "content-type": "application/json" };
        if (kept.etag !== null) headers["etag"] = kept.etag;
        await (await storage()?.open(NAME))?.put(path, new Response(JSON.stringify(kept.body), { headers }));
      } catch {
        // Full, or forbidden in private windows.
      }
    },
  };
}
