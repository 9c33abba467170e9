//! What the origin shows to who knows its secret alone, and where it does not start without one.

use super::support::{Answer, Exchange, Origin, client, origin_command};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use shared::endpoints::CLIENT_ROUTES;

const OLD: &str = "hunter2-hunter2-hunter2";
const NEW: &str = "hunter3+hunter3/hunter3=";

/// What clients have no business with, written in every way that means the same.
const CLOSED: [&str; 5] = [
    "/snapshot",
    "/metrics",
    "/.//%73napshot",
    "//metrics?x=1",
    "/health/../snapshot",
];

async fn ask(origin: &Origin, method: Method, path: &str, headers: HeaderMap) -> Answer {
    let asked = client()
        .request(method, format!("{}{path}", origin.url))
        .headers(headers);
    Answer::of(asked.send().await.unwrap()).await
}

fn authorization(lines: &[&[u8]]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(AUTHORIZATION, HeaderValue::from_bytes(line).unwrap());
    }
    headers
}

fn bearer(secret: &str) -> HeaderMap {
    authorization(&[format!("Bearer {secret}").as_bytes()])
}

async fn status(origin: &Origin, path: &str, headers: HeaderMap) -> u16 {
    ask(origin, Method::GET, path, headers).await.status
}

#[track_caller]
fn assert_refused(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 401, "{what}: {}", answer.text);
    assert_eq!(
        answer.header("www-authenticate"),
        Some("Bearer realm=\"origin\""),
        "{what}"
    );
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{what}"
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
    for name in ["etag", "age", "x-data-as-of", "x-data-source"] {
        assert_eq!(answer.header(name), None, "{what}");
    }
}

#[tokio::test]
async fn who_knows_the_secret_reads_what_is_not_for_clients_and_nobody_else_does() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[("ORIGIN_SECRET", OLD)]);
    origin.data().await;
    for path in CLOSED {
        let refused = ask(&origin, Method::GET, path, HeaderMap::new()).await;
        assert_refused(&refused, path);
        let problem = refused.json();
        assert_eq!(
            (&problem["status"], &problem["title"]),
            (&401.into(), &"Unauthorized".into()),
            "{path}"
        );
        let shown = ask(&origin, Method::GET, path, bearer(OLD)).await;
        assert_eq!(shown.status, 200, "{path}");
        assert!(
            shown.text.len() > 1_000 && refused.text.len() < 300,
            "{path}"
        );
        assert_eq!(shown.header("cache-control"), Some("no-store"), "{path}");
        // Nothing is told of what lies there, not even by a condition that would hold.
        let mut condition = bearer("wrong-wrong-wrong-wrong");
        condition.insert("if-none-match", HeaderValue::from_static("*"));
        assert_refused(&ask(&origin, Method::GET, path, condition).await, path);
        let head = ask(&origin, Method::HEAD, path, HeaderMap::new()).await;
        assert_refused(&head, path);
        assert!(head.bytes.is_empty());
        assert_eq!(
            ask(&origin, Method::HEAD, path, bearer(OLD)).await.status,
            200,
            "{path}"
        );
        assert_eq!(
            ask(&origin, Method::OPTIONS, path, HeaderMap::new())
                .await
                .status,
            204,
            "{path}"
        );
        assert_eq!(
            ask(&origin, Method::POST, path, bearer(OLD)).await.status,
            405,
            "{path}"
        );
    }
    let page = ask(&origin, Method::GET, "/metrics", bearer(OLD))
        .await
        .text;
    assert!(
        page.contains("route=\"/snapshot\",status=\"401\""),
        "refusals are not counted: {page}"
    );
}

