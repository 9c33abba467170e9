//! Alerts from outside: each kind is provoked at the simulated exchange, told once with its level,
//! silent during its cooldown, and neither lost nor repeated by a restart.
//!
//! What the origin fetches once in minutes (open interest, candles) is changed while it is down:
//! what it remembers in Redis is the baseline, and the change is news to the next process.

use super::analysis::{ALERTS, QUICK, analysed, assert_none_twice, key, later, number, rows, text};
use super::support::{Exchange, Origin, PLENTY, Redis, client, eventually};
use serde_json::{Value, json};
use shared::endpoints::{ALERT_STATE_KEY, SymbolEndpoint};
use shared::snapshot::alerts::{FUNDING_TIERS_PCT, OPEN_INTEREST_TIERS_PCT};

/// The alerts of one kind that the origin serves now, newest first.
async fn alerts(origin: &Origin, kind: &str) -> Vec<Value> {
    let body = origin.get(ALERTS).await.json();
    let found: Vec<Value> = rows(&body, "alerts")
        .iter()
        .filter(|alert| alert["alert_type"] == kind)
        .cloned()
        .collect();
    assert_none_twice(&found);
    found
}

/// The newest alert of a kind, once there are as many.
async fn newest(origin: &Origin, kind: &str, count: usize) -> Value {
    origin.data().await;
    eventually(&format!("{count} alerts of {kind}"), || async {
        Some(alerts(origin, kind).await)
            .filter(|found| found.len() >= count)?
            .into_iter()
            .next()
    })
    .await
}

/// The levels of the three tiers, and their severities.
const LEVELS: [(&str, &str); 3] = [("info", "low"), ("warning", "medium"), ("critical", "high")];

/// Checks tier, level and threshold of an alert against the number that reached it.
#[track_caller]
fn check_tier(alert: &Value, reached: f64, ladder: &[f64; 3]) {
    let place = ladder
        .iter()
        .rposition(|threshold| reached >= *threshold)
        .expect("no tier is reached");
    let (level, severity) = LEVELS[place];
    assert_eq!(
        (&alert["level"], &alert["severity"]),
        (&json!(level), &json!(severity)),
        "{alert}"
    );
    assert_eq!(alert["details"]["tier"], place + 1, "{alert}");
    assert_eq!(alert["details"]["threshold_pct"], ladder[place], "{alert}");
}

/// Ends the origin once Redis holds these alerts, and starts another on the same Redis.
async fn restarted(
    mut origin: Origin,
    redis: &Redis,
    held: &[Value],
    exchange: &Exchange,
) -> Origin {
    eventually("the alerts are stored", || async {
        let stored = redis.json(ALERT_STATE_KEY).await?.to_string();
        held.iter()
            .all(|alert| stored.contains(&alert["timestamp"].to_string()))
            .then_some(())
    })
    .await;
    origin.signal("TERM");
    assert_eq!(origin.ended().await, Some(0));
    start(exchange, redis)
}

fn start(exchange: &Exchange, redis: &Redis) -> Origin {
    Origin::start(
        exchange.url(),
        &[PLENTY, QUICK, ("REDIS_URL", &redis.url())],
    )
}

/// After everything was looked at again, the alerts of a kind are still these.
async fn check_unchanged(origin: &Origin, kind: &str, expected: &[Value]) {
    analysed(origin).await;
    later(origin).await;
    assert_eq!(alerts(origin, kind).await, expected);
}

/// Sets Bitcoin's funding, percent per eight hours.
async fn fund(exchange: &Exchange, rate_8h_pct: f64) {
    let url = format!(
        "{}/v5/market/tickers?category=linear&symbol=BTCUSDT",
        exchange.url()
    );
    let answer = client()
        .get(url)
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let hours: f64 = text(&answer["result"]["list"][0]["fundingIntervalHour"])
        .parse()
        .unwrap();
    let rate = format!("{:.8}", rate_8h_pct / 100.0 * hours / 8.0);
    let fields = json!({"fundingRate": {"set": rate}});
    exchange
        .fault(
            "bybit-tickers",
            json!({"kind": "rewrite", "fields": fields, "of": {"symbol": "BTCUSDT"}}),
        )
        .await;
}

