//! The names of our headers, and the headers of every answer.
//!
//! The `x-` names repeat what a body says in JSON, for clients and proxies that read only headers.

/// Says that a host does not serve the real market: `simulated` or `replayed`. The simulator sends
/// it, and everything made from such data carries it on.
pub const MARKET_DATA: &str = "x-market-data";

/// Who answered: `origin`, `bybit_direct`, `secondary_exchange` or `last_known_good`.
pub const DATA_SOURCE: &str = "x-data-source";

/// When the data was true, Unix milliseconds.
pub const DATA_AS_OF: &str = "x-data-as-of";

/// The class of the data's age: `fresh`, `aging` or `stale`.
pub const DATA_FRESHNESS: &str = "x-data-freshness";

/// Completeness and youth of the data's parts, 0–1.
pub const DATA_QUALITY: &str = "x-data-quality";

/// The name of one request, by which it is found in the logs of edge and origin.
pub const REQUEST_ID: &str = "x-request-id";

/// The location of the Worker that calls the exchanges, by the exchange's word. Sent between
/// Workers only.
pub const DIRECT_PLACE: &str = "x-direct-place";

/// Content type of data.
pub const JSON: &str = "application/json";

/// Content type of problems (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";

/// On everything that must not be kept by any cache.
pub const NO_STORE: &str = "no-store";

/// Headers that browser code may read. None is on the safe list of the Fetch standard.
const EXPOSED: &str = "Age, Date, ETag, Cache-Status, Proxy-Status, Retry-After, Server-Timing, X-Market-Data, \
    X-Data-Source, X-Data-As-Of, X-Data-Freshness, X-Data-Quality, X-Request-Id";

/// For a year, for this host alone. Whether other hosts of its domain speak HTTPS is their owner's
/// decision, so `includeSubDomains` is left out.
const HSTS: &str = "max-age=31536000";

/// Headers of every answer: any site may read it, and it is never sniffed, framed or run as code.
/// The data is public, so `*` gives away nothing.
pub const ALWAYS: [(&str, &str); 8] = [
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", EXPOSED),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    ("cross-origin-resource-policy", "cross-origin"),
    ("referrer-policy", "no-referrer"),
    ("strict-transport-security", HSTS),
    ("timing-allow-origin", "*"),
    ("x-content-type-options", "nosniff"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browser_code_may_read_everything_that_is_told_about_data() {
        let exposed: Vec<&str> = EXPOSED.split(", ").collect();
        let names = [
            "age",
            "date",
            "etag",
            "cache-status",
            "proxy-status",
            "retry-after",
            "server-timing",
            REQUEST_ID,
        ];
        for name in names.into_iter().chain([
            MARKET_DATA,
            DATA_SOURCE,
            DATA_AS_OF,
            DATA_FRESHNESS,
            DATA_QUALITY,
        ]) {
            assert!(
                exposed
                    .iter()
                    .any(|exposed| exposed.eq_ignore_ascii_case(name)),
                "{name} is hidden"
            );
        }
    }

    #[test]
    fn every_answer_is_safe_and_readable_everywhere() {
        let always = |name: &str| {
            ALWAYS
                .iter()
                .find(|(found, _)| *found == name)
                .map(|(_, value)| *value)
        };
        assert_eq!(always("access-control-allow-origin"), Some("*"));
        assert_eq!(always("timing-allow-origin"), Some("*"));
        assert_eq!(always("x-content-type-options"), Some("nosniff"));
        assert_eq!(
            always("content-security-policy"),
            Some("default-src 'none'; frame-ancestors 'none'")
        );
        assert_eq!(always("cross-origin-resource-policy"), Some("cross-origin"));
        assert_eq!(always("referrer-policy"), Some("no-referrer"));
        let hsts = always("strict-transport-security").unwrap();
        let secs: u64 = hsts
            .split(';')
            .find_map(|part| part.strip_prefix("max-age="))
            .unwrap()
            .parse()
            .unwrap();
        assert!(
            secs >= 31_536_000 && !hsts.contains("includeSubDomains"),
            "{hsts}"
        );
        // With credentials `*` would be refused.
        assert_eq!(always("access-control-allow-credentials"), None);
    }
}
