use super::*;

#[track_caller]
fn check_refused(args: &[&str], words: &[&str]) {
    let parsed = Config::try_parse_from(std::iter::once("origin").chain(args.iter().copied()));
    let error = parsed
        .and_then(|config| config.check())
        .expect_err("the arguments were taken")
        .to_string();
    for word in words {
        assert!(error.contains(word), "{error:?} does not name {word:?}");
    }
}

#[test]
fn the_command_is_well_formed() {
    Config::command().debug_assert();
}

#[test]
fn a_bad_value_is_named_with_its_variable() {
    check_refused(&["--listen", "nowhere"], &["ORIGIN_LISTEN", "nowhere"]);
    check_refused(&["--bybit-base-url", "ftp://x"], &["BYBIT_BASE_URL", "ftp"]);
    check_refused(
        &["--bybit-base-url", "api.bybit.com"],
        &["BYBIT_BASE_URL", "api.bybit.com"],
    );
    check_refused(
        &["--coingecko-base-url", "https://x/?key=1"],
        &["COINGECKO_BASE_URL", "query"],
    );
    check_refused(
        &["--tickers-interval-ms", "0"],
        &["TICKERS_INTERVAL_MS", "0"],
    );
    check_refused(
        &["--tickers-interval-ms", "soon"],
        &["TICKERS_INTERVAL_MS", "soon"],
    );
    check_refused(
        &["--coingecko-interval-s", "10"],
        &["COINGECKO_INTERVAL_S", "10"],
    );
    check_refused(&["--redis-url", "http://x"], &["REDIS_URL", "http"]);
    check_refused(&["--monitored-symbols", "3"], &["MONITORED_SYMBOLS", "3"]);
    check_refused(
        &["--monitored-symbols", "501"],
        &["MONITORED_SYMBOLS", "501"],
    );
}

#[test]
fn a_hundred_contracts_are_monitored_and_forty_where_none_is_streamed() {
    let monitored = |args: &[&str]| config(args).settings().monitored_symbols;
    assert_eq!(monitored(&[]), 100);
    assert_eq!(monitored(&["--streams", "off"]), 40);
    assert_eq!(
        monitored(&["--streams", "off", "--monitored-symbols", "70"]),
        70
    );
}

#[test]
fn limits_that_do_not_ascend_name_their_variables() {
    check_refused(&["--fresh-s", "90"], &["FRESH_S", "90000 ms", "60000 ms"]);
}

#[test]
fn a_budget_that_the_ticker_table_alone_would_use_up_is_refused() {
    check_refused(
        &[
            "--bybit-requests-per-5s",
            "30",
            "--tickers-interval-ms",
            "250",
        ],
        &[
            "BYBIT_REQUESTS_PER_5S is 30",
            "TICKERS_INTERVAL_MS=250",
            "20",
        ],
    );
}

#[test]
fn a_role_and_a_store_that_contradict_one_another_are_refused_by_name() {
    check_refused(&["--role", "serve"], &["ORIGIN_ROLE is serve", "REDIS_URL"]);
    check_refused(
        &["--role", "collect", "--store", "memory"],
        &["ORIGIN_ROLE is collect", "REDIS_URL"],
    );
    check_refused(
        &["--store", "redis"],
        &["ORIGIN_STORE is redis", "REDIS_URL"],
    );
    check_refused(
        &["--store", "memory", "--redis-url", "redis://x"],
        &["ORIGIN_STORE is memory", "REDIS_URL"],
    );
    let login = ["--redis-sentinel-user", "origin"];
    check_refused(&login, &["REDIS_SENTINEL_USER", "REDIS_SENTINEL_PASSWORD"]);
    let login = [login.as_slice(), &["--redis-sentinel-password", "hunter2"]].concat();
    check_refused(&login, &["REDIS_SENTINEL_PASSWORD", "REDIS_URL"]);
    check_refused(
        &[login.as_slice(), &["--redis-url", "redis://x"]].concat(),
        &["REDIS_SENTINEL_PASSWORD"],
    );
    check_refused(&["--role", "both"], &["ORIGIN_ROLE", "both", "collect"]);
    check_refused(&["--leader-lease-ms", "10"], &["LEADER_LEASE_MS", "10"]);
    check_refused(
        &["--drain-delay-ms", "forever"],
        &["DRAIN_DELAY_MS", "forever"],
    );
}

