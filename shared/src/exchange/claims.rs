//! The plausibility checks of a ticker row: each figure against the other figures of the same row.
//!
//! Every figure that is shown or summed is checked: a price against mark, index, book, range and
//! stated change; a turnover against volume and range; open interest against itself in coins. A
//! figure that contradicts the rest becomes unknown, and the row stays. Only the price decides
//! about the whole row, since the other figures mean nothing without it.
//!
//! Order ([`settle`]): first each field over all rows, because a field that the venue fills with
//! zeros would contradict every row; then each row by itself: price, range, changes, volume with
//! turnover, funding, open interest.
//!
//! The limits below are wide on purpose. They catch wrong units, wrong fields and placeholders, and
//! must not catch a crash. What changed between two tables is checked by [`crate::judge`].

use super::wire::WireNumber;
use crate::market::{
    Figure, OddField, Oddity, RefusedRow, RowRefusal, Ticker, is_funding_interval,
};
use crate::units::{Amount, HOUR_MS, Percent, Price, UnixMs};
use std::borrow::Cow;

/// The most that one contract can turn over in a day, or hold in open interest, USD: a thousand
/// times what the whole market does. More is another unit.
const MAX_USD: f64 = 1e15;

/// How many days' turnover a contract may hold in open interest, and how many times its open
/// interest it may turn over in a day. The most that was seen is 37 and 19. Contracts that hardly
/// trade can have any ratio, hence the two thresholds below.
const MAX_RATIO: f64 = 1_000.0;

/// The open interest from which on the ratio is checked, USD.
const LARGE_INTEREST: f64 = 1e8;

/// The turnover from which on the ratio is checked, USD.
const LARGE_TURNOVER: f64 = 1e10;

/// How far the stated change may be from the computed one, percentage points, before the computed
/// one is shown. The venue cuts its fraction after six decimals.
const CHANGE_TOLERANCE_PCT: f64 = 0.001;

/// How far the price may be from the one that the stated change implies, as a fraction. The venue
/// does not always read the two at the same instant.
const CHANGE_SLACK: f64 = 0.01;

/// How far a price may lie outside the day's range, as a fraction, for the same reason.
const RANGE_SLACK: f64 = 0.01;

/// The same for the price of 24 hours ago. It stands at the edge of the window, so the range may
/// already have moved on from it.
const EDGE_SLACK: f64 = 0.05;

/// The most times its lowest price that the highest price of a day may be. LUNA exceeded it on the
/// day of its fall; such a range is shown as unknown.
const MAX_RANGE: f64 = 50.0;

/// The factor within which mark, index and book must agree with the price.
const NEAR: f64 = 1.25;

/// The factor within which two statements of the open interest must agree. One of them uses the
/// last price in place of the mark.
const INTEREST_SLACK: f64 = 1.25;

/// The largest funding rate, as a fraction. The venues' own caps are at most 0.04.
const MAX_FUNDING_RATE: f64 = 0.1;

/// Half a unit in the last decimal of a funding rate: a smaller rate is zero.
const LEAST_FUNDING_RATE: f64 = 5e-9;

/// The factor by which a rate may exceed the row's own cap: both are rounded.
const CAP_SLACK: f64 = 1.000_1;

/// The longest time between two fundings, hours: the end of what [`is_funding_interval`] allows.
const MAX_FUNDING_INTERVAL_HOURS: f64 = 168.0;

/// How long after its time a settlement may still be told as the next one, and how much longer than
/// the interval it may be away, milliseconds.
const FUNDING_SLACK_MS: f64 = 60_000.0;

/// A field that is zero in this share of the rows is not filled by the venue, percent.
const ZERO_PERCENT: usize = 90;

/// With fewer rows no field is judged as a whole.
const ZERO_ROWS: usize = 20;

/// A number as it was sent, in the unit of its figure; `None` when it was not sent or is no number.
pub(super) type Claim = Option<f64>;

/// The figures of one row, as sent.
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
    /// Unix time, milliseconds.
    pub(super) next_funding: Claim,
    /// The venue's clock when it sent the row, which a time of the future is compared with.
    pub(super) sent_at: Option<UnixMs>,
    /// One side, quote currency.
    pub(super) interest_single: Claim,
    /// Both sides, quote currency.
    pub(super) interest_both: Claim,
    /// One side, coins.
    pub(super) coins_single: Claim,
    /// Both sides, coins.
    pub(super) coins_both: Claim,
    /// Fields whose text is no number.
    pub(super) odd: Vec<(Figure, Oddity)>,
}

/// How a venue states turnover.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Turnover {
    /// The venue states it.
    Stated(Claim),
    /// The venue states only the volume. The estimate is volume times the day's typical price,
    /// (high + low + last) / 3. It lies between volume × low and volume × high, as the true
    /// turnover does.
    Estimated,
}

