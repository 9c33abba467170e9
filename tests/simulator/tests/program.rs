//! The simulator as a program: what scripts rely on.

#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exchange-simulator"));
    for name in ["LISTEN", "SEED", "REPLAY", "LATENCY_MS"] {
        command.env_remove(format!("SIMULATOR_{name}"));
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Ends the program even when the test fails.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // It may have ended already, which is what the test hopes for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn it_prints_its_address_and_stops_on_sigterm() {
    let mut guard = Guard(
        program()
            .env("SIMULATOR_LISTEN", "127.0.0.1:0")
            .spawn()
            .unwrap(),
    );
    let mut stdout = BufReader::new(guard.0.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let address = line
        .strip_prefix("exchange-simulator listening on http://")
        .unwrap()
        .trim_end();
    let mut connection = TcpStream::connect(address).unwrap();
    connection
        .write_all(b"GET /control/health HTTP/1.1\r\nhost: simulator\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");

    let killed = Command::new("kill")
        .arg(guard.0.id().to_string())
        .status()
        .unwrap();
    assert!(killed.success());
    assert!(guard.0.wait().unwrap().success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn a_bad_value_is_refused_with_the_name_of_its_variable() {
    for (variable, value) in [
        ("SIMULATOR_LISTEN", "everywhere"),
        ("SIMULATOR_SEED", "seven"),
        ("SIMULATOR_LATENCY_MS", "-1"),
        ("SIMULATOR_REPLAY", "/no/such/folder"),
    ] {
        let output = program()
            .env("SIMULATOR_LISTEN", "127.0.0.1:0")
            .env(variable, value)
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        assert!(
            stderr.contains(variable) && stderr.contains(value),
            "{stderr}"
        );
        assert_eq!(output.stdout, b"");
    }
}
