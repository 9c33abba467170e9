// One address for the page and its data, each from where the test wants it: a page and what its service worker keeps belong
// to an address, whatever stands behind that.

import http from "node:http";
import { startServer } from "../edge/support/server.mjs";
import { isData } from "./browser.mjs";

/**
 * Passes on what it is asked, untouched in both directions: files to `files`, data to `data`. Both are addresses; `files`
 * may be a function that answers itself, too.
 */
export async function startFront(behind) {
  const to = { ...behind };
  const server = await startServer((request, response) => {
    const target = isData(new URL(request.url, "http://front")) ? to.data : to.files;
    if (typeof target === "function") void target(request, response);
    else pass(target, request, response);
  });
  return {
    url: server.url,
    /** From now on files come from there. */
    release: (files) => {
      to.files = files;
    },
    stop: server.stop,
  };
}

function pass(target, request, response) {
  const { method, url } = request;
  const headers = { ...request.headers, host: new URL(target).host };
  const onwards = http.request(target + url, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.rawHeaders);
    answer.pipe(response);
  });
  onwards.on("error", () => response.destroy());
  response.on("close", () => onwards.destroy());
  request.pipe(onwards);
}