impl Claims {
    /// A row of which only the price is known.
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
            next_funding: None,
            sent_at: None,
            interest_single: None,
            interest_both: None,
            coins_single: None,
            coins_both: None,
            odd: Vec::new(),
        }
    }

    /// The number of a field. One that was sent and is no number is recorded as odd.
    pub(super) fn claim(&mut self, figure: Figure, number: &WireNumber) -> Claim {
        if let WireNumber::Unusable(_) = number {
            self.note(figure, Oddity::Unusable);
        }
        number.value()
    }

    fn note(&mut self, figure: Figure, oddity: Oddity) {
        self.odd.push((figure, oddity));
    }

    /// The row without its symbol, with the figures that the checks accept, and what is odd about
    /// it.
    ///
    /// # Errors
    /// [`RowRefusal::PriceContradicted`] when more than half of the figures that imply a price
    /// contradict the last price.
    fn settle(mut self) -> Result<(Ticker<'static>, Vec<(Figure, Oddity)>), RowRefusal> {
        let last = self.last;
        // An empty side of the book is sent as 0 or `""`. That is ordinary, so it is absent and not
        // odd.
        let [bid, ask] =
            [self.bid, self.ask].map(|claim| claim.and_then(|price| Price::new(price).ok()));
        let mark = self.price(Figure::Mark, self.mark);
        let index = self.price(Figure::Index, self.index);
        let high = self.price(Figure::High24h, self.high);
        let low = self.price(Figure::Low24h, self.low);
        let price_24h = self.price(Figure::Price24h, self.price_24h);
        // A price of 24 hours ago and a stated change imply a price, and are checked together:
        // either alone says nothing about the last price.
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
            // The implied price uses the wide factor like the others. The narrow one decides about
            // the change itself, in [`Self::change`].
            .chain(implied.map(|implied| is_near(implied, last.get(), NEAR)))
            .collect();
        let against = witnesses.iter().filter(|agrees| !**agrees).count();
        // A majority, because any single field may be the wrong one. With no witness at all nothing
        // contradicts the price.
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
                // The price is accepted above, so a figure far from it is the wrong one.
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
        // Rates are normalised to 8 hours, which divides by the interval.
        let funding_interval_hours = interval.filter(|hours| is_funding_interval(*hours));
        if interval != funding_interval_hours {
            self.note(Figure::FundingInterval, Oddity::OutOfRange);
        }
        let next_funding_ms = self.next_funding(funding_interval_hours);
        let interest = self.open_interest();
        let ((volume_base_24h, turnover_24h), open_interest_usd) =
            self.in_proportion(traded, interest);
        let open_interest_base =
            open_interest_usd.and_then(|interest| self.coins_of(interest.get()));
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
            next_funding_ms,
            open_interest_usd,
            open_interest_base,
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

    /// The day's range, when the last price lies within it.
    fn range(&mut self, range: Option<(Price, Price)>) -> Option<(Price, Price)> {
        let (high, low) = range?;
        let oddity =
            if high < low || !is_within(self.last.get(), low.get(), high.get(), RANGE_SLACK) {
                Oddity::Contradicted
            // Checked after the contradiction, so that the graver finding gives the name.
            } else if high.get() > low.get() * MAX_RANGE {
                Oddity::OutOfRange
            } else {
                return Some((high, low));
            };
        // Which of the two is wrong cannot be told, so both are dropped.
        self.note(Figure::High24h, oddity);
        self.note(Figure::Low24h, oddity);
        None
    }

    /// The 24-hour change: the stated one when the prices imply it, the computed one when they
    /// nearly do.
    fn change(
        &mut self,
        price_24h: Option<Price>,
        range: Option<(Price, Price)>,
    ) -> Option<Percent> {
        let last = self.last.get();
        let computed = |price: Price| Percent::new((last / price.get() - 1.0) * 100.0).ok();
        let is_of_the_day = |price: f64| {
            // A price of 24 hours ago far outside the day's range is of another time.
            range.is_none_or(|(high, low)| is_within(price, low.get(), high.get(), EDGE_SLACK))
        };
        let stated = self.change_24h;
        let change = match (price_24h, stated) {
            (None, None) => return None,
            (Some(price), None) => computed(price).filter(|_| is_of_the_day(price.get())),
            // Nothing but the range can confirm a change that comes without a price, so without a
            // range it is dropped.
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
            // The two state different changes, and neither can be told to be right.
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
        // An hour lies within the day, so its price lies within the day's range. Without a range
        // the wide factor takes its place.
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

    /// Volume and turnover. Their ratio is a mean price, so it must lie within the day's range.
    /// When it does not, neither can be told to be right, and both are dropped.
    fn traded(
        &mut self,
        volume: Option<Amount>,
        range: Option<(Price, Price)>,
        price_24h: Option<Price>,
    ) -> Traded {
        let last = self.last.get();
        // Without a range the day's two ends, widened, take its place.
        let first = price_24h.map_or(last, Price::get);
        let (high, low) = range.map_or_else(
            || (last.max(first) * NEAR, last.min(first) / NEAR),
            |(high, low)| (high.get(), low.get()),
        );
        let turnover = match self.turnover {
            Turnover::Stated(claim) => self.amount(Figure::Turnover24h, claim),
            // The estimate lies within the range by construction, so the check below passes.
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
            // One of the two alone has nothing to be checked against.
            return (volume, turnover);
        };
        let (traded, paid) = (volume.get(), turnover.get());
        let agree = if traded == 0.0 || paid == 0.0 {
            // Nothing traded and nothing paid agree; one without the other does not.
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

    /// The funding rate, when it is within the row's own cap or, without a plausible cap, the
    /// general one.
    fn funding(&mut self) -> Option<f64> {
        let rate = self.funding_rate?;
        let cap = self
            .funding_cap
            // A cap of zero or above the general one is a wrong field, and must not decide about
            // the rate.
            .filter(|cap| *cap > 0.0 && *cap <= MAX_FUNDING_RATE)
            .unwrap_or(MAX_FUNDING_RATE);
        if rate.abs() <= cap * CAP_SLACK {
            return Some(rate);
        }
        self.note(Figure::FundingRate, Oddity::OutOfRange);
        None
    }

    /// When funding is paid next: at most one interval from now. A time that has just passed is
    /// ordinary, for a row is renewed a moment after a settlement, and so is the zero of a contract
    /// that pays no funding.
    fn next_funding(&mut self, interval_hours: Option<f64>) -> Option<UnixMs> {
        let (told, sent_at) = (self.next_funding?, self.sent_at?.as_millis() as f64);
        let ahead_ms = told - sent_at;
        let interval_ms = interval_hours.unwrap_or(MAX_FUNDING_INTERVAL_HOURS) * HOUR_MS as f64;
        if told == 0.0 || (-FUNDING_SLACK_MS..=0.0).contains(&ahead_ms) {
            return None;
        }
        if ahead_ms < 0.0 || ahead_ms > interval_ms + FUNDING_SLACK_MS {
            self.note(Figure::NextFunding, Oddity::OutOfRange);
            return None;
        }
        Some(UnixMs::from_millis(told as u64))
    }

    /// One side's open interest in coins, where it agrees with `interest`, the one in USD.
    fn coins_of(&self, interest: f64) -> Option<Amount> {
        let last = self.last.get();
        [self.coins_single, self.coins_both.map(|both| both / 2.0)]
            .into_iter()
            .flatten()
            .find(|coins| is_near(coins * last, interest, INTEREST_SLACK))
            .and_then(|coins| Amount::new(coins).ok())
    }

    /// One side's open interest, USD: the statement on which most of the row's statements agree.
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
        // The first two statements are the candidates: figures in dollars come first where they are
        // sent, and are more exact than products with the last price. A majority must agree with a
        // candidate, itself included. A zero agrees with nothing but still counts, so zeros from a
        // broken publisher cannot form a majority.
        let agreed = told
            .iter()
            .take(2)
            .find(|one| agreeing(one) * 2 > told.len());
        let interest = agreed
            .filter(|one| **one > 0.0 && **one <= MAX_USD)
            .and_then(|one| Amount::new(*one).ok());
        if interest.is_none() {
            // All agree and the value is still not used, so it is its size that is wrong.
            let oddity = if agreeing(first) == told.len() {
                Oddity::OutOfRange
            } else {
                Oddity::Contradicted
            };
            self.note(Figure::OpenInterest, oddity);
        }
        interest
    }

    /// Compares volume and turnover with open interest. One that dwarfs the other beyond any market
    /// is in another unit, and is dropped.
    fn in_proportion(
        &mut self,
        traded: Traded,
        interest: Option<Amount>,
    ) -> (Traded, Option<Amount>) {
        let (Some(paid), Some(held)) = (traded.1.map(Amount::get), interest.map(Amount::get))
        else {
            return (traded, interest);
        };
        // The larger one is dropped: it is the one that would distort the sums over the market.
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

/// Whether a price lies between two others, or outside by at most `slack`, a fraction.
fn is_within(price: f64, low: f64, high: f64, slack: f64) -> bool {
    price >= low * (1.0 - slack) && price <= high * (1.0 + slack)
}

/// The rows of one answer after the checks, and what of them is not used.
#[derive(Debug, Default)]
pub(super) struct Settled<'a> {
    pub(super) rows: Vec<Ticker<'a>>,
    pub(super) refused: Vec<RefusedRow<'a>>,
    pub(super) odd: Vec<OddField<'a>>,
}

/// Checks the rows of an answer: first each field over all rows, then each row.
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

/// Fields that are zero in few rows of a table that is filled. Turnover is not among them: where
/// nothing was traded its zero is true.
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

/// Whether a value counts as zero. A rate has at most eight decimals, so a smaller one is no rate.
fn is_zero(figure: Figure, value: f64) -> bool {
    value == 0.0 || (figure == Figure::FundingRate && value.abs() < LEAST_FUNDING_RATE)
}

/// Clears the fields that a venue fills with zeros: a figure that is 0 in nearly every row is not
/// there.
fn without_empty_fields(all: &mut [(Cow<'_, str>, Claims)]) {
    for (figure, place) in FILLED {
        let sent = all.iter_mut().filter_map(|(_, row)| *place(row));
        let (sent, zeros) = sent.fold((0, 0), |(sent, zeros), value| {
            (sent + 1, zeros + usize::from(is_zero(figure, value)))
        });
        // Rows that do not send the field are not counted: an absent field is no zero.
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
