//! The places for connections: how many are taken, in all and per client address, and which
//! connection makes room.
//!
//! Invariants: a place is counted from `admit` until it is evicted or its `Guest` is dropped,
//! exactly once. A connection at work is never evicted; only idle ones are, the longest first.

use super::vigil::Vigil;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

/// Why a connection was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// All places are taken by connections at work.
    TooMany,
    /// The same for one client address.
    TooManyOfAddress,
    /// The system could not accept it: file descriptors are used up.
    NotAccepted,
}

impl Refusal {
    shared::labels! {
        /// The word in metrics.
        pub const fn name(self) {
            Self::TooMany => "too_many",
            Self::TooManyOfAddress => "too_many_of_address",
            Self::NotAccepted => "not_accepted",
        }
    }
}

/// All places.
#[derive(Debug)]
pub(super) struct Guests {
    places: usize,
    places_per_address: usize,
    present: Mutex<Present>,
}

#[derive(Debug, Default)]
struct Present {
    next: u64,
    by_number: HashMap<u64, Place>,
    by_address: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Place {
    address: IpAddr,
    vigil: Arc<Vigil>,
    away: CancellationToken,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub(super) struct Guest {
    number: u64,
    away: CancellationToken,
    of: Arc<Guests>,
}

impl Guests {
    pub(super) fn new(places: usize, places_per_address: usize) -> Self {
        Self {
            places,
            places_per_address,
            present: Mutex::default(),
        }
    }

    /// A place for a client of this address. When none is free, the connection that has been idle
    /// longest makes room; one of the same address, when that address has too many.
    pub(super) fn admit(
        self: &Arc<Self>,
        address: IpAddr,
        vigil: Arc<Vigil>,
    ) -> Result<Guest, Refusal> {
        let address = of_client(address);
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let of_address = present
            .by_address
            .get(&address)
            .copied()
            .unwrap_or_default();
        // The address first: a client with too many connections must not evict another's.
        if of_address >= self.places_per_address && !present.send_one_away(Some(address)) {
            return Err(Refusal::TooManyOfAddress);
        }
        if present.by_number.len() >= self.places && !present.send_one_away(None) {
            return Err(Refusal::TooMany);
        }
        // Numbers are never reused, so a late drop cannot free another's place.
        let (number, away) = (present.next, CancellationToken::new());
        present.next += 1;
        present.by_number.insert(
            number,
            Place {
                address,
                vigil,
                away: away.clone(),
            },
        );
        *present.by_address.entry(address).or_default() += 1;
        Ok(Guest {
            number,
            away,
            of: Arc::clone(self),
        })
    }
}

impl Present {
    /// Evicts the connection that has been idle longest, of one address or of all. Returns whether
    /// one was found.
    fn send_one_away(&mut self, of: Option<IpAddr>) -> bool {
        let candidates = self
            .by_number
            .iter()
            .filter(|(_, place)| of.is_none_or(|address| place.address == address));
        // By idle time, then by number: the oldest of equals.
        let idle =
            candidates.filter_map(|(number, place)| Some((place.vigil.idle_since()?, *number)));
        let Some((_, number)) = idle.min() else {
            return false;
        };
        // Its place is free from now on, before its task has ended: the newcomer need not wait.
        let Some(place) = self.leave(number) else {
            return false;
        };
        place.away.cancel();
        true
    }

    fn leave(&mut self, number: u64) -> Option<Place> {
        // An evicted guest is dropped later and finds its number gone, so nothing is counted twice.
        let place = self.by_number.remove(&number)?;
        if let Some(count) = self.by_address.get_mut(&place.address) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&place.address);
            }
        }
        Some(place)
    }
}

impl Guest {
    /// Resolves when the place is needed for another client.
    pub(super) fn is_sent_away(&self) -> WaitForCancellationFuture<'_> {
        self.away.cancelled()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.of
            .present
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .leave(self.number);
    }
}

/// What identifies a client: an IPv4 address, or the /64 of an IPv6 address, because a household or
/// machine is assigned a whole /64 and could use a new address for every connection.
fn of_client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::Instant;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn vigil(begin: Instant, secs: u64) -> Arc<Vigil> {
        Arc::new(Vigil::new(begin + Duration::from_secs(secs)))
    }

    #[test]
    fn who_waits_longest_for_nothing_makes_room_and_who_is_at_work_does_not() {
        let (guests, begin) = (Arc::new(Guests::new(2, 2)), Instant::now());
        let working = vigil(begin, 0);
        let first = guests.admit(ONE, Arc::clone(&working)).unwrap();
        working.reads(begin);
        let second = guests.admit(OTHER, vigil(begin, 1)).unwrap();
        let third = guests.admit(OTHER, vigil(begin, 2)).unwrap();
        assert!(
            second.away.is_cancelled() && !first.away.is_cancelled() && !third.away.is_cancelled()
        );
        // Who was sent away and goes leaves no second place.
        drop(second);
        third
            .of
            .present
            .lock()
            .unwrap()
            .by_number
            .values()
            .for_each(|place| place.vigil.reads(begin));
        assert_eq!(
            guests.admit(OTHER, vigil(begin, 3)).unwrap_err(),
            Refusal::TooMany
        );
        drop(first);
        let fourth = guests.admit(OTHER, vigil(begin, 3)).unwrap();
        drop((third, fourth));
        let present = guests.present.lock().unwrap();
        assert!(present.by_number.is_empty() && present.by_address.is_empty());
    }

    #[test]
    fn one_address_takes_its_own_places_alone() {
        let (guests, begin) = (Arc::new(Guests::new(10, 1)), Instant::now());
        let other = guests.admit(OTHER, vigil(begin, 0)).unwrap();
        let first = guests.admit(ONE, vigil(begin, 1)).unwrap();
        let working = vigil(begin, 2);
        let second = guests.admit(ONE, Arc::clone(&working)).unwrap();
        assert!(first.away.is_cancelled() && !other.away.is_cancelled());
        working.reads(begin);
        assert_eq!(
            guests.admit(ONE, vigil(begin, 3)).unwrap_err(),
            Refusal::TooManyOfAddress
        );
        drop(second);
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let address = |text: &str| of_client(text.parse().unwrap());
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("::ffff:192.0.2.1"), ONE);
    }
}
