//! What an operator may choose, read from the Worker's variables once per isolate.

use crate::last_good;
use crate::policy::{DEADLINES, Deadlines};
use crate::upstream::direct;
use crate::upstream::fetch::Service;
use shared::freshness::{Limits, LimitsOutOfOrder};
use shared::headers::bearer::{BadSecret, Secret};
use std::cell::{Cell, OnceCell};
use std::net::IpAddr;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use worker::{Env, KvStore};

/// Where Bybit's public market data is, unless `BYBIT_BASE_URL` says otherwise.
const BYBIT: &str = "https://api.bybit.com";

/// The longest age limit that is believed to be meant, seconds.
const MAX_LIMIT_S: u64 = 86_400;

/// How often the way to Bybit is taken without need, unless `DIRECT_EXERCISE_PERCENT` says
/// otherwise.
const EXERCISE_PERCENT: u8 = 1;

thread_local! {
    static ROLE: Cell<Role> = const { Cell::new(Role::Edge) };
}

/// The Worker's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// `ROLE`: what this Worker is for, `edge` or `direct`; default `edge`.
    pub role: Role,
    /// `ORIGIN_URL`: base address of the origin, no default. A Worker in the role `direct` has
    /// none.
    pub origin_url: Option<String>,
    /// `ORIGIN_SECRET`: what opens the origin, sent to it and to nobody else; nothing is sent
    /// without one, the default.
    pub origin_secret: Option<Secret>,
    /// `DIRECT`: the Worker that owns the way to the exchanges; nothing when the deployment binds
    /// none, and this one takes that way itself.
    pub direct: Option<Service>,
    /// `BYBIT_BASE_URL`: base address of Bybit's API, default `https://api.bybit.com`.
    pub bybit_base_url: String,
    /// `BYBIT_ALTERNATIVE_BASE_URL`: the same at another host, tried once when the first cannot be
    /// reached or is broken; empty for none, the default.
    pub bybit_alternative_base_url: Option<String>,
    /// `OKX_BASE_URL`: base address of OKX's API, asked when neither the origin nor Bybit is of
    /// use; empty for none, the default.
    pub okx_base_url: Option<String>,
    /// `BINANCE_BASE_URL`: base address of Binance's public data, asked after OKX; empty for none,
    /// the default.
    pub binance_base_url: Option<String>,
    /// `DIRECT_EXERCISE_PERCENT`: of so many of a hundred refreshes that the origin answered the
    /// way to Bybit is taken afterwards, to know that it works and that both tell the same; 0–100,
    /// default 1.
    pub direct_exercise_percent: u8,
    /// `ORIGIN_TIMEOUT_MS`: how long the origin has for its headers, milliseconds, default 400;
    /// for its whole answer twice that. A colo far from the origin needs most of it for the way
    /// there and back.
    ///
    /// `HEDGE_AFTER_MS`: the silence of the origin after which Bybit is asked beside it,
    /// milliseconds, default 300; a third of that when nothing fresh is held, for then clients
    /// wait. No less than `ORIGIN_TIMEOUT_MS` means never.
    pub deadlines: Deadlines,
    /// `FIRST_WAIT_MS`: how long a client waits for a refresh when what is held is no longer
    /// fresh, before it gets that, marked; milliseconds, default 600, 1800 at most. When it is
    /// fresh and wants a refresh, 100 ms of these at most.
    pub first_wait_ms: u64,
    /// `LAST_GOOD`: the KV namespace that all colos share; nothing when the deployment binds none.
    pub last_good: Option<KvStore>,
    /// `REFRESH_AFTER_S`, `FRESH_S`, `AGING_S`, `STALE_S`: ages of the data in whole seconds,
    /// default 3, 15, 60, 300. From the first on a refresh is started; up to the second data is
    /// fresh, up to the third aging, up to the fourth stale, and past that it is never served.
    pub limits: Limits,
}

/// What a Worker of this build is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It serves clients, from the origin's data while that is well.
    Edge,
    /// It owns the way to the exchanges, and serves the Workers that are bound to it.
    Direct,
}

