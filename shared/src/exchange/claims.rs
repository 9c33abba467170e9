//! What a ticker row says of itself, judged by what else it says.
//!
//! Every figure that is shown or summed is checked against the others of its row: a price against
//! mark, index, book, range and stated change; a turnover against volume and range; open interest
//! against itself in coins. What contradicts the rest is unknown. The price alone decides about the
//! row, for the other figures mean nothing without it.

use super::wire::WireNumber;
use crate::market::{
    Figure, OddField, Oddity, RefusedRow, RowRefusal, Ticker, is_funding_interval,
};
use crate::units::{Amount, Percent, Price};
use std::borrow::Cow;

/// The most that one contract can turn over in a day, or hold in open interest, USD: a thousand
/// times what the whole market does.
const MAX_USD: f64 = 1e15;

/// How many days' turnover a contract may hold in open interest, and how many times its open
/// interest it may turn over in a day. The most that was seen is 37 and 19; contracts that are
/// hardly traded may be anywhere, hence the sums below.
const MAX_RATIO: f64 = 1_000.0;

/// From which open interest on the ratio is judged, USD.
const LARGE_INTEREST: f64 = 1e8;

/// From which turnover on it is, USD.
const LARGE_TURNOVER: f64 = 1e10;

/// How far the stated change may be from the prices' own, percentage points, before the prices' own
/// is shown: the venue cuts its fraction after six decimals.
const CHANGE_TOLERANCE_PCT: f64 = 0.001;

/// How far the price may be from the one that the stated change gives: the two are not always read
/// at the same instant.
const CHANGE_SLACK: f64 = 0.01;

/// How far a price may lie outside the day's range, for the same reason.
const RANGE_SLACK: f64 = 0.01;

/// The same for the price of 24 hours ago, which stands at the edge of the window and not within
/// it.
const EDGE_SLACK: f64 = 0.05;

/// The highest price of a day is not more than so many times its lowest. On the day that LUNA fell,
/// bigger ones were seen; such a range is unknown rather than shown wrongly.
const MAX_RANGE: f64 = 50.0;

/// How many times the price mark, index and book may be, or the price them.
const NEAR: f64 = 1.25;

/// How far apart two ways of telling the open interest may be: one of them rests on the last price
/// in place of the mark.
const INTEREST_SLACK: f64 = 1.25;

/// The most that a funding can be, as a fraction: venues' own caps are at most four in a hundred.
const MAX_FUNDING_RATE: f64 = 0.1;

/// Half of the last decimal of a funding rate.
const LEAST_FUNDING_RATE: f64 = 5e-9;

/// Rounding that a venue's cap allows for.
const CAP_SLACK: f64 = 1.000_1;

/// A field that is zero in so many of a hundred rows is not filled.
const ZERO_PERCENT: usize = 90;

/// Fewer rows say nothing about a field as a whole.
const ZERO_ROWS: usize = 20;

/// A number as it was sent, in the unit of its figure, or nothing.
pub(super) type Claim = Option<f64>;

/// What one row says beside its symbol.
#[derive(Clone, Debug)]
pub(super) struct Claims {
    pub(super) last: Price,
    pub(super) bid: Claim,
    pub(super) ask: Claim,
    pub(super) mark: Claim,
    pub(super) index: Claim,
    pub(super) price_24h: Claim,
    pub(super) price_1h: Claim,
    /// A fraction.
    pub(super) change_24h: Claim,
    pub(super) high: Claim,
    pub(super) low: Claim,
    pub(super) volume: Claim,
    pub(super) turnover: Turnover,
    pub(super) funding_rate: Claim,
    pub(super) funding_cap: Claim,
    pub(super) funding_interval: Claim,
    /// One side, quote currency.
    pub(super) interest_single: Claim,
    /// Both sides, quote currency.
    pub(super) interest_both: Claim,
    /// One side, coins.
    pub(super) coins_single: Claim,
    /// Both sides, coins.
    pub(super) coins_both: Claim,
    /// What could not even be read.
    pub(super) odd: Vec<(Figure, Oddity)>,
}