#[tokio::test]
async fn extreme_funding_alerts_once_per_tier_and_side_and_not_again_after_a_restart() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    fund(&exchange, 0.01).await;
    let origin = start(&exchange, &redis);
    analysed(&origin).await;
    let of_bitcoin = async |origin: &Origin| -> Vec<Value> {
        alerts(origin, "funding")
            .await
            .into_iter()
            .filter(|alert| alert["symbol"] == "BTCUSDT")
            .collect()
    };
    assert_eq!(of_bitcoin(&origin).await, Vec::<Value>::new());
    for (count, (rate, name)) in [
        (0.06, "longs_pay_1"),
        (0.12, "longs_pay_2"),
        (-0.2, "shorts_pay_3"),
    ]
    .iter()
    .enumerate()
    {
        fund(&exchange, *rate).await;
        let alert = eventually(&format!("funding of {rate} % alerts"), || async {
            Some(of_bitcoin(&origin).await)
                .filter(|found| found.len() > count)?
                .into_iter()
                .next()
        })
        .await;
        assert_eq!(key(&alert), format!("funding:BTCUSDT:{name}"), "{alert}");
        assert!(
            (number(&alert["details"]["rate_8h_pct"]) - rate).abs() < 1e-5,
            "{alert}"
        );
        assert!(text(&alert["message"]).contains(if *rate > 0.0 {
            "longs pay shorts"
        } else {
            "shorts pay longs"
        }));
        check_tier(&alert, rate.abs(), &FUNDING_TIERS_PCT);
    }
    let told = of_bitcoin(&origin).await;
    assert_eq!(told.len(), 3);
    // Calm, and extreme again within the cooldown of four hours.
    for rate in [0.01, 0.06, 0.01, -0.2] {
        fund(&exchange, rate).await;
        later(&origin).await;
        assert_eq!(of_bitcoin(&origin).await, told, "at {rate} %");
    }
    let origin = restarted(origin, &redis, &told, &exchange).await;
    analysed(&origin).await;
    for rate in [0.01, 0.12] {
        fund(&exchange, rate).await;
        later(&origin).await;
        assert_eq!(
            of_bitcoin(&origin).await,
            told,
            "at {rate} % after a restart"
        );
    }
}

#[tokio::test]
async fn a_jump_of_open_interest_with_a_moving_price_alerts_once_across_restarts() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let origin = start(&exchange, &redis);
    eventually("Bitcoin's open interest is known to be calm", || async {
        let state = redis.json(ALERT_STATE_KEY).await?;
        (state["contracts"]["BTCUSDT"]["open_interest"] == "calm").then_some(())
    })
    .await;
    let before = alerts(&origin, "open_interest").await;
    // The newest positions are a third larger, at a price that is five percent higher.
    let positions = json!({"openInterest": {"scale": 1.3}, "singleOpenInterest": {"scale": 1.3}});
    let prices = json!({"open": {"scale": 1.05}, "high": {"scale": 1.05}, "low": {"scale": 1.05}, "close": {"scale": 1.05}});
    let newest_rows = |fields: &Value, rows: u8, of: Value| -> Value {
        json!({"kind": "rewrite", "fields": fields, "of": {"rows": rows}, "where": of})
    };
    let bitcoin = json!({"symbol": "BTCUSDT"});
    exchange
        .fault("bybit-open-interest", newest_rows(&positions, 1, bitcoin))
        .await;
    // The open candle, and those that may have closed since the newest positions were counted.
    let minutes = json!({"symbol": "BTCUSDT", "interval": "5"});
    exchange
        .fault("bybit-klines", newest_rows(&prices, 3, minutes))
        .await;
    let origin = restarted(origin, &redis, &before, &exchange).await;
    let alert = newest(&origin, "open_interest", before.len() + 1).await;
    assert_eq!(
        (
            &alert["symbol"],
            text(&alert["message"]).contains("BTCUSDT")
        ),
        (&json!("BTCUSDT"), true),
        "{alert}"
    );
    let change = number(&alert["details"]["change_4h_pct"]);
    assert!((10.0..60.0).contains(&change), "{alert}");
    assert!(
        number(&alert["details"]["price_change_4h_pct"]).abs() >= 2.0,
        "{alert}"
    );
    check_tier(&alert, change, &OPEN_INTEREST_TIERS_PCT);
    assert_eq!(
        key(&alert),
        format!("open_interest:BTCUSDT:{}", alert["details"]["tier"]),
        "{alert}"
    );
    let told = alerts(&origin, "open_interest").await;
    check_unchanged(&origin, "open_interest", &told).await;
    let origin = restarted(origin, &redis, &told, &exchange).await;
    check_unchanged(&origin, "open_interest", &told).await;
}

