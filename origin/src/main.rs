//! The `origin` program: reads its configuration and runs.

use anyhow::Context;
use origin::config::Config;
use std::process::ExitCode;

fn main() -> ExitCode {
    let config = Config::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
    origin::logging::start(config.log_format);
    tracing::info!(
        version = origin::build::VERSION,
        commit = origin::build::COMMIT,
        "starting"
    );
    match start(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            origin::exit_code(&error)
        }
    }
}

fn start(config: Config) -> anyhow::Result<()> {
    // rustls has no default provider in this build; without one every client would panic.
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        anyhow::bail!("a second TLS provider was installed");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let ended = runtime.block_on(origin::run(config));
    // A thread that is stuck must not keep the process.
    runtime.shutdown_background();
    ended
}
