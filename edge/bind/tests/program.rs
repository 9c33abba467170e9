//! What the program says of arguments and files that are none.

#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails")]

use std::fs;
use std::process::Command;

/// What it writes to standard error when it fails, as it must here.
fn complaint(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_bind-edge"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(!output.status.success(), "{arguments:?} were taken");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn other_arguments_than_two_are_refused_with_what_is_needed() {
    for arguments in [&[][..], &["edge.wasm"], &["edge.wasm", "folder", "more"]] {
        assert!(complaint(arguments).contains("bind-edge WASM FOLDER"));
    }
}

#[test]
fn a_file_that_is_missing_or_no_worker_is_named() {
    let folder = std::env::temp_dir().join(format!("bind-edge-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let made = folder.join("made");
    for (name, bytes) in [
        ("missing.wasm", None),
        ("empty.wasm", Some(&b""[..])),
        ("text.wasm", Some(&b"not wasm"[..])),
    ] {
        let wasm = folder.join(name);
        if let Some(bytes) = bytes {
            fs::write(&wasm, bytes).unwrap();
        }
        let complaint = complaint(&[wasm.to_str().unwrap(), made.to_str().unwrap()]);
        assert!(complaint.contains(name), "{complaint}");
        assert!(!made.join("index.js").exists());
    }
    fs::remove_dir_all(&folder).unwrap();
}
