// What a Worker is usually told to do: the same bytes from the colo's cache, to everyone.

import body from "body.bin";

const KEY = "https://bench.internal/body";

export default {
  async fetch() {
    const found = await caches.default.match(KEY);
    if (found) return found;
    const headers = { "content-type": "application/json", "cache-control": "max-age=3600" };
    await caches.default.put(KEY, new Response(body, { headers }));
    return new Response(body, { headers });
  },
};