/// How a venue tells turnover.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Turnover {
    /// It states it.
    Stated(Claim),
    /// It states the volume only: volume times the day's typical price (high + low + last) / 3,
    /// which lies between volume × low and volume × high as the true one does.
    Estimated,
}

impl Claims {
    /// A row that says no more than its price.
    pub(super) fn of(last: Price) -> Self {
        Self {
            last,
            bid: None,
            ask: None,
            mark: None,
            index: None,
            price_24h: None,
            price_1h: None,
            change_24h: None,
            high: None,
            low: None,
            volume: None,
            turnover: Turnover::Estimated,
            funding_rate: None,
            funding_cap: None,
            funding_interval: None,
            interest_single: None,
            interest_both: None,
            coins_single: None,
            coins_both: None,
            odd: Vec::new(),
        }
    }

    /// The number of a field, or nothing; one that is no number is noted.
    pub(super) fn claim(&mut self, figure: Figure, number: &WireNumber) -> Claim {
        if let WireNumber::Unusable(_) = number {
            self.note(figure, Oddity::Unusable);
        }
        number.value()
    }

    fn note(&mut self, figure: Figure, oddity: Oddity) {
        self.odd.push((figure, oddity));
    }

    /// The row that these claims bear out, still without its name, and what of it is odd.
    ///
    /// # Errors
    /// [`RowRefusal::PriceContradicted`] when the price itself is not borne out.
    fn settle(mut self) -> Result<(Ticker<'static>, Vec<(Figure, Oddity)>), RowRefusal> {
        let last = self.last;
        // An empty side of the book is sent as 0 too.
        let [bid, ask] =
            [self.bid, self.ask].map(|claim| claim.and_then(|price| Price::new(price).ok()));
        let mark = self.price(Figure::Mark, self.mark);
        let index = self.price(Figure::Index, self.index);
        let high = self.price(Figure::High24h, self.high);
        let low = self.price(Figure::Low24h, self.low);
        let price_24h = self.price(Figure::Price24h, self.price_24h);
        let implied = price_24h
            .zip(self.change_24h)
            .map(|(price, change)| price.get() * (1.0 + change));
        let nearby = [
            (bid, Figure::Bid),
            (ask, Figure::Ask),
            (mark, Figure::Mark),
            (index, Figure::Index),
        ];
        let range = high.zip(low);
        let witnesses: Vec<bool> = nearby
            .iter()
            .filter_map(|(price, _)| Some(is_near(price.as_ref()?.get(), last.get(), NEAR)))
            .chain(
                range.map(|(high, low)| is_within(last.get(), low.get(), high.get(), RANGE_SLACK)),
            )
            .chain(implied.map(|implied| is_near(implied, last.get(), NEAR)))
            .collect();
        let against = witnesses.iter().filter(|agrees| !**agrees).count();
        if against * 2 > witnesses.len() {
            return Err(RowRefusal::PriceContradicted {
                last: last.get(),
                against,
                witnesses: witnesses.len(),
            });
        }
        let [bid, ask, mark, index] = nearby.map(|(price, figure)| {
            let price = price?;
            let is_near = is_near(price.get(), last.get(), NEAR);
            if !is_near {
                self.note(figure, Oddity::Contradicted);
            }
            is_near.then_some(price)
        });
        let range = self.range(range);
        let change_24h_pct = self.change(price_24h, range);
        let change_1h_pct = self.change_1h(range);
        let volume = self.amount(Figure::Volume24h, self.volume);
        let traded = self.traded(volume, range, price_24h);
        let funding_rate = self.funding();
        let interval = self.funding_interval;
        let funding_interval_hours = interval.filter(|hours| is_funding_interval(*hours));
        if interval != funding_interval_hours {
            self.note(Figure::FundingInterval, Oddity::OutOfRange);
        }
        let interest = self.open_interest();
        let ((volume_base_24h, turnover_24h), open_interest_usd) =
            self.in_proportion(traded, interest);
        let ticker = Ticker {
            symbol: Cow::Borrowed(""),
            last,
            bid,
            ask,
            change_24h_pct,
            change_1h_pct,
            high_24h: range.map(|(high, _)| high),
            low_24h: range.map(|(_, low)| low),
            volume_base_24h,
            turnover_24h,
            funding_rate,
            funding_interval_hours,
            open_interest_usd,
            mark,
            index,
        };
        Ok((ticker, self.odd))
    }

