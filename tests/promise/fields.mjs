// Header fields by their standards: what is wrong with one, in words. RFC 9110, 9111, 9209, 9211, 9651, Server-Timing.

import { Token, parseDictionary, parseList } from "structured-headers";

/** The error types of RFC 9209, section 2.3. */
const PROXY_ERRORS = new Set([
  "dns_timeout", "dns_error", "destination_not_found", "destination_unavailable", "destination_ip_prohibited",
  "destination_ip_unroutable", "connection_refused", "connection_terminated", "connection_timeout",
  "connection_read_timeout", "connection_write_timeout", "connection_limit_reached", "tls_protocol_error",
  "tls_certificate_error", "tls_alert_received", "http_request_error", "http_request_denied", "http_response_incomplete",
  "http_response_header_section_size", "http_response_header_size", "http_response_body_size",
  "http_response_trailer_section_size", "http_response_trailer_size", "http_response_transfer_coding",
  "http_response_content_coding", "http_response_timeout", "http_upgrade_failed", "http_protocol_error",
  "proxy_internal_response", "proxy_internal_error", "proxy_configuration_error", "proxy_loop_detected",
]);

const FORWARD_REASONS = new Set(["bypass", "method", "uri-miss", "vary-miss", "miss", "request", "stale", "partial"]);

const isToken = (value) => value instanceof Token;
const isString = (value) => typeof value === "string";
const isInteger = (value) => Number.isInteger(value);
const isStatus = (value) => isInteger(value) && value >= 100 && value <= 599;
const isFlag = (value) => value === true || value === false;
const isName = (value) => isToken(value) || isString(value);

/** What each parameter of a `Cache-Status` member may be. `key` is known and forbidden: keys are nobody's business. */
const CACHE_STATUS_PARAMETERS = {
  hit: isFlag,
  fwd: (value) => isToken(value) && FORWARD_REASONS.has(String(value)),
  "fwd-status": isStatus,
  ttl: isInteger,
  stored: isFlag,
  collapsed: isFlag,
  detail: isName,
};

const PROXY_STATUS_PARAMETERS = {
  error: (value) => isToken(value) && PROXY_ERRORS.has(String(value)),
  "next-hop": isName,
  "next-protocol": isName,
  "received-status": isStatus,
  details: isString,
};

/** The members of a list of names with parameters, or nothing when it is not one. */
export function members(value) {
  try {
    return parseList(value).map(([name, parameters]) => ({ name: String(name), isName: isName(name), parameters }));
  } catch {
    return undefined;
  }
}

function* memberFaults(field, value, known) {
  const list = members(value);
  if (!list || list.length === 0) {
    yield `${field} is no structured list: ${value}`;
    return;
  }
  for (const { name, isName, parameters } of list) {
    if (!isName) yield `${field} has a member without a name: ${value}`;
    for (const [key, found] of parameters) {
      if (!known[key]) yield `${field} of ${name} has the parameter ${key}`;
      else if (!known[key](found)) yield `${field} of ${name} has ${key}=${String(found)}`;
    }
  }
}

/** RFC 9211: every member says either `hit` or `fwd`, and nothing about forwarding that did not happen. */
export function* cacheStatusFaults(value) {
  yield* memberFaults("Cache-Status", value, CACHE_STATUS_PARAMETERS);
  for (const { name, parameters } of members(value) ?? []) {
    const [isHit, isForwarded] = [parameters.get("hit") === true, parameters.has("fwd")];
    if (isHit === isForwarded) yield `Cache-Status of ${name} must say either hit or fwd: ${value}`;
    const alien = ["stored", "collapsed", "fwd-status"].filter((key) => parameters.has(key) && !isForwarded);
    if (alien.length > 0) yield `Cache-Status of ${name} says ${alien.join(", ")} of a hit`;
  }
}

/** RFC 9209. */
export function* proxyStatusFaults(value) {
  yield* memberFaults("Proxy-Status", value, PROXY_STATUS_PARAMETERS);
  for (const { name, parameters } of members(value) ?? []) {
    if (!parameters.has("error") && !parameters.has("received-status") && !parameters.has("details")) {
      yield `Proxy-Status of ${name} says nothing: ${value}`;
    }
  }
}

/** The directives of a `Cache-Control`, or nothing when it is not written as RFC 9111 has it (`name` or `name=1`). */
export function cacheControl(value) {
  const text = value ?? "";
  if (!text.split(",").every((directive) => /^ ?[a-z-]+(=\d+)?$/.test(directive))) return undefined;
  return new Map([...parseDictionary(text)].map(([name, [of]]) => [name, of]));
}

/** `name;dur=1.5;desc="…"`, several of them. */
export function* serverTimingFaults(value) {
  for (const metric of value.split(/, ?/)) {
    if (!/^[a-z0-9-]+;dur=\d+(\.\d+)?;desc="[^"]+"$/.test(metric)) yield `Server-Timing has ${metric}`;
  }
}

const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/;

/** The moment of a `Date` header, Unix milliseconds; NaN when it is none. */
export const dateMs = (value) => (HTTP_DATE.test(value ?? "") ? Date.parse(value) : NaN);

/** Seconds, as `Age` and `Retry-After` have them; NaN for anything else. */
export const seconds = (value) => (/^\d{1,9}$/.test(value ?? "") ? Number(value) : NaN);

export const isWeakEtag = (value) => /^W\/"[\x21\x23-\x7e]+"$/.test(value ?? "");