#[test]
fn a_key_prefix_that_is_none_is_named_with_its_value() {
    let long = "x".repeat(1_024);
    for (value, words) in [
        (
            "two words",
            ["\"two words\"", "' ' is none of the allowed characters"],
        ),
        (
            "a\u{1b}[2J",
            ["\\u{1b}[2J", "none of the allowed characters"],
        ),
        ("a*", ["\"a*\"", "'*'"]),
        ("{market", ["\"{market\"", "braces"]),
        ("{a}{b}", ["\"{a}{b}\"", "braces"]),
        (&*long, ["xxx", "1024 bytes"]),
    ] {
        let args = ["--redis-url", "redis://x", "--redis-key-prefix", value];
        check_refused(&args, &["REDIS_KEY_PREFIX", words[0], words[1]]);
    }
    check_refused(
        &["--redis-key-prefix", "staging:"],
        &["REDIS_KEY_PREFIX", "REDIS_URL"],
    );
}

#[test]
fn a_password_on_the_command_line_is_refused_without_quoting_it() {
    let read = |args: &[&str]| {
        let all = ["origin"].iter().chain(args);
        Config::read(all.map(OsString::from)).map_err(|error| error.to_string())
    };
    for args in [
        &["--redis-url", "redis://user:hunter2@x"][..],
        &["--redis-url", "unix:///run/redis.sock?pass=hunter2"],
        &["--redis-url=redis+sentinel://:hunter2@x/main"],
    ] {
        let refused = read(args).unwrap_err();
        assert!(
            refused.contains("--redis-url") && refused.contains("variable REDIS_URL"),
            "{refused}"
        );
        assert!(!refused.contains("hunter2"), "{refused}");
    }
    let login = [
        "--redis-url",
        "redis+sentinel://x/main",
        "--redis-sentinel-password",
        "hunter2",
    ];
    let refused = read(&login).unwrap_err();
    assert!(
        refused.contains("variable REDIS_SENTINEL_PASSWORD") && !refused.contains("hunter2"),
        "{refused}"
    );
    assert!(
        read(&[
            "--redis-url",
            "redis://x",
            "--redis-key-prefix",
            "{market}:"
        ])
        .is_ok()
    );
}

#[test]
fn one_process_without_redis_is_all_there_is_by_default() {
    for args in [
        &["origin"][..],
        &["origin", "--store", "memory"],
        &["origin", "--role", "all"],
    ] {
        let config = Config::try_parse_from(args).unwrap();
        assert!(config.check().is_ok(), "{args:?}");
        assert!(matches!(config.redis(), Ok(None)), "{args:?}");
    }
}

fn config(args: &[&str]) -> Config {
    Config::try_parse_from(std::iter::once("origin").chain(args.iter().copied())).unwrap()
}

#[track_caller]
fn check_alternative(args: &[&str], expected: Option<&str>) {
    let found = config(args).bybit_alternative().map(|url| url.to_string());
    assert_eq!(found.as_deref(), expected, "{args:?}");
}

#[test]
fn the_other_host_of_bybit_stands_beside_its_own_and_never_beside_another_service() {
    check_alternative(&[], Some("https://api.bytick.com"));
    check_alternative(
        &["--bybit-base-url", "https://api.bybit.com/"],
        Some("https://api.bytick.com"),
    );
    check_alternative(&["--bybit-base-url", "http://127.0.0.1:9100"], None);
    check_alternative(&["--bybit-alternative-base-url", ""], None);
    check_alternative(&["--bybit-alternative-base-url", " "], None);
    let both = [
        "--bybit-base-url",
        "http://127.0.0.1:1",
        "--bybit-alternative-base-url",
        "http://127.0.0.1:2/",
    ];
    check_alternative(&both, Some("http://127.0.0.1:2"));
    check_refused(
        &["--bybit-alternative-base-url", "api.bytick.com"],
        &["BYBIT_ALTERNATIVE_BASE_URL", "bytick"],
    );
}

