//! A generated contract with everything that is known of it, and what can be done to it.

use super::noise::Noise;
use analysis::book_flow::{BookFlow, BookFlowTape};
use analysis::liquidations::LiquidatedLately;
use analysis::scores::inputs::{OwnHistory, ScoreInputs, TickerFacts, Timed};
use analysis::scores::orderbook::Imbalances;
use shared::analysis::scores::timeframe::Timeframe;
use shared::market::book::{Book, Level};
use shared::market::candles::{Candle, Candles};
use shared::market::positioning::{AccountRatio, Funding, OpenInterest};
use shared::market::trades::{Side, Trade, Trades};
use shared::units::{Amount, Fraction, Percent, Price, UnixMs};

/// The reader's clock: a full four hours, so that the last candle of every timeframe has just
/// closed.
pub(crate) const NOW: UnixMs = UnixMs::from_secs(1_800_000_000);

const HOUR_MS: u64 = 3_600_000;

pub(crate) fn price(value: f64) -> Price {
    Price::new(value).unwrap()
}

pub(crate) fn amount(value: f64) -> Amount {
    Amount::new(value).unwrap()
}

/// The moment `millis` before [`NOW`].
pub(crate) fn ago(millis: u64) -> UnixMs {
    UnixMs::from_millis(NOW.as_millis() - millis)
}

/// One contract. Everything is owned and open, so that a test changes what it is about.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) candles: Vec<Candles>,
    pub(crate) book: Option<Book>,
    pub(crate) stream: Option<Stream>,
    pub(crate) trades: Option<Trades>,
    pub(crate) open_interest: Option<Vec<OpenInterest>>,
    pub(crate) account_ratios: Option<Vec<AccountRatio>>,
    pub(crate) fundings: Option<Vec<Funding>>,
    pub(crate) liquidated: Option<LiquidatedLately>,
    pub(crate) ticker: Option<TickerFacts>,
    pub(crate) history: Option<History>,
    /// When every venue answered.
    pub(crate) as_of_ms: UnixMs,
}

/// Two minutes of a streamed book, and the trades that met it.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    pub(crate) books: Vec<Book>,
    pub(crate) trades: Vec<Trade>,
}

impl Stream {
    fn flow(&self) -> Option<BookFlow> {
        let mut tape = BookFlowTape::default();
        for trade in &self.trades {
            tape.trade(trade);
        }
        for book in &self.books {
            tape.book(book);
        }
        tape.flow()
    }
}

/// What [`OwnHistory`] borrows.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) trade_rates: Vec<f64>,
    pub(crate) spreads: Vec<f64>,
    pub(crate) depths: Vec<f64>,
    /// Earlier books of the quarter of an hour.
    pub(crate) books: Vec<Book>,
}

impl Scene {
    /// A contract at `last` that moves by some 0.1 % a minute. It has a tide of its own, and each
    /// of its inputs follows the tide more or less, as those of one real contract do.
    pub(crate) fn generate(seed: u64, last: f64) -> Self {
        let mut noise = Noise::new(seed);
        let tide = noise.normal();
        let mut lean = |follows: f64| follows * tide + (1.0 - follows) * noise.normal();
        let (flow, book, crowd, day) = (lean(0.6), lean(0.5), lean(0.3), lean(0.7));
        let trends = Timeframe::ALL.map(|timeframe| (timeframe, lean(0.6)));
        let candles = trends
            .map(|(timeframe, trend)| walk(&mut noise, timeframe, trend, last))
            .to_vec();
        Self {
            candles,
            book: Some(generate_book(&mut noise, last, book)),
            stream: Some(generate_stream(seed, last, book)),
            trades: Some(generate_trades(&mut noise, last, flow)),
            open_interest: Some(generate_interest(&mut noise)),
            account_ratios: Some(vec![ratio(0.5 + 0.1 * crowd.tanh())]),
            fundings: Some(generate_fundings(&mut noise)),
            liquidated: Some(LiquidatedLately {
                long_usd: 1_000.0 * last * (1.0 - day.tanh()) / 24.0,
                short_usd: 1_000.0 * last * (1.0 + day.tanh()) / 24.0,
                span_ms: HOUR_MS,
            }),
            ticker: Some(TickerFacts {
                last: price(last),
                change_24h_pct: Some(Percent::new(4.0 * day).unwrap()),
                volume_base_24h: Some(amount(150_000.0 * noise.log_normal(0.4))),
                funding_rate_8h: Some(0.0001 + 0.0001 * crowd),
            }),
            history: Some(History {
                trade_rates: (0..60).map(|_| 8.0 * noise.log_normal(0.5)).collect(),
                spreads: (0..60).map(|_| 0.0002 * noise.log_normal(0.4)).collect(),
                depths: (0..60).map(|_| 500.0 * noise.log_normal(0.4)).collect(),
                books: (1..=3)
                    .map(|nth| Book {
                        as_of_ms: ago(2_000 + nth * 10_000),
                        ..generate_book(&mut noise, last, book)
                    })
                    .collect(),
            }),
            as_of_ms: ago(2_000),
        }
    }