#[tokio::test]
async fn no_other_credential_opens() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[("ORIGIN_SECRET", OLD)]);
    let line = |text: &str| format!("{text}{OLD}").into_bytes();
    for right in [
        line("Bearer "),
        line("bearer "),
        line("BEARER     "),
        line("  Bearer "),
    ] {
        assert_eq!(
            status(&origin, "/metrics", authorization(&[&right])).await,
            200,
            "{right:?}"
        );
    }
    let non_ascii = [line("Bearer "), b"\xe9".to_vec()].concat();
    let wrong: [&[&[u8]]; 17] = [
        &[b""],
        &[b"Bearer"],
        &[b"Bearer "],
        &[b"Bearer wrong-wrong-wrong-wrong"],
        &[b"Basic aHVudGVyMjpodW50ZXIy"],
        &[&line("Basic ")],
        &[&line("Token ")],
        &[&line("Bearer")],
        &[&line("Bearer\t")],
        &[&line("Bearer x")],
        &[&line("")],
        &[&non_ascii],
        &[&line("B\u{e9}arer ")],
        &[&line("Bearer wrong-wrong-wrong-wrong, Bearer ")],
        &[&line("Bearer "), &line("Bearer ")],
        &[&line("Basic "), &line("Bearer ")],
        &[&line("Bearer "), b""],
    ];
    for lines in wrong {
        let answer = ask(&origin, Method::GET, "/metrics", authorization(lines)).await;
        assert_refused(&answer, &format!("{lines:?}"));
    }
    let long = ask(&origin, Method::GET, "/metrics", bearer(&"x".repeat(4_096))).await;
    assert_refused(&long, "4096 bytes");
}

