//! What an operator may choose: the Worker's variables, parsed.
//!
//! [`Config::read`] is a pure function of a look-up, so it is tested natively. Invariant: a
//! `Config` exists only if every variable could be used; there is no setting that falls back
//! silently.

mod role;

mod error;

mod value;

use crate::policy::{DEADLINES, Deadlines};
use shared::freshness::Limits;
use shared::headers::bearer::Secret;
use value::{Millis, base_url, optional_base_url, percent, seconds, secret_for};

pub use error::ConfigError;
pub use role::Role;

/// The default of `BYBIT_BASE_URL`. <https://bybit-exchange.github.io/docs/v5/guide>
const BYBIT: &str = "https://api.bybit.com";

/// The default of `DIRECT_EXERCISE_PERCENT`.
const EXERCISE_PERCENT: u8 = 1;

const HEDGE_AFTER_MS: Millis = Millis {
    variable: "HEDGE_AFTER_MS",
    default: DEADLINES.hedge_ms,
    least: 0,
    most: 1_000,
    expected: "a whole number of milliseconds, 1000 at most",
};

const ORIGIN_TIMEOUT_MS: Millis = Millis {
    variable: "ORIGIN_TIMEOUT_MS",
    default: DEADLINES.origin_headers_ms,
    least: 100,
    most: 1_000,
    expected: "a whole number of milliseconds from 100 to 1000",
};

const FIRST_WAIT_MS: Millis = Millis {
    variable: "FIRST_WAIT_MS",
    default: DEADLINES.first_wait_ms,
    least: 0,
    most: DEADLINES.total_ms,
    expected: "a whole number of milliseconds, 1800 at most",
};

/// The Worker's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// `ROLE`: what this Worker is for, `edge` or `direct`; default `edge`.
    pub role: Role,
    /// `ORIGIN_URL`: base address of the origin; required in the role `edge`, ignored in the role
    /// `direct`.
    pub origin_url: Option<String>,
    /// `ORIGIN_SECRET`: the bearer secret of the origin's `/snapshot`, sent to the origin and to
    /// nobody else; default none.
    pub origin_secret: Option<Secret>,
    /// `BYBIT_BASE_URL`: base address of Bybit's API, default `https://api.bybit.com`.
    pub bybit_base_url: String,
    /// `BYBIT_ALTERNATIVE_BASE_URL`: another host of the same API, called once when the first
    /// cannot be reached or answers 5xx; empty for none, the default.
    pub bybit_alternative_base_url: Option<String>,
    /// `OKX_BASE_URL`: base address of OKX's API, a fallback for when both the origin and Bybit
    /// fail; empty for none, the default.
    pub okx_base_url: Option<String>,
    /// `BINANCE_BASE_URL`: base address of Binance's public data, the fallback after OKX; empty for
    /// none, the default.
    pub binance_base_url: Option<String>,
    /// `DIRECT_EXERCISE_PERCENT`: after how many percent of the refreshes that the origin answered
    /// Bybit is called as well, to check that the fallback works and agrees; 0–100, default 1.
    pub direct_exercise_percent: u8,
    /// `ORIGIN_TIMEOUT_MS`: how long the origin has until its headers, milliseconds, default 400;
    /// for its whole answer twice that. A colo far from the origin needs most of it for the round
    /// trip.
    ///
    /// `HEDGE_AFTER_MS`: the hedge delay, milliseconds, default 300: if the origin has not answered
    /// by then, Bybit is called beside it. It is divided by three when nothing fresh is held, for
    /// then clients wait. No less than `ORIGIN_TIMEOUT_MS` disables the hedge.
    pub deadlines: Deadlines,
    /// `FIRST_WAIT_MS`: how long a client waits for a refresh when what is held is aging, before it
    /// gets that, marked; milliseconds, default 600, 1800 at most. While what is held is fresh but
    /// due for a refresh, a client waits no more than 100 ms of these.
    pub first_wait_ms: u64,
    /// `REFRESH_AFTER_S`, `FRESH_S`, `AGING_S`, `STALE_S`: ages of the data in whole seconds,
    /// default 3, 15, 60, 300. From the first on a refresh is due; data is fresh up to the second,
    /// aging up to the third, stale up to the fourth, and is never served past that.
    pub limits: Limits,
}

impl Config {
    /// Reads the settings from wherever `variable` looks names up.
    ///
    /// # Errors
    /// [`ConfigError`] for the first variable that cannot be used.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let age = |name, default_ms| seconds(name, variable(name), default_ms);
        let default = Limits::DEFAULT;
        let limits = Limits::new(
            age("REFRESH_AFTER_S", default.refresh_after_ms)?,
            age("FRESH_S", default.fresh_ms)?,
            age("AGING_S", default.aging_ms)?,
            age("STALE_S", default.stale_ms)?,
        )?;
        let role = value::role(variable("ROLE").as_deref())?;
        let origin_url = match (role, variable("ORIGIN_URL")) {
            (Role::Edge, Some(origin)) => Some(base_url("ORIGIN_URL", &origin)?),
            (Role::Edge, None) => {
                return Err(ConfigError::Missing {
                    variable: "ORIGIN_URL",
                });
            }
            // It stands behind the Workers that call the origin, and must not call it in turn.
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
            bybit_base_url: base_url("BYBIT_BASE_URL", &bybit)?,
            bybit_alternative_base_url: optional_base_url("BYBIT_ALTERNATIVE_BASE_URL", &variable)?,
            okx_base_url: optional_base_url("OKX_BASE_URL", &variable)?,
            binance_base_url: optional_base_url("BINANCE_BASE_URL", &variable)?,
            direct_exercise_percent: percent(
                "DIRECT_EXERCISE_PERCENT",
                variable("DIRECT_EXERCISE_PERCENT"),
                EXERCISE_PERCENT,
            )?,
            limits,
            deadlines: match role {
                Role::Edge => Deadlines::with_origin(
                    ORIGIN_TIMEOUT_MS.read(&variable)?,
                    HEDGE_AFTER_MS.read(&variable)?,
                ),
                Role::Direct => Deadlines::of_direct(),
            },
            first_wait_ms: FIRST_WAIT_MS.read(&variable)?,
        })
    }
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
    fn the_direct_worker_needs_no_origin() {
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
    fn the_secret_of_the_origin_is_accepted_only_over_an_encrypted_connection() {
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
