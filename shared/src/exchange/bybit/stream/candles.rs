//! `kline.{interval}.{symbol}`: the open candle as it grows, and its close.
//! <https://bybit-exchange.github.io/docs/v5/websocket/public/kline>
//!
//! Only a closed candle is a fact, as with REST. The venue marks it with `confirm`; its time must
//! be over by the venue's clock and by ours, too.
//!
//! ```json
//! {"start":1786310760000,"end":1786310819999,"interval":"1","open":"65119.9","close":"65114.3","high":"65119.9",
//!  "low":"65114.2","volume":"1.576","turnover":"102627.995","confirm":false,"timestamp":1786310818440}
//! ```

use super::frame::{Data, unusable};
use super::topic::Topic;
use crate::exchange::bybit::klines::{WireCandle, candle};
use crate::exchange::cells::Cells;
use crate::exchange::wire::WireNumber;
use crate::exchange::{Detail, ParseError};
use crate::market::RowRefusal;
use crate::market::candles::Candles;
use crate::units::UnixMs;
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireTail {
    start: WireNumber,
    open: WireNumber,
    high: WireNumber,
    low: WireNumber,
    close: WireNumber,
    volume: WireNumber,
    turnover: WireNumber,
    confirm: Option<bool>,
}

/// The candles of a frame that closed; usually none or one. `received_at` is our clock.
///
/// # Errors
/// [`ParseError`] when the frame is no list of candles; [`RowRefusal`] inside it when a closed
/// candle is unusable, which REST then has to bring.
pub fn closed_candle(
    data: &Data<'_>,
    received_at: UnixMs,
) -> Result<Result<Option<Candles>, RowRefusal>, ParseError> {
    let Topic::Candles(interval, _) = data.topic else {
        return Err(unusable("topic", Detail::new(&data.topic.to_string())));
    };
    let now = data.sent_at.min(received_at);
    let (closed, refused) = data.read(|tail: WireTail| {
        if tail.confirm != Some(true) {
            return Ok(None);
        }
        let row: WireCandle = Cells([
            tail.start,
            tail.open,
            tail.high,
            tail.low,
            tail.close,
            tail.volume,
            tail.turnover,
        ]);
        let candle = candle(&row, interval, data.sent_at)?;
        Ok(Some(candle).filter(|candle| candle.end_ms(interval) <= now))
    })?;
    Ok(match refused.into_iter().next() {
        Some(refused) => Err(refused.reason),
        None => Ok((!closed.is_empty()).then_some(Candles { interval, closed })),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW, data};
    use super::*;

    const MINUTE_MS: u64 = 60_000;

    fn frame(start_ms: u64, confirm: bool, close: &str) -> String {
        format!(
            r#"{{"topic":"kline.1.BTCUSDT","data":[{{"start":{start_ms},"end":{},"interval":"1","open":"10","close":"{close}",
            "high":"12","low":"9","volume":"5","turnover":"52.5","confirm":{confirm},"timestamp":{now}}}],"ts":{now},
            "type":"snapshot"}}"#,
            start_ms + MINUTE_MS - 1,
            now = NOW.as_millis()
        )
    }

    fn closed(text: &str) -> Result<Option<Candles>, RowRefusal> {
        closed_candle(&data(text), NOW).unwrap()
    }

    fn this_minute() -> u64 {
        NOW.as_millis() / MINUTE_MS * MINUTE_MS
    }

    #[test]
    fn an_open_candle_is_no_fact_and_a_closed_one_is() {
        let before = this_minute() - MINUTE_MS;
        assert_eq!(closed(&frame(before, false, "11")), Ok(None));
        let candles = closed(&frame(before, true, "11")).unwrap().unwrap();
        let candle = candles.closed[0];
        assert_eq!(candle.start_ms, UnixMs::from_millis(before));
        assert_eq!(
            (candle.open.get(), candle.close.get(), candle.turnover.get()),
            (10.0, 11.0, 52.5)
        );
    }

    #[test]
    fn a_candle_that_is_called_closed_too_early_is_none() {
        assert_eq!(closed(&frame(this_minute(), true, "11")), Ok(None));
    }

    #[test]
    fn a_closed_candle_that_contradicts_itself_is_refused_by_name() {
        let before = this_minute() - MINUTE_MS;
        let refusal = closed(&frame(before, true, "13")).unwrap_err();
        assert_eq!(refusal.label(), "candle_contradicted");
        let refusal = closed(&frame(before + 1, true, "11")).unwrap_err();
        assert_eq!(refusal.label(), "off_grid");
    }
}
