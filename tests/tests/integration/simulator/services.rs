//! The three services behave like the real ones where clients stumble: pages, errors, envelopes,
//! odd types.

use super::*;

#[tokio::test]
async fn every_page_together_is_the_whole_list() {
    let exchange = Exchange::start().await;
    let whole = exchange.instruments().await;
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        // The cursor is percent-encoded already and goes into the URL as it is.
        let path = format!("/v5/market/instruments-info?category=linear&limit=123&cursor={cursor}");
        let body = exchange.json(&path).await;
        pages.push(list(&body));
        text(&body["result"], "nextPageCursor").clone_into(&mut cursor);
        if cursor.is_empty() {
            break;
        }
        assert!(
            cursor.starts_with("first%3D") && cursor.contains("%26last%3D"),
            "{cursor}"
        );
    }
    assert_eq!(pages.len(), whole.len().div_ceil(123));
    assert_eq!(pages.concat(), whole);
}

#[tokio::test]
async fn the_default_page_is_too_small_for_all_instruments() {
    let exchange = Exchange::start().await;
    let body = exchange
        .json("/v5/market/instruments-info?category=linear")
        .await;
    assert_eq!(list(&body).len(), 500);
    assert_ne!(text(&body["result"], "nextPageCursor"), "");
}

#[tokio::test]
async fn one_symbol_can_be_asked_for() {
    let exchange = Exchange::start().await;
    let all = exchange.tickers().await;
    let one = list(&exchange.json(&format!("{TICKERS}&symbol=ETHUSDT")).await);
    assert_eq!(one, [find(&all, "ETHUSDT").clone()]);
    let instrument = list(
        &exchange
            .json(&format!("{INSTRUMENTS}&symbol=ETHUSDT"))
            .await,
    );
    assert_eq!(instrument.len(), 1);
    assert_eq!(instrument[0]["baseCoin"], "ETH");
}

#[tokio::test]
async fn a_success_has_bybits_envelope() {
    let exchange = Exchange::start().await;
    for path in [TICKERS, INSTRUMENTS, "/v5/market/time"] {
        let answer = exchange.get(path).await;
        let body = answer.json();
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(body["retMsg"], "OK");
        assert_eq!(body["retExtInfo"], serde_json::json!({}));
        assert_eq!(body["time"], NOW_MS);
        assert_eq!(answer.header("x-market-data"), Some("simulated"));
    }
}

#[tokio::test]
async fn a_bad_parameter_is_an_error_with_http_200() {
    let exchange = Exchange::start().await;
    for path in [
        "/v5/market/tickers",
        "/v5/market/tickers?category=nonsense",
        "/v5/market/tickers?category=linear&symbol=NOSUCHUSDT",
        "/v5/market/tickers?category=linear&symbol=btcusdt",
        "/v5/market/instruments-info?category=linear&limit=0",
        "/v5/market/instruments-info?category=linear&limit=1001",
        "/v5/market/instruments-info?category=linear&symbol=NOSUCHUSDT",
        // A cursor that was encoded a second time.
        "/v5/market/instruments-info?category=linear&cursor=first%253D0GUSDT%2526last%253DBTCUSDT",
    ] {
        let answer = exchange.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.json()["retCode"], 10_001, "{path}");
        assert_eq!(answer.json()["result"], serde_json::json!({}), "{path}");
    }
}

#[tokio::test]
async fn an_unknown_path_is_404() {
    let exchange = Exchange::start().await;
    assert_eq!(
        exchange.get("/v5/market/ticker").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        exchange.json("/control/requests").await["by_link"]["unknown"],
        1
    );
}

#[tokio::test]
async fn a_get_with_a_body_is_403_on_bybit() {
    let exchange = Exchange::start().await;
    let answer = exchange
        .control(Method::GET, TICKERS, Some(&Value::Null))
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.header("server"), Some("CloudFront"));
}

