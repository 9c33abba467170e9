//! What an operator may set: variables of the Worker, options of the simulator and of the scripts.

use crate::freeze::freeze;
use clap::CommandFactory;
use expect_test::expect_file;
use simulator::cli::Cli;
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// `[vars]` and the bindings of each Worker's file, of both environments.
#[test]
fn golden_variables_of_the_workers() {
    for (file, golden) in [
        (
            "wrangler.toml",
            expect_file!["../../../golden/options/wrangler.txt"],
        ),
        (
            "wrangler.direct.toml",
            expect_file!["../../../golden/options/wrangler-direct.txt"],
        ),
    ] {
        freeze(
            &golden,
            variables_of(&fs::read_to_string(root().join(file)).unwrap()),
        );
    }
}

fn variables_of(file: &str) -> Vec<String> {
    let mut facts = Vec::new();
    let mut table = "";
    for line in file.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[') {
            table = name.trim_matches(['[', ']']);
        } else if let Some((name, value)) = line.split_once(" = ") {
            let is_variable = table == "vars" || table == "env.production.vars";
            let is_binding = name == "binding" || (table.ends_with("ratelimits") && name == "name");
            if is_variable {
                facts.push(format!("{table}: {name} = {value}"));
            } else if is_binding {
                facts.push(format!("{table}: {value}"));
            }
        }
    }
    facts
}

#[test]
fn golden_options_of_the_simulator() {
    let command = Cli::command();
    let facts = command.get_arguments().map(|argument| {
        let default: Vec<_> = argument
            .get_default_values()
            .iter()
            .map(|value| value.to_string_lossy())
            .collect();
        let variable = argument
            .get_env()
            .map(|name| name.to_string_lossy())
            .unwrap_or_default();
        format!(
            "--{} {variable} default {:?}",
            argument.get_long().unwrap(),
            default.join(",")
        )
    });
    freeze(
        &expect_file!["../../../golden/options/exchange-simulator.txt"],
        facts,
    );
}

/// The options of a script are those in its head, which is its help.
#[test]
fn golden_options_of_the_scripts() {
    let mut facts = Vec::new();
    for entry in fs::read_dir(root().join("scripts")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        facts.push(format!("scripts/{name}"));
        let head = text
            .lines()
            .skip(1)
            .take_while(|line| line.starts_with('#'));
        for line in
            head.filter_map(|line| line.trim_start_matches('#').trim_start().strip_prefix("--"))
        {
            let option = line.split("  ").next().unwrap();
            facts.push(format!("scripts/{name} --{option}"));
        }
    }
    freeze(&expect_file!["../../../golden/options/scripts.txt"], facts);
}
