//! What must hold of short foreign texts: header values, queries, symbols.

use super::seeds::SYMBOL;
use shared::endpoints::{BETA_CHART, NoPlace, OTHER, Place, Question, RECENT_ALERTS, find, route};
use shared::exchange::bybit::paths;
use shared::headers::bearer::Secrets;
use shared::headers::{Coding, cache_status, matches_etag, preflight};
use shared::market::candles::Interval;
use shared::market::is_plausible_symbol;
use shared::provenance::{Feed, Source};
use shared::snapshot::alerts::MAX_ALERTS;
use shared::snapshot::performance::ChartTimeframe;

/// What opens an origin.
const SECRET: &str = "hunter2-hunter2-hunter2";

/// The tag of some body, and what of it stands between the quotes.
const ETAG: &str = "W/\"1-o7-1795255200000-fresh-symbols\"";
const OPAQUE: &str = "1-o7-1795255200000-fresh-symbols";

/// The member that a holder appends.
const MEMBER: &str = "edge; hit; ttl=9";

/// The most of a foreign `Cache-Status` that is passed on, bytes.
const MAX_INHERITED: usize = 256;

/// `If-None-Match` matches when it names the tag and never otherwise; no coding is sent that was
/// refused; a preflight is told names of headers alone; what is appended to `Cache-Status` is
/// header text that ends with our own word; no credential opens but the secret itself, and no list
/// of secrets is shown; a host that says anything about its market is not taken for the real one.
pub fn headers(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    check_etag(text);
    check_coding(text);
    check_preflight(text);
    check_cache_status(text);
    check_feed(text);
    check_bearer(text);
    true
}

#[track_caller]
fn check_etag(text: &str) {
    let matches = |list: &str| matches_etag([list.as_bytes()], ETAG);
    if matches(text) {
        assert!(
            text.trim() == "*" || text.contains(OPAQUE),
            "{text:?} matches a tag that it does not name"
        );
    }
    for list in [
        format!("{ETAG} , {text}"),
        format!("\"{OPAQUE}\",{text}"),
        format!("\"x,y\",,{ETAG},{text}"),
    ] {
        assert!(
            matches(&list),
            "{list:?} names the tag and does not match it"
        );
    }
    assert_eq!(
        matches(&format!("{text}, {ETAG}")),
        matches_etag([text.as_bytes(), ETAG.as_bytes()], ETAG),
        "{text:?} means something else on a line of its own"
    );
}

/// A coding is sent only where it is named, or all are; never after it was refused.
#[track_caller]
fn check_coding(text: &str) {
    let chosen = Coding::negotiate([text.as_bytes()]);
    let Some(name) = chosen.name() else { return };
    let lower = text.to_ascii_lowercase();
    assert!(
        lower.contains(name) || text.contains('*'),
        "{text:?} gets {name}"
    );
    let refused = Coding::negotiate([text.as_bytes(), format!("{name};q=0").as_bytes()]);
    assert_ne!(
        refused, chosen,
        "{text:?} gets {name} although it is refused"
    );
}

/// What is echoed is short, and names that were asked for.
#[track_caller]
fn check_preflight(text: &str) {
    let answer = preflight([text.as_bytes()]);
    let (_, names) = answer
        .iter()
        .find(|(name, _)| *name == "access-control-allow-headers")
        .expect("it is told");
    assert!(names.len() <= 1_024, "{} bytes are echoed", names.len());
    let usual = preflight([]);
    let is_usual = usual.iter().any(|(_, value)| value == names);
    for name in names.split(", ").filter(|_| !is_usual) {
        assert!(text.contains(name), "{name:?} was not asked for");
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(&byte)),
            "{name:?}"
        );
    }
}

#[track_caller]
fn check_cache_status(text: &str) {
    let value = cache_status::append(Some(text), MEMBER);
    assert!(
        value
            .bytes()
            .all(|byte| byte == b' ' || byte.is_ascii_graphic()),
        "{value:?} is no header value"
    );
    let before = value
        .strip_suffix(MEMBER)
        .expect("the own member comes last");
    assert!(
        before.is_empty() || before == format!("{}, ", text.trim()),
        "{value:?} is not what was said before"
    );
    assert!(
        before.len() <= MAX_INHERITED + 2,
        "{} bytes are passed on",
        before.len()
    );
}