#[tokio::test]
async fn the_market_totals_are_numbers_in_many_currencies() {
    let exchange = Exchange::start().await;
    let answer = exchange.get(GLOBAL).await;
    let data = answer.json()["data"].clone();
    assert_eq!(answer.header("x-market-data"), Some("simulated"));
    let cap_usd = data["total_market_cap"]["usd"].as_f64().unwrap();
    assert!((1e12..1e13).contains(&cap_usd), "{cap_usd}");
    assert!(data["total_market_cap"].as_object().unwrap().len() > 10);
    let bitcoin = number(
        &exchange
            .tickers()
            .await
            .into_iter()
            .find(|row| row["symbol"] == "BTCUSDT")
            .unwrap(),
        "indexPrice",
    );
    let price = cap_usd / data["total_market_cap"]["btc"].as_f64().unwrap();
    assert!((price / bitcoin - 1.0).abs() < 0.01, "{price} {bitcoin}");
    let shares = data["market_cap_percentage"].as_object().unwrap();
    assert_eq!(shares.len(), 10);
    assert!(
        shares
            .values()
            .map(|share| share.as_f64().unwrap())
            .sum::<f64>()
            < 100.0
    );
    let age_s = NOW_MS / 1_000 - data["updated_at"].as_i64().unwrap();
    assert!((20..620).contains(&age_s), "{age_s}");
    assert_eq!(
        data["updated_at"].as_i64().unwrap() % 600,
        0,
        "new totals appear every ten minutes"
    );
}

#[tokio::test]
async fn the_defi_totals_are_very_long_strings_and_one_number() {
    let data = Exchange::start().await.json(DEFI).await["data"].clone();
    for field in [
        "defi_market_cap",
        "eth_market_cap",
        "defi_to_eth_ratio",
        "trading_volume_24h",
        "defi_dominance",
    ] {
        assert!(number(&data, field) > 0.0);
    }
    assert!(text(&data, "defi_to_eth_ratio").len() > 60);
    assert!(data["top_coin_defi_dominance"].is_f64());
    let ratio = 100.0 * number(&data, "defi_market_cap") / number(&data, "eth_market_cap");
    assert!(
        (ratio - number(&data, "defi_to_eth_ratio")).abs() < 0.001,
        "{ratio}"
    );
}

#[tokio::test]
async fn the_fear_and_greed_index_is_all_strings_newest_first() {
    let exchange = Exchange::start().await;
    let body = exchange.json("/fng/?limit=30").await;
    assert_eq!(exchange.json("/fng?limit=30").await, body);
    assert!(body["metadata"]["error"].is_null());
    let rows = body["data"].as_array().unwrap();
    assert_eq!(rows.len(), 30);
    for (row, age_days) in rows.iter().zip(0..) {
        let midnight_s = NOW_MS / DAY_MS * 86_400 - age_days * 86_400;
        assert_eq!(text(row, "timestamp"), midnight_s.to_string());
        assert_eq!(row.get("time_until_update").is_some(), age_days == 0);
        let expected = match number(row, "value") {
            value if value < 25.0 => "Extreme Fear",
            value if value <= 46.0 => "Fear",
            value if value <= 54.0 => "Neutral",
            value if value <= 75.0 => "Greed",
            _ => "Extreme Greed",
        };
        assert_eq!(row["value_classification"], expected);
    }
    let left_s = number(&rows[0], "time_until_update") as i64;
    assert_eq!(
        (NOW_MS / 1_000 + left_s) / 86_400,
        NOW_MS / DAY_MS + i64::from(NOW_MS % 1_000 == 0)
    );
}

#[tokio::test]
async fn without_a_limit_the_index_is_todays() {
    let body = Exchange::start().await.json("/fng/").await;
    assert_eq!(body["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn all_days_of_the_index_begin_in_2018() {
    let body = Exchange::start().await.json("/fng/?limit=0").await;
    let rows = body["data"].as_array().unwrap();
    assert_eq!(text(rows.last().unwrap(), "timestamp"), "1517443200");
}
