//! What a query may ask for. Values that mean something need no decoding, so a query is read as it is written; parameters
//! that mean nothing are ignored.

use crate::problem::Parameter;
use crate::snapshot::alerts::MAX_ALERTS;
use crate::snapshot::performance::ChartTimeframe;

/// How many of the newest alerts are sent when nobody says.
const DEFAULT_ALERTS: usize = 20;

/// How far back a chart goes when nobody says.
const DEFAULT_TIMEFRAME: ChartTimeframe = ChartTimeframe::OneDay;

/// How many alerts are asked for: 1 to 100, 20 when the query does not say.
///
/// # Errors
/// [`Parameter::Limit`] when it says something else.
pub fn alert_limit(query: Option<&str>) -> Result<usize, Parameter> {
    let Some(text) = value(query, Parameter::Limit) else { return Ok(DEFAULT_ALERTS) };
    text.parse().ok().filter(|limit| (1..=MAX_ALERTS).contains(limit)).ok_or(Parameter::Limit)
}

/// How far back a chart is asked for: 24 hours when the query does not say.
///
/// # Errors
/// [`Parameter::Timeframe`] when it says something that is no timeframe.
pub fn chart_timeframe(query: Option<&str>) -> Result<ChartTimeframe, Parameter> {
    let Some(text) = value(query, Parameter::Timeframe) else { return Ok(DEFAULT_TIMEFRAME) };
    ChartTimeframe::parse(text).map_err(|_| Parameter::Timeframe)
}

/// The first value of a parameter.
fn value(query: Option<&str>, parameter: Parameter) -> Option<&str> {
    query?
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == parameter.name())
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_whole_number_from_1_to_100_and_20_when_nobody_says() {
        let limit = |query| alert_limit(Some(query));
        assert_eq!(
            (alert_limit(None), limit(""), limit("limits=5&x"), limit("limit")),
            (Ok(20), Ok(20), Ok(20), Ok(20))
        );
        assert_eq!((limit("limit=1"), limit("a=b&limit=100&limit=7")), (Ok(1), Ok(100)));
        for refused in ["limit=", "limit=0", "limit=101", "limit=-1", "limit=1.0", "limit=%31", "limit=0&limit=5"] {
            assert_eq!(limit(refused), Err(Parameter::Limit), "{refused}");
        }
    }

    #[test]
    fn a_timeframe_is_one_of_seven_and_a_day_when_nobody_says() {
        let timeframe = |query| chart_timeframe(Some(query));
        assert_eq!((chart_timeframe(None), timeframe("limit=5")), (Ok(DEFAULT_TIMEFRAME), Ok(DEFAULT_TIMEFRAME)));
        assert_eq!(timeframe("timeframe=0.25"), Ok(ChartTimeframe::QuarterHour));
        for refused in ["timeframe=", "timeframe=1.0", "timeframe=1h", "timeframe=24%20"] {
            assert_eq!(timeframe(refused), Err(Parameter::Timeframe), "{refused}");
        }
    }
}
