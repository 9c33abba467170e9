//! The words by which clients, logs and metrics tell the variants of an enum apart.

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
