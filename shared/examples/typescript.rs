//! Writes the contract as TypeScript to standard output; `scripts/build-dashboard` runs this.

use std::io::{Write, stdout};

fn main() -> std::io::Result<()> {
    stdout().write_all(shared::projection::typescript::module().as_bytes())
}
