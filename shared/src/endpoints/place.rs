//! Routing: path and query → [`Place`], and method → [`Asked`]. Origin and edge both use it, so a
//! path means the same at both.
//!
//! In order: [`find`] brings the path into its one form and looks it up; [`asked`] applies the
//! method; [`route`] names the request for metrics.
//!
//! Invariant: the result is of a closed set: a known endpoint, a plausible symbol, or a parameter
//! within its bounds. So nothing that a client makes up reaches a cache key, a metric label or
//! another server. Headers are not read here.

use super::path::normal;
use super::routes::{
    BETA_CHART, CLIENT_ROUTES, Endpoint, HEALTH, LIVE, METRICS, READY, RECENT_ALERTS, SNAPSHOT,
    SymbolEndpoint,
};
use crate::market::is_plausible_symbol;
use crate::snapshot::alerts::MAX_ALERTS;
use crate::snapshot::performance::ChartTimeframe;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// The number of alerts without a `limit`.
const DEFAULT_ALERTS: usize = 20;

/// The range of a chart without a `timeframe`.
const DEFAULT_TIMEFRAME: ChartTimeframe = ChartTimeframe::OneDay;

/// A query for data.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Question<'p> {
    /// A body without parameters: one per snapshot.
    Whole(Endpoint),
    /// A body about one contract.
    OfSymbol {
        /// The kind of body.
        endpoint: SymbolEndpoint,
        /// The contract's full symbol, as it is written at the venue.
        symbol: Cow<'p, str>,
    },
    /// The newest alerts.
    RecentAlerts {
        /// How many, 1 to [`MAX_ALERTS`].
        limit: usize,
    },
    /// Contracts side by side, over this range.
    BetaChart(ChartTimeframe),
}

impl Question<'_> {
    /// The name of the kind of body, for metrics and logs: one of a fixed set.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Whole(endpoint) => endpoint.name(),
            Self::OfSymbol { endpoint, .. } => endpoint.name(),
            Self::RecentAlerts { .. } => "alerts-recent",
            Self::BetaChart(_) => "beta-chart",
        }
    }

    /// The name of this body among all bodies of a snapshot, ASCII, for entity tags.
    #[must_use]
    pub fn projection(&self) -> Cow<'static, str> {
        match self {
            Self::Whole(endpoint) => Cow::Borrowed(endpoint.name()),
            Self::OfSymbol { endpoint, symbol } => {
                // An entity tag is ASCII; a symbol may have other letters. The escape keeps two
                // symbols apart.
                let ascii = |c: char| {
                    if c.is_ascii() {
                        vec![c]
                    } else {
                        c.escape_unicode().collect()
                    }
                };
                Cow::Owned(format!(
                    "{}-{}",
                    endpoint.name(),
                    symbol.chars().flat_map(ascii).collect::<String>()
                ))
            }
            // The parameters are part of the name: bodies that differ need tags that differ.
            Self::RecentAlerts { limit } => Cow::Owned(format!("alerts-{limit}")),
            Self::BetaChart(timeframe) => Cow::Owned(format!("beta-chart-{}", timeframe.name())),
        }
    }

    /// The same query without borrowing from the request.
    #[must_use]
    pub fn into_owned(self) -> Question<'static> {
        match self {
            Self::Whole(endpoint) => Question::Whole(endpoint),
            Self::OfSymbol { endpoint, symbol } => Question::OfSymbol {
                endpoint,
                symbol: Cow::Owned(symbol.into_owned()),
            },
            Self::RecentAlerts { limit } => Question::RecentAlerts { limit },
            Self::BetaChart(timeframe) => Question::BetaChart(timeframe),
        }
    }
}

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place<'p> {
    /// Data for clients.
    Data(Question<'p>),
    /// The whole snapshot, for the edge.
    Snapshot,
    /// The state of the service.
    Health,
    /// Whether the process answers.
    Live,
    /// Whether clients should be sent here.
    Ready,
    /// Metrics.
    Metrics,
}

