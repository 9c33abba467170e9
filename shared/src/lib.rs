//! The contract and every rule that origin and edge share.