    /// Calls `f` with the scene as the formulas take it.
    pub(crate) fn with<T>(&self, f: impl FnOnce(&ScoreInputs<'_>) -> T) -> T {
        let as_of_ms = self.as_of_ms;
        let candles: Vec<_> = self
            .candles
            .iter()
            .map(|value| Timed { value, as_of_ms })
            .collect();
        let imbalances: Vec<_> = self
            .earlier_books()
            .filter_map(|book| Some((book.as_of_ms, Imbalances::of(book)?)))
            .collect();
        let history = self.history.as_ref().map(|history| OwnHistory {
            trade_rates: &history.trade_rates,
            spreads: &history.spreads,
            depths: &history.depths,
            imbalances: &imbalances,
        });
        let flow = self.stream.as_ref().and_then(Stream::flow);
        f(&ScoreInputs {
            candles: &candles,
            charts: None,
            book: self.book.as_ref().map(|value| Timed { value, as_of_ms }),
            book_flow: flow.as_ref().map(|value| Timed { value, as_of_ms }),
            trades: self.trades.as_ref().map(|value| Timed { value, as_of_ms }),
            open_interest: self
                .open_interest
                .as_deref()
                .map(|value| Timed { value, as_of_ms }),
            account_ratios: self
                .account_ratios
                .as_deref()
                .map(|value| Timed { value, as_of_ms }),
            fundings: self
                .fundings
                .as_deref()
                .map(|value| Timed { value, as_of_ms }),
            liquidated: self
                .liquidated
                .as_ref()
                .map(|value| Timed { value, as_of_ms }),
            ticker: self.ticker.as_ref().map(|value| Timed { value, as_of_ms }),
            history: history.as_ref().map(|value| Timed { value, as_of_ms }),
        })
    }

    fn earlier_books(&self) -> impl Iterator<Item = &Book> {
        self.history.iter().flat_map(|history| &history.books)
    }

    /// The highest price of all candles.
    pub(crate) fn highest(&self) -> f64 {
        let candles = self.candles.iter().flat_map(|candles| &candles.closed);
        candles.map(|candle| candle.high.get()).fold(0.0, f64::max)
    }

    /// The same contract with every price moved by `f`, which may turn the order of prices round.
    pub(crate) fn map_prices(mut self, f: impl Fn(f64) -> f64) -> Self {
        let f = |old: Price| price(f(old.get()));
        let before = self.ticker.as_ref().map_or(1.0, |ticker| ticker.last.get());
        if let Some(ticker) = &mut self.ticker {
            ticker.last = f(ticker.last);
        }
        for candle in self
            .candles
            .iter_mut()
            .flat_map(|candles| &mut candles.closed)
        {
            let (a, b) = (f(candle.high), f(candle.low));
            (candle.open, candle.close) = (f(candle.open), f(candle.close));
            (candle.high, candle.low) = if a.get() >= b.get() { (a, b) } else { (b, a) };
        }
        if let Some(liquidated) = &mut self.liquidated {
            // A value is a size at a price.
            let last = self.ticker.as_ref().map_or(1.0, |ticker| ticker.last.get());
            liquidated.long_usd *= last / before;
            liquidated.short_usd *= last / before;
        }
        let streamed = self.stream.iter_mut().flat_map(|stream| &mut stream.trades);
        let trades = self.trades.iter_mut().flat_map(|trades| &mut trades.trades);
        for trade in trades.chain(streamed) {
            trade.price = f(trade.price);
        }
        let earlier = self
            .history
            .iter_mut()
            .flat_map(|history| &mut history.books);
        let streamed = self.stream.iter_mut().flat_map(|stream| &mut stream.books);
        for book in self.book.iter_mut().chain(earlier).chain(streamed) {
            for level in book.bids.iter_mut().chain(&mut book.asks) {
                level.price = f(level.price);
            }
            if book.bids[0].price.get() > book.asks[0].price.get() {
                std::mem::swap(&mut book.bids, &mut book.asks);
            }
        }
        self
    }

    /// The same contract with everybody on the other side: takers, accounts, payers of funding, and
    /// the day's change.
    pub(crate) fn swap_sides(mut self) -> Self {
        if let Some(liquidated) = &mut self.liquidated {
            std::mem::swap(&mut liquidated.long_usd, &mut liquidated.short_usd);
        }
        let streamed = self.stream.iter_mut().flat_map(|stream| &mut stream.trades);
        let trades = self.trades.iter_mut().flat_map(|trades| &mut trades.trades);
        for trade in trades.chain(streamed) {
            trade.taker = trade.taker.map(|side| match side {
                Side::Buy => Side::Sell,
                Side::Sell => Side::Buy,
            });
        }
        for ratio in self.account_ratios.iter_mut().flatten() {
            std::mem::swap(&mut ratio.long, &mut ratio.short);
        }
        for funding in self.fundings.iter_mut().flatten() {
            funding.rate = -funding.rate;
        }
        if let Some(ticker) = &mut self.ticker {
            ticker.funding_rate_8h = ticker.funding_rate_8h.map(|rate| -rate);
            // What undoes a change of c is 1/(1 + c) − 1.
            let back = |change: Percent| {
                Percent::new(100.0 / (1.0 + change.get() / 100.0) - 100.0).unwrap()
            };
            ticker.change_24h_pct = ticker.change_24h_pct.map(back);
        }
        self
    }
}

/// Candles that end at `last`: a walk with a trend, swings in volatility, and volume that follows
/// the moves.
fn walk(noise: &mut Noise, timeframe: Timeframe, trend: f64, last: f64) -> Candles {
    const STEPS: usize = 6;
    let interval = timeframe.interval();
    let length = interval.millis();
    let sigma = 0.001 * (length as f64 / 60_000.0).sqrt() / (STEPS as f64).sqrt();
    let count = timeframe.wanted_candles();
    let (mut log, mut volatility, mut rows) = (0.0_f64, 1.0_f64, Vec::with_capacity(count));
    for _ in 0..count {
        volatility = (0.9 * volatility.ln() + 0.15 * noise.normal()).exp();
        let open = log;
        let path: Vec<f64> = (0..STEPS)
            .map(|_| {
                log += sigma * volatility * (noise.normal() + 0.04 * trend);
                log
            })
            .collect();
        let high = path.iter().copied().fold(open, f64::max);
        let low = path.iter().copied().fold(open, f64::min);
        let moved = 1.0 + (log - open).abs() / sigma / 3.0;
        rows.push((open, high, low, log, 100.0 * moved * noise.log_normal(0.5)));
    }
    let at = |value: f64| price(last * (value - log).exp());
    let first = NOW.as_millis() - count as u64 * length;
    let candle =
        |(index, &(open, high, low, close, volume)): (usize, &(f64, f64, f64, f64, f64))| Candle {
            start_ms: UnixMs::from_millis(first + index as u64 * length),
            open: at(open),
            high: at(high),
            low: at(low),
            close: at(close),
            volume_base: amount(volume),
            turnover: amount(volume * at(close).get()),
        };
    Candles {
        interval,
        closed: rows.iter().enumerate().map(candle).collect(),
    }
}

/// Fifty levels around `last`, whose sizes lean to one side.
fn generate_book(noise: &mut Noise, last: f64, lean: f64) -> Book {
    let mut side = |sign: f64| -> Vec<Level> {
        (0..50)
            .map(|index| Level {
                price: price(last * (1.0 - sign * 0.0001 * (f64::from(index) + 1.0))),
                size_base: amount(10.0 * (1.0 + 0.25 * sign * lean.tanh()) * noise.log_normal(0.6)),
            })
            .collect()
    };
    Book {
        as_of_ms: ago(1_000),
        bids: side(1.0),
        asks: side(-1.0),
    }
}

/// A book of which a level of either side changes each tenth of a second, for two minutes, while
/// takers trade at its best prices.
fn generate_stream(seed: u64, last: f64, lean: f64) -> Stream {
    const STEPS: u64 = 1_200;
    // Noise of its own, so that what else the seed gives stays as it is.
    let mut noise = Noise::new(!seed);
    let mut book = generate_book(&mut noise, last, lean);
    let (mut books, mut trades) = (Vec::new(), Vec::new());
    for step in 0..STEPS {
        // The last step has just waited for its trades when the other inputs came.
        let at = ago(900 + (STEPS - step) * 100);
        let is_bid = noise.uniform() < 0.5 + 0.2 * lean.tanh();
        let side = if is_bid {
            &mut book.bids
        } else {
            &mut book.asks
        };
        let level = &mut side[(noise.uniform() * 12.0) as usize];
        level.size_base = amount(10.0 * noise.log_normal(0.6));
        if step % 10 == 0 {
            let bought = noise.uniform() < 0.5 + 0.2 * lean.tanh();
            let (side, best) = if bought {
                (Side::Buy, &book.asks[0])
            } else {
                (Side::Sell, &book.bids[0])
            };
            trades.push(Trade {
                time_ms: at,
                price: best.price,
                size_base: amount(noise.log_normal(1.0)),
                taker: Some(side),
                id: step + 1,
            });
        }
        books.push(Book {
            as_of_ms: at,
            ..book.clone()
        });
    }
    Stream { books, trades }
}

/// A thousand trades within three minutes; the takers' side leans and comes in runs, and one in
/// fifty is unknown.
fn generate_trades(noise: &mut Noise, last: f64, lean: f64) -> Trades {
    const COUNT: u64 = 1_000;
    let (mut run, mut log) = (0.0_f64, 0.0_f64);
    let trades = (0..COUNT).map(|index| {
        run = 0.9 * run + 0.3 * noise.normal();
        let bought = noise.uniform() < 0.5 + 0.15 * lean.tanh() + 0.2 * run.tanh();
        log += 0.00002 * (noise.normal() + if bought { 0.5 } else { -0.5 });
        let side = if bought { Side::Buy } else { Side::Sell };
        Trade {
            time_ms: ago((COUNT - index) * 180),
            price: price(last * log.exp()),
            size_base: amount(1.5 * noise.log_normal(1.0)),
            taker: (noise.uniform() < 0.98).then_some(side),
            id: index + 1,
        }
    });
    Trades {
        trades: trades.collect(),
    }
}

/// Six hours in steps of five minutes.
fn generate_interest(noise: &mut Noise) -> Vec<OpenInterest> {
    let mut log = 0.0_f64;
    let point = |index: u64| {
        log += 0.004 * noise.normal();
        OpenInterest {
            time_ms: ago((72 - index) * HOUR_MS / 12),
            one_sided_base: amount(1e6 * log.exp()),
        }
    };
    (0..=72).map(point).collect()
}

fn generate_fundings(noise: &mut Noise) -> Vec<Funding> {
    let funding = |index: u64| Funding {
        time_ms: ago((60 - index) * 8 * HOUR_MS),
        rate: 0.0001 + 0.0001 * noise.normal(),
    };
    (0..60).map(funding).collect()
}

pub(crate) fn ratio(long: f64) -> AccountRatio {
    AccountRatio {
        time_ms: NOW,
        long: Fraction::new(long).unwrap(),
        short: Fraction::new(1.0 - long).unwrap(),
    }
}