impl Place<'_> {
    /// The same place without borrowing from the request.
    #[must_use]
    pub fn into_owned(self) -> Place<'static> {
        match self {
            Self::Data(question) => Place::Data(question.into_owned()),
            Self::Snapshot => Place::Snapshot,
            Self::Health => Place::Health,
            Self::Live => Place::Live,
            Self::Ready => Place::Ready,
            Self::Metrics => Place::Metrics,
        }
    }

    /// The name of the place, for metrics and logs: one of a fixed set.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Data(question) => question.name(),
            Self::Snapshot => Endpoint::Snapshot.name(),
            Self::Health => "health",
            Self::Live => "live",
            Self::Ready => "ready",
            Self::Metrics => "metrics",
        }
    }
}

/// A query parameter that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// How many alerts.
    Limit,
    /// How far back a chart goes.
    Timeframe,
}

impl Parameter {
    /// The name in a query.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Timeframe => "timeframe",
        }
    }

    /// The values it may have, as a sentence.
    #[must_use]
    pub const fn allowed(self) -> &'static str {
        match self {
            Self::Limit => "limit is a whole number from 1 to 100.",
            Self::Timeframe => "timeframe is one of 0.25, 0.5, 1, 4, 8, 12, 24 (hours).",
        }
    }
}

/// Why a request names no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    /// No such path.
    #[error("there is nothing at this path")]
    UnknownPath,
    /// A method that reads nothing.
    #[error("this is not read with that method")]
    OtherMethod,
    /// A parameter that is not one of the values it may have.
    #[error("{}", .parameter.allowed())]
    BadQuery {
        /// The parameter.
        parameter: Parameter,
    },
}

/// What a request asks for, by its method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked<'p> {
    /// The allowed methods and headers: a browser's preflight.
    Options,
    /// What is at a place.
    Read {
        /// The place.
        place: Place<'p>,
        /// Whether only the headers are wanted.
        head: bool,
    },
}

/// Applies a method to what was [found](find).
///
/// An unknown path is unknown by any method, so 404 comes before 405. A bad query matters only to a
/// method that reads. `OPTIONS` is answered everywhere, even for an unknown path: when the
/// preflight fails, the browser hides the real error from the page.
///
/// # Errors
/// [`NoPlace`].
pub fn asked<'p>(method: &str, found: Result<Place<'p>, NoPlace>) -> Result<Asked<'p>, NoPlace> {
    match (method, found) {
        ("OPTIONS", _) => Ok(Asked::Options),
        (_, Err(NoPlace::UnknownPath)) => Err(NoPlace::UnknownPath),
        // HEAD is routed like GET, so that it has the same status and headers.
        ("GET" | "HEAD", found) => found.map(|place| Asked::Read {
            place,
            head: method == "HEAD",
        }),
        _ => Err(NoPlace::OtherMethod),
    }
}

/// Finds the place of a path and a query. Unknown parameters are ignored. `path` is as in the
/// request, still percent-encoded.
///
/// # Errors
/// [`NoPlace`].
pub fn find<'p>(path: &'p str, query: Option<&str>) -> Result<Place<'p>, NoPlace> {
    match normal(path) {
        Cow::Borrowed(path) => at(path, query),
        // The normalised path does not outlive this function, so its symbol is copied.
        Cow::Owned(path) => at(&path, query).map(Place::into_owned),
    }
}

/// Finds the place of a path in its one form.
fn at<'p>(path: &'p str, query: Option<&str>) -> Result<Place<'p>, NoPlace> {
    if let Some(endpoint) = Endpoint::at(path) {
        return Ok(Place::Data(Question::Whole(endpoint)));
    }
    match path {
        RECENT_ALERTS => recent_alerts(query).map(Place::Data),
        BETA_CHART => beta_chart(query).map(Place::Data),
        SNAPSHOT => Ok(Place::Snapshot),
        LIVE => Ok(Place::Live),
        READY => Ok(Place::Ready),
        METRICS => Ok(Place::Metrics),
        _ if HEALTH.contains(&path) => Ok(Place::Health),
        // Last, because it is the only pattern: every fixed path is compared before a symbol is
        // parsed.
        _ => of_symbol(path).map(Place::Data).ok_or(NoPlace::UnknownPath),
    }
}

