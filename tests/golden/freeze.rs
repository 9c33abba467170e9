//! Compares facts that others rely on with the file that freezes them.
//!
//! A fact is one line. The lines are sorted, so a file tells what there is and never in which order
//! it was found.

use expect_test::ExpectFile;
use std::collections::BTreeSet;

/// What to do about a difference.
const HOW: &str = "A line that is gone or changed breaks clients: bring it back, or change it on purpose and say so in the \
    commit. New lines are fine. `UPDATE_EXPECT=1 cargo test --workspace golden` renews every file.";

/// Compares facts with a golden file, or writes the file where `UPDATE_EXPECT=1` is set.
#[track_caller]
pub(crate) fn freeze(golden: &ExpectFile, facts: impl IntoIterator<Item = String>) {
    let facts: BTreeSet<String> = facts.into_iter().collect();
    let text: String = facts.iter().map(|fact| format!("{fact}\n")).collect();
    freeze_text(golden, &text);
}

/// The same for a file whose order has a meaning.
#[track_caller]
pub(crate) fn freeze_text(golden: &ExpectFile, text: &str) {
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        golden.assert_eq(text);
        return;
    }
    let frozen = golden.data();
    if frozen == text {
        return;
    }
    let (before, after): (BTreeSet<&str>, BTreeSet<&str>) =
        (frozen.lines().collect(), text.lines().collect());
    let list = |lines: Vec<&&str>| {
        lines
            .iter()
            .map(|line| format!("  {line}\n"))
            .collect::<String>()
    };
    panic!(
        "{} does not hold any more.\nGone or changed:\n{}New:\n{}{HOW}",
        golden.path.display(),
        list(before.difference(&after).collect()),
        list(after.difference(&before).collect()),
    );
}