#[tokio::test]
async fn another_regime_alerts_once_and_keeps_its_cooldown() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    // Most contracts lost two thirds in a day, and then they gained as much.
    let rewritten = |fields| json!({"kind": "rewrite", "fields": fields, "of": {"rows": 300}});
    let all_fell = rewritten(
        json!({"prevPrice24h": {"scale": 3.0}, "highPrice24h": {"scale": 3.0}, "price24hPcnt": {"set": ""}}),
    );
    let all_rose = rewritten(
        json!({"prevPrice24h": {"scale": 0.4}, "lowPrice24h": {"scale": 0.4}, "price24hPcnt": {"set": ""}}),
    );
    exchange.fault("bybit-tickers", all_fell.clone()).await;
    let origin = start(&exchange, &redis);
    let before = analysed(&origin).await;
    later(&origin).await;
    assert_eq!(
        alerts(&origin, "regime_change").await,
        Vec::<Value>::new(),
        "the baseline alerts"
    );
    exchange.mend().await;
    exchange.fault("bybit-tickers", all_rose).await;
    let regime = |body: &Value| text(&body["market_overview"]["market_regime"]).to_owned();
    let changed = origin
        .data_where("the regime is another", |answer| {
            regime(&answer.json()) != regime(&before)
        })
        .await;
    let alert = newest(&origin, "regime_change", 1).await;
    assert_eq!(key(&alert), "regime_change:market", "{alert}");
    let (from, to) = (
        text(&alert["details"]["from"]),
        text(&alert["details"]["to"]),
    );
    assert_eq!(
        (alert["symbol"].clone(), to),
        (Value::Null, regime(&changed.json()).as_str()),
        "{alert}"
    );
    assert!(
        text(&alert["message"]).contains(from) && from != to,
        "{alert}"
    );
    let category = |name: &str| name.split(": ").next().unwrap().to_owned();
    let expected = LEVELS[usize::from(category(from) != category(to))];
    assert_eq!(
        (text(&alert["level"]), text(&alert["severity"])),
        expected,
        "{alert}"
    );
    exchange.mend().await;
    exchange.fault("bybit-tickers", all_fell).await;
    origin
        .data_where("the regime is the former", |answer| {
            regime(&answer.json()) == regime(&before)
        })
        .await;
    later(&origin).await;
    assert_eq!(
        alerts(&origin, "regime_change").await,
        std::slice::from_ref(&alert),
        "it alerts within its cooldown"
    );
    let origin = restarted(origin, &redis, std::slice::from_ref(&alert), &exchange).await;
    check_unchanged(&origin, "regime_change", &[alert]).await;
}

