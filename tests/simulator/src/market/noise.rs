//! Reproducible randomness: the same key and moment always give the same number.

/// Period (ms) and amplitude of each octave. An amplitude is the square root of its period in days,
/// as in a random walk, which makes the change over 24 hours about one unit whatever the key.
const OCTAVES: [(i64, f64); 10] = [
    (8_000, 0.009_623),
    (32_000, 0.019_245),
    (128_000, 0.038_490),
    (512_000, 0.076_980),
    (2_048_000, 0.153_960),
    (8_192_000, 0.307_920),
    (32_768_000, 0.615_840),
    (131_072_000, 1.231_680),
    (524_288_000, 2.463_361),
    (2_097_152_000, 4.926_722),
];

/// The finaliser of SplitMix64, <https://prng.di.unimi.it/splitmix64.c>.
pub(crate) fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// A new key from a key and a number.
pub(crate) fn fork(key: u64, branch: u64) -> u64 {
    mix(key
        .wrapping_add(branch.wrapping_mul(0x9E37_79B9_7F4A_7C15))
        .wrapping_add(1))
}

/// A new key from a key and a name.
pub(crate) fn fork_by_name(key: u64, name: &str) -> u64 {
    name.bytes()
        .fold(fork(key, 0), |key, byte| fork(key, u64::from(byte)))
}

/// A number in 0..1.
pub(crate) fn unit(key: u64) -> f64 {
    // The upper 53 bits are what an f64 holds exactly.
    (mix(key) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A number in -1..1.
pub(crate) fn signed(key: u64) -> f64 {
    unit(key).mul_add(2.0, -1.0)
}

/// A smooth curve through one random value in -1..1 per period.
pub(crate) fn wave(key: u64, at_ms: i64, period_ms: i64) -> f64 {
    Wave::new(key, period_ms).at(at_ms)
}

/// A continuous curve that moves like a market: jittery within seconds, about one unit within a
/// day.
pub(crate) fn wander(key: u64, at_ms: i64) -> f64 {
    Wander::new(key).at(at_ms)
}

/// A smooth curve that remembers between which two values it was asked last: whoever goes along it
/// step by step seldom needs new ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wave {
    key: u64,
    period_ms: i64,
    cell: i64,
    from: f64,
    to: f64,
}

impl Wave {
    pub(crate) fn new(key: u64, period_ms: i64) -> Self {
        // No moment lies in this cell.
        Self {
            key,
            period_ms,
            cell: i64::MIN,
            from: 0.0,
            to: 0.0,
        }
    }

    pub(crate) fn at(&mut self, at_ms: i64) -> f64 {
        let cell = at_ms.div_euclid(self.period_ms);
        if cell != self.cell {
            self.from = signed(fork(self.key, cell.cast_unsigned()));
            self.to = signed(fork(self.key, cell.wrapping_add(1).cast_unsigned()));
            self.cell = cell;
        }
        let share = (at_ms - cell * self.period_ms) as f64 / self.period_ms as f64;
        let eased = share * share * (3.0 - 2.0 * share);
        self.from + (self.to - self.from) * eased
    }
}

/// The curve of [`wander`], for going along it step by step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wander([(Wave, f64); OCTAVES.len()]);

impl Wander {
    pub(crate) fn new(key: u64) -> Self {
        let mut octave_key = key;
        Self(OCTAVES.map(|(period_ms, amplitude)| {
            octave_key = octave_key.wrapping_add(0x9E37_79B9_7F4A_7C15);
            (Wave::new(octave_key, period_ms), amplitude)
        }))
    }

    pub(crate) fn at(&mut self, at_ms: i64) -> f64 {
        self.0
            .iter_mut()
            .map(|(wave, amplitude)| *amplitude * wave.at(at_ms))
            .sum()
    }
}
