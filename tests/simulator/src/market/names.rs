//! What is listed: real tickers where everyone knows them, invented ones for the long tail.

use std::collections::BTreeSet;

use super::noise;

/// The large coins with their usual prices (USDT), roughly in order of turnover.
#[rustfmt::skip]
pub(super) const COINS: [(&str, f64); 184] = [
    ("BTC", 68_400.0), ("ETH", 2_460.0), ("SOL", 128.0), ("XRP", 1.92), ("DOGE", 0.142), ("HYPE", 31.4),
    ("BNB", 642.0), ("SUI", 1.85), ("1000PEPE", 0.0088), ("ADA", 0.58), ("ENA", 0.41), ("LINK", 14.2),
    ("AVAX", 18.3), ("ZEC", 241.0), ("LTC", 86.2), ("FARTCOIN", 0.62), ("WIF", 0.71), ("BCH", 482.0),
    ("AAVE", 191.0), ("1000BONK", 0.0189), ("PUMPFUN", 0.0041), ("TAO", 331.0), ("NEAR", 2.31), ("TRX", 0.283),
    ("WLD", 0.92), ("PENGU", 0.0192), ("ARB", 0.342), ("UNI", 7.12), ("OP", 0.523), ("DOT", 3.22),
    ("APT", 3.91), ("TRUMP", 7.81), ("SEI", 0.213), ("FIL", 1.72), ("ONDO", 0.722), ("XLM", 0.271),
    ("HBAR", 0.172), ("TIA", 1.41), ("INJ", 9.42), ("ETC", 17.1), ("CRV", 0.551), ("LDO", 0.902),
    ("ASTER", 1.12), ("XPL", 0.304), ("WLFI", 0.141), ("VIRTUAL", 1.13), ("KAITO", 0.91), ("ICP", 5.12),
    ("ATOM", 3.61), ("SHIB1000", 0.0102), ("MNT", 1.12), ("XMR", 312.0), ("JUP", 0.384), ("PNUT", 0.152),
    ("ETHFI", 1.04), ("EIGEN", 1.13), ("PENDLE", 3.42), ("RENDER", 2.91), ("ORDI", 8.22), ("PYTH", 0.121),
    ("STRK", 0.112), ("ZK", 0.0521), ("GALA", 0.0122), ("SAND", 0.241), ("1000FLOKI", 0.0712), ("POPCAT", 0.212),
    ("MOODENG", 0.113), ("GOAT", 0.0712), ("AIXBT", 0.0721), ("BERA", 1.91), ("S", 0.252), ("POL", 0.192),
    ("0G", 1.93), ("LINEA", 0.0142), ("ZRO", 1.81), ("1INCH", 0.213), ("10000SATS", 0.000_292), ("APE", 0.512),
    ("IMX", 0.503), ("GRT", 0.0812), ("ALGO", 0.192), ("VET", 0.0213), ("EGLD", 12.1), ("THETA", 0.652),
    ("RUNE", 1.12), ("KAS", 0.0712), ("DASH", 42.3), ("NEO", 5.13), ("QTUM", 1.92), ("IOTA", 0.152),
    ("XTZ", 0.653), ("KAVA", 0.302), ("CHZ", 0.0352), ("ENJ", 0.0612), ("BAT", 0.193), ("ZRX", 0.202),
    ("COMP", 41.2), ("SNX", 0.903), ("SUSHI", 0.602), ("YFI", 5_210.0), ("BLUR", 0.0612), ("DYDX", 0.503),
    ("GMX", 13.1), ("SSV", 7.21), ("RPL", 5.03), ("ENS", 16.2), ("MASK", 1.12), ("LRC", 0.0712),
    ("STX", 0.602), ("FLOW", 0.302), ("MINA", 0.162), ("ROSE", 0.0221), ("CFX", 0.112), ("KSM", 13.2),
    ("ZIL", 0.0102), ("CELO", 0.282), ("ANKR", 0.0132), ("SKL", 0.0181), ("COTI", 0.0412), ("JASMY", 0.0121),
    ("MEME", 0.001_82), ("NOT", 0.001_61), ("BOME", 0.001_32), ("1000LUNC", 0.0552), ("1000XEC", 0.0192), ("1000BTT", 0.000_581),
    ("1000RATS", 0.0191), ("1000CAT", 0.007_12), ("1000TURBO", 2.13), ("1000TOSHI", 0.382), ("1000000MOG", 0.892), ("1000000BABYDOGE", 0.001_12),
    ("10000NEX", 0.041), ("1000NEIROCTO", 0.222), ("MEW", 0.002_12), ("BRETT", 0.0362), ("ACT", 0.0302), ("ME", 0.602),
    ("MOVE", 0.0912), ("HMSTR", 0.000_602), ("CATI", 0.0712), ("CRO", 0.132), ("OKB", 131.0), ("PAXG", 3_352.0),
    ("XAUT", 3_341.0), ("USDC", 0.9998), ("USDE", 0.9994), ("W", 0.0812), ("2Z", 0.202), ("AR", 5.62),
    ("ASTR", 0.0231), ("AXS", 1.92), ("AXL", 0.313), ("BAND", 0.602), ("BIGTIME", 0.0412), ("CAKE", 2.33),
    ("CKB", 0.004_12), ("COW", 0.302), ("CVX", 3.12), ("CYBER", 1.21), ("DYM", 0.212), ("GAS", 2.91),
    ("GLM", 0.213), ("HNT", 2.42), ("ICX", 0.113), ("IOTX", 0.0182), ("JTO", 1.62), ("KNC", 0.312),
    ("LPT", 6.22), ("LQTY", 0.702), ("MAGIC", 0.152), ("MANA", 0.252), ("MANTA", 0.193), ("METIS", 14.3),
    ("ONT", 0.122), ("QNT", 92.1), ("RSR", 0.006_12), ("RVN", 0.0112), ("TRB", 31.2), ("TWT", 0.802),
    ("UMA", 1.02), ("WOO", 0.0612), ("YGG", 0.152), ("ZEN", 9.12),
];

