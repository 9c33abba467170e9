//! The circles in a graph of files: its strongly connected parts of more than one file.

use std::collections::BTreeSet;

use super::references::References;

/// Each circle once, as the files that reach each other. The graph has some hundred nodes, so every
/// node's reach is simply walked.
pub(crate) fn circles(graph: &References) -> Vec<BTreeSet<String>> {
    let reach = |from: &str| {
        let mut seen = BTreeSet::new();
        let mut next: Vec<&str> = vec![from];
        while let Some(file) = next.pop() {
            for to in graph.get(file).into_iter().flat_map(|uses| uses.keys()) {
                if seen.insert(to.clone()) {
                    next.push(to);
                }
            }
        }
        seen
    };
    let reached: Vec<(&String, BTreeSet<String>)> =
        graph.keys().map(|file| (file, reach(file))).collect();
    let mut found: BTreeSet<BTreeSet<String>> = BTreeSet::new();
    for (file, seen) in &reached {
        if seen.contains(*file) {
            let circle = reached
                .iter()
                .filter(|(other, back)| seen.contains(*other) && back.contains(*file))
                .map(|(other, _)| (*other).clone())
                .collect();
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}
