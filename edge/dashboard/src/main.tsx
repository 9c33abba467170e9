// Puts the page together and, where the browser can, keeps its shell for the next visit.

import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./app.tsx";
import { isOfOtherRelease } from "./data/ask.ts";
import { market, start } from "./state.ts";
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
  const notice = [...root.childNodes];
  try {
    start();
    root.replaceChildren();
    render(<App />, root);
  } catch (error) {
    // What stood there tells the reader, see static/mobile/boot.js.
    root.replaceChildren(...notice);
    throw error;
  }
}

async function keepShell(): Promise<void> {
  await navigator.serviceWorker?.register(serviceWorkerUrl(), { scope: "/mobile" });
}

// After the first answers, so that it takes nothing from them; without it the page works too.
addEventListener("load", () => {
  keepShell().catch(() => undefined);
});

// Browsers look for a new release when a page is opened: the one that is open must not ask to be loaded again in vain.
effect(() => {
  if (isOfOtherRelease(market.held.value.trouble)) lookForRelease().catch(() => undefined);
});

async function lookForRelease(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration();
  await registration?.update();
}
