//! `GET /v5/market/orderbook?category=linear`: the order book of one contract, best prices first.
//! <https://bybit-exchange.github.io/docs/v5/market/orderbook>
//!
//! Levels are pairs of strings; the times and counters are bare numbers.
//!
//! ```json
//! {"s":"BTCUSDT","b":[["65485.47","47.081829"]],"a":[["65557.7","16.606555"]],
//!  "ts":1716863719031,"u":230704,"seq":1432604333,"cts":1716863718905}
//! ```

use super::envelope;
use super::rows::{answer_moment, check_symbol, required};
use crate::exchange::cells::Cells;
use crate::exchange::wire::{self, WireNumber, WireText};
use crate::exchange::{Detail, ParseError};
use crate::market::RowRefusal;
use crate::market::book::{Book, Level};
use crate::units::{Amount, Price, UnixMs};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Price, size.
type WireLevel = Cells<2>;

/// A book, or what changed in one.
#[derive(Deserialize)]
pub(super) struct WireBook<'a> {
    #[serde(borrow, default)]
    pub(super) s: WireText<'a>,
    /// Buyers, highest price first.
    #[serde(borrow)]
    pub(super) b: Option<Vec<&'a RawValue>>,
    /// Sellers, lowest price first.
    #[serde(borrow)]
    pub(super) a: Option<Vec<&'a RawValue>>,
    /// Counts the updates of a stream. In an answer it is that of another depth.
    #[serde(default)]
    pub(super) u: WireNumber,
    /// When the answer was made.
    #[serde(default)]
    ts: WireNumber,
    /// When the matching engine made the book; not sent for every product.
    #[serde(default)]
    cts: WireNumber,
}

/// Reads the book of `symbol`. One side may be empty: nobody offers on it.
///
/// Unlike a list, a book is one fact. A wrong level makes every sum over the levels wrong, so the
/// whole book is refused.
///
/// # Errors
/// Any [`ParseError`]; [`ParseError::BookLevel`], [`ParseError::BookUnsorted`] and
/// [`ParseError::BookCrossed`] are its own.
pub fn parse(body: &[u8], symbol: &str) -> Result<Book, ParseError> {
    let text = wire::text(body)?;
    let (result, server_time) = envelope::open(&text)?;
    let result: WireBook<'_> = wire::object(result)?;
    check_symbol(symbol, result.s.sent())?;
    let bids = levels("b", &result.b.ok_or(ParseError::ResultMissing)?)?;
    let asks = levels("a", &result.a.ok_or(ParseError::ResultMissing)?)?;
    if bids.is_empty() && asks.is_empty() {
        return Err(ParseError::ListEmpty);
    }
    check_order("b", &bids, |better, worse| better > worse)?;
    check_order("a", &asks, |better, worse| better < worse)?;
    // A crossed book mixes two moments: at one moment the two orders would have traded.
    if let (Some(bid), Some(ask)) = (bids.first(), asks.first())
        && bid.price >= ask.price
    {
        return Err(ParseError::BookCrossed {
            bid: quoted(bid.price),
            ask: quoted(ask.price),
        });
    }
    Ok(Book {
        as_of_ms: as_of(&result.ts, &result.cts, server_time)?,
        bids,
        asks,
    })
}

/// The matching engine's time where it is sent, else the answer's. The engine's is the earlier one,
/// and the true age of the book.
fn as_of(ts: &WireNumber, cts: &WireNumber, server_time: UnixMs) -> Result<UnixMs, ParseError> {
    if *cts == WireNumber::Absent {
        answer_moment("ts", ts, server_time)
    } else {
        answer_moment("cts", cts, server_time)
    }
}

fn levels(side: &'static str, rows: &[&RawValue]) -> Result<Vec<Level>, ParseError> {
    let read = |(index, raw): (usize, &&RawValue)| {
        let whole = level(raw).and_then(|level| {
            // A size of zero deletes a level in a stream; in a whole book it has no meaning.
            if level.size_base.get() == 0.0 {
                Err(RowRefusal::Unusable {
                    field: "size",
                    value: level.size_base.get().to_string(),
                })
            } else {
                Ok(level)
            }
        });
        whole.map_err(|reason| unusable_level(side, index, &reason))
    };
    rows.iter().enumerate().map(read).collect()
}

