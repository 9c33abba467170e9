//! Starting and ending.

use super::support::{Exchange, Origin, origin_command};
use std::net::TcpListener;

#[track_caller]
fn check_refused(variable: &str, value: &str) {
    let output = origin_command().env(variable, value).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{variable}={value} was taken");
    assert!(text.contains(variable), "{text:?} does not name {variable}");
    assert!(text.contains(value), "{text:?} does not name {value}");
    assert!(output.stdout.is_empty(), "it listened before it checked");
}

#[test]
fn a_bad_variable_stops_the_start_and_is_named_with_its_value() {
    check_refused("ORIGIN_LISTEN", "localhost");
    check_refused("BYBIT_BASE_URL", "api.bybit.com");
    check_refused("BYBIT_ALTERNATIVE_BASE_URL", "api.bytick.com");
    check_refused("ORIGIN_LISTEN", "0.0.0.0:0");
    check_refused("ORIGIN_OPEN", "yes");
    check_refused("ORIGIN_OPERATOR_LISTEN", "10.0.0.7:9100");
    check_refused("ORIGIN_SECRET_FILE", "/no/such/file");
    check_refused("COINGECKO_API_KEY_FILE", "/no/such/file");
    check_refused("COINGECKO_BASE_URL", "file:///etc/passwd");
    check_refused("TICKERS_INTERVAL_MS", "-1");
    check_refused("STREAMS", "perhaps");
    check_refused("BYBIT_STREAM_URL", "https://stream.bybit.com");
    check_refused("PUBLISH_INTERVAL_MS", "100");
    check_refused("FRESH_S", "1000");
    check_refused("LOG_FORMAT", "xml");
    check_refused("ORIGIN_ROLE", "both");
    check_refused("LEADER_LEASE_MS", "1");
    check_refused("REDIS_KEY_PREFIX", "two words");
    check_refused("REDIS_KEY_PREFIX", "{market");
    check_refused("REDIS_KEY_PREFIX", "staging:");
}

#[test]
fn a_password_on_the_command_line_is_refused_without_showing_it() {
    for (option, value, variable) in [
        (
            "--redis-url",
            "redis://user:hunter2@localhost/",
            "REDIS_URL",
        ),
        (
            "--redis-url",
            "unix:///run/redis.sock?pass=hunter2",
            "REDIS_URL",
        ),
        (
            "--redis-sentinel-password",
            "hunter2",
            "REDIS_SENTINEL_PASSWORD",
        ),
    ] {
        let mut command = origin_command();
        if variable != "REDIS_URL" {
            command.env("REDIS_URL", "redis+sentinel://localhost/main");
        }
        let output = command.args([option, value]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{option} was taken");
        assert!(
            text.contains(option) && text.contains(&format!("set the variable {variable}")),
            "{text:?}"
        );
        assert!(!text.contains("hunter2"), "{text:?}");
    }
}

#[test]
fn a_role_that_needs_redis_says_so() {
    for role in ["serve", "collect"] {
        let output = origin_command().env("ORIGIN_ROLE", role).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{role} was taken without Redis");
        assert!(
            text.contains(&format!("ORIGIN_ROLE is {role}")) && text.contains("REDIS_URL"),
            "{text:?}"
        );
    }
}

#[test]
fn a_redis_url_is_refused_without_showing_its_password() {
    let output = origin_command()
        .env("REDIS_URL", "http://user:hunter2@localhost/")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(text.contains("REDIS_URL"), "{text:?}");
    assert!(
        !text.contains("hunter2"),
        "the password is in the error: {text:?}"
    );
}

#[test]
fn a_key_that_cannot_be_one_is_refused_by_its_variable_without_being_shown() {
    for hostile in [
        "",
        " ",
        "hunter2\r\nx-other: 1",
        "hunter2\n",
        "hunter2é",
        "hunter2 hunter2",
    ] {
        let output = origin_command()
            .env("COINGECKO_API_KEY", hostile)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{hostile:?} was taken");
        assert!(text.contains("COINGECKO_API_KEY"), "{text:?}");
        assert!(
            !text.contains("hunter2"),
            "the key is in the error: {text:?}"
        );
        assert!(output.stdout.is_empty(), "it listened before it checked");
    }
}

#[tokio::test]
async fn a_key_is_in_no_log_and_in_no_answer() {
    let exchange = Exchange::start().await;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let variables = [
        ("COINGECKO_API_KEY", "CG-hunter2"),
        ("RUST_LOG", "trace"),
        ("TICKERS_INTERVAL_MS", "250"),
    ];
    let mut origin = Origin::start_logging(exchange.url(), &variables, &log);
    origin
        .counted(
            "upstream_requests_total{upstream=\"coingecko_global\",outcome=\"ok\"}",
            1.0,
        )
        .await;
    for path in ["/health", "/metrics", "/mobile-data", "/snapshot"] {
        let answer = origin.get(path).await;
        assert!(
            !answer.text.contains("hunter2")
                && !format!("{:?}", answer.headers).contains("hunter2"),
            "{path}"
        );
    }
    origin.signal("TERM");
    assert_eq!(origin.ended().await, Some(0));
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("coingecko_key=true"), "{log}");
    assert!(!log.contains("hunter2"), "the key is in the log");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = origin_command()
        .env("ORIGIN_LISTEN", &address)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        text.contains("ORIGIN_LISTEN") && text.contains(&address),
        "{text:?}"
    );
}

#[test]
fn the_help_names_every_variable() {
    let output = origin_command().arg("--help").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    for variable in [
        "ORIGIN_LISTEN",
        "ORIGIN_OPEN",
        "ORIGIN_SECRET",
        "ORIGIN_SECRET_FILE",
        "ORIGIN_ROLE",
        "ORIGIN_STORE",
        "REDIS_URL",
        "REDIS_KEY_PREFIX",
        "REDIS_CA_FILE",
        "REDIS_SENTINEL_USER",
        "REDIS_SENTINEL_PASSWORD",
        "LEADER_LEASE_MS",
        "DRAIN_DELAY_MS",
        "BYBIT_BASE_URL",
        "BYBIT_ALTERNATIVE_BASE_URL",
        "COINGECKO_BASE_URL",
        "COINGECKO_API_KEY",
        "COINGECKO_API_KEY_FILE",
        "FEAR_GREED_BASE_URL",
        "TICKERS_INTERVAL_MS",
        "STREAMS",
        "BYBIT_STREAM_URL",
        "PUBLISH_INTERVAL_MS",
        "FRESH_S",
        "STALE_S",
        "RUST_LOG",
    ] {
        assert!(text.contains(variable), "{variable} is not in the help");
    }
}

#[tokio::test]
async fn a_told_origin_ends_in_order() {
    let exchange = Exchange::start().await;
    let mut origin = Origin::start(exchange.url(), &[]);
    origin.data().await;
    origin.signal("TERM");
    assert_eq!(origin.ended().await, Some(0));
}