#[track_caller]
fn check_bearer(text: &str) {
    let admits = |secrets: &Secrets, line: &str| secrets.admit([line.as_bytes()]);
    let known = Secrets::parse(SECRET).expect("it is a secret");
    if admits(&known, text) {
        assert!(
            text.len() > SECRET.len() && text.ends_with(SECRET),
            "{text:?} opens"
        );
    }
    let Ok(secrets) = Secrets::parse(text) else {
        return;
    };
    let shown = format!("{secrets:?}");
    let parts: Vec<&str> = text
        .split([',', ' ', '\t', '\n', '\r', '\u{c}'])
        .filter(|part| !part.is_empty())
        .collect();
    for secret in &parts {
        assert!(
            admits(&secrets, &format!("bearer {secret}")),
            "{secret:?} of {text:?} does not open"
        );
        assert!(!shown.contains(secret), "{secret:?} is shown");
    }
    assert_eq!(
        admits(&secrets, &format!("Bearer {SECRET}")),
        parts.contains(&SECRET),
        "{text:?}"
    );
}

#[track_caller]
fn check_feed(text: &str) {
    let is_live = Feed::from_header(Some(text)) == Feed::Live;
    assert_eq!(is_live, text == "live", "{text:?}");
    if let Ok(source) = Source::try_from(text.to_owned()) {
        assert_eq!(source.to_string(), text, "a source is written as another");
    }
}

/// A path asks for the same however often it is written anew, and is counted under a route that we
/// know.
pub fn path(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let found = find(text, None);
    assert!(route(text).len() < 64);
    let is_path = text.starts_with('/');
    if is_path {
        for same in [
            format!("/.{text}"),
            format!("/x/..{text}"),
            format!("/{text}"),
            format!("/%2e{text}"),
        ] {
            assert_eq!(find(&same, None), found, "{same:?} is not {text:?}");
            assert_eq!(
                route(&same),
                route(text),
                "{same:?} is not counted as {text:?}"
            );
        }
    }
    if found.is_ok() {
        assert_ne!(route(text), OTHER, "{text:?} is found and counted nowhere");
    }
    // Most changes make a path that leads nowhere, which says as much about what means the same.
    is_path
}

/// A query gives what may be asked for, by the first value that it names, or nothing of it was
/// asked.
pub fn query(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    match asked(RECENT_ALERTS, text) {
        Some(Question::RecentAlerts { limit }) => {
            assert!(
                (1..=MAX_ALERTS).contains(&limit),
                "{text:?} asks for {limit} alerts"
            );
            let named = asked(RECENT_ALERTS, &format!("limit={limit}&{text}"));
            assert_eq!(named, Some(Question::RecentAlerts { limit }));
        }
        None => assert!(
            text.contains("limit="),
            "{text:?} names no limit and is refused"
        ),
        other => panic!("{text:?} asks for {other:?}"),
    }
    match asked(BETA_CHART, text) {
        Some(Question::BetaChart(timeframe)) => {
            assert!(ChartTimeframe::ALL.contains(&timeframe));
            let named = asked(
                BETA_CHART,
                &format!("timeframe={}&{text}", timeframe.name()),
            );
            assert_eq!(named, Some(Question::BetaChart(timeframe)));
        }
        None => assert!(
            text.contains("timeframe="),
            "{text:?} names no timeframe and is refused"
        ),
        other => panic!("{text:?} asks for {other:?}"),
    }
    true
}

/// What is asked for at a path of data; nothing where the query asks for what there is not.
fn asked(path: &'static str, query: &str) -> Option<Question<'static>> {
    match find(path, Some(query)) {
        Ok(Place::Data(question)) => Some(question),
        Err(NoPlace::BadQuery { .. }) => None,
        other => panic!("{path} is {other:?}"),
    }
}

/// A plausible symbol is short and can neither be markup nor end a line, a header or a path; and no
/// text at all can end the parameter of a question to the venue.
pub fn symbol(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let is_plausible = is_plausible_symbol(text);
    if is_plausible {
        assert!(text.chars().count() <= 40, "{text:?}");
        let is_harmful =
            |c: char| c.is_control() || c.is_whitespace() || "<>&\"'/\\?#%:;,_".contains(c);
        assert!(!text.is_empty() && !text.contains(is_harmful), "{text:?}");
    }
    let questions = |symbol: &str| {
        [
            paths::klines(symbol, Interval::OneMinute, 5, None),
            paths::orderbook(symbol, 5),
            paths::trades(symbol, 5),
            paths::open_interest(symbol, 5),
            paths::account_ratio(symbol, 5),
            paths::funding_history(symbol, 5, None),
        ]
    };
    for (question, usual) in questions(text).iter().zip(questions(SYMBOL)) {
        let (before, after) = usual
            .split_once(SYMBOL)
            .expect("a question names its symbol");
        let inside = question
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after));
        let inside = inside.unwrap_or_else(|| panic!("{text:?} changed the question: {question}"));
        let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
        assert!(inside.bytes().all(is_safe), "{text:?} stands as {inside}");
    }
    is_plausible
}
