//! Why a part of a score has no input. The reason reaches clients, so that a missing part is not
//! taken for a neutral one.

use super::wire_enum::wire_enum;

wire_enum! {
    /// Why a part of a score has no input. Where the candles of several lengths are missing for
    /// different reasons, the reason latest in this list is given, because "not received yet" says
    /// least.
    MissingReason {
        /// What it reads was not received yet.
        NotLoaded "not_loaded";
        /// What it reads is there, and its formula makes nothing of it: too few rows, a market that
        /// did not move, a figure that the exchange does not tell.
        TooLittle "too_little";
        /// What it reads is past its limit.
        TooOld "too_old";
        /// What it reads tells another price than the ticker.
        ContradictsPrice "contradicts_price";
    }
}
