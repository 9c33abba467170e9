//! HTTP as it stands on the wire: what no client library would send, and what one would hide of an
//! answer.

use super::support::{Exchange, Origin};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An answer as it came.
#[derive(Clone, Debug)]
struct Raw {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Raw {
    /// Every line of a header.
    fn all(&self, name: &str) -> Vec<&str> {
        let lines = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'));
        lines
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .collect()
    }

    fn header(&self, name: &str) -> Option<&str> {
        match *self.all(name) {
            [] => None,
            [value] => Some(value),
            _ => panic!("{name} stands more than once: {}", self.head),
        }
    }

    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| Some(line.split_once(':')?.0))
            .collect();
        names.sort_unstable();
        names
    }

    /// The first answer of what came, and what is left. `bodiless`: whether the question was HEAD.
    fn read(bytes: &[u8], bodiless: bool) -> Option<(Self, &[u8])> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let raw = Self {
            status,
            head,
            body: Vec::new(),
        };
        let rest = &bytes[end + 4..];
        let length = if bodiless || status == 204 || status == 304 {
            0
        } else {
            raw.header("content-length")
                .expect("a body says how long it is")
                .parse()
                .unwrap()
        };
        assert!(
            rest.len() >= length,
            "{} of {length} bytes came: {}",
            rest.len(),
            raw.head
        );
        Some((
            Self {
                body: rest[..length].to_vec(),
                ..raw
            },
            &rest[length..],
        ))
    }
}