    fn price(&mut self, figure: Figure, claim: Claim) -> Option<Price> {
        let price = Price::new(claim?).ok();
        if price.is_none() {
            self.note(figure, Oddity::Unusable);
        }
        price
    }

    fn amount(&mut self, figure: Figure, claim: Claim) -> Option<Amount> {
        let amount = Amount::new(claim?).ok();
        if amount.is_none() {
            self.note(figure, Oddity::Unusable);
        }
        amount
    }

    /// The day's highest and lowest price, when the last one lies between them.
    fn range(&mut self, range: Option<(Price, Price)>) -> Option<(Price, Price)> {
        let (high, low) = range?;
        let oddity =
            if high < low || !is_within(self.last.get(), low.get(), high.get(), RANGE_SLACK) {
                Oddity::Contradicted
            } else if high.get() > low.get() * MAX_RANGE {
                Oddity::OutOfRange
            } else {
                return Some((high, low));
            };
        self.note(Figure::High24h, oddity);
        self.note(Figure::Low24h, oddity);
        None
    }

    /// The stated change when the prices bear it out, the prices' own when they nearly do.
    fn change(
        &mut self,
        price_24h: Option<Price>,
        range: Option<(Price, Price)>,
    ) -> Option<Percent> {
        let last = self.last.get();
        let computed = |price: Price| Percent::new((last / price.get() - 1.0) * 100.0).ok();
        let is_of_the_day = |price: f64| {
            range.is_none_or(|(high, low)| is_within(price, low.get(), high.get(), EDGE_SLACK))
        };
        let stated = self.change_24h;
        let change = match (price_24h, stated) {
            (None, None) => return None,
            (Some(price), None) => computed(price).filter(|_| is_of_the_day(price.get())),
            (None, Some(stated)) => {
                let price = last / (1.0 + stated);
                Percent::new(stated * 100.0)
                    .ok()
                    .filter(|_| price > 0.0 && range.is_some() && is_of_the_day(price))
            }
            (Some(price), Some(stated))
                if is_near(price.get() * (1.0 + stated), last, 1.0 + CHANGE_SLACK) =>
            {
                let (computed, stated) = (computed(price), Percent::new(stated * 100.0).ok());
                let both = computed.zip(stated);
                both.map(|(computed, stated)| {
                    let apart = (stated.get() - computed.get()).abs();
                    if apart > CHANGE_TOLERANCE_PCT {
                        computed
                    } else {
                        stated
                    }
                })
            }
            (Some(_), Some(_)) => None,
        };
        if change.is_none() {
            self.note(Figure::Change24h, Oddity::Contradicted);
        }
        change
    }

    fn change_1h(&mut self, range: Option<(Price, Price)>) -> Option<Percent> {
        let price = self.price(Figure::Price1h, self.price_1h)?.get();
        let last = self.last.get();
        let is_of_the_day = match range {
            Some((high, low)) => is_within(price, low.get(), high.get(), RANGE_SLACK),
            None => is_near(price, last, NEAR),
        };
        if !is_of_the_day {
            self.note(Figure::Price1h, Oddity::Contradicted);
            return None;
        }
        Percent::new((last / price - 1.0) * 100.0).ok()
    }

