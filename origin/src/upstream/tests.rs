//! What is sent, and what comes of what is answered.

use super::*;
use crate::clock::Wall;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

fn base(text: &str) -> BaseUrl {
    text.parse().unwrap()
}

/// Answers every request with this status, these headers and this body.
fn answering(status: u16, headers: &[(&'static str, String)], body: &'static str) -> Transport {
    let headers = headers.to_vec();
    BoxCloneSyncService::new(tower::service_fn(move |_: Request| {
        let mut response = axum::http::Response::builder().status(status);
        for (name, value) in &headers {
            response = response.header(*name, value);
        }
        std::future::ready(Ok(Response::from(response.body(body).unwrap())))
    }))
}

/// What an answer with these headers says of when to come back, told by Bybit at `NOW` to a machine
/// whose clock is wrong.
async fn stated_pause(clock_error_ms: i64, headers: &[(&'static str, String)]) -> Option<Duration> {
    let ours =
        UnixMs::from_millis((NOW.as_millis().cast_signed() + clock_error_ms).cast_unsigned());
    let clock = Clock::reading(Wall::beginning_at(ours));
    let body = r#"{"retCode":10006,"retMsg":"Too many visits!","result":{},"time":1788870000000}"#;
    let upstream = Upstream::new(
        answering(200, headers, body),
        base("https://x.invalid"),
        Venue::Bybit,
        clock,
    );
    match upstream.get("/v5/market/tickers").await {
        Err(FetchError::RateLimited { retry_after }) => retry_after,
        other => panic!("{other:?}"),
    }
}

fn at(moment: UnixMs) -> (&'static str, String) {
    let moment = UNIX_EPOCH + Duration::from_millis(moment.as_millis());
    ("date", httpdate::fmt_http_date(moment))
}

fn reset(after_ms: u64) -> (&'static str, String) {
    (
        LIMIT_RESET,
        NOW.plus_millis(after_ms).as_millis().to_string(),
    )
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_a_second_is_one_whatever_our_clock_says() {
    for clock_error_ms in [0, -3_000_000, 3_000_000] {
        let stated = stated_pause(clock_error_ms, &[at(NOW), reset(1_000)]).await;
        assert_eq!(
            stated,
            Some(Duration::from_secs(1)),
            "with a clock that is wrong by {clock_error_ms} ms"
        );
        let undated = stated_pause(clock_error_ms, &[reset(1_000)]).await;
        assert_eq!(undated, None, "nobody can tell how long that is");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reset_that_lies_further_ahead_than_any_limit_lasts_is_cut() {
    assert_eq!(
        stated_pause(0, &[at(NOW), reset(3_000_000)]).await,
        Some(LONGEST_LIMIT)
    );
    assert_eq!(
        stated_pause(0, &[at(NOW), (LIMIT_RESET, u64::MAX.to_string())]).await,
        Some(LONGEST_LIMIT)
    );
    for nonsense in ["", "soon", "-1", "1e9"] {
        assert_eq!(
            stated_pause(0, &[at(NOW), (LIMIT_RESET, nonsense.to_owned())]).await,
            None,
            "{nonsense:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_goes_out_with_every_request_of_its_upstream_and_is_shown_nowhere() {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&sent);
    let transport = BoxCloneSyncService::new(tower::service_fn(move |request: Request| {
        let key = request
            .headers()
            .get("x-cg-demo-api-key")
            .map(|value| value.to_str().unwrap().to_owned());
        noted.lock().unwrap().push(key);
        std::future::ready(Err(FetchError::Timeout))
    }));
    let at = base("https://api.coingecko.com");
    let upstream = Upstream::new(
        transport,
        at.clone(),
        Venue::CoinGecko,
        Clock::beginning_at(NOW),
    );
    let key = ApiKey::coingecko("CG-hunter2", &at).unwrap();
    let with_key = upstream.clone().with_key(Some(key));
    let errors = [
        upstream.get("/api/v3/global").await,
        with_key.get("/api/v3/global").await,
    ];
    assert_eq!(*sent.lock().unwrap(), [None, Some("CG-hunter2".to_owned())]);
    assert!(!format!("{with_key:?} {errors:?}").contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn a_host_that_cannot_be_reached_is_left_for_the_other_and_taken_back() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    let (first_works, is_mended) = watch::channel(false);
    let transport = BoxCloneSyncService::new(tower::service_fn(move |request: Request| {
        let host = request.url().host_str().unwrap().to_owned();
        let works = host == "other.invalid" || *is_mended.borrow();
        noted.lock().unwrap().push(host);
        let response = axum::http::Response::new("{}");
        std::future::ready(if works {
            Ok(Response::from(response))
        } else {
            Err(FetchError::Timeout)
        })
    }));
    let upstream = Upstream::new(
        transport,
        base("https://first.invalid"),
        Venue::Bybit,
        Clock::beginning_at(NOW),
    )
    .or_at(Some(base("https://other.invalid")));
    let take = || std::mem::take(&mut *asked.lock().unwrap());
    assert_eq!(
        upstream.get("/tickers").await.unwrap_err(),
        FetchError::Timeout
    );
    for _ in 0..3 {
        upstream.clone().get("/tickers").await.unwrap();
    }
    assert_eq!(
        take(),
        [
            "first.invalid",
            "other.invalid",
            "other.invalid",
            "other.invalid"
        ]
    );
    first_works.send(true).unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    for _ in 0..2 {
        upstream.get("/tickers").await.unwrap();
    }
    assert_eq!(take(), ["first.invalid", "first.invalid"]);
}

/// An HTTP/2 server behind a relay that goes silent: its connections stay open, and nothing passes
/// them any more. Gives its address, counts the connections, and silences those that there are when
/// told to.
async fn relayed_http2() -> (std::net::SocketAddr, Arc<AtomicU32>, watch::Sender<u32>) {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server_at = server.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = server.accept().await {
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    let mut body = respond
                        .send_response(axum::http::Response::new(()), false)
                        .unwrap();
                    body.send_data(Bytes::from_static(b"{}"), true).unwrap();
                }
            });
        }
    });
    let relay = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let relay_at = relay.local_addr().unwrap();
    let (silenced, is_silent) = watch::channel(0);
    let connections = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = relay.accept().await {
            let number = counted.fetch_add(1, Ordering::Relaxed) + 1;
            let mut is_silent = is_silent.clone();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(server_at).await.unwrap();
                tokio::select! {
                    _ = copy_bidirectional(&mut client, &mut server) => {}
                    () = async { drop(is_silent.wait_for(|silenced| number <= *silenced).await) } => {}
                }
                // Whoever writes to it hears nothing, not even that it is closed.
                std::future::pending::<()>().await;
            });
        }
    });
    (relay_at, connections, silenced)
}

#[tokio::test]
async fn a_connection_whose_peer_is_gone_without_a_word_is_given_up_for_a_new_one() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (at, connections, silenced) = relayed_http2().await;
    // Without TLS nothing negotiates HTTP/2; everything else is as it is used.
    let client = settings()
        .http2_prior_knowledge()
        .tls_certs_only([])
        .build()
        .unwrap();
    let upstream = Upstream::new(
        transport(client),
        base(&format!("http://{at}")),
        Venue::Bybit,
        Clock::system(),
    );
    for _ in 0..3 {
        assert_eq!(&*upstream.get("/").await.unwrap().body, b"{}");
    }
    assert_eq!(
        connections.load(Ordering::Relaxed),
        1,
        "all requests share a connection"
    );
    silenced.send(1).unwrap();
    let mut failures = Vec::new();
    let answered = loop {
        match upstream.get("/").await {
            Ok(answered) => break answered,
            Err(error) => failures.push(error),
        }
        // Each of them waits until its own time limit at most; more of them is what this is
        // against.
        assert!(failures.len() <= 3, "the connection is kept: {failures:?}");
    };
    assert_eq!(&*answered.body, b"{}");
    assert_eq!(connections.load(Ordering::Relaxed), 2, "{failures:?}");
    assert!(!failures.is_empty(), "the relay was not silent");
}

/// When an answer with these headers left its publisher.
async fn sent_at(headers: &[(&'static str, String)]) -> Result<UnixMs, ParseError> {
    let upstream = Upstream::new(
        answering(200, headers, "{}"),
        base("https://x.invalid"),
        Venue::CoinGecko,
        Clock::beginning_at(NOW),
    );
    let fetched = upstream.get("/api/v3/global").await.unwrap();
    assert_eq!(fetched.received_at, NOW);
    fetched.sent_at
}

#[tokio::test(start_paused = true)]
async fn an_answer_out_of_a_cache_was_sent_when_it_went_in() {
    let age = |text: &str| ("age", text.to_owned());
    let before = |ms| Ok(UnixMs::from_millis(NOW.as_millis() - ms));
    assert_eq!(sent_at(&[]).await, before(0));
    assert_eq!(sent_at(&[age("300")]).await, before(300_000));
    assert_eq!(sent_at(&[age("300"), age("20")]).await, before(300_000));
    for bad in ["-5", "99999999999999999999"] {
        let refused = sent_at(&[age("300"), age(bad)]).await.unwrap_err();
        assert_eq!(refused.label(), "unusable_field", "{bad}");
    }
}
