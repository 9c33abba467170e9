//! Bytes that come back, from the store or from another process: the same door, and what is no
//! snapshot at all.

use crate::support::{self, NO_BASELINE, NOW, Scene, tree};
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::validate::{Inadmissible, Rejection, Unreadable, ValidSnapshot};

fn read(bytes: &[u8]) -> Result<ValidSnapshot, Inadmissible> {
    ValidSnapshot::from_json(bytes, NOW, NO_BASELINE)
}

fn read_tree(tree: &Value) -> Result<ValidSnapshot, Inadmissible> {
    read(tree.to_string().as_bytes())
}

#[test]
fn a_snapshot_reads_back_as_it_was_written() {
    for scene in [Scene::good(), Scene::fallback()] {
        let valid = scene.valid();
        let bytes = valid.to_json().unwrap();
        let back = read(&bytes).unwrap();
        assert!(back == valid, "what was read is not what was written");
        assert!(
            back.to_json().unwrap() == bytes,
            "reading and writing changed a byte"
        );
    }
}

#[test]
fn json_encoded_twice_is_named() {
    let once = String::from_utf8(Scene::good().valid().to_json().unwrap()).unwrap();
    let twice = serde_json::to_string(&once).unwrap();
    assert_eq!(
        read(twice.as_bytes()),
        Err(Inadmissible::Unreadable(Unreadable::EncodedTwice))
    );
    assert_eq!(
        read(br#""{\"status\":\"ok\"}""#),
        Err(Inadmissible::Unreadable(Unreadable::EncodedTwice))
    );
}

#[test]
fn a_placeholder_is_named() {
    for placeholder in [
        r#"{"status":"cache_warmer_generated"}"#,
        "{}",
        r#"{"schema_version":null}"#,
    ] {
        assert_eq!(
            read(placeholder.as_bytes()),
            Err(Inadmissible::Unreadable(Unreadable::Placeholder)),
            "{placeholder}"
        );
    }
}

#[track_caller]
fn check_not_json(bytes: &[u8]) {
    assert!(
        matches!(
            read(bytes),
            Err(Inadmissible::Unreadable(Unreadable::NotJson(_)))
        ),
        "{:?}",
        String::from_utf8_lossy(bytes)
    );
}

#[test]
fn what_is_no_object_is_named() {
    check_not_json(b"");
    check_not_json(b" \r\n\t");
    check_not_json(b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>");
    check_not_json(b"null");
    check_not_json(b"[]");
    check_not_json(b"42");
    check_not_json(b"\xff\xfe{}");
}

#[test]
fn a_snapshot_cut_anywhere_is_no_snapshot() {
    let whole = Scene::good().valid().to_json().unwrap();
    for end in (0..whole.len()).step_by(97) {
        check_not_json(&whole[..end]);
    }
    check_not_json(&[whole.as_slice(), whole.as_slice()].concat());
}

#[test]
fn another_schema_version_is_refused_with_its_number() {
    let mut tree = tree(&Scene::good().valid());
    for found in [0, 2] {
        tree["schema_version"] = json!(found);
        assert_eq!(
            read_tree(&tree),
            Err(Inadmissible::Unreadable(Unreadable::SchemaVersion {
                found
            }))
        );
    }
}

#[track_caller]
fn check_shape(pointer: &str, value: &Value) {
    let mut tree = tree(&Scene::good().valid());
    *tree
        .pointer_mut(pointer)
        .expect("the snapshot has the field") = value.clone();
    assert!(
        matches!(
            read_tree(&tree),
            Err(Inadmissible::Unreadable(Unreadable::Shape(_)))
        ),
        "{pointer} = {value} was let through"
    );
}

#[test]
fn a_price_that_is_none_is_not_of_the_shape() {
    for pointer in [
        "/overview/btc_price",
        "/scores/0/price",
        "/movers/gainers/0/price",
        "/movers/losers/4/price",
        "/volume_leaders/14/price",
    ] {
        for bad in [
            json!(0),
            json!(0.0),
            json!(-1),
            json!("64321.5"),
            json!("NaN"),
            json!(null),
            json!([1]),
            json!({}),
        ] {
            check_shape(pointer, &bad);
        }
    }
    // The day's range may be unknown.
    for pointer in ["/scores/39/high_24h", "/scores/7/low_24h"] {
        for bad in [
            json!(0),
            json!(0.0),
            json!(-1),
            json!("64321.5"),
            json!("NaN"),
            json!([1]),
            json!({}),
        ] {
            check_shape(pointer, &bad);
        }
    }
}

#[test]
fn other_numbers_out_of_their_range_are_not_of_the_shape() {
    check_shape("/scores/0/score", &json!(100.01));
    check_shape("/scores/0/score", &json!(-0.01));
    check_shape("/scores/0/reliability", &json!(1.01));
    check_shape("/scores/0/turnover_24h", &json!(-1));
    check_shape("/breadth/up", &json!(-1));
    check_shape("/breadth/up", &json!(1.5));
    check_shape("/global_market/value/btc_dominance", &json!(101));
    check_shape("/tickers_source", &json!("somebody"));
    check_shape("/producer", &json!("cache_warmer"));
    check_shape("/as_of_ms", &json!("1788869998500"));
}

#[test]
fn a_bare_nan_is_no_json() {
    let whole = String::from_utf8(Scene::good().valid().to_json().unwrap()).unwrap();
    check_not_json(
        whole
            .replacen("\"price\":", "\"price\":NaN,\"x\":", 1)
            .as_bytes(),
    );
}

#[test]
fn a_price_beyond_all_numbers_is_refused() {
    let whole = String::from_utf8(Scene::good().valid().to_json().unwrap()).unwrap();
    let beyond = whole.replacen("\"price\":", "\"price\":1e999,\"x\":", 1);
    assert!(read(beyond.as_bytes()).is_err());
}

#[test]
fn a_missing_field_is_not_of_the_shape() {
    let good = tree(&Scene::good().valid());
    // Fields that may be `null` may also be left out, and sections that earlier writers did not
    // know; the rest may not.
    let optional = [
        "fallback_reason",
        "tickers_delivery",
        "statistics",
        "liquidations",
        "contracts",
        "books",
    ];
    for field in good
        .as_object()
        .unwrap()
        .keys()
        .filter(|field| !optional.contains(&field.as_str()))
    {
        let mut tree = good.clone();
        tree.as_object_mut().unwrap().remove(field);
        let expected = field == "schema_version";
        match read_tree(&tree) {
            Err(Inadmissible::Unreadable(Unreadable::Placeholder)) => assert!(expected, "{field}"),
            Err(Inadmissible::Unreadable(Unreadable::Shape(_))) => assert!(!expected),
            other => assert!(other.is_err(), "a snapshot without {field} was let through"),
        }
    }
}

#[test]
fn a_field_that_stands_twice_is_refused() {
    let whole = String::from_utf8(Scene::good().valid().to_json().unwrap()).unwrap();
    let repeated = whole.replacen("\"price\":", "\"price\":1,\"price\":", 1);
    assert!(matches!(
        read(repeated.as_bytes()),
        Err(Inadmissible::Unreadable(Unreadable::Shape(_)))
    ));
}

#[test]
fn the_status_placeholder_among_the_symbols_is_refused() {
    let mut tree = tree(&Scene::good().valid());
    tree["movers"]["gainers"][0]["symbol"] = json!("SYSTEM_STATUS");
    match read_tree(&tree) {
        Err(Inadmissible::Rejected(rejections)) => {
            assert_eq!(
                rejections.all(),
                [Rejection::MalformedSymbol {
                    symbol: "SYSTEM_STATUS".to_owned()
                }]
            );
        }
        other => assert!(other.is_err(), "SYSTEM_STATUS was let through"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn reading_and_writing_changes_no_byte(cap in 1e9..1e15_f64, share in 0.0..100.0_f64, volume in 1e-9..1e15_f64) {
        let mut snapshot = Scene::good().snapshot();
        if let shared::snapshot::Section::Present { value, .. } = &mut snapshot.global_market {
            value.total_market_cap = support::amount(cap);
            value.btc_dominance = Some(support::share(share));
        }
        snapshot.scores[0].volume_base_24h = Some(support::amount(volume));
        let valid = support::admit(snapshot).unwrap();
        let bytes = valid.to_json().unwrap();
        prop_assert_eq!(read(&bytes).unwrap(), valid);
    }
}