#[tokio::test]
async fn clients_and_probes_need_no_secret_and_lose_nothing_by_a_wrong_one() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[("ORIGIN_SECRET", OLD)]);
    origin.data().await;
    let open = CLIENT_ROUTES.iter().map(|(path, _)| *path);
    for path in open.chain([
        "/health",
        "/api/dashboard/health",
        "/health/live",
        "/health/ready",
    ]) {
        let answer = ask(&origin, Method::GET, path, HeaderMap::new()).await;
        // Nothing may be analysed yet.
        assert!(
            matches!(answer.status, 200 | 503),
            "{path}: {}",
            answer.text
        );
        assert_ne!(
            status(&origin, path, bearer("wrong-wrong-wrong-wrong")).await,
            401,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_new_secret_takes_the_place_of_the_one_before_with_nobody_shut_out_meanwhile() {
    let exchange = Exchange::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    for (of_origin, new, old) in [
        (OLD, 401, 200),
        (&*format!("{NEW}\n{OLD}\n"), 200, 200),
        (NEW, 200, 401),
    ] {
        std::fs::write(&file, of_origin).unwrap();
        for variable in [
            ("ORIGIN_SECRET", of_origin.trim_end()),
            ("ORIGIN_SECRET_FILE", file.to_str().unwrap()),
        ] {
            let origin = Origin::start(exchange.url(), &[variable]);
            origin.data().await;
            for path in ["/snapshot", "/metrics"] {
                let found = (
                    status(&origin, path, bearer(NEW)).await,
                    status(&origin, path, bearer(OLD)).await,
                );
                assert_eq!(found, (new, old), "{path} of {variable:?}");
            }
        }
    }
}

#[tokio::test]
async fn operators_are_asked_too_where_they_have_a_place_of_their_own_and_where_no_client_is_served()
 {
    let exchange = Exchange::start().await;
    let further = [
        ("ORIGIN_SECRET", OLD),
        ("ORIGIN_OPERATOR_LISTEN", "127.0.0.1:0"),
    ];
    let origin = Origin::start(exchange.url(), &further);
    origin.data().await;
    let operators = origin.of_operators();
    assert_refused(&operators.get("/metrics").await, "/metrics");
    assert_eq!(operators.get("/health").await.status, 200);
    assert_eq!(operators.get("/health/live").await.status, 200);
    assert_eq!(
        operators.get("/snapshot").await.status,
        404,
        "there is no data"
    );
    let shown = operators.get_with("/metrics", bearer(OLD)).await;
    assert!(
        shown.status == 200 && shown.text.contains("http_requests_total"),
        "{}",
        shown.text
    );
}

#[test]
fn an_address_that_others_reach_is_not_listened_on_without_a_secret() {
    for (variable, address) in [
        ("ORIGIN_LISTEN", "0.0.0.0:0"),
        ("ORIGIN_LISTEN", "[::]:0"),
        ("ORIGIN_OPERATOR_LISTEN", "0.0.0.0:0"),
    ] {
        for role in ["all", "collect", "serve"] {
            let mut command = origin_command();
            command
                .env("ORIGIN_ROLE", role)
                .env("REDIS_URL", "redis://127.0.0.1:1")
                .env("ORIGIN_LISTEN", "127.0.0.1:0");
            let output = command.env(variable, address).output().unwrap();
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{variable}={address} was taken");
            for word in [
                variable,
                address,
                "ORIGIN_SECRET",
                "ORIGIN_SECRET_FILE",
                "ORIGIN_OPEN=true",
            ] {
                assert!(text.contains(word), "{text:?} does not name {word}");
            }
            assert!(output.stdout.is_empty(), "it listened before it checked");
        }
    }
}

#[tokio::test]
async fn such_an_address_is_listened_on_with_a_secret_or_by_the_word_that_it_is_open() {
    let exchange = Exchange::start().await;
    let everywhere = [
        ("ORIGIN_LISTEN", "0.0.0.0:0"),
        ("ORIGIN_OPERATOR_LISTEN", "0.0.0.0:0"),
    ];
    for (variable, without) in [
        (("ORIGIN_SECRET", OLD), 401),
        (("ORIGIN_OPEN", "true"), 200),
    ] {
        let origin = Origin::start(
            exchange.url(),
            &[everywhere.as_slice(), &[variable]].concat(),
        );
        origin.data().await;
        assert_eq!(
            status(&origin, "/snapshot", HeaderMap::new()).await,
            without,
            "{variable:?}"
        );
        assert_eq!(
            origin.of_operators().get("/metrics").await.status,
            without,
            "{variable:?}"
        );
    }
}

#[test]
fn a_secret_that_cannot_be_one_is_refused_by_its_variable_without_being_shown() {
    let refused = |variables: &[(&str, &str)], arguments: &[&str]| {
        let output = origin_command()
            .envs(variables.iter().copied())
            .args(arguments)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success(),
            "{variables:?} {arguments:?} were taken"
        );
        assert!(
            !text.contains("hunter"),
            "the secret is in the error: {text:?}"
        );
        assert!(output.stdout.is_empty(), "it listened before it checked");
        text
    };
    let three = format!("{OLD},{NEW},{OLD}");
    let foreign = format!("{OLD}é");
    for hostile in ["", " ", "hunter2", &three, &foreign, &"hunter2".repeat(100)] {
        let text = refused(&[("ORIGIN_SECRET", hostile)], &[]);
        assert!(text.contains("ORIGIN_SECRET"), "{text:?}");
    }
    let text = refused(&[("ORIGIN_SECRET", OLD), ("ORIGIN_OPEN", "true")], &[]);
    assert!(
        text.contains("ORIGIN_OPEN is true, but ORIGIN_SECRET"),
        "{text:?}"
    );
    for option in ["--secret", "--origin-secret"] {
        let text = refused(&[], &[option, OLD]);
        assert!(text.contains(option), "{text:?}");
        refused(&[], &[&format!("{option}={OLD}")]);
    }
}

#[tokio::test]
async fn a_secret_is_in_no_log_no_answer_and_no_list_of_processes() {
    let exchange = Exchange::start().await;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let both = format!("{NEW},{OLD}");
    let variables = [
        ("ORIGIN_SECRET", &*both),
        ("RUST_LOG", "trace"),
        ("TICKERS_INTERVAL_MS", "250"),
    ];
    let mut origin = Origin::start_logging(exchange.url(), &variables, &log);
    origin.data().await;
    for path in [
        "/health",
        "/metrics",
        "/mobile-data",
        "/snapshot",
        "/nothing-here",
    ] {
        for headers in [bearer(OLD), bearer(NEW), bearer("hunter4-hunter4-hunter4")] {
            let answer = ask(&origin, Method::GET, path, headers).await;
            assert!(
                !answer.text.contains("hunter")
                    && !format!("{:?}", answer.headers).contains("hunter"),
                "{path}"
            );
        }
    }
    let command = std::fs::read(format!("/proc/{}/cmdline", origin.process())).unwrap();
    assert!(!String::from_utf8_lossy(&command).contains("hunter"));
    origin.signal("TERM");
    assert_eq!(origin.ended().await, Some(0));
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("asked_for=true"), "{log}");
    assert!(!log.contains("hunter"), "a secret is in the log");
    for argument in ["--version", "--help"] {
        let output = origin_command()
            .env("ORIGIN_SECRET", OLD)
            .arg(argument)
            .output()
            .unwrap();
        assert!(output.status.success());
        let text = [output.stdout, output.stderr].concat();
        assert!(
            !String::from_utf8_lossy(&text).contains("hunter"),
            "{argument}"
        );
    }
}