/// A variable that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A variable without a default is not set.
    #[error("{variable} is not set")]
    Missing {
        /// The variable.
        variable: &'static str,
    },
    /// A value of the wrong kind.
    #[error("{variable} is {value:?}, which is not {expected}")]
    Unusable {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A secret that cannot be one.
    #[error("{variable} (not shown, for it is a secret): {reason}")]
    Secret {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        reason: BadSecret,
    },
    /// A secret that everybody on the way could read.
    #[error(
        "ORIGIN_URL is {origin_url:?}, over which ORIGIN_SECRET would go unencrypted: use https, or unset the secret"
    )]
    Unencrypted {
        /// Where it would go.
        origin_url: String,
    },
    /// Age limits that do not ascend.
    #[error("REFRESH_AFTER_S, FRESH_S, AGING_S, STALE_S: {0}")]
    Limits(#[from] LimitsOutOfOrder),
}

impl Config {
    /// Reads the settings from wherever `variable` looks names up.
    ///
    /// # Errors
    /// [`ConfigError`] for the first variable that cannot be used.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let ms = |name, default_ms| millis(name, variable(name), default_ms);
        let default = Limits::DEFAULT;
        let limits = Limits::new(
            ms("REFRESH_AFTER_S", default.refresh_after_ms)?,
            ms("FRESH_S", default.fresh_ms)?,
            ms("AGING_S", default.aging_ms)?,
            ms("STALE_S", default.stale_ms)?,
        )?;
        let role = chosen_role(variable("ROLE").as_deref())?;
        let origin_url = match (role, variable("ORIGIN_URL")) {
            (Role::Edge, Some(origin)) => Some(base_url("ORIGIN_URL", &origin)?),
            (Role::Edge, None) => {
                return Err(ConfigError::Missing {
                    variable: "ORIGIN_URL",
                });
            }
            (Role::Direct, _) => None,
        };
        let origin_secret = match &origin_url {
            Some(origin_url) => secret_for(origin_url, variable("ORIGIN_SECRET").as_deref())?,
            None => None,
        };
        let bybit = variable("BYBIT_BASE_URL").unwrap_or_else(|| BYBIT.to_owned());
        Ok(Self {
            role,
            origin_url,
            origin_secret,
            direct: None,
            bybit_base_url: base_url("BYBIT_BASE_URL", &bybit)?,
            okx_base_url: optional_base_url("OKX_BASE_URL", &variable)?,
            binance_base_url: optional_base_url("BINANCE_BASE_URL", &variable)?,
            direct_exercise_percent: percent(
                "DIRECT_EXERCISE_PERCENT",
                variable("DIRECT_EXERCISE_PERCENT"),
            )?,
            bybit_alternative_base_url: optional_base_url("BYBIT_ALTERNATIVE_BASE_URL", &variable)?,
            limits,
            deadlines: match role {
                Role::Edge => Deadlines::with_origin(
                    short_time(&ORIGIN_TIMEOUT_MS, &variable)?,
                    short_time(&HEDGE_AFTER_MS, &variable)?,
                ),
                Role::Direct => Deadlines::of_direct(),
            },
            first_wait_ms: short_time(&FIRST_WAIT_MS, &variable)?,
            last_good: None,
        })
    }
}

fn millis(
    variable: &'static str,
    value: Option<String>,
    default_ms: u64,
) -> Result<u64, ConfigError> {
    let Some(value) = value else {
        return Ok(default_ms);
    };
    match value.trim().parse::<u64>() {
        Ok(secs) if secs <= MAX_LIMIT_S => Ok(secs * 1_000),
        _ => Err(ConfigError::Unusable {
            variable,
            value,
            expected: "a whole number of seconds, 86400 at most",
        }),
    }
}

/// Milliseconds that a variable sets.
struct ShortTime {
    variable: &'static str,
    default: u64,
    least: u64,
    most: u64,
    expected: &'static str,
}

const HEDGE_AFTER_MS: ShortTime = ShortTime {
    variable: "HEDGE_AFTER_MS",
    default: DEADLINES.hedge_ms,
    least: 0,
    most: 1_000,
    expected: "a whole number of milliseconds, 1000 at most",
};

const ORIGIN_TIMEOUT_MS: ShortTime = ShortTime {
    variable: "ORIGIN_TIMEOUT_MS",
    default: DEADLINES.origin_headers_ms,
    least: 100,
    most: 1_000,
    expected: "a whole number of milliseconds from 100 to 1000",
};

const FIRST_WAIT_MS: ShortTime = ShortTime {
    variable: "FIRST_WAIT_MS",
    default: DEADLINES.first_wait_ms,
    least: 0,
    most: DEADLINES.total_ms,
    expected: "a whole number of milliseconds, 1800 at most",
};

