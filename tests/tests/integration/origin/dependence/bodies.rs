//! Every body of an origin, in a form in which two of them can be compared; in what they differ;
//! what was expected of that.

use super::super::support::{Answer, Origin};
use serde_json::{Map, Value, json};
use shared::endpoints::{BETA_CHART, CLIENT_ROUTES, Endpoint, SNAPSHOT, SymbolEndpoint};
use shared::snapshot::performance::ChartTimeframe;
use std::collections::{BTreeMap, BTreeSet};

/// What tells when a body was made or how a figure came about, and differs between any two
/// processes: `reliability` falls while candles of a market that stands still grow old.
const NOT_COMPARED: [&str; 12] = [
    "as_of_ms",
    "book_as_of_ms",
    "books_as_of_ms",
    "alerts",
    "score_as_of_ms",
    "generated_at",
    "generated_at_ms",
    "score_history",
    "sequence",
    "timestamp",
    "next_update_ms",
    "reliability",
];

/// Bodies that rest on what is not compared: alerts tell what was seen on the way, opportunities
/// are weighed by reliability.
const LEFT_OUT: [Endpoint; 2] = [Endpoint::Alerts, Endpoint::Opportunities];

/// The name under which the order of a list is compared.
const ORDER: &str = "(order)";

/// Bodies by the names of their endpoints.
pub(super) type Bodies = BTreeMap<String, Value>;

/// Everything that the origin serves now. What is no data is its status alone.
pub(super) async fn served(origin: &Origin) -> Bodies {
    let mut bodies = Bodies::new();
    for (path, endpoint) in CLIENT_ROUTES
        .into_iter()
        .chain([(SNAPSHOT, Endpoint::Snapshot)])
    {
        let name = endpoint.name().to_owned();
        if !LEFT_OUT.contains(&endpoint) && !bodies.contains_key(&name) {
            bodies.insert(name, comparable(&origin.get(path).await));
        }
    }
    for timeframe in ChartTimeframe::ALL {
        let path = format!("{BETA_CHART}?timeframe={}", timeframe.name());
        bodies.insert(
            format!("beta-chart-{}", timeframe.name()),
            comparable(&origin.get(&path).await),
        );
    }
    let symbols: Vec<String> = match &bodies["symbols"]["symbols"] {
        Value::Object(rows) => rows.keys().filter(|name| *name != ORDER).cloned().collect(),
        _ => Vec::new(),
    };
    for symbol in symbols {
        for (endpoint, name) in [
            (SymbolEndpoint::Analysis, "analysis"),
            (SymbolEndpoint::Breakdown, "breakdown"),
        ] {
            let path = format!("{}{symbol}", endpoint.prefix());
            bodies.insert(
                format!("{name}/{symbol}"),
                comparable(&origin.get(&path).await),
            );
        }
    }
    bodies
}

fn comparable(answer: &Answer) -> Value {
    if answer.status == 200 {
        normal(&answer.json())
    } else {
        json!({ "no_data": answer.status })
    }
}

/// Rows under their symbols, words under themselves, and nothing that is not compared.
fn normal(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let compared = fields
                .iter()
                .filter(|(name, _)| !NOT_COMPARED.contains(&name.as_str()));
            Value::Object(
                compared
                    .map(|(name, field)| (name.clone(), normal(field)))
                    .collect(),
            )
        }
        Value::Array(items)
            if !items.is_empty() && items.iter().all(|item| item["symbol"].is_string()) =>
        {
            keyed(items, "symbol")
        }
        Value::Array(items)
            if !items.is_empty() && items.iter().all(|item| item["name"].is_string()) =>
        {
            keyed(items, "name")
        }
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_string) => items
            .iter()
            .filter_map(Value::as_str)
            .map(|word| (word.to_owned(), json!(true)))
            .collect(),
        Value::Array(items) => items.iter().map(normal).collect(),
        Value::String(text) => without_time(text).into(),
        leaf => leaf.clone(),
    }
}

/// A text without what only time changes: how much of the inputs is fresh, and over how long books
/// were averaged. Where its lines break depends on both.
fn without_time(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("Inputs"));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    let mut left = words.join(" ");
    while let Some((before, after)) = left.split_once("on average over ") {
        let rest = after.split_once(", ").map_or("", |(_, rest)| rest);
        left = format!("{before}{rest}");
    }
    left
}

/// Rows under what `key` says of them.
fn keyed(rows: &[Value], key: &str) -> Value {
    let mut named = Map::new();
    let order: Vec<&str> = rows.iter().filter_map(|row| row[key].as_str()).collect();
    named.insert(ORDER.to_owned(), json!(order.join(" ")));
    for row in rows {
        named.insert(
            row[key].as_str().unwrap_or_default().to_owned(),
            normal(row),
        );
    }
    Value::Object(named)
}