    /// Volume and turnover: the one divided by the other is a mean price of the day. Which of two
    /// that contradict one another is wrong cannot be told.
    fn traded(
        &mut self,
        volume: Option<Amount>,
        range: Option<(Price, Price)>,
        price_24h: Option<Price>,
    ) -> Traded {
        let last = self.last.get();
        // Without a range the day lies about its two ends.
        let first = price_24h.map_or(last, Price::get);
        let (high, low) = range.map_or_else(
            || (last.max(first) * NEAR, last.min(first) / NEAR),
            |(high, low)| (high.get(), low.get()),
        );
        let turnover = match self.turnover {
            Turnover::Stated(claim) => self.amount(Figure::Turnover24h, claim),
            Turnover::Estimated => range.zip(volume).and_then(|((high, low), volume)| {
                let typical = (high.get() + low.get() + self.last.get()) / 3.0;
                Amount::new(volume.get() * typical).ok()
            }),
        };
        if turnover.is_some_and(|turnover| turnover.get() > MAX_USD) {
            self.note(Figure::Turnover24h, Oddity::OutOfRange);
            return (None, None);
        }
        let Some((volume, turnover)) = volume.zip(turnover) else {
            return (volume, turnover);
        };
        let (traded, paid) = (volume.get(), turnover.get());
        let agree = if traded == 0.0 || paid == 0.0 {
            traded == paid
        } else {
            is_within(paid / traded, low, high, RANGE_SLACK)
        };
        if agree {
            return (Some(volume), Some(turnover));
        }
        self.note(Figure::Volume24h, Oddity::Contradicted);
        self.note(Figure::Turnover24h, Oddity::Contradicted);
        (None, None)
    }

    /// The rate, within the row's own cap where it tells one that can be.
    fn funding(&mut self) -> Option<f64> {
        let rate = self.funding_rate?;
        let cap = self
            .funding_cap
            .filter(|cap| *cap > 0.0 && *cap <= MAX_FUNDING_RATE)
            .unwrap_or(MAX_FUNDING_RATE);
        if rate.abs() <= cap * CAP_SLACK {
            return Some(rate);
        }
        self.note(Figure::FundingRate, Oddity::OutOfRange);
        None
    }

    /// One side's open interest, USD: what most of the row's ways of telling it agree on. Zero is
    /// what a broken publisher sends, so it agrees with nothing but is counted.
    fn open_interest(&mut self) -> Option<Amount> {
        let last = self.last.get();
        let told: Vec<f64> = [
            self.interest_single,
            self.interest_both.map(|both| both / 2.0),
            self.coins_single.map(|coins| coins * last),
            self.coins_both.map(|coins| coins / 2.0 * last),
        ]
        .into_iter()
        .flatten()
        .collect();
        let first = told.first()?;
        let agreeing = |one: &f64| {
            told.iter()
                .filter(|other| is_near(*one, **other, INTEREST_SLACK))
                .count()
        };
        // What is stated in dollars comes first, and is the more exact.
        let agreed = told
            .iter()
            .take(2)
            .find(|one| agreeing(one) * 2 > told.len());
        let interest = agreed
            .filter(|one| **one > 0.0 && **one <= MAX_USD)
            .and_then(|one| Amount::new(*one).ok());
        if interest.is_none() {
            let oddity = if agreeing(first) == told.len() {
                Oddity::OutOfRange
            } else {
                Oddity::Contradicted
            };
            self.note(Figure::OpenInterest, oddity);
        }
        interest
    }

    /// Volume and turnover, and open interest, of which one that dwarfs the other beyond anything
    /// that a market does is another unit.
    fn in_proportion(
        &mut self,
        traded: Traded,
        interest: Option<Amount>,
    ) -> (Traded, Option<Amount>) {
        let (Some(paid), Some(held)) = (traded.1.map(Amount::get), interest.map(Amount::get))
        else {
            return (traded, interest);
        };
        if held > LARGE_INTEREST && held > paid * MAX_RATIO {
            self.note(Figure::OpenInterest, Oddity::Contradicted);
            (traded, None)
        } else if paid > LARGE_TURNOVER && paid > held * MAX_RATIO {
            self.note(Figure::Volume24h, Oddity::Contradicted);
            self.note(Figure::Turnover24h, Oddity::Contradicted);
            ((None, None), interest)
        } else {
            (traded, interest)
        }
    }
}

