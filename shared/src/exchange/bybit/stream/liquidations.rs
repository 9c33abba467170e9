//! `allLiquidation.{symbol}`: every liquidation.
//! <https://bybit-exchange.github.io/docs/v5/websocket/public/all-liquidation>
//!
//! `S` is the side of the **position**: `Buy` means that a long was liquidated. Other venues send
//! the side of the closing order, which is the opposite. `p` is the bankruptcy price and no fill.
//!
//! ```json
//! {"T":1739502302929,"s":"ROSEUSDT","S":"Sell","v":"20000","p":"0.04499"}
//! ```

use super::frame::Data;
use crate::exchange::ParseError;
use crate::exchange::bybit::rows::{Refused, check_row_symbol, past_moment};
use crate::exchange::bybit::trades::size_of;
use crate::exchange::wire::{self, WireNumber, WireText};
use crate::market::RowRefusal;
use crate::market::liquidations::{Liquidation, Position};
use crate::units::Price;
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireLiquidation<'a> {
    #[serde(rename = "T")]
    time: WireNumber,
    #[serde(borrow, rename = "s")]
    symbol: WireText<'a>,
    #[serde(borrow, rename = "S")]
    side: WireText<'a>,
    #[serde(rename = "v")]
    size: WireNumber,
    #[serde(rename = "p")]
    price: WireNumber,
}

/// The liquidations of a frame in the venue's order, and the rows that are not used.
///
/// # Errors
/// [`ParseError`] when the frame is no list.
pub fn liquidations(data: &Data<'_>) -> Result<(Vec<Liquidation>, Vec<Refused>), ParseError> {
    data.read(|row: WireLiquidation<'_>| liquidation(&row, data).map(Some))
}

fn liquidation(row: &WireLiquidation<'_>, data: &Data<'_>) -> Result<Liquidation, RowRefusal> {
    check_row_symbol(data.topic.symbol(), &row.symbol)?;
    Ok(Liquidation {
        time_ms: past_moment("T", &row.time, data.sent_at)?,
        symbol: data.topic.symbol().to_owned(),
        position: match row.side.get() {
            "Buy" => Position::Long,
            "Sell" => Position::Short,
            // Guessing would add it to the wrong side.
            other => {
                return Err(RowRefusal::Unusable {
                    field: "S",
                    value: other.chars().take(32).collect(),
                });
            }
        },
        size_base: size_of("v", &row.size)?,
        bankruptcy_price: wire::required::<Price>("p", &row.price)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW, data};
    use super::*;

    fn frame(rows: &str) -> String {
        format!(
            r#"{{"topic":"allLiquidation.ROSEUSDT","type":"snapshot","ts":{},"data":{rows}}}"#,
            NOW.as_millis()
        )
    }

    fn row(side: &str, size: &str) -> String {
        format!(
            r#"{{"T":{},"s":"ROSEUSDT","S":"{side}","v":"{size}","p":"0.04499"}}"#,
            NOW.as_millis() - 300
        )
    }

    #[test]
    fn buy_means_that_a_long_was_liquidated() {
        let text = frame(&format!("[{},{}]", row("Buy", "20000"), row("Sell", "5")));
        let (found, refused) = liquidations(&data(&text)).unwrap();
        let positions: Vec<_> = found.iter().map(|one| one.position).collect();
        assert_eq!(positions, [Position::Long, Position::Short]);
        assert_eq!(refused, []);
        assert_eq!(
            (found[0].size_base.get(), found[0].bankruptcy_price.get()),
            (20_000.0, 0.04499)
        );
        assert_eq!(NOW.millis_since(found[0].time_ms), 300);
    }

    #[test]
    fn a_bad_row_costs_itself() {
        let text = frame(&format!(
            "[{},{},{},7]",
            row("Up", "1"),
            row("Buy", "0"),
            row("Buy", "3")
        ));
        let (found, refused) = liquidations(&data(&text)).unwrap();
        assert_eq!((found.len(), refused.len()), (1, 3));
        let odd = frame("{}");
        assert_eq!(
            liquidations(&data(&odd)).unwrap_err().label(),
            "unusable_field"
        );
    }
}
