//! The WebSocket of the simulated exchange, over the loopback: what it tells is what REST answers
//! for the same moment.

mod client;
mod faults;
mod hostile;
mod topics;

use super::*;
