//! The simulated exchange.
fn main() {}