/// A price with its size, which may be zero.
pub(super) fn level(raw: &RawValue) -> Result<Level, RowRefusal> {
    let malformed = |_| RowRefusal::Malformed {
        row: raw.get().chars().take(32).collect(),
    };
    let Cells([price, size]) = serde_json::from_str::<WireLevel>(raw.get()).map_err(malformed)?;
    Ok(Level {
        price: required::<Price>("price", &price)?,
        size_base: required::<Amount>("size", &size)?,
    })
}

/// A book of which a level is none.
pub(super) fn unusable_level(side: &'static str, level: usize, reason: &RowRefusal) -> ParseError {
    ParseError::BookLevel {
        side,
        level,
        reason: Detail::new(&reason.to_string()),
    }
}

/// Every price worse than the one before, none twice.
fn check_order(
    side: &'static str,
    levels: &[Level],
    is_better: fn(Price, Price) -> bool,
) -> Result<(), ParseError> {
    let pairs = levels.iter().zip(levels.iter().skip(1));
    match pairs
        .zip(1..)
        .find(|((better, worse), _)| !is_better(better.price, worse.price))
    {
        Some((_, level)) => Err(ParseError::BookUnsorted { side, level }),
        None => Ok(()),
    }
}

/// A price, for a message.
pub(super) fn quoted(price: Price) -> Detail {
    Detail::new(&price.get().to_string())
}

#[cfg(test)]
mod tests {
    use super::super::rows::testing::NOW_MS;
    use super::*;
    use proptest::prelude::*;