#[test]
fn a_key_comes_from_the_environment_or_a_file_and_is_in_no_option() {
    let of = |config: &Config, variable: Option<&str>| {
        config.coingecko_key_of(variable.map(OsString::from))
    };
    let shown = |key: Option<ApiKey>| key.map(|key| key.value.to_str().unwrap().to_owned());
    assert!(matches!(of(&config(&[]), None), Ok(None)));
    assert_eq!(
        shown(of(&config(&[]), Some("CG-a")).unwrap()).as_deref(),
        Some("CG-a")
    );
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, b"CG-b\n").unwrap();
    let with_file = config(&["--coingecko-api-key-file", file.path().to_str().unwrap()]);
    assert_eq!(
        shown(of(&with_file, None).unwrap()).as_deref(),
        Some("CG-b")
    );
    let both = of(&with_file, Some("CG-hunter2")).unwrap_err();
    assert!(
        both.contains("COINGECKO_API_KEY and COINGECKO_API_KEY_FILE") && !both.contains("hunter2"),
        "{both}"
    );
    check_refused(
        &["--coingecko-api-key", "CG-hunter2"],
        &["--coingecko-api-key"],
    );
}

#[test]
fn a_key_that_cannot_be_one_is_named_by_its_variable_and_not_quoted() {
    for hostile in [
        "",
        "  ",
        "hunter2\r\nx-other: 1",
        "hunter2\n",
        "hunter2é",
        "hunter2 hunter2",
    ] {
        let error = config(&[])
            .coingecko_key_of(Some(hostile.into()))
            .unwrap_err();
        assert!(
            error.contains("COINGECKO_API_KEY") && !error.contains("hunter2"),
            "{error}"
        );
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, b"hunter2\nhunter2\n").unwrap();
    let path = file.path().to_str().unwrap();
    check_refused(
        &["--coingecko-api-key-file", path],
        &["COINGECKO_API_KEY_FILE", "at byte 7"],
    );
    check_refused(
        &["--coingecko-api-key-file", "/no/such/file"],
        &["COINGECKO_API_KEY_FILE", "/no/such/file"],
    );
    check_refused(
        &["--coingecko-api-key-file", "/dev/zero"],
        &["COINGECKO_API_KEY_FILE", "4096 bytes"],
    );
}

const SECRET_TEXT: &str = "hunter2-hunter2-hunter2";

#[track_caller]
fn check_secret_refused(args: &[&str], variable: Option<&str>, words: &[&str]) {
    let error = config(args)
        .secrets_of(variable.map(OsString::from))
        .unwrap_err();
    for word in words {
        assert!(error.contains(word), "{error:?} does not name {word:?}");
    }
    assert!(!error.contains("hunter2"), "{error:?} quotes the secret");
}

