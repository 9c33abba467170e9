//! The users of `docs/redis.md`: what is documented is what the tests start servers with.

/// The password of every user in the tests.
pub(crate) const PASSWORD: &str = "correct-horse";

/// The line of a user as it is documented, with the tests' password, and a prefix before every key
/// and channel.
pub(crate) fn documented_user(name: &str, prefix: &str) -> String {
    let document = include_str!("../../../../../docs/redis.md");
    let head = format!("user {name} ");
    let mut lines = document.lines().filter(|line| line.starts_with(&head));
    let line = lines
        .next()
        .unwrap_or_else(|| panic!("docs/redis.md has no line of {name}"));
    assert_eq!(lines.next(), None, "docs/redis.md has two lines of {name}");
    assert!(line.contains(">PASSWORD "), "{line}");
    let line = line.replace(">PASSWORD", &format!(">{PASSWORD}"));
    format!(
        "{}\n",
        line.replace(" ~", &format!(" ~{prefix}"))
            .replace(" &", &format!(" &{prefix}"))
    )
}
