//! What clients, operators and other programs rely on, frozen in files: whatever changes of it
//! shows as their difference.

mod bodies;
mod options;
mod reasons;
mod store;
mod wire;

use expect_test::expect_file;

#[test]
fn golden_contract_of_the_dashboard() {
    let contract = shared::projection::typescript::module();
    crate::freeze::freeze_text(
        &expect_file!["../../../edge/dashboard/generated/contract.ts"],
        &contract,
    );
}
