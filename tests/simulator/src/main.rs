//! The simulated exchange as a program.

use std::process::ExitCode;

use clap::Parser;
use simulator::cli::{Cli, run};

#[tokio::main]
async fn main() -> ExitCode {
    run(Cli::parse()).await
}
