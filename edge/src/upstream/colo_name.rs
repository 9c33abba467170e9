//! Names of data centres: what other servers say of where a call arrived.

/// Whether this can be such a name. It is shown to clients, so nothing else may pass.
#[must_use]
pub(super) fn is_colo_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_centre_s_name_is_a_short_word() {
        for good in ["SIN", "remote-SIN", "SIN52-P1"] {
            assert!(is_colo_name(good), "{good}");
        }
        for bad in ["", "a b", "<b>", "é", "a\u{0}", &"x".repeat(33)] {
            assert!(!is_colo_name(bad), "{bad}");
        }
    }
}
