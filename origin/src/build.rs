//! The version and commit that this program was built from.

use std::sync::LazyLock;

/// The version in the manifest.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit, and whether the working tree was changed; unknown in test builds and without git.
pub const COMMIT: Option<&str> = option_env!("ORIGIN_COMMIT");

/// Version and commit as `origin --version` prints them.
#[must_use]
pub fn version() -> &'static str {
    static TOLD: LazyLock<String> = LazyLock::new(|| described(VERSION, COMMIT));
    &TOLD
}

fn described(version: &str, commit: Option<&str>) -> String {
    commit.map_or_else(
        || version.to_owned(),
        |commit| format!("{version} ({commit})"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_names_the_commit_where_it_is_known() {
        assert_eq!(
            described("0.1.0", Some("0123abc-dirty")),
            "0.1.0 (0123abc-dirty)"
        );
        assert_eq!(described("0.1.0", None), "0.1.0");
    }
}