    fn body(bids: &str, asks: &str) -> String {
        format!(
            r#"{{"retCode":0,"retMsg":"OK","result":{{"s":"BTCUSDT","b":{bids},"a":{asks},"ts":{},"u":230704,
            "seq":1432604333,"cts":{}}},"retExtInfo":{{}},"time":{NOW_MS}}}"#,
            NOW_MS - 10,
            NOW_MS - 136
        )
    }

    fn read(bids: &str, asks: &str) -> Result<Book, ParseError> {
        parse(body(bids, asks).as_bytes(), "BTCUSDT")
    }

    #[test]
    fn the_best_prices_stand_first_and_the_engines_time_counts() {
        let book = read(
            r#"[["100.5","2"],["100","3"]]"#,
            r#"[["101","4"],["101.5","0.001"]]"#,
        )
        .unwrap();
        let prices = |levels: &[Level]| {
            levels
                .iter()
                .map(|level| level.price.get())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            (prices(&book.bids), prices(&book.asks)),
            (vec![100.5, 100.0], vec![101.0, 101.5])
        );
        assert_eq!(book.asks[1].size_base.get(), 0.001);
        assert_eq!(book.as_of_ms, UnixMs::from_millis(NOW_MS - 136));
    }

    #[test]
    fn without_the_engines_time_that_of_the_answer_counts() {
        let body = body(r#"[["100","3"]]"#, "[]").replace("\"cts\"", "\"other\"");
        assert_eq!(
            parse(body.as_bytes(), "BTCUSDT").unwrap().as_of_ms,
            UnixMs::from_millis(NOW_MS - 10)
        );
        let body = body.replace("\"ts\"", "\"another\"");
        let refusal = Err(ParseError::Unusable {
            field: "ts",
            value: Detail::new("nothing"),
        });
        assert_eq!(parse(body.as_bytes(), "BTCUSDT"), refusal);
    }

    #[test]
    fn one_side_may_be_empty_but_not_both() {
        assert_eq!(
            read(r#"[["100","3"]]"#, "[]").map(|book| (book.bids.len(), book.asks.len())),
            Ok((1, 0))
        );
        assert_eq!(read("[]", "[]"), Err(ParseError::ListEmpty));
        assert_eq!(read("null", "[]"), Err(ParseError::ResultMissing));
    }

    #[test]
    fn a_crossed_or_locked_book_is_refused() {
        for ask in ["100", "99.5"] {
            let refusal = ParseError::BookCrossed {
                bid: Detail::new("100"),
                ask: Detail::new(ask),
            };
            assert_eq!(
                read(r#"[["100","3"]]"#, &format!(r#"[["{ask}","1"]]"#)),
                Err(refusal)
            );
        }
    }

    #[test]
    fn levels_out_of_order_or_twice_are_refused() {
        let unsorted = |side, level| Err(ParseError::BookUnsorted { side, level });
        assert_eq!(
            read(r#"[["100","3"],["100","3"]]"#, r#"[["101","1"]]"#),
            unsorted("b", 1)
        );
        assert_eq!(
            read(
                r#"[["100","3"],["99","1"],["99.5","3"]]"#,
                r#"[["101","1"]]"#
            ),
            unsorted("b", 2)
        );
        assert_eq!(
            read(r#"[["100","3"]]"#, r#"[["101","1"],["100.5","1"]]"#),
            unsorted("a", 1)
        );
    }

    #[track_caller]
    fn check_level(level: &str, reason: &str) {
        let refusal = ParseError::BookLevel {
            side: "a",
            level: 1,
            reason: Detail::new(reason),
        };
        assert_eq!(
            read(r#"[["100","3"]]"#, &format!(r#"[["101","1"],{level}]"#)),
            Err(refusal)
        );
    }

    #[test]
    fn a_level_without_price_or_size_is_refused_by_its_place() {
        check_level(r#"["102","0"]"#, "size is \"0\", which is not usable");
        check_level(r#"["102","-1"]"#, "size is \"-1\", which is not usable");
        check_level(r#"["102"]"#, "size is missing");
        check_level(r#"["","1"]"#, "price is missing");
        check_level(
            r#"{"price":"102"}"#,
            "the row is {\"price\":\"102\"}, which is none of its kind",
        );
    }

    #[test]
    fn a_book_of_another_contract_or_another_time_is_refused() {
        let body = body(r#"[["100","3"]]"#, r#"[["101","1"]]"#);
        assert!(matches!(
            parse(body.as_bytes(), "ETHUSDT"),
            Err(ParseError::OtherSymbol { .. })
        ));
        let late = body.replace(
            &(NOW_MS - 136).to_string(),
            &(NOW_MS + 3_600_000).to_string(),
        );
        assert!(matches!(
            parse(late.as_bytes(), "BTCUSDT"),
            Err(ParseError::Unusable { field: "cts", .. })
        ));
    }

    fn side() -> impl Strategy<Value = Vec<(u32, u32)>> {
        proptest::collection::vec((1_u32..40, 0_u32..9), 0..6)
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&bytes, "BTCUSDT");
        }

        #[test]
        fn a_book_that_is_accepted_is_sorted_uncrossed_and_holds_something_on_every_level(
            bids in side(), asks in side()
        ) {
            let wire = |levels: &[(u32, u32)]| {
                let texts = levels.iter().map(|(price, size)| [price.to_string(), size.to_string()]);
                serde_json::to_string(&texts.collect::<Vec<_>>()).unwrap()
            };
            if let Ok(book) = read(&wire(&bids), &wire(&asks)) {
                prop_assert_eq!((book.bids.len(), book.asks.len()), (bids.len(), asks.len()));
                prop_assert!(book.bids.iter().chain(&book.asks).all(|level| level.size_base.get() > 0.0));
                prop_assert!(book.bids.windows(2).all(|pair| pair[0].price > pair[1].price));
                prop_assert!(book.asks.windows(2).all(|pair| pair[0].price < pair[1].price));
                if let (Some(bid), Some(ask)) = (book.bids.first(), book.asks.first()) {
                    prop_assert!(bid.price < ask.price);
                }
            }
        }
    }
}
