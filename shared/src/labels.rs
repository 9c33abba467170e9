//! The labels by which clients, logs and metrics distinguish the variants of an enum.
//!
//! Labels are an interface: alerts and dashboards match them, so a label is never renamed. A golden
//! test compares the lists.

/// Declares a function that gives each variant its word, and `LABELS`, the list of these words.
///
/// Both come from one `match`. So the compiler refuses a variant without a word, and the list lacks
/// none.
#[macro_export]
macro_rules! labels {
    ($(#[$doc:meta])* $vis:vis const fn $name:ident(&self) { $($variant:pat => $label:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[must_use]
        $vis const fn $name(&self) -> &'static str {
            match self { $($variant => $label),+ }
        }

        /// Every word that there is for a variant.
        $vis const LABELS: &'static [&'static str] = &[$($label),+];
    };
    ($(#[$doc:meta])* $vis:vis const fn $name:ident(self) { $($variant:pat => $label:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[must_use]
        $vis const fn $name(self) -> &'static str {
            match self { $($variant => $label),+ }
        }

        /// Every word that there is for a variant.
        $vis const LABELS: &'static [&'static str] = &[$($label),+];
    };
}
