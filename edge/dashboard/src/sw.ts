// The service worker: keeps the page's own files, so that it opens without a network. It never touches data: every request
// that is not for one of those files goes to the network as if this were not here.

declare const self: ServiceWorkerGlobalScope;

/** The files of this build, and its name; put in by the build. */
declare const FILES: readonly string[];
declare const BUILD: string;

const PREFIX = "shell-";
const CACHE = PREFIX + BUILD;
const KNOWN = new Set(FILES);

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches.open(CACHE).then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: "no-cache" })))),
  );
  void self.skipWaiting();
});

self.addEventListener("activate", (event) => event.waitUntil(forgetOldShells().then(() => self.clients.claim())));

/** The build before this one stays: a page of it may still be open and ask for its files. */
async function forgetOldShells(): Promise<void> {
  const shells = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(shells.slice(0, -1).map((name) => caches.delete(name)));
}

self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== self.location.origin) return;
  if (KNOWN.has(pathname) || pathname.startsWith("/mobile/assets/"))
    event.respondWith(fromShell(event.request, pathname));
});

async function fromShell(request: Request, pathname: string): Promise<Response> {
  const current = await (await caches.open(CACHE)).match(pathname);
  return current ?? (await caches.match(pathname)) ?? fetch(request);
}

export {};
