//! The `origin` program: reads its configuration and runs.

use anyhow::Context;
use clap::Parser;
use origin::config::Config;

fn main() -> anyhow::Result<()> {
    let config = Config::parse();
    config.check().unwrap_or_else(|error| error.exit());
    origin::logging::start(config.log_format);
    // rustls has no default provider in this build; without one every client would panic.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        anyhow::bail!("a second TLS provider was installed");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    runtime.block_on(origin::run(config))
}