/// Where two sets of bodies differ, with what stands in each. A leaf that only one of them has
/// counts too.
pub(super) fn differences(one: &Bodies, other: &Bodies) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    for name in names {
        walk(name, one.get(name), other.get(name), &mut found);
    }
    found
}

fn walk(
    path: &str,
    one: Option<&Value>,
    other: Option<&Value>,
    found: &mut BTreeMap<String, String>,
) {
    if one == other {
        return;
    }
    match (one, other) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for name in names {
                walk(
                    &format!("{path}/{name}"),
                    before.get(name),
                    after.get(name),
                    found,
                );
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            for index in 0..before.len().max(after.len()) {
                walk(
                    &format!("{path}/{index}"),
                    before.get(index),
                    after.get(index),
                    found,
                );
            }
        }
        _ => {
            let told = |value: Option<&Value>| {
                value.map_or_else(
                    || "nothing".to_owned(),
                    |value| value.to_string().chars().take(60).collect(),
                )
            };
            found.insert(
                path.to_owned(),
                format!("{} became {}", told(one), told(other)),
            );
        }
    }
}

/// The differences that are expected, as patterns of their paths: `*` stands for any text within a
/// step, `**` for any number of steps, `{a,b}` for each of both. Every pattern must be found, but
/// for those that begin with `?`.
pub(super) struct Expected {
    required: Vec<String>,
    possible: Vec<String>,
}

impl Expected {
    pub(super) fn new(patterns: &[String]) -> Self {
        let (possible, required): (Vec<_>, Vec<_>) = patterns
            .iter()
            .partition(|pattern| pattern.starts_with('?'));
        Self {
            required: required
                .into_iter()
                .flat_map(|pattern| spelled_out(pattern))
                .collect(),
            possible: possible
                .into_iter()
                .flat_map(|pattern| spelled_out(pattern.trim_start_matches('?')))
                .collect(),
        }
    }

    /// Whether these are the differences; else which are too many and which are missing.
    pub(super) fn check(&self, found: &BTreeMap<String, String>) -> Result<(), String> {
        let all = || self.required.iter().chain(&self.possible);
        let surplus: Vec<String> = found
            .iter()
            .filter(|(path, _)| !all().any(|pattern| fits(pattern, path)))
            .map(|(path, change)| format!("  {path}: {change}"))
            .collect();
        let missing: Vec<&String> = self
            .required
            .iter()
            .filter(|pattern| !found.keys().any(|path| fits(pattern, path)))
            .collect();
        if surplus.is_empty() && missing.is_empty() {
            return Ok(());
        }
        let shown = surplus
            .iter()
            .take(80)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n");
        Err(format!(
            "{} of {} differences are not expected:\n{shown}\nnot found: {missing:?}",
            surplus.len(),
            found.len()
        ))
    }
}

/// A pattern without braces for each way to read it.
fn spelled_out(pattern: &str) -> Vec<String> {
    let Some((before, rest)) = pattern.split_once('{') else {
        return vec![pattern.to_owned()];
    };
    let (choices, after) = rest.split_once('}').expect("a brace is closed");
    choices
        .split(',')
        .flat_map(|choice| spelled_out(&format!("{before}{choice}{after}")))
        .collect()
}

fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) =
        (pattern.split('/').collect(), path.split('/').collect());
    steps_fit(&pattern, &path)
}

fn steps_fit(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        (["**", rest @ ..], _) => (0..=path.len()).any(|skipped| steps_fit(rest, &path[skipped..])),
        ([step, rest @ ..], [first, others @ ..]) => {
            step_fits(step, first) && steps_fit(rest, others)
        }
        _ => false,
    }
}

fn step_fits(pattern: &str, step: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == step,
        Some((before, after)) => step.strip_prefix(before).is_some_and(|rest| {
            let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            ends.filter_map(|at| rest.get(at..))
                .any(|rest| step_fits(after, rest))
        }),
    }
}

#[test]
fn a_pattern_finds_what_it_describes_and_nothing_else() {
    let expected = Expected::new(&["**/ETHUSDT/{a,b}".to_owned(), "?x/*USDT".to_owned()]);
    let found = |paths: &[&str]| {
        let found = paths
            .iter()
            .map(|path| ((*path).to_owned(), String::new()))
            .collect();
        expected.check(&found).is_ok()
    };
    assert!(
        found(&["mobile/list/ETHUSDT/a", "ETHUSDT/b"])
            && found(&["ETHUSDT/a", "y/ETHUSDT/b", "x/BTCUSDT"])
    );
    assert!(!found(&["ETHUSDT/a"]), "b is missing");
    assert!(
        !found(&["ETHUSDT/a", "ETHUSDT/b", "ETHUSDT/c"]),
        "c is too much"
    );
    assert!(
        !found(&["ETHUSDT/a", "ETHUSDT/b", "x/y/BTCUSDT"]),
        "a step is too much"
    );
}