/// Sends these bytes and reads until the other side closes.
fn exchange_bytes(origin: &Origin, bytes: &[u8]) -> Vec<u8> {
    let address = origin.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

/// The only answer to a request that is written out but for its last lines.
#[track_caller]
fn send(origin: &Origin, request: &str) -> Raw {
    let bytes = exchange_bytes(
        origin,
        format!("{request}Connection: close\r\n\r\n").as_bytes(),
    );
    let (raw, rest) = Raw::read(&bytes, request.starts_with("HEAD"))
        .unwrap_or_else(|| panic!("no answer: {request}"));
    assert!(
        rest.is_empty(),
        "{request} has {} bytes after its answer",
        rest.len()
    );
    raw
}

#[track_caller]
fn get(origin: &Origin, target: &str, headers: &str) -> Raw {
    send(
        origin,
        &format!("GET {target} HTTP/1.1\r\nHost: a\r\n{headers}"),
    )
}

/// An origin that answers from one snapshot for the whole test.
async fn still() -> (Exchange, Origin) {
    let exchange = Exchange::start().await;
    let origin = Origin::start(
        exchange.url(),
        &[
            ("TICKERS_INTERVAL_MS", "60000"),
            ("FRESH_S", "600"),
            ("AGING_S", "601"),
            ("STALE_S", "602"),
        ],
    );
    origin.data().await;
    (exchange, origin)
}

#[tokio::test]
async fn the_coding_of_an_answer_is_one_that_the_client_can_read() {
    let (_exchange, origin) = still().await;
    let check = |headers: &str, expected: Option<&str>| {
        let answer = get(&origin, "/mobile-data", headers);
        assert_eq!(
            (answer.status, answer.header("content-encoding")),
            (200, expected),
            "{headers:?}"
        );
        assert_eq!(
            answer.header("vary"),
            Some("Accept-Encoding"),
            "{headers:?}"
        );
    };
    check("", None);
    check("Accept-Encoding:\r\n", None);
    check("Accept-Encoding: gzip;Q=0\r\n", None);
    check("Accept-Encoding: gzip ; q=0 \r\n", None);
    check("Accept-Encoding: identity;q=1, gzip;q=0.5\r\n", None);
    check(
        "Accept-Encoding: identity;q=0.1, gzip;q=0.5\r\n",
        Some("gzip"),
    );
    check("Accept-Encoding: x-gzip\r\n", Some("gzip"));
    check(
        "Accept-Encoding: deflate\r\nAccept-Encoding: gzip\r\n",
        Some("gzip"),
    );
    check(
        "Accept-Encoding: br, gzip\r\nAccept-Encoding: br;q=0\r\n",
        Some("gzip"),
    );
    check("Accept-Encoding: \u{fc}ber, gzip\r\n", Some("gzip"));
    check("Accept-Encoding: *;q=0\r\n", None);
    check("Accept-Encoding: identity;q=0\r\n", None);
    check("Accept-Encoding: zstd;q=1, *;q=0\r\n", None);
    check("Accept-Encoding: gzip;q=1.5\r\n", None);
    check(
        "Accept: text/html;q=1, */*;q=0\r\nAccept-Language: xx\r\nAccept-Charset: utf-7\r\n",
        None,
    );
}

#[tokio::test]
async fn a_conditional_request_is_judged_by_its_entity_tags_alone() {
    let (_exchange, origin) = still().await;
    let full = get(&origin, "/mobile-data", "");
    let etag = full.header("etag").unwrap();
    let opaque = etag.strip_prefix("W/").unwrap();
    let check = |headers: String, status: u16| {
        let answer = get(&origin, "/mobile-data", &headers);
        assert_eq!(answer.status, status, "{headers:?}");
        if status == 304 {
            assert_eq!(answer.header("etag"), Some(etag));
        }
        if status == 412 {
            assert_eq!(
                answer.header("content-type"),
                Some("application/problem+json")
            );
            assert_eq!(
                (answer.header("cache-control"), answer.header("etag")),
                (Some("no-store"), None)
            );
        }
    };
    check(format!("If-None-Match: {etag}\r\n"), 304);
    check(format!("If-None-Match: {opaque}\r\n"), 304);
    check(
        format!("If-None-Match: \"x\"\r\nIf-None-Match: {etag}\r\n"),
        304,
    );
    check(format!("If-None-Match: \"a,b\", ,{etag}\r\n"), 304);
    check(format!("If-None-Match: \"\u{fc}\", {etag}\r\n"), 304);
    check("If-None-Match: *\r\n".to_owned(), 304);
    // Within another tag, in another case, twice weak, without quotes, after what is no list.
    check(
        format!("If-None-Match: \"a,{},b\"\r\n", opaque.trim_matches('"')),
        200,
    );
    check(format!("If-None-Match: w/{opaque}\r\n"), 200);
    check(format!("If-None-Match: W/{etag}\r\n"), 200);
    check(
        format!("If-None-Match: {}\r\n", opaque.trim_matches('"')),
        200,
    );
    check(format!("If-None-Match: \"x, {etag}\r\n"), 200);
    check("If-None-Match: *, \"x\"\r\n".to_owned(), 200);
    check("If-None-Match:\r\n".to_owned(), 200);
    // No answer has a date of modification, so there is nothing to compare these with.
    check(
        "If-Modified-Since: Fri, 20 Nov 2099 11:49:06 GMT\r\n".to_owned(),
        200,
    );
    check(
        "If-Unmodified-Since: Fri, 20 Nov 1999 11:49:06 GMT\r\n".to_owned(),
        200,
    );
    check(format!("Range: bytes=0-10\r\nIf-Range: {etag}\r\n"), 200);
    // Tags are compared strongly here, and ours are weak.
    check("If-Match: *\r\n".to_owned(), 200);
    check(format!("If-Match: *\r\nIf-None-Match: {etag}\r\n"), 304);
    check(format!("If-Match: {opaque}\r\n"), 412);
    check(
        format!("If-Match: {etag}\r\nIf-None-Match: {etag}\r\n"),
        412,
    );
    assert_eq!(get(&origin, "/nothing", "If-Match: \"x\"\r\n").status, 404);
}

#[tokio::test]
async fn head_and_304_tell_the_headers_of_the_whole_answer_and_nothing_follows_them() {
    let (_exchange, origin) = still().await;
    for coding in ["", "Accept-Encoding: gzip\r\n", "Accept-Encoding: br\r\n"] {
        let full = get(&origin, "/mobile-data", coding);
        assert_eq!(
            full.header("content-length"),
            Some(full.body.len().to_string().as_str())
        );
        let head = send(
            &origin,
            &format!("HEAD /mobile-data HTTP/1.1\r\nHost: a\r\n{coding}"),
        );
        assert_eq!(
            (head.status, head.names()),
            (200, full.names()),
            "{coding:?}"
        );
        for name in [
            "content-length",
            "content-encoding",
            "etag",
            "vary",
            "content-type",
            "cache-control",
        ] {
            assert_eq!(head.header(name), full.header(name), "{coding:?}");
        }
        let etag = full.header("etag").unwrap();
        for method in ["GET", "HEAD"] {
            // A second request on the same connection: bytes that do not belong to the first answer
            // would spoil it.
            let first = format!(
                "{method} /mobile-data HTTP/1.1\r\nHost: a\r\n{coding}If-None-Match: {etag}\r\n\r\n"
            );
            let second = "GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
            let bytes = exchange_bytes(&origin, format!("{first}{second}").as_bytes());
            let (unchanged, rest) = Raw::read(&bytes, true).unwrap();
            assert_eq!(unchanged.status, 304, "{method} {coding:?}");
            for name in [
                "date",
                "etag",
                "cache-control",
                "vary",
                "age",
                "cache-status",
            ] {
                assert_eq!(unchanged.all(name).len(), 1, "{name} of {}", unchanged.head);
            }
            for name in [
                "content-length",
                "transfer-encoding",
                "content-type",
                "content-encoding",
                "last-modified",
            ] {
                assert_eq!(unchanged.header(name), None, "{name} of {}", unchanged.head);
            }
            let (live, rest) = Raw::read(rest, false).unwrap();
            assert_eq!((live.status, rest.len()), (200, 0), "{}", live.head);
        }
    }
    let options = send(&origin, "OPTIONS /mobile-data HTTP/1.1\r\nHost: a\r\n");
    assert_eq!(options.status, 204);
    for name in ["content-length", "transfer-encoding", "content-type"] {
        assert_eq!(options.header(name), None, "{name} of {}", options.head);
    }
}

#[tokio::test]
async fn a_request_names_one_host_and_a_path() {
    let (_exchange, origin) = still().await;
    let check = |request: &str, status: u16| {
        let answer = send(&origin, request);
        assert_eq!(answer.status, status, "{request:?}");
        if status == 400 {
            assert_eq!(
                answer.header("content-type"),
                Some("application/problem+json"),
                "{request:?}"
            );
            assert_eq!(
                answer.header("access-control-allow-origin"),
                Some("*"),
                "{request:?}"
            );
        }
    };
    let with = |hosts: &str, version: &str| format!("GET /mobile-data HTTP/{version}\r\n{hosts}");
    for host in [
        "a",
        "a.example",
        "a.example:8080",
        "a:",
        "127.0.0.1:1",
        "[::1]:80",
        "[v1.a:b]",
        "a_b",
        "%61",
        "",
    ] {
        check(&with(&format!("Host: {host}\r\n"), "1.1"), 200);
    }
    for host in [
        "a b", "a/b", "a@b", "a, b", "a:b", "a:1:2", "::1", "[::1", "[::1]x", "[]", "a?b", "a\\b",
        "<a>", "%6",
    ] {
        check(&with(&format!("Host: {host}\r\n"), "1.1"), 400);
    }
    check(&with("", "1.1"), 400);
    check(&with("Host: a\r\nHost: a\r\n", "1.1"), 400);
    check(&with("Host: a\r\nHost: b\r\n", "1.1"), 400);
    check(&with("", "1.0"), 200);
    check(&with("Host: a\r\nHost: b\r\n", "1.0"), 400);
    check(&with("Host: a b\r\n", "1.0"), 400);
    // The absolute form, as it is sent to a proxy: its host counts, and still there is to be one
    // line that repeats it.
    check(
        "GET http://b.example/mobile-data HTTP/1.1\r\nHost: a\r\n",
        200,
    );
    check("GET http://b.example/mobile-data HTTP/1.1\r\n", 400);
    check("GET http://b.example HTTP/1.1\r\nHost: b.example\r\n", 404);
    check("GET * HTTP/1.1\r\nHost: a\r\n", 400);
    check("GET a.example:80 HTTP/1.1\r\nHost: a\r\n", 400);
    check("OPTIONS * HTTP/1.1\r\nHost: a\r\n", 204);
}

#[tokio::test]
async fn a_request_with_two_names_has_neither() {
    let (_exchange, origin) = still().await;
    let one = get(&origin, "/nothing", "X-Request-Id: one\r\n");
    assert_eq!(one.header("x-request-id"), Some("one"));
    let two = get(
        &origin,
        "/nothing",
        "X-Request-Id: one\r\nX-Request-Id: two\r\n",
    );
    let name = two.header("x-request-id").unwrap();
    assert!(name.len() == 36 && name != "one" && name != "two", "{name}");
}

#[tokio::test]
async fn paths_that_mean_the_same_answer_the_same() {
    let (_exchange, origin) = still().await;
    let same = get(&origin, "/mobile-data", "");
    for target in [
        "/./mobile-data",
        "//mobile-data",
        "/mobile-data?",
        "/mobile-data?t=1&&=&%ff",
        "/mobile-data#part",
        "/%6dobile-data",
        "/%6Dobile%2ddata",
        "/a/../mobile-data",
        "/a/%2E%2e/mobile-data",
        "/../../mobile-data",
        "/.//mobile-data",
        "/.\\mobile-data",
        "http://b.example/./mobile-data",
    ] {
        let answer = get(&origin, target, "");
        assert_eq!(
            (answer.status, answer.header("etag")),
            (200, same.header("etag")),
            "{target}"
        );
        assert_eq!(answer.body, same.body, "{target}");
    }
    let long = format!("/{}", "a".repeat(20_000));
    for target in [
        "/",
        "/mobile-data/",
        "/mobile-data/.",
        "/Mobile-Data",
        "/mobile-data%2f",
        "/mobile-data%00",
        "/%256dobile-data",
        "/mobile-data;v=1",
        "/mobile-data/..",
        "/%zz",
        "/%",
        "/...",
        &long,
    ] {
        let unknown = get(&origin, target, "");
        assert_eq!(unknown.status, 404, "{target}");
        let post = send(
            &origin,
            &format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"),
        );
        assert_eq!(
            (post.status, post.header("allow")),
            (404, None),
            "POST {target}"
        );
        // Else a browser would not let the page see that there is nothing.
        let options = send(
            &origin,
            &format!("OPTIONS {target} HTTP/1.1\r\nHost: a\r\n"),
        );
        assert_eq!(options.status, 204, "OPTIONS {target}");
    }
    let post = send(
        &origin,
        "POST /./api/dashboard/alerts/recent?limit=0 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n",
    );
    assert_eq!(
        (post.status, post.header("allow")),
        (405, Some("GET, HEAD, OPTIONS"))
    );
}

#[tokio::test]
async fn a_page_of_another_site_may_send_any_ordinary_header() {
    let (_exchange, origin) = still().await;
    let preflight = |requested: &str| {
        let asked = "Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n";
        send(
            &origin,
            &format!("OPTIONS /mobile-data HTTP/1.1\r\nHost: a\r\n{asked}{requested}"),
        )
    };
    let check = |requested: &str, allowed: &str| {
        let answer = preflight(&format!("Access-Control-Request-Headers: {requested}\r\n"));
        assert_eq!(answer.status, 204);
        assert_eq!(
            answer.header("access-control-allow-headers"),
            Some(allowed),
            "{requested}"
        );
        assert_eq!(
            answer.header("vary"),
            Some("Access-Control-Request-Headers")
        );
        assert_eq!(answer.header("access-control-max-age"), Some("86400"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    };
    check("cache-control,pragma", "cache-control, pragma");
    check(
        "traceparent, tracestate,baggage , sentry-trace,b3",
        "traceparent, tracestate, baggage, sentry-trace, b3",
    );
    check(
        "authorization,content-type,x-requested-with",
        "authorization, content-type, x-requested-with",
    );
    for hostile in [
        "x\u{fc}",
        "a b",
        "a;b",
        "\"a\"",
        "<script>",
        &"a".repeat(2_000),
        "",
    ] {
        check(hostile, "If-None-Match, X-Request-Id");
    }
    assert_eq!(
        preflight("").header("access-control-allow-headers"),
        Some("If-None-Match, X-Request-Id")
    );
    let private = preflight("Access-Control-Request-Private-Network: true\r\n");
    assert_eq!(private.header("access-control-allow-private-network"), None);
}
