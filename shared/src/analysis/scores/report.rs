//! The analysis of one contract as text of fixed width, for a terminal or a monospaced box.
//!
//! Every word is ours except the symbol, which the router has checked.

use super::weights;
use crate::snapshot::confluence::Confluence;
use crate::snapshot::dimension::Dimension;
use crate::snapshot::sub_component::SubComponent;
use crate::snapshot::{ScoreBasis, Sentiment};
use crate::units::{Fraction, Score};
use std::fmt::{Error, Write};

/// Characters per line.
pub const WIDTH: usize = 60;

/// The characters of a bar from 0 to 100.
const BAR: usize = 20;

/// The report on `symbol`.
#[must_use]
pub fn report(symbol: &str, confluence: &Confluence) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_report(&mut text, symbol, confluence);
    text
}

fn write_report(out: &mut String, symbol: &str, confluence: &Confluence) -> Result<(), Error> {
    let (double, single) = ("=".repeat(WIDTH), "-".repeat(WIDTH));
    writeln!(out, "{double}\nCONFLUENCE ANALYSIS  {symbol}\n{double}")?;
    write_head(out, confluence)?;
    writeln!(out, "{single}\nDIMENSIONS")?;
    for dimension in Dimension::ALL {
        write_line(
            out,
            dimension.title(),
            weights::share_of_dimension(dimension),
            dimension.of(&confluence.components),
        )?;
    }
    for dimension in Dimension::ALL {
        writeln!(out, "{single}\n{}", dimension.title().to_uppercase())?;
        for part in SubComponent::of(dimension) {
            // Parts without input are listed under MISSING.
            if let Some(Some(score)) = confluence.sub_components.get(&part) {
                write_line(
                    out,
                    part.short_name(),
                    weights::share_of_part(part),
                    Some(*score),
                )?;
            }
        }
        if let Some(sentence) = confluence.interpretations.get(&dimension) {
            write_wrapped(out, sentence)?;
        }
    }
    writeln!(out, "{single}\nMISSING")?;
    let missing: Vec<_> = confluence
        .missing
        .iter()
        .map(|part| part.wire_name())
        .collect();
    write_wrapped(
        out,
        if missing.is_empty() {
            "nothing".to_owned()
        } else {
            missing.join(", ")
        }
        .as_str(),
    )?;
    writeln!(out, "{double}")
}

fn write_head(out: &mut String, confluence: &Confluence) -> Result<(), Error> {
    let fraction = |value: Fraction| format!("{:.2}", value.get());
    let (score, sentiment) = match confluence.score {
        Some(score) => (
            format!("{:.2}", score.get()),
            match Sentiment::of(score) {
                Sentiment::Bullish => "BULLISH",
                Sentiment::Neutral => "NEUTRAL",
                Sentiment::Bearish => "BEARISH",
            },
        ),
        None => ("none".to_owned(), "too little is known for a score"),
    };
    writeln!(out, "{:<14}{score:>7}  {sentiment}", "Score")?;
    writeln!(
        out,
        "{:<14}{:>7}",
        "Agreement",
        confluence
            .consensus
            .map_or_else(|| "none".to_owned(), fraction)
    )?;
    writeln!(
        out,
        "{:<14}{:>7}",
        "Inputs",
        fraction(confluence.reliability)
    )?;
    writeln!(
        out,
        "{:<14}{:>5} h",
        "Looks at",
        ScoreBasis::SixDimension.horizon_hours()
    )?;
    writeln!(
        out,
        "{:<14}{:>7}",
        "Weights",
        confluence.weights.as_deref().unwrap_or("unknown")
    )
}

/// `name  share of the score  [#####.....]  score`.
fn write_line(
    out: &mut String,
    name: &str,
    weight: f64,
    score: Option<Score>,
) -> Result<(), Error> {
    let percent = format!("{:.1} %", weight * 100.0);
    let Some(score) = score else {
        return writeln!(out, "  {name:<21} {percent:>6}  no data");
    };
    // A score is within 0–100 by its type, so the bar never overflows.
    let filled = (score.get() / 100.0 * BAR as f64).round() as usize;
    let bar = "#".repeat(filled) + &".".repeat(BAR.saturating_sub(filled));
    writeln!(
        out,
        "  {name:<21} {percent:>6}  {bar}  {:>6.2}",
        score.get()
    )
}

/// Words in lines of at most [`WIDTH`] characters, each indented by two.
fn write_wrapped(out: &mut String, text: &str) -> Result<(), Error> {
    let mut line = String::from(" ");
    for word in text.split_whitespace() {
        // Measured in bytes: a character beyond ASCII only makes a line shorter.
        if line.len() + 1 + word.len() > WIDTH {
            writeln!(out, "{line}")?;
            line.truncate(1);
        }
        write!(line, " {word}")?;
    }
    writeln!(out, "{line}")
}