/// The metric label of every path that is no route.
pub const OTHER: &str = "other";

/// The path or prefix under which a request is counted. It never contains text of the client:
/// labels without bound would fill the memory of a metrics server.
#[must_use]
pub fn route(path: &str) -> &'static str {
    let path = &*normal(path);
    if let Some(endpoint) = SymbolEndpoint::ALL
        .into_iter()
        .find(|endpoint| path.starts_with(endpoint.prefix()))
    {
        return endpoint.prefix();
    }
    let fixed = [SNAPSHOT, RECENT_ALERTS, BETA_CHART, LIVE, READY, METRICS];
    let mut known = CLIENT_ROUTES
        .iter()
        .map(|(route, _)| *route)
        .chain(HEALTH)
        .chain(fixed);
    known.find(|route| *route == path).unwrap_or(OTHER)
}

fn of_symbol(path: &str) -> Option<Question<'_>> {
    SymbolEndpoint::ALL.into_iter().find_map(|endpoint| {
        // Decoded after the prefix is matched, so an encoded slash stays inside the symbol, where
        // it is refused as no letter.
        let symbol = percent_decode_str(path.strip_prefix(endpoint.prefix())?)
            .decode_utf8()
            .ok()?;
        is_plausible_symbol(&symbol).then_some(Question::OfSymbol { endpoint, symbol })
    })
}

fn recent_alerts(query: Option<&str>) -> Result<Question<'static>, NoPlace> {
    let parameter = Parameter::Limit;
    let limit = match value(query, parameter) {
        None => DEFAULT_ALERTS,
        Some(text) => text
            .parse()
            .ok()
            // Refused and not cut: a client that asks for 500 must not take 100 for all.
            .filter(|limit| (1..=MAX_ALERTS).contains(limit))
            .ok_or(NoPlace::BadQuery { parameter })?,
    };
    Ok(Question::RecentAlerts { limit })
}

fn beta_chart(query: Option<&str>) -> Result<Question<'static>, NoPlace> {
    let parameter = Parameter::Timeframe;
    let timeframe = match value(query, parameter) {
        // A parameter that is missing has a default; one that is wrong is an error.
        None => DEFAULT_TIMEFRAME,
        Some(text) => ChartTimeframe::parse(text).map_err(|_| NoPlace::BadQuery { parameter })?,
    };
    Ok(Question::BetaChart(timeframe))
}

