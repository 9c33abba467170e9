// Puts the page together and, where the browser can, keeps its shell for the next visit.

import { render } from "preact";
import { App } from "./app.tsx";
import { start } from "./state.ts";
import "./styles.css";

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

const SERVICE_WORKER = "/mobile/sw.js";

/** The one address of a script that is made at run time; the page's policy allows no other. */
function serviceWorkerUrl(): string {
  const trusted = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
  if (trusted === undefined) return SERVICE_WORKER;
  return trusted.createPolicy("dashboard", { createScriptURL: () => SERVICE_WORKER }).createScriptURL(SERVICE_WORKER);
}

const root = document.getElementById("app");
if (root !== null) {
  start();
  root.replaceChildren();
  render(<App />, root);
}

// After the first answers, so that it takes nothing from them; without it the page works too.
addEventListener("load", () => {
  navigator.serviceWorker?.register(serviceWorkerUrl(), { scope: "/mobile" }).catch(() => undefined);
});