fn short_time(
    time: &ShortTime,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<u64, ConfigError> {
    let Some(value) = variable(time.variable) else {
        return Ok(time.default);
    };
    match value.trim().parse::<u64>() {
        Ok(millis) if (time.least..=time.most).contains(&millis) => Ok(millis),
        _ => Err(ConfigError::Unusable {
            variable: time.variable,
            value,
            expected: time.expected,
        }),
    }
}

fn chosen_role(value: Option<&str>) -> Result<Role, ConfigError> {
    match value.map(str::trim) {
        None | Some("edge") => Ok(Role::Edge),
        Some("direct") => Ok(Role::Direct),
        Some(other) => Err(ConfigError::Unusable {
            variable: "ROLE",
            value: other.to_owned(),
            expected: "edge or direct",
        }),
    }
}

fn percent(variable: &'static str, value: Option<String>) -> Result<u8, ConfigError> {
    let Some(value) = value else {
        return Ok(EXERCISE_PERCENT);
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
fn base_url(variable: &'static str, value: &str) -> Result<String, ConfigError> {
    let base = value.trim().trim_end_matches('/');
    let rest = base
        .strip_prefix("https://")
        .or_else(|| base.strip_prefix("http://"));
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

/// The secret for the origin at this address, which must be one that nobody on the way can read.
fn secret_for(origin_url: &str, value: Option<&str>) -> Result<Option<Secret>, ConfigError> {
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

/// Whether a base address is of the machine on which the Worker runs, as while it is developed.
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
    host.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

/// A base address that may be left out.
fn optional_base_url(
    name: &'static str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<String>, ConfigError> {
    match variable(name) {
        Some(value) if !value.trim().is_empty() => base_url(name, &value).map(Some),
        _ => Ok(None),
    }
}

/// The isolate's settings; variables of a deployment never change while it runs, so they are read
/// once.
///
/// # Errors
/// [`ConfigError`], the same on every call.
pub fn of(env: &Env) -> Result<Rc<Config>, ConfigError> {
    thread_local! {
        static READ: OnceCell<Result<Rc<Config>, ConfigError>> = const { OnceCell::new() };
    }
    let read = || {
        let config = Config::read(|name| variable(env, name))?;
        ROLE.set(config.role);
        // Who owns the way to the exchanges neither asks another for it nor keeps anything for all
        // colos.
        let (last_good, direct) = match config.role {
            Role::Edge => (last_good::bound(env), service(env, direct::BINDING)),
            Role::Direct => (None, None),
        };
        Ok(Rc::new(Config {
            last_good,
            direct,
            ..config
        }))
    };
    READ.with(|cell| cell.get_or_init(read).clone())
}

/// What this isolate is for. One whose settings cannot be used serves nothing.
#[must_use]
pub fn role() -> Role {
    ROLE.get()
}

/// Another Worker that the deployment binds to this one.
fn service(env: &Env, binding: &str) -> Option<Service> {
    let bound = js_sys::Reflect::get(env.as_ref(), &JsValue::from_str(binding)).ok()?;
    bound.is_object().then(|| bound.unchecked_into())
}

/// The deployed version of the Worker, as the platform tells it in the binding
/// `CF_VERSION_METADATA`.
pub fn build(env: &Env) -> Option<&'static str> {
    thread_local! {
        // Kept for the isolate's life, which is the version's.
        static BUILD: OnceCell<Option<&'static str>> = const { OnceCell::new() };
    }
    let read = || {
        let metadata =
            js_sys::Reflect::get(env.as_ref(), &JsValue::from_str("CF_VERSION_METADATA")).ok()?;
        let id = js_sys::Reflect::get(&metadata, &JsValue::from_str("id"))
            .ok()?
            .as_string()?;
        (!id.is_empty()).then(|| &*id.leak())
    };
    BUILD.with(|cell| *cell.get_or_init(read))
}

/// A variable as text. One that is no text is told as it is, so that the refusal can quote it.
pub(crate) fn variable(env: &Env, name: &str) -> Option<String> {
    let value = js_sys::Reflect::get(env.as_ref(), &JsValue::from_str(name)).ok()?;
    if value.is_undefined() || value.is_null() {
        return None;
    }
    let number = || value.as_f64().map(|number| number.to_string());
    Some(
        value
            .as_string()
            .or_else(number)
            .unwrap_or_else(|| "no text".to_owned()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Config::read(|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[track_caller]
    fn check_refused(variables: &[(&str, &str)], expected: &str) {
        assert_eq!(
            read(variables).map(drop).map_err(|error| error.to_string()),
            Err(expected.to_owned())
        );
    }

    const ORIGIN: (&str, &str) = ("ORIGIN_URL", "http://127.0.0.1:8080/");

    #[test]
    fn everything_but_the_origin_has_a_default() {
        let config = read(&[ORIGIN]).unwrap();
        assert_eq!(
            config.origin_url.as_deref(),
            Some("http://127.0.0.1:8080"),
            "the slash at the end would double"
        );
        assert_eq!(config.bybit_base_url, "https://api.bybit.com");
        assert_eq!(config.bybit_alternative_base_url, None);
        assert_eq!((config.okx_base_url, config.binance_base_url), (None, None));
        assert_eq!(
            (config.direct_exercise_percent, config.deadlines),
            (1, DEADLINES)
        );
        assert_eq!(config.limits, Limits::DEFAULT);
        check_refused(&[], "ORIGIN_URL is not set");
    }

    #[test]
    fn who_owns_the_way_to_the_exchanges_needs_no_origin() {
        assert_eq!(read(&[ORIGIN]).unwrap().role, Role::Edge);
        let direct = read(&[("ROLE", "direct")]).unwrap();
        assert_eq!((direct.role, direct.origin_url), (Role::Direct, None));
        assert_eq!(
            read(&[("ROLE", "direct"), ORIGIN]).unwrap().origin_url,
            None,
            "it would ask the origin"
        );
        for bad in ["", "Direct", "origin", "edge,direct"] {
            check_refused(
                &[ORIGIN, ("ROLE", bad)],
                &format!("ROLE is {bad:?}, which is not edge or direct"),
            );
        }
    }

    #[test]
    fn the_secret_of_the_origin_is_taken_where_nobody_can_read_it_on_the_way() {
        const SECRET: &str = "hunter2-hunter2-hunter2";
        let sent = |origin: &str| {
            let config = read(&[("ORIGIN_URL", origin), ("ORIGIN_SECRET", SECRET)]);
            config.map(|config| config.origin_secret.map(|secret| secret.authorization()))
        };
        let bearer = format!("Bearer {SECRET}");
        for origin in [
            "https://origin.example",
            "https://10.0.0.7:8443/base/",
            "http://127.0.0.1:8080/",
            "http://127.16.3.4:21080",
            "http://localhost",
            "http://LOCALHOST:8080/base",
            "http://[::1]:8080",
        ] {
            assert_eq!(sent(origin), Ok(Some(bearer.clone())), "{origin}");
        }
        for origin in [
            "http://origin.example",
            "http://10.0.0.7:8080",
            "http://127.0.0.1.example",
            "http://localhost.example:80",
            "http://localhost:x",
            "http://[2001:db8::1]:8080",
            "http://0.0.0.0",
        ] {
            let refused = sent(origin).unwrap_err().to_string();
            assert!(
                refused.contains(&format!("ORIGIN_URL is {origin:?}")),
                "{refused}"
            );
            assert!(
                refused.contains("ORIGIN_SECRET would go unencrypted")
                    && !refused.contains("hunter2"),
                "{refused}"
            );
            assert!(
                read(&[("ORIGIN_URL", origin)])
                    .unwrap()
                    .origin_secret
                    .is_none(),
                "there is nothing to read"
            );
        }
        assert!(
            read(&[("ROLE", "direct"), ORIGIN, ("ORIGIN_SECRET", SECRET)])
                .unwrap()
                .origin_secret
                .is_none()
        );
    }

    #[test]
    fn a_secret_that_cannot_be_one_is_named_and_not_quoted() {
        for (bad, why) in [
            ("", "it is empty"),
            (
                "hunter2",
                "a secret in it is 7 bytes long, and one has 16 at least",
            ),
            (
                "hunter2-hunter2-1,hunter2-hunter2-2",
                "it holds 2 secrets, separated by white space or commas, and 1 are allowed",
            ),
        ] {
            let expected = format!("ORIGIN_SECRET (not shown, for it is a secret): {why}");
            check_refused(&[ORIGIN, ("ORIGIN_SECRET", bad)], &expected);
        }
        let config = read(&[ORIGIN, ("ORIGIN_SECRET", "hunter2-hunter2-hunter2\n")]).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
    }

    #[test]
    fn limits_are_whole_seconds() {
        let config = read(&[
            ORIGIN,
            ("REFRESH_AFTER_S", "0"),
            ("FRESH_S", "1"),
            ("AGING_S", "2"),
        ])
        .unwrap();
        assert_eq!(
            config.limits,
            Limits::new(0, 1_000, 2_000, 300_000).unwrap()
        );
        for bad in ["", "1.5", "-1", "soon", "86401", "99999999999999999999"] {
            let expected = format!(
                "FRESH_S is {bad:?}, which is not a whole number of seconds, 86400 at most"
            );
            check_refused(&[ORIGIN, ("FRESH_S", bad)], &expected);
        }
    }

    #[test]
    fn a_share_is_a_whole_percentage() {
        let exercise = |value| read(&[ORIGIN, ("DIRECT_EXERCISE_PERCENT", value)]);
        assert_eq!(exercise("0").unwrap().direct_exercise_percent, 0);
        assert_eq!(exercise("100").unwrap().direct_exercise_percent, 100);
        for bad in ["", "101", "-1", "0.5", "all"] {
            assert!(
                matches!(exercise(bad), Err(ConfigError::Unusable { .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn times_are_whole_milliseconds_within_their_bounds() {
        let hedge = |value| read(&[ORIGIN, ("HEDGE_AFTER_MS", value)]);
        assert_eq!(hedge("0").unwrap().deadlines.hedge_ms, 0);
        assert_eq!(hedge("1000").unwrap().deadlines.hedge_ms, 1_000);
        let expected =
            "HEDGE_AFTER_MS is \"1001\", which is not a whole number of milliseconds, 1000 at most";
        check_refused(&[ORIGIN, ("HEDGE_AFTER_MS", "1001")], expected);
        assert_eq!(
            read(&[ORIGIN, ("ORIGIN_TIMEOUT_MS", "700")])
                .unwrap()
                .deadlines
                .origin_headers_ms,
            700
        );
        for bad in ["99", "1001", "0", "-1", "1e3", ""] {
            let expected = format!(
                "ORIGIN_TIMEOUT_MS is {bad:?}, which is not a whole number of milliseconds from 100 to 1000"
            );
            check_refused(&[ORIGIN, ("ORIGIN_TIMEOUT_MS", bad)], &expected);
        }
        assert_eq!(read(&[ORIGIN]).unwrap().first_wait_ms, 600);
        assert_eq!(
            read(&[ORIGIN, ("FIRST_WAIT_MS", "0")])
                .unwrap()
                .first_wait_ms,
            0
        );
        let expected =
            "FIRST_WAIT_MS is \"1.5\", which is not a whole number of milliseconds, 1800 at most";
        check_refused(&[ORIGIN, ("FIRST_WAIT_MS", "1.5")], expected);
        assert!(hedge("soon").is_err());
    }

    #[test]
    fn limits_must_ascend() {
        assert!(matches!(
            read(&[ORIGIN, ("FRESH_S", "60")]),
            Err(ConfigError::Limits(_))
        ));
    }

    #[test]
    fn an_address_is_a_base_and_nothing_more() {
        for bad in [
            "",
            "127.0.0.1:8080",
            "ftp://x",
            "http://",
            "https:///x",
            "http://a b",
            "http://a?b",
            "http://u:p@a",
        ] {
            let expected = format!(
                "ORIGIN_URL is {bad:?}, which is not an http(s) address without credentials, query or fragment"
            );
            check_refused(&[("ORIGIN_URL", bad)], &expected);
        }
        assert_eq!(
            read(&[ORIGIN, ("BYBIT_ALTERNATIVE_BASE_URL", " ")])
                .unwrap()
                .bybit_alternative_base_url,
            None
        );
        let other = read(&[ORIGIN, ("BYBIT_ALTERNATIVE_BASE_URL", "https://b.example/")]).unwrap();
        assert_eq!(
            other.bybit_alternative_base_url.as_deref(),
            Some("https://b.example")
        );
        assert!(read(&[ORIGIN, ("BYBIT_ALTERNATIVE_BASE_URL", "b.example")]).is_err());
        assert_eq!(
            read(&[("ORIGIN_URL", "https://a.example/base/")])
                .unwrap()
                .origin_url
                .as_deref(),
            Some("https://a.example/base")
        );
    }
}