/// The first value of a parameter, as written: no allowed value needs decoding.
fn value(query: Option<&str>, parameter: Parameter) -> Option<&str> {
    query?
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == parameter.name())
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(path: &str, query: Option<&str>, expected: Result<Question<'_>, NoPlace>) {
        assert_eq!(
            find(path, query),
            expected.map(Place::Data),
            "{path} {query:?}"
        );
    }

    #[test]
    fn every_client_path_asks_for_its_endpoint_whatever_the_query() {
        for (path, endpoint) in CLIENT_ROUTES {
            for query in [
                None,
                Some(""),
                Some("t=1"),
                Some("limit=0&timeframe=x"),
                Some("&&==%ff"),
            ] {
                check(path, query, Ok(Question::Whole(endpoint)));
            }
        }
    }

    #[test]
    fn what_is_no_other_form_of_a_path_is_unknown() {
        for path in [
            "",
            "*",
            "/",
            "mobile-data",
            "/mobile-data/",
            "/Mobile-Data",
            "/mobile-data%2f",
            "/%256dobile-data",
            "/é",
        ] {
            assert_eq!(find(path, None), Err(NoPlace::UnknownPath), "{path}");
            assert_eq!(route(path), OTHER);
        }
    }

    #[test]
    fn a_path_in_another_form_asks_for_the_same_and_is_counted_there() {
        for path in [
            "/%6dobile-data",
            "//mobile-data",
            "/./mobile-data",
            "/a/%2e%2e/mobile-data",
            "\\mobile-data",
        ] {
            check(path, None, Ok(Question::Whole(Endpoint::MobileData)));
            assert_eq!(route(path), "/mobile-data");
        }
        for endpoint in SymbolEndpoint::ALL {
            let symbol = || "BTCUSDT".into();
            for written in [
                "/BTCUSDT",
                "./BTCUSDT",
                "%42TCUSDT",
                "%42%54%43USDT",
                "x/../BTCUSDT",
            ] {
                let path = format!("{}{written}", endpoint.prefix());
                check(
                    &path,
                    None,
                    Ok(Question::OfSymbol {
                        endpoint,
                        symbol: symbol(),
                    }),
                );
                assert_eq!(route(&path), endpoint.prefix());
            }
        }
    }

    #[test]
    fn what_is_not_there_is_not_there_by_any_method() {
        let (there, bad, nowhere) = (
            find("/mobile-data", None),
            find(RECENT_ALERTS, Some("limit=0")),
            find("/nothing", None),
        );
        for (method, head) in [("GET", false), ("HEAD", true)] {
            let read = there.clone().map(|place| Asked::Read { place, head });
            assert_eq!(asked(method, there.clone()), read);
            assert_eq!(
                asked(method, bad.clone()),
                Err(NoPlace::BadQuery {
                    parameter: Parameter::Limit
                })
            );
            assert_eq!(asked(method, nowhere.clone()), Err(NoPlace::UnknownPath));
        }
        for method in [
            "POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get", "Options", "",
        ] {
            assert_eq!(
                asked(method, there.clone()),
                Err(NoPlace::OtherMethod),
                "{method}"
            );
            assert_eq!(
                asked(method, bad.clone()),
                Err(NoPlace::OtherMethod),
                "{method}"
            );
            assert_eq!(
                asked(method, nowhere.clone()),
                Err(NoPlace::UnknownPath),
                "{method}"
            );
        }
        for found in [there, bad, nowhere] {
            assert_eq!(asked("OPTIONS", found), Ok(Asked::Options));
        }
    }

    #[test]
    fn a_symbol_is_read_from_the_end_of_the_path() {
        for endpoint in SymbolEndpoint::ALL {
            for (written, symbol) in [
                ("BTCUSDT", "BTCUSDT"),
                ("1000PEPEUSDT", "1000PEPEUSDT"),
                ("%E5%B8%81USDT", "币USDT"),
            ] {
                let path = format!("{}{written}", endpoint.prefix());
                check(
                    &path,
                    Some("x=1"),
                    Ok(Question::OfSymbol {
                        endpoint,
                        symbol: symbol.into(),
                    }),
                );
            }
            let long = "A".repeat(500);
            for written in [
                "",
                "BTCUSDT/",
                "BTC/USDT",
                "%2e%2e",
                "BTCUSDT%20",
                "%00",
                "%ff",
                "%",
                "<script>",
                "*",
                &long,
            ] {
                check(
                    &format!("{}{written}", endpoint.prefix()),
                    None,
                    Err(NoPlace::UnknownPath),
                );
            }
        }
    }

    #[test]
    fn a_limit_is_a_whole_number_within_its_bounds() {
        let alerts = |limit| Ok(Question::RecentAlerts { limit });
        check(RECENT_ALERTS, None, alerts(20));
        check(RECENT_ALERTS, Some("limit"), alerts(20));
        check(RECENT_ALERTS, Some("Limit=5"), alerts(20));
        check(RECENT_ALERTS, Some("t=1&limit=5&limit=6"), alerts(5));
        check(RECENT_ALERTS, Some("limit=100"), alerts(100));
        for bad in [
            "0",
            "-1",
            "101",
            "",
            "1.0",
            "1e1",
            "%35",
            " 5",
            "99999999999999999999999",
        ] {
            let query = format!("limit={bad}");
            check(
                RECENT_ALERTS,
                Some(&query),
                Err(NoPlace::BadQuery {
                    parameter: Parameter::Limit,
                }),
            );
        }
    }

    #[test]
    fn a_timeframe_is_one_of_those_that_there_are() {
        check(
            BETA_CHART,
            None,
            Ok(Question::BetaChart(ChartTimeframe::OneDay)),
        );
        check(
            BETA_CHART,
            Some("timeframe=0.25"),
            Ok(Question::BetaChart(ChartTimeframe::QuarterHour)),
        );
        for bad in ["", "2", "0.250", "24h", "-1", "NaN"] {
            let query = format!("timeframe={bad}");
            check(
                BETA_CHART,
                Some(&query),
                Err(NoPlace::BadQuery {
                    parameter: Parameter::Timeframe,
                }),
            );
        }
    }

    #[test]
    fn what_is_no_data_has_its_place() {
        for path in HEALTH {
            assert_eq!(find(path, None), Ok(Place::Health));
        }
        assert_eq!(find(LIVE, None), Ok(Place::Live));
        assert_eq!(find(READY, None), Ok(Place::Ready));
        assert_eq!(find(METRICS, None), Ok(Place::Metrics));
        assert_eq!(find(SNAPSHOT, None), Ok(Place::Snapshot));
    }

    #[test]
    fn requests_are_counted_under_routes_alone() {
        assert_eq!(route("/mobile-data"), "/mobile-data");
        assert_eq!(
            route("/api/dashboard/confluence-analysis/MADEUPUSDT"),
            "/api/dashboard/confluence-analysis/"
        );
        assert_eq!(route(RECENT_ALERTS), RECENT_ALERTS);
        assert_eq!(route("/made-up"), "other");
    }

    #[test]
    fn each_question_has_a_projection_of_its_own_in_ascii() {
        let symbol = |endpoint, symbol: &str| Question::OfSymbol {
            endpoint,
            symbol: symbol.to_owned().into(),
        };
        let mut all: Vec<Question<'_>> = Endpoint::ALL.map(Question::Whole).into();
        all.extend(SymbolEndpoint::ALL.map(|endpoint| symbol(endpoint, "BTCUSDT")));
        all.extend([
            symbol(SymbolEndpoint::Analysis, "币USDT"),
            symbol(SymbolEndpoint::Analysis, "u{5e01}USDT"),
        ]);
        all.extend((1..=MAX_ALERTS).map(|limit| Question::RecentAlerts { limit }));
        all.extend(ChartTimeframe::ALL.map(Question::BetaChart));
        let names: std::collections::HashSet<_> = all.iter().map(Question::projection).collect();
        assert_eq!(names.len(), all.len());
        assert!(
            names
                .iter()
                .all(|name| name.bytes().all(|b| b.is_ascii_graphic() && b != b'"')),
            "{names:?}"
        );
    }

    proptest! {
        #[test]
        fn whatever_a_client_writes_nothing_but_a_known_place_comes_out(path in "(/api/dashboard/[a-z/-]*)?.{0,40}", query in ".{0,60}") {
            if let Ok(Place::Data(question)) = find(&path, Some(&query)) {
                let is_sound = match &question {
                    Question::OfSymbol { symbol, .. } => is_plausible_symbol(symbol),
                    Question::RecentAlerts { limit } => (1..=MAX_ALERTS).contains(limit),
                    Question::Whole(endpoint) => *endpoint != Endpoint::Snapshot,
                    Question::BetaChart(_) => true,
                };
                prop_assert!(is_sound, "{question:?}");
            }
            prop_assert!(route(&path).len() < 64);
        }
    }
}
