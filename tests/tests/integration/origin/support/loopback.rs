//! Loopback addresses that belong to one test.
//!
//! The kernel may give a port that was free a moment ago to any other process, so a test cannot
//! keep a port that it does not listen on. It can keep a whole address: Linux treats all of
//! 127.0.0.0/8 as local, so each test gets its own, and on it the test can close any port and
//! listen there again.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Who listens on this port of an address owns the address. `tests/edge/support/loopback.mjs` keeps
/// to the same rule. The port lies below those that the kernel hands out.
const CLAIM_PORT: u16 = 21_000;

/// The addresses that may be owned are 127.16.0.0/12: far from those that systems give a meaning of
/// their own.
const FIRST: u32 = 0x7f10_0000;
const COUNT: u32 = 1 << 20;

/// A loopback address on which nobody but the owner listens, for as long as the value lives.
pub(crate) struct Loopback {
    ip: Ipv4Addr,
    _claim: TcpListener,
}

impl Loopback {
    /// Claims an address that nobody owns.
    pub(crate) fn claim() -> Self {
        // Processes begin to look at different addresses, so that the first is usually free.
        let start = std::process::id().wrapping_mul(16);
        for step in 0..COUNT {
            let ip = Ipv4Addr::from(FIRST + start.wrapping_add(step) % COUNT);
            match TcpListener::bind((ip, CLAIM_PORT)) {
                Ok(claim) => return Self { ip, _claim: claim },
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                Err(error) => panic!("{ip}:{CLAIM_PORT} cannot be claimed: {error}"),
            }
        }
        panic!(
            "every loopback address is taken, or something listens on port {CLAIM_PORT} of all addresses"
        );
    }

    /// The address.
    pub(crate) fn ip(&self) -> Ipv4Addr {
        self.ip
    }

    /// A port of the address. Whoever owns the address chooses the numbers.
    pub(crate) fn at(&self, port: u16) -> SocketAddr {
        (self.ip, port).into()
    }
}
