//! Recorded bodies in place of a generated market. Nothing is ever invented here: what was not
//! recorded is missing.

use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, bail};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::instrument_row::InstrumentRow;

/// The recorded bodies of one folder.
#[derive(Debug)]
pub(crate) struct Recordings {
    pub(crate) tickers: Tickers,
    pub(crate) instruments: Instruments,
    /// As recorded, to the byte.
    pub(crate) coingecko_global: Option<Bytes>,
    pub(crate) coingecko_defi: Option<Bytes>,
}

impl Recordings {
    /// Reads the newest recording of each endpoint in `folder`.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let names = file_names(folder)?;
        let newest = |what: &str, is_it: fn(&str) -> bool| {
            let name = names.iter().filter(|name| is_it(name)).max()?;
            tracing::info!(file = %name, "replaying {what}");
            Some(folder.join(name))
        };
        let tickers = newest("tickers", |name| {
            name.starts_with("bybit_v5_tickers_linear_all_")
        });
        let instruments = newest("instruments", |name| {
            name.starts_with("bybit_v5_instruments_linear_all_")
        });
        let Some(tickers) = tickers else {
            bail!(
                "{} holds no bybit_v5_tickers_linear_all_*.json to replay",
                folder.display()
            );
        };
        let Some(instruments) = instruments else {
            bail!(
                "{} holds no bybit_v5_instruments_linear_all_*.json to replay",
                folder.display()
            );
        };
        let global = newest("the CoinGecko totals", |name| {
            let rest = name.strip_prefix("coingecko_global_");
            rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
        });
        let defi = newest("the CoinGecko DeFi totals", |name| {
            name.starts_with("coingecko_global_defi")
        });
        Ok(Self {
            tickers: Tickers::parse(&read(&tickers)?)
                .with_context(|| tickers.display().to_string())?,
            instruments: Instruments::parse(&read(&instruments)?)
                .with_context(|| instruments.display().to_string())?,
            coingecko_global: global.map(|path| read(&path)).transpose()?.map(Bytes::from),
            coingecko_defi: defi.map(|path| read(&path)).transpose()?.map(Bytes::from),
        })
    }
}

fn file_names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("cannot read the recordings in {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
        if let Ok(name) = entry.file_name().into_string()
            && name.ends_with(".json")
        {
            names.push(name);
        }
    }
    Ok(names)
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A recorded Bybit body without the value of the envelope's `time`, the only thing that is ever
/// changed.
#[derive(Debug)]
struct Timeless {
    before: String,
    after: String,
}

impl Timeless {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let span = top_level_value(text, "time").context("the envelope has no `time`")?;
        Ok(Self {
            before: text.get(..span.start).unwrap_or_default().to_owned(),
            after: text.get(span.end..).unwrap_or_default().to_owned(),
        })
    }

    fn at(&self, stamp_ms: i64) -> String {
        format!("{}{stamp_ms}{}", self.before, self.after)
    }
}

/// Recorded tickers.
#[derive(Debug)]
pub(crate) struct Tickers {
    body: Timeless,
    rows: Vec<(String, String)>,
}

impl Tickers {
    fn parse(text: &str) -> anyhow::Result<Self> {
        Ok(Self {
            body: Timeless::parse(text)?,
            rows: rows(text, |symbol: Symbol, row| (symbol.symbol, row))?,
        })
    }

    /// The whole body, with the envelope's time moved.
    pub(crate) fn at(&self, stamp_ms: i64) -> String {
        self.body.at(stamp_ms)
    }

    /// The recorded row of one symbol.
    pub(crate) fn row(&self, symbol: &str) -> Option<&str> {
        let (_, row) = self.rows.iter().find(|(name, _)| name == symbol)?;
        Some(row)
    }
}

/// Recorded instruments.
#[derive(Debug)]
pub(crate) struct Instruments {
    body: Timeless,
    rows: Vec<InstrumentRow>,
}

impl Instruments {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut rows = rows(text, |facts: Facts, text| InstrumentRow {
            symbol: facts.symbol,
            status: facts.status,
            symbol_type: facts.symbol_type,
            base_coin: facts.base_coin,
            text,
        })?;
        // Pages are cut along the order of the symbols.
        rows.sort_by(|left, right| left.symbol.cmp(&right.symbol));
        Ok(Self {
            body: Timeless::parse(text)?,
            rows,
        })
    }

    /// The whole body, with the envelope's time moved.
    pub(crate) fn at(&self, stamp_ms: i64) -> String {
        self.body.at(stamp_ms)
    }

    /// The recorded rows, sorted by symbol.
    pub(crate) fn rows(&self) -> &[InstrumentRow] {
        &self.rows
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    result: RawList<'a>,
}

#[derive(Deserialize)]
struct RawList<'a> {
    #[serde(borrow)]
    list: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Symbol {
    symbol: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    symbol: String,
    status: String,
    base_coin: String,
    symbol_type: String,
}

/// The rows of a recorded list, each with its text as recorded.
fn rows<'a, F: Deserialize<'a>, R>(
    text: &'a str,
    make: impl Fn(F, String) -> R,
) -> anyhow::Result<Vec<R>> {
    let envelope: Envelope<'a> = serde_json::from_str(text)?;
    let rows = envelope.result.list.into_iter();
    rows.map(|row| Ok(make(serde_json::from_str(row.get())?, row.get().to_owned())))
        .collect()
}

/// Where the value of a field of the outermost object stands. The value must be a number: it ends
/// at the next `,` or `}`.
fn top_level_value(text: &str, field: &str) -> Option<Range<usize>> {
    let quoted = format!("\"{field}\"");
    let mut depth = 0_usize;
    let mut string_start = None;
    let mut is_escaped = false;
    for (index, byte) in text.bytes().enumerate() {
        if let Some(start) = string_start {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => {
                    string_start = None;
                    let after = text.get(index + 1..)?;
                    if depth == 1
                        && text.get(start..=index) == Some(&quoted)
                        && after.trim_start().starts_with(':')
                    {
                        let colon = index + 1 + after.find(':')?;
                        let value = text.get(colon + 1..)?;
                        let begin = colon + 1 + (value.len() - value.trim_start().len());
                        let length = text.get(begin..)?.find([',', '}'])?;
                        let end = begin + text.get(begin..begin + length)?.trim_end().len();
                        return Some(begin..end);
                    }
                }
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => string_start = Some(index),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(
            top_level_value(text, "time").and_then(|span| text.get(span)),
            expected
        );
    }

    #[test]
    fn only_the_envelopes_own_time_is_found() {
        check(r#"{"result":{"time":1},"time":22}"#, Some("22"));
        check(r#"{"time" : 22 ,"result":{"time":1}}"#, Some("22"));
        check(
            r#"{"a":"\"time\":5","b":["time"],"c":"time","time":7}"#,
            Some("7"),
        );
        check(r#"{"result":{"time":1}}"#, None);
    }
}