#[test]
fn secrets_come_from_the_environment_or_a_file_and_are_in_no_option() {
    let opens = |secrets: Option<Secrets>| {
        let line = format!("Bearer {SECRET_TEXT}");
        secrets.map(|secrets| secrets.admit([line.as_bytes()]))
    };
    let of = |config: &Config, variable: Option<&str>| {
        config.secrets_of(variable.map(OsString::from)).unwrap()
    };
    assert_eq!(opens(of(&config(&[]), None)), None);
    assert_eq!(opens(of(&config(&[]), Some(SECRET_TEXT))), Some(true));
    assert_eq!(
        opens(of(
            &config(&[]),
            Some(&format!("another-secret-of-ours,{SECRET_TEXT}"))
        )),
        Some(true)
    );
    assert_eq!(
        opens(of(&config(&[]), Some("another-secret-of-ours"))),
        Some(false)
    );
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(
        &mut file,
        format!("another-secret-of-ours\r\n{SECRET_TEXT}\n").as_bytes(),
    )
    .unwrap();
    let with_file = ["--secret-file", file.path().to_str().unwrap()];
    assert_eq!(opens(of(&config(&with_file), None)), Some(true));
    check_secret_refused(
        &with_file,
        Some(SECRET_TEXT),
        &["ORIGIN_SECRET and ORIGIN_SECRET_FILE"],
    );
    for option in ["--secret", "--origin-secret"] {
        check_refused(&[option, SECRET_TEXT], &[option]);
        let error = Config::try_parse_from(["origin", &format!("{option}={SECRET_TEXT}")])
            .unwrap_err()
            .to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn secrets_that_cannot_be_any_are_named_by_their_variable_and_not_quoted() {
    for (hostile, word) in [
        ("", "empty"),
        (" ,\n", "empty"),
        ("hunter2", "7 bytes"),
        ("hunter2-hunter2-hunter2,hunter2", "7 bytes"),
        ("hunter2-hunter2-hunter2é", "byte 23"),
        (
            "hunter2-hunter2-1 hunter2-hunter2-2 hunter2-hunter2-3",
            "3 secrets",
        ),
    ] {
        check_secret_refused(&[], Some(hostile), &["ORIGIN_SECRET", word]);
    }
    check_secret_refused(
        &[],
        Some(&"hunter2".repeat(40)),
        &["ORIGIN_SECRET", "280 bytes", "256"],
    );
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, b"hunter2\n").unwrap();
    check_secret_refused(
        &["--secret-file", file.path().to_str().unwrap()],
        None,
        &["ORIGIN_SECRET_FILE", "7 bytes"],
    );
    check_refused(
        &["--secret-file", "/no/such/file"],
        &["ORIGIN_SECRET_FILE", "/no/such/file"],
    );
    check_refused(
        &["--secret-file", "/dev/zero"],
        &["ORIGIN_SECRET_FILE", "byte 0"],
    );
}

#[test]
fn an_address_that_others_reach_needs_a_secret_or_the_word_that_it_is_open() {
    let refusal = |args: &[&str], has_secret| config(args).listens_within_bounds(has_secret).err();
    for (option, variable, address) in [
        ("--listen", "ORIGIN_LISTEN", "0.0.0.0:8080"),
        ("--listen", "ORIGIN_LISTEN", "[::]:8080"),
        ("--listen", "ORIGIN_LISTEN", "10.0.0.7:0"),
        ("--listen", "ORIGIN_LISTEN", "[::ffff:10.0.0.7]:80"),
        (
            "--operator-listen",
            "ORIGIN_OPERATOR_LISTEN",
            "192.0.2.1:9100",
        ),
    ] {
        let refused = refusal(&[option, address], false).unwrap();
        for word in [
            &format!("{variable} is {address}"),
            "ORIGIN_SECRET",
            "ORIGIN_SECRET_FILE",
            "ORIGIN_OPEN=true",
        ] {
            assert!(refused.contains(word), "{refused:?} does not name {word:?}");
        }
        assert_eq!(refusal(&[option, address], true), None);
        assert_eq!(refusal(&[option, address, "--open", "true"], false), None);
    }
    for address in [
        "127.0.0.1:8080",
        "127.16.3.4:0",
        "[::1]:8080",
        "[::ffff:127.0.0.1]:80",
    ] {
        assert_eq!(
            refusal(&["--listen", address, "--operator-listen", address], false),
            None,
            "{address}"
        );
    }
}

#[test]
fn what_is_open_has_no_secret() {
    check_secret_refused(
        &["--open", "true"],
        Some(SECRET_TEXT),
        &["ORIGIN_OPEN is true", "ORIGIN_SECRET"],
    );
    check_refused(&["--open", "yes"], &["ORIGIN_OPEN", "yes", "true"]);
    assert!(config(&["--open", "true"]).check().is_ok());
}

#[test]
fn a_base_url_loses_its_trailing_slash_only() {
    let base: BaseUrl = "http://127.0.0.1:9100/".parse().unwrap();
    assert_eq!(
        base.join("/v5/market/time"),
        "http://127.0.0.1:9100/v5/market/time"
    );
    let with_path: BaseUrl = "https://proxy.example/bybit/".parse().unwrap();
    assert_eq!(with_path.join("/v5"), "https://proxy.example/bybit/v5");
}