/// Volume in coins, and turnover.
type Traded = (Option<Amount>, Option<Amount>);

/// Whether neither is more than `times` the other. Nothing is near to zero.
fn is_near(a: f64, b: f64, times: f64) -> bool {
    a > 0.0 && b > 0.0 && a <= b * times && b <= a * times
}

/// Whether a price lies between two others, or so little outside.
fn is_within(price: f64, low: f64, high: f64, slack: f64) -> bool {
    price >= low * (1.0 - slack) && price <= high * (1.0 + slack)
}

/// The rows of one answer, and what of them is not used.
#[derive(Debug, Default)]
pub(super) struct Settled<'a> {
    pub(super) rows: Vec<Ticker<'a>>,
    pub(super) refused: Vec<RefusedRow<'a>>,
    pub(super) odd: Vec<OddField<'a>>,
}

/// Judges the rows of an answer: first each field over all rows, then each row.
pub(super) fn settle<'a>(mut all: Vec<(Cow<'a, str>, Claims)>) -> Settled<'a> {
    without_empty_fields(&mut all);
    let mut settled = Settled {
        rows: Vec::with_capacity(all.len()),
        ..Settled::default()
    };
    for (symbol, claims) in all {
        match claims.settle() {
            Ok((ticker, odd)) => {
                let named = |(figure, oddity)| OddField {
                    symbol: symbol.clone(),
                    figure,
                    oddity,
                };
                settled.odd.extend(odd.into_iter().map(named));
                settled.rows.push(Ticker { symbol, ..ticker });
            }
            Err(reason) => settled.refused.push(RefusedRow { symbol, reason }),
        }
    }
    settled
}

/// A field of a row.
type Place = fn(&mut Claims) -> &mut Claim;

/// Fields that are zero in a few rows at most. The turnover is none of them: where nothing was
/// traded, its zero is true.
const FILLED: [(Figure, Place); 11] = [
    (Figure::Mark, |row| &mut row.mark),
    (Figure::Index, |row| &mut row.index),
    (Figure::Price24h, |row| &mut row.price_24h),
    (Figure::Price1h, |row| &mut row.price_1h),
    (Figure::Change24h, |row| &mut row.change_24h),
    (Figure::Volume24h, |row| &mut row.volume),
    (Figure::FundingRate, |row| &mut row.funding_rate),
    (Figure::OpenInterest, |row| &mut row.interest_single),
    (Figure::OpenInterest, |row| &mut row.interest_both),
    (Figure::OpenInterestCoins, |row| &mut row.coins_single),
    (Figure::OpenInterestCoins, |row| &mut row.coins_both),
];

/// Whether a value is none: a rate has eight decimals at most, so a smaller one is no rate.
fn is_zero(figure: Figure, value: f64) -> bool {
    value == 0.0 || (figure == Figure::FundingRate && value.abs() < LEAST_FUNDING_RATE)
}

/// Takes out what a venue fills with zeros: a figure that is 0 everywhere is one that is not there.
fn without_empty_fields(all: &mut [(Cow<'_, str>, Claims)]) {
    for (figure, place) in FILLED {
        let sent = all.iter_mut().filter_map(|(_, row)| *place(row));
        let (sent, zeros) = sent.fold((0, 0), |(sent, zeros), value| {
            (sent + 1, zeros + usize::from(is_zero(figure, value)))
        });
        if sent < ZERO_ROWS || zeros * 100 < sent * ZERO_PERCENT {
            continue;
        }
        for (_, row) in &mut *all {
            if place(row).take().is_some() {
                row.note(figure, Oddity::ZeroEverywhere);
            }
        }
    }
}