#[tokio::test]
async fn stale_data_alerts_at_once_and_once() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    exchange
        .fault(
            "bybit-tickers",
            json!({"kind": "clock_skew", "ms": -130_000}),
        )
        .await;
    let origin = start(&exchange, &redis);
    let alert = newest(&origin, "stale_data", 1).await;
    assert_eq!(key(&alert), "stale_data:market", "{alert}");
    assert_eq!(
        (text(&alert["level"]), text(&alert["severity"])),
        LEVELS[2],
        "{alert}"
    );
    assert!(number(&alert["details"]["age_ms"]) >= 130_000.0, "{alert}");
    assert_eq!(alert["details"]["threshold_ms"], 120_000, "{alert}");
    assert_eq!(
        origin.get(ALERTS).await.header("x-data-freshness"),
        Some("stale")
    );
    later(&origin).await;
    assert_eq!(
        alerts(&origin, "stale_data").await,
        std::slice::from_ref(&alert)
    );
    let origin = restarted(origin, &redis, std::slice::from_ref(&alert), &exchange).await;
    origin
        .data_where("the next process serves", |answer| answer.status == 200)
        .await;
    later(&origin).await;
    assert_eq!(alerts(&origin, "stale_data").await, [alert]);
}

#[tokio::test]
async fn a_score_that_enters_a_zone_alerts_once_and_not_again_after_a_restart() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    // Whatever the simulated market does at this hour, its contracts score some 60 to 68 to begin
    // with: prices rose lately, few accounts are long, and shorts pay. What trades and books tell
    // is a fifth of a score, so it moves half of them over 70 and none by itself.
    let rose = json!({"scale": 1.04});
    exchange
        .fault(
            "bybit-klines",
            json!({
                "kind": "rewrite",
                "fields": {"open": rose, "high": rose, "low": rose, "close": rose},
                "of": {"rows": 40},
            }),
        )
        .await;
    exchange
        .fault(
            "bybit-account-ratio",
            json!({
                "kind": "rewrite",
                "fields": {"buyRatio": {"set": "0.2"}, "sellRatio": {"set": "0.8"}},
            }),
        )
        .await;
    exchange
        .fault(
            "bybit-tickers",
            json!({"kind": "rewrite", "fields": {"fundingRate": {"set": "-0.002"}}}),
        )
        .await;
    let origin = start(&exchange, &redis);
    analysed(&origin).await;
    later(&origin).await;
    let told = alerts(&origin, "score_crossing").await;
    // Only buyers trade, and nearly nobody sells: some contract that was not in the zone enters it.
    exchange
        .fault(
            "bybit-trades",
            json!({"kind": "rewrite", "fields": {"side": {"set": "Buy"}}}),
        )
        .await;
    exchange
        .fault(
            "bybit-orderbook",
            json!({"kind": "rewrite", "fields": {"bid_size": {"scale": 50.0}}}),
        )
        .await;
    let is_new = |alert: &Value| {
        alert["details"]["zone"] == "long"
            && told
                .iter()
                .all(|before| before["symbol"] != alert["symbol"])
    };
    let alert = eventually("a score alerts", || async {
        alerts(&origin, "score_crossing")
            .await
            .into_iter()
            .find(is_new)
    })
    .await;
    let symbol = text(&alert["symbol"]);
    let of_symbol = async |origin: &Origin| -> Vec<Value> {
        let found = alerts(origin, "score_crossing").await;
        found
            .into_iter()
            .filter(|alert| key(alert) == format!("score_crossing:{symbol}:long"))
            .collect()
    };
    assert_eq!(
        (text(&alert["level"]), text(&alert["severity"])),
        LEVELS[0],
        "{alert}"
    );
    assert!(number(&alert["details"]["score"]) >= 70.0, "{alert}");
    assert_eq!(
        (&alert["details"]["zone"], &alert["details"]["threshold"]),
        (&json!("long"), &json!(70.0)),
        "{alert}"
    );
    later(&origin).await;
    assert_eq!(of_symbol(&origin).await, std::slice::from_ref(&alert));
    let origin = restarted(origin, &redis, std::slice::from_ref(&alert), &exchange).await;
    let path = format!("{}{symbol}", SymbolEndpoint::Breakdown.prefix());
    eventually("the next process scores it as high", || async {
        let answer = origin.get(&path).await;
        (answer.status == 200 && number(&answer.json()["data"]["overall_score"]) >= 70.0)
            .then_some(())
    })
    .await;
    later(&origin).await;
    assert_eq!(of_symbol(&origin).await, [alert]);
}
