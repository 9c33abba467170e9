//! What clients, operators and other programs rely on, frozen in files: whatever changes of it shows as their difference.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot do its part fails"
)]

#[path = "golden/bodies.rs"]
mod bodies;
#[path = "../golden/freeze.rs"]
mod freeze;
#[path = "golden/options.rs"]
mod options;
#[path = "golden/reasons.rs"]
mod reasons;
#[path = "../golden/shape.rs"]
mod shape;
#[path = "golden/store.rs"]
mod store;
#[path = "golden/wire.rs"]
mod wire;

use expect_test::expect_file;

#[test]
fn golden_contract_of_the_dashboard() {
    let contract = shared::projection::typescript::module();
    freeze::freeze_text(&expect_file!["../../edge/dashboard/generated/contract.ts"], &contract);
}
