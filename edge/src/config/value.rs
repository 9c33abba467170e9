//! What a variable's text may say, kind by kind: seconds, milliseconds, percent, addresses, a
//! secret, a role. All are pure functions of name and text, so that a bad value is named before any
//! request is served.

use super::error::ConfigError;
use super::role::Role;
use shared::headers::bearer::Secret;
use std::net::IpAddr;

/// The longest age limit that is believed to be meant, seconds: a day.
const MAX_LIMIT_S: u64 = 86_400;

/// An age limit: whole seconds as text, milliseconds as a result.
pub(super) fn seconds(
    variable: &'static str,
    value: Option<String>,
    default_ms: u64,
) -> Result<u64, ConfigError> {
    let Some(value) = value else {
        return Ok(default_ms);
    };
    match value.trim().parse::<u64>() {
        // A larger number is a mistake, such as milliseconds.
        Ok(secs) if secs <= MAX_LIMIT_S => Ok(secs * 1_000),
        _ => Err(ConfigError::Unusable {
            variable,
            value,
            expected: "a whole number of seconds, 86400 at most",
        }),
    }
}

/// A variable that sets milliseconds, and the range that it accepts.
pub(super) struct Millis {
    pub(super) variable: &'static str,
    pub(super) default: u64,
    pub(super) least: u64,
    pub(super) most: u64,
    /// The range in words.
    pub(super) expected: &'static str,
}

impl Millis {
    pub(super) fn read(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<u64, ConfigError> {
        let Some(value) = variable(self.variable) else {
            return Ok(self.default);
        };
        match value.trim().parse::<u64>() {
            Ok(millis) if (self.least..=self.most).contains(&millis) => Ok(millis),
            _ => Err(ConfigError::Unusable {
                variable: self.variable,
                value,
                expected: self.expected,
            }),
        }
    }
}

pub(super) fn role(value: Option<&str>) -> Result<Role, ConfigError> {
    match value.map(str::trim) {
        None | Some("edge") => Ok(Role::Edge),
        Some("direct") => Ok(Role::Direct),
        // A role that is misspelt must not silently become a Worker that asks an origin.
        Some(other) => Err(ConfigError::Unusable {
            variable: "ROLE",
            value: other.to_owned(),
            expected: "edge or direct",
        }),
    }
}

pub(super) fn percent(
    variable: &'static str,
    value: Option<String>,
    default: u8,
) -> Result<u8, ConfigError> {
    let Some(value) = value else {
        return Ok(default);
    };
    match value.trim().parse::<u8>() {
        Ok(percent) if percent <= 100 => Ok(percent),
        _ => Err(ConfigError::Unusable {
            variable,
            value,
            expected: "a whole number from 0 to 100",
        }),
    }
}

/// A base address without the slash at its end, so that a path can follow.
pub(super) fn base_url(variable: &'static str, value: &str) -> Result<String, ConfigError> {
    let base = value.trim().trim_end_matches('/');
    let rest = base
        .strip_prefix("https://")
        .or_else(|| base.strip_prefix("http://"));
    // Only what a path can be appended to: a query, a fragment or credentials in a base address
    // would end up in the middle of every URL.
    let is_base = rest.is_some_and(|rest| {
        !rest.is_empty()
            && !rest.starts_with(['/', ':', '?', '#'])
            && rest
                .chars()
                .all(|c| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '@' | '\\'))
    });
    if is_base {
        Ok(base.to_owned())
    } else {
        let expected = "an http(s) address without credentials, query or fragment";
        Err(ConfigError::Unusable {
            variable,
            value: value.to_owned(),
            expected,
        })
    }
}

/// A base address that may be left out. An empty one is none: `wrangler.toml` can override a
/// variable but not remove it.
pub(super) fn optional_base_url(
    name: &'static str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<String>, ConfigError> {
    match variable(name) {
        Some(value) if !value.trim().is_empty() => base_url(name, &value).map(Some),
        _ => Ok(None),
    }
}

/// The secret for the origin at `origin_url`, which is only accepted over an encrypted connection
/// or within this machine.
pub(super) fn secret_for(
    origin_url: &str,
    value: Option<&str>,
) -> Result<Option<Secret>, ConfigError> {
    let Some(value) = value else { return Ok(None) };
    let secret = Secret::parse(value).map_err(|reason| ConfigError::Secret {
        variable: "ORIGIN_SECRET",
        reason,
    })?;
    if origin_url.starts_with("https://") || is_this_machine(origin_url) {
        Ok(Some(secret))
    } else {
        Err(ConfigError::Unencrypted {
            origin_url: origin_url.to_owned(),
        })
    }
}

/// Whether a base address is of the machine on which the Worker runs, as in development.
fn is_this_machine(base: &str) -> bool {
    let authority = base.split('/').nth(2).unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    // No other name is resolved here: it could resolve to anything later.
    host.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.to_canonical().is_loopback())
}
