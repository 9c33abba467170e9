//! The order of the modules: no file depends on one that depends on it, and a module at the top of
//! a crate uses only those that its `lib.rs` declares above it.
//!
//! A file is a node. It depends on every file of its crate that one of its paths names: `use`
//! declarations, re-exports, and paths in code, in macros too. What is compiled for tests alone
//! does not count. A circle means that none of its files can be read, tested or moved without all
//! the others.

mod circles;
mod references;
mod sources;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use circles::circles;
use references::{References, references};
use sources::Sources;

/// What is wrong with the order of a crate's files; empty if nothing is.
fn faults(sources: &Sources) -> Vec<String> {
    let found = references(sources);
    let mut faults: Vec<String> = circles(&found)
        .iter()
        .map(|circle| circle_in_words(circle, &found))
        .collect();
    faults.extend(against_the_order(sources, &found));
    faults
}

fn circle_in_words(circle: &BTreeSet<String>, found: &References) -> String {
    let mut text = format!("a circle of {} files:", circle.len());
    for file in circle {
        for (to, path) in &found[file] {
            if circle.contains(to) {
                // Writing to a string cannot fail.
                let _ = write!(text, "\n    {file} -> {to}, by `{path}`");
            }
        }
    }
    text
}

/// The dependencies on a top-level module that is declared below the one that has it.
fn against_the_order(sources: &Sources, found: &References) -> Vec<String> {
    let mut faults = Vec::new();
    for (file, uses) in found {
        let Some(own) = sources.place_of(file) else {
            continue;
        };
        for (to, path) in uses {
            if sources.place_of(to).is_some_and(|place| place > own) {
                faults.push(format!("{file} uses {to}, declared below it, by `{path}`"));
            }
        }
    }
    faults
}

#[track_caller]
fn check(folder: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(folder);
    let sources = Sources::read(&root);
    // A reader that finds nothing finds no fault.
    assert!(sources.len() > 3, "{folder} has {} files", sources.len());
    assert!(
        references(&sources).values().flatten().count() > sources.len(),
        "the files of {folder} name each other less often than there are files"
    );
    let faults = faults(&sources);
    assert!(
        faults.is_empty(),
        "{} fault(s) in {folder}:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn files_of_shared_depend_on_each_other_in_one_direction() {
    check("shared/src");
}

#[test]
fn files_of_the_origin_depend_on_each_other_in_one_direction() {
    check("origin/src");
}

#[test]
fn files_of_the_analysis_depend_on_each_other_in_one_direction() {
    check("origin/analysis/src");
}

#[test]
fn files_of_the_edge_depend_on_each_other_in_one_direction() {
    check("edge/src");
}

#[test]
fn files_of_the_simulator_depend_on_each_other_in_one_direction() {
    check("tests/simulator/src");
}

/// The faults of a crate whose `lib.rs` declares `modules`, each with its source.
fn faults_of(modules: &[(&str, &str)]) -> Vec<String> {
    let mut files = vec![("lib.rs".to_owned(), String::new())];
    for (file, source) in modules {
        if !file.contains('/') {
            let name = file.trim_end_matches(".rs");
            files[0].1.push_str(&format!("mod {name};\n"));
        }
        files.push(((*file).to_owned(), (*source).to_owned()));
    }
    faults(&Sources::of(files))
}

#[test]
fn a_circle_is_found_however_a_file_is_named() {
    let uses_of_low = [
        "use crate::low::Low;",
        "use crate::{low::{self, Low as Other}};",
        "pub use super::low::Low;",
        "fn f() -> crate::low::Low { todo!() }",
        "fn f() { println!(\"{}\", crate::low::LOW); }",
        "mod inner { use super::super::low::Low; }",
        "use crate::low as other;",
    ];
    for source in uses_of_low {
        let found = faults_of(&[("low.rs", "use crate::high::High;"), ("high.rs", source)]);
        assert!(
            found.iter().any(|fault| fault.starts_with("a circle of 2")),
            "{source}: {found:?}"
        );
        // One direction is none.
        assert_eq!(
            faults_of(&[("low.rs", "struct Low;"), ("high.rs", source)]),
            [] as [&str; 0],
            "{source}"
        );
    }
}

#[test]
fn a_parent_that_uses_a_child_that_uses_it_is_a_circle() {
    let parent = "mod child; use child::Child; struct Parent;";
    let found = faults_of(&[("a.rs", parent), ("a/child.rs", "use super::Parent;")]);
    assert_eq!(found.len(), 1, "{found:?}");
    let without = "mod child; struct Parent;";
    let found = faults_of(&[("a.rs", without), ("a/child.rs", "use super::Parent;")]);
    assert_eq!(found, [] as [&str; 0]);
}

#[test]
fn a_dependency_on_what_is_declared_below_is_found() {
    let found = faults_of(&[("a.rs", "use crate::b::B;"), ("b.rs", "struct B;")]);
    assert_eq!(
        found,
        ["a.rs uses b.rs, declared below it, by `crate::b::B`"]
    );
}

#[test]
fn what_is_for_tests_alone_does_not_count() {
    let test = "#[cfg(test)] mod tests { use crate::b::B; }";
    let item = "#[cfg(test)] use crate::b::B;";
    for source in [test, item] {
        assert_eq!(
            faults_of(&[("a.rs", source), ("b.rs", "use crate::a::A;")]),
            [] as [&str; 0]
        );
    }
}
