//! The report on an analysis, sixty columns of text.

use analysis::scores::combine::combine;
use analysis::scores::reading::{Evidence, Reading};
use shared::analysis::scores::report::{WIDTH, report};
use shared::snapshot::confluence::Confluence;
use shared::snapshot::sub_component::SubComponent;
use std::collections::BTreeMap;

fn confluence(lean: f64) -> Confluence {
    let found = Evidence::whole(Reading::new(lean, -1234.5).unwrap(), 1.0);
    combine(
        &SubComponent::ALL
            .iter()
            .map(|part| (*part, found))
            .collect(),
    )
}

#[test]
fn a_report_has_every_figure_and_no_line_is_too_wide() {
    let report = report("BTCUSDT", &confluence(0.5));
    for line in report.lines() {
        assert!(line.chars().count() <= WIDTH, "{line:?}");
    }
    for expected in [
        "CONFLUENCE ANALYSIS  BTCUSDT\n",
        "Score           75.00  BULLISH\n",
        "Agreement        1.00\n",
        "Looks at          4 h\n",
        "  Order book            17.3 %  ###############.....   75.00\n",
        "  oir                    2.2 %  ###############.....   75.00\n",
        "MISSING\n  nothing\n",
    ] {
        assert!(
            report.contains(expected),
            "{expected:?} is not in\n{report}"
        );
    }
}

#[test]
fn a_report_on_nothing_says_so() {
    let report = report("BTCUSDT", &combine(&BTreeMap::new()));
    assert!(
        report.contains("Score            none  too little is known for a score\n"),
        "{report}"
    );
    assert!(
        report.contains("  Order book            17.3 %  no data\n"),
        "{report}"
    );
    assert!(report.contains("technical.rsi, "), "{report}");
    assert!(
        report.lines().all(|line| line.chars().count() <= WIDTH),
        "{report}"
    );
}