/// Shares and funds, the busy ones first.
#[rustfmt::skip]
pub(super) const STOCKS: [&str; 174] = [
    "TSLA", "NVDA", "MSTR", "COIN", "AAPL", "HOOD", "PLTR", "CRCL", "AMZN", "META", "GOOGL", "MSFT",
    "AMDSTOCK", "INTC", "QQQ", "SPY", "GMESTOCK", "MARA", "SMCI", "NFLX", "MU", "AVGO", "TSM", "ORCL",
    "AAL", "ABNB", "ABT", "ADBE", "ADP", "AFRM", "AIG", "AMAT", "AMC", "AMGN", "AMT", "APPSTOCK",
    "ARKK", "ARM", "ASML", "ASTS", "AXP", "BA", "BABA", "BAC", "BIDU", "BIIB", "BITO", "BKNG",
    "BLK", "BMNR", "BMY", "BRKB", "BX", "CATSTOCK", "CELH", "CHWY", "CIFR", "CLSK", "CMCSA", "CMG",
    "COP", "COST", "CRM", "CRWD", "CRWV", "CSCO", "CVNA", "CVS", "DAL", "DDOG", "DELL", "DIS",
    "DKNG", "DUOL", "EBAY", "EL", "ENPH", "ETSY", "EWJ", "EWY", "FCX", "FDX", "FSLR", "GDX",
    "GE", "GEV", "GILD", "GLW", "GM", "GS", "HD", "HIMS", "HON", "HPE", "HPQ", "IBM",
    "IONQ", "IREN", "ISRG", "IWM", "JD", "JNJ", "JPM", "KLAC", "KO", "LCID", "LI", "LLY",
    "LMT", "LOW", "LRCX", "LULU", "LYFT", "MA", "MCD", "MDB", "MO", "MRK", "MRNA", "MRVL",
    "NBIS", "NET", "NIO", "NKE", "NOKIA", "NOW", "NVO", "OKLO", "ON", "OXY", "PANW", "PDD",
    "PEP", "PFE", "PINS", "PYPL", "QCOM", "RBLX", "RDDT", "REGN", "RIOT", "RIVN", "RKLB", "ROKU",
    "SAMSUNG", "SBUX", "SHOP", "SMH", "SMR", "SNAP", "SNDK", "SNOW", "SOFI", "SONY", "SOXL", "SOXS",
    "SPOT", "SQQQ", "TENCENT", "TGT", "TQQQ", "TTWO", "TXN", "UBER", "UNH", "UPST", "UVXY", "V",
    "VRT", "WDC", "WMT", "XLE", "XLF", "XOM",
];

/// Commodities with their usual prices, USDT.
pub(super) const COMMODITIES: [(&str, f64); 4] =
    [("XAU", 3_348.0), ("XAG", 38.2), ("CL", 66.4), ("BZ", 69.8)];

/// Currencies with their usual prices, USDT.
pub(super) const CURRENCIES: [(&str, f64); 2] = [("EUR", 1.141), ("GBP", 1.322)];

/// Coins whose trading has not opened yet.
pub(super) const PRE_LISTED: [&str; 5] = ["OPALX", "VANTIS", "KRILLA", "MONADRO", "ZEPHYX"];

/// Coins that also have dated futures.
pub(super) const FUTURES_LONG: [&str; 2] = ["BTC", "ETH"];
pub(super) const FUTURES_SHORT: [&str; 6] = ["DOGE", "HYPE", "MNT", "SOL", "XAUT", "XRP"];

/// Digits alone are a legal name.
pub(super) const NAMED_INNOVATION: [&str; 1] = ["4"];

const ONSETS: [&str; 18] = [
    "B", "BR", "C", "D", "F", "G", "K", "KR", "L", "M", "N", "P", "R", "S", "T", "V", "X", "Z",
];
const VOWELS: [&str; 6] = ["A", "E", "I", "O", "U", "Y"];
const ENDINGS: [&str; 12] = [
    "", "", "", "", "N", "X", "AI", "FI", "RA", "ON", "IX", "DAO",
];

/// `count` invented tickers that are not in `taken`; they are added to it. They are the same for
/// every seed, so that a symbol can be written into a test.
pub(super) fn invented(count: usize, taken: &mut BTreeSet<String>) -> Vec<String> {
    let mut names = Vec::with_capacity(count);
    let mut attempt = 0;
    while names.len() < count {
        attempt += 1;
        let name = invent(noise::mix(attempt));
        if taken.insert(name.clone()) {
            names.push(name);
        }
    }
    names
}

fn invent(key: u64) -> String {
    let pick = |list: &[&'static str], part: u64| {
        let index = noise::fork(key, part) % list.len() as u64;
        usize::try_from(index)
            .ok()
            .and_then(|index| list.get(index))
            .copied()
            .unwrap_or_default()
    };
    [
        pick(&ONSETS, 1),
        pick(&VOWELS, 2),
        pick(&ONSETS, 3),
        pick(&VOWELS, 4),
        pick(&ENDINGS, 5),
    ]
    .concat()
}
