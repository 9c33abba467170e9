//! The two text formats, and which of them a scraper gets.
//!
//! The library writes OpenMetrics; the older format is derived from that page line by line.
//!
//! - <https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>
//! - <https://prometheus.io/docs/instrumenting/exposition_formats/>

use shared::headers::{MAX_WEIGHT, weight_in};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0.0.
    OpenMetrics,
    /// Prometheus' own, version 0.0.4: what `curl` and `promtool check metrics` get.
    Text,
}

/// The type of OpenMetrics in `Accept`.
const OPENMETRICS: &str = "application/openmetrics-text";

/// Media ranges in `Accept` that the older format satisfies.
const TEXT: [&str; 3] = ["text/plain", "text/*", "*/*"];

impl Format {
    /// The content type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// The format that the lines of an `Accept` header prefer: OpenMetrics where it is named, in a
    /// version that we write and with no less a weight than the other; otherwise the older one,
    /// which every scraper reads.
    #[must_use]
    pub fn negotiate<'l>(lines: impl IntoIterator<Item = &'l str>) -> Self {
        let (mut openmetrics, mut text) = (0, 0);
        for range in lines.into_iter().flat_map(|line| line.split(',')) {
            let (name, weight) = weighed(range);
            let best = if name.eq_ignore_ascii_case(OPENMETRICS) {
                &mut openmetrics
            } else if TEXT.iter().any(|known| name.eq_ignore_ascii_case(known)) {
                &mut text
            } else {
                continue;
            };
            *best = weight.max(*best);
        }
        // On a tie OpenMetrics, which a client names only on purpose.
        if openmetrics > 0 && openmetrics >= text {
            Self::OpenMetrics
        } else {
            Self::Text
        }
    }

    /// A page of OpenMetrics in this format.
    pub(super) fn of(self, page: String) -> String {
        match self {
            Self::OpenMetrics => page,
            Self::Text => older(&page),
        }
    }
}

/// A media range's name and weight. OpenMetrics in a version that we do not write weighs nothing.
fn weighed(range: &str) -> (&str, u16) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let mut weight = MAX_WEIGHT;
    for part in parts {
        if let Some(given) = weight_in(part.as_bytes()) {
            weight = given;
        } else if name.eq_ignore_ascii_case(OPENMETRICS) && is_other_version(part) {
            return (name, 0);
        }
    }
    (name, weight)
}

fn is_other_version(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, value)| {
        name.trim() == "version" && value.trim().trim_matches('"') != "1.0.0"
    })
}

/// The page in the older format, which has neither units nor an end mark, and names a counter as
/// its samples are named (`…_total`).
fn older(page: &str) -> String {
    let counters: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"))
        .collect();
    let mut text = String::with_capacity(page.len());
    for line in page
        .lines()
        .filter(|line| !line.starts_with("# UNIT ") && *line != "# EOF")
    {
        text.push_str(&called_as_its_samples(line, &counters).unwrap_or(Cow::Borrowed(line)));
        text.push('\n');
    }
    text
}

fn called_as_its_samples<'l>(line: &'l str, counters: &BTreeSet<&str>) -> Option<Cow<'l, str>> {
    let (what, rest) = line.strip_prefix("# ")?.split_once(' ')?;
    let (name, about) = rest.split_once(' ')?;
    counters
        .contains(name)
        .then(|| Cow::Owned(format!("# {what} {name}_total {about}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &[&str], expected: Format) {
        assert_eq!(
            Format::negotiate(accept.iter().copied()),
            expected,
            "for {accept:?}"
        );
    }

    #[test]
    fn who_does_not_name_openmetrics_gets_the_older_format() {
        for accept in [
            &[][..],
            &[""],
            &["*/*"],
            &["text/plain"],
            &["text/html, */*;q=0.8"],
            &["application/json"],
        ] {
            check(accept, Format::Text);
        }
    }

    #[test]
    fn prometheus_gets_openmetrics() {
        let old =
            "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        check(&[old], Format::Text);
        let usual = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                     text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        check(&[usual], Format::OpenMetrics);
        let escaping = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                        text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.2";
        check(&[escaping], Format::OpenMetrics);
        check(
            &["text/plain;q=0.2", "Application/OpenMetrics-Text"],
            Format::OpenMetrics,
        );
        check(&[OPENMETRICS], Format::OpenMetrics);
    }

    #[test]
    fn weights_decide_and_one_that_is_none_is_zero() {
        check(
            &["application/openmetrics-text;q=0.4,text/plain;q=0.5"],
            Format::Text,
        );
        check(
            &["application/openmetrics-text;q=0.5,text/plain;q=0.5"],
            Format::OpenMetrics,
        );
        for weight in ["0", "nan", "-1", "2", "", "soon"] {
            check(
                &[&format!("application/openmetrics-text;q={weight}")],
                Format::Text,
            );
        }
    }

    #[test]
    fn the_older_format_calls_a_counter_as_its_samples() {
        let page = "# HELP told What a_b told.\n# TYPE told counter\ntold_total{of=\"# UNIT\"} 3\n# HELP age_seconds Age.\n\
                    # TYPE age_seconds gauge\n# UNIT age_seconds seconds\nage_seconds 1.5\n# EOF\n";
        let older = "# HELP told_total What a_b told.\n# TYPE told_total counter\ntold_total{of=\"# UNIT\"} 3\n\
                     # HELP age_seconds Age.\n# TYPE age_seconds gauge\nage_seconds 1.5\n";
        assert_eq!(Format::Text.of(page.to_owned()), older);
        assert_eq!(Format::OpenMetrics.of(page.to_owned()), page);
    }
}
