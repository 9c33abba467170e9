//! Tells the program of which commit it is made, in `ORIGIN_COMMIT`: from the variable of that
//! name, as an image is built without the repository; else from git, in a release. A build for
//! tests asks nobody, for every commit would compile it anew. Where neither knows, the program does
//! not either.

use std::process::Command;

/// What git says of the whole checkout, so what is not committed counts too.
const DIRTY: &str = "-dirty";

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script everything in the environment"
)]
fn main() {
    println!("cargo:rerun-if-env-changed=ORIGIN_COMMIT");
    // Without one line about a file, every file of the package would count.
    println!("cargo:rerun-if-changed=build.rs");
    let told = std::env::var("ORIGIN_COMMIT")
        .ok()
        .filter(|commit| !commit.is_empty());
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = match told {
        Some(commit) => Some(commit),
        None if is_release => of_checkout(),
        None => None,
    };
    let Some(commit) = commit else { return };
    if !is_commit(commit.strip_suffix(DIRTY).unwrap_or(&commit)) {
        println!(
            "cargo::error=ORIGIN_COMMIT is '{commit}', but must be 7 to 64 of 0-9 and a-f, and may end in {DIRTY}"
        );
        return;
    }
    println!("cargo:rustc-env=ORIGIN_COMMIT={commit}");
}

fn is_commit(text: &str) -> bool {
    (7..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn of_checkout() -> Option<String> {
    let commit = git(&["rev-parse", "HEAD"])?;
    // What moves when a commit is made or another one checked out; and what makes the program
    // another one anyway.
    let moves = ["HEAD", "logs/HEAD", "index"]
        .map(|name| git(&["rev-parse", "--path-format=absolute", "--git-path", name]));
    for path in moves.into_iter().flatten() {
        println!("cargo:rerun-if-changed={path}");
    }
    for path in [
        "src",
        "Cargo.toml",
        "../shared/src",
        "../shared/Cargo.toml",
        "../Cargo.toml",
        "../Cargo.lock",
    ] {
        println!("cargo:rerun-if-changed={path}");
    }
    let changes = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changes.is_empty() {
        commit
    } else {
        commit + DIRTY
    })
}

/// What git prints; nothing where there is no git, or no repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(arguments)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
