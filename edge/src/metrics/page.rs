//! The counts as Prometheus reads them (text format 0.0.4).
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use super::counts::Counts;
use super::event::Event;
use std::fmt::Write as _;

/// The format's content type.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is measured when the page is requested. What is unknown is left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gauges<'g> {
    /// The version of the Worker that was deployed.
    pub build: Option<&'g str>,
    /// Age of the held snapshot, milliseconds.
    pub age_ms: Option<u64>,
    /// Its quality, 0–1.
    pub quality: Option<f64>,
    /// The relative differences of Bybit's own figures from the origin's at the last exercise, by
    /// name.
    pub divergence: &'g [(&'static str, f64)],
    /// WebAssembly's memory, bytes.
    pub memory_bytes: Option<f64>,
}

pub(super) fn write(counts: &Counts, gauges: &Gauges<'_>) -> String {
    let mut page = Page(String::new());
    page.family(
        "edge_answers_total",
        "counter",
        "Answers by state and by who made the data.",
    );
    for ((state, source), count) in &counts.answers {
        page.sample(
            "edge_answers_total",
            &[("state", state.name()), ("source", source)],
            *count as f64,
        );
    }
    page.family(
        "edge_refreshes_total",
        "counter",
        "Refreshes of the held snapshot by where they found data, or failed.",
    );
    for (via, count) in &counts.refreshes {
        page.sample("edge_refreshes_total", &[("via", via)], *count as f64);
    }
    page.family(
        "edge_source_requests_total",
        "counter",
        "Turns of a source in a refresh by outcome.",
    );
    for ((source, outcome), count) in &counts.attempts {
        page.sample(
            "edge_source_requests_total",
            &[("source", source), ("outcome", outcome)],
            *count as f64,
        );
    }
    page.family(
        "edge_events_total",
        "counter",
        "What happened beside answers.",
    );
    // Answers and attempts have too many combinations for that; they appear with their first.
    for event in Event::ALL {
        let count = counts.events.get(&event).copied().unwrap_or_default();
        page.sample(
            "edge_events_total",
            &[("event", event.name())],
            count as f64,
        );
    }
    write_gauges(&mut page, gauges);
    page.0
}

fn write_gauges(page: &mut Page, gauges: &Gauges<'_>) {
    page.gauge(
        "edge_snapshot_age_seconds",
        "Age of the held snapshot.",
        gauges.age_ms.map(|ms| ms as f64 / 1_000.0),
    );
    page.gauge(
        "edge_snapshot_quality_score",
        "Quality of the held snapshot, 0-1.",
        gauges.quality,
    );
    if !gauges.divergence.is_empty() {
        page.family(
            "edge_data_divergence_ratio",
            "gauge",
            "Difference of Bybit's own figures from the origin's.",
        );
        for (figure, apart) in gauges.divergence {
            page.sample("edge_data_divergence_ratio", &[("figure", figure)], *apart);
        }
    }
    page.gauge(
        "edge_wasm_memory_bytes",
        "Size of the WebAssembly memory.",
        gauges.memory_bytes,
    );
    if let Some(build) = gauges.build {
        page.family(
            "edge_build_info",
            "gauge",
            "The deployed version of the Worker.",
        );
        page.sample("edge_build_info", &[("version", build)], 1.0);
    }
}

struct Page(String);

// Writing to a string cannot fail.
impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn gauge(&mut self, name: &str, help: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.family(name, "gauge", help);
            self.sample(name, &[], value);
        }
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.0.push_str(name);
        // Outcomes can quote a server, so label values are escaped as the format demands.
        for (at, (label, text)) in labels.iter().enumerate() {
            let text = text
                .replace('\\', r"\\")
                .replace('"', "\\\"")
                .replace('\n', r"\n");
            let _ = write!(
                self.0,
                "{}{label}=\"{text}\"",
                if at == 0 { '{' } else { ',' }
            );
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{end} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_is_left_out() {
        let page = write(&Counts::default(), &Gauges::default());
        for absent in [
            "edge_snapshot_age_seconds",
            "edge_snapshot_quality_score",
            "edge_build_info",
        ] {
            assert!(!page.contains(absent), "{page}");
        }
    }

    #[test]
    fn every_line_is_of_the_text_format() {
        let mut counts = Counts::default();
        counts
            .attempts
            .insert(("origin", "a\"b\\c\nd".to_owned()), 3);
        let gauges = Gauges {
            build: Some("v-1"),
            age_ms: Some(1_500),
            quality: Some(0.5),
            divergence: &[("bitcoin", 0.25)],
            memory_bytes: Some(65_536.0),
        };
        let page = write(&counts, &gauges);
        assert!(page.ends_with('\n'));
        let mut family = "";
        for line in page.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                family = help.split(' ').next().unwrap();
                assert!(help.len() > family.len() + 5, "{line}");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let wanted = if family.ends_with("_total") {
                    "counter"
                } else {
                    "gauge"
                };
                assert_eq!(kind, format!("{family} {wanted}"));
            } else {
                let (name, value) = line.rsplit_once(' ').unwrap();
                assert_eq!(name.split('{').next(), Some(family), "{line}");
                assert!(value.parse::<f64>().unwrap().is_finite(), "{line}");
            }
        }
        assert!(
            page.contains(r#"edge_source_requests_total{source="origin",outcome="a\"b\\c\nd"} 3"#),
            "{page}"
        );
        assert!(
            page.contains("edge_snapshot_age_seconds 1.5\n")
                && page.contains("edge_wasm_memory_bytes 65536\n")
        );
        assert!(
            page.contains("edge_data_divergence_ratio{figure=\"bitcoin\"} 0.25\n"),
            "{page}"
        );
    }
}
