//! How much each address has going on at once, so that one client cannot take the room of all others.
//!
//! Not for rates: what is over makes room at once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// How many parts the count is kept in, so that cores seldom wait for each other.
const PARTS: usize = 16;

/// The top half of an IPv6 address: the network of one subscriber (RFC 6177), who has all addresses in it.
const SUBSCRIBER: u128 = !0 << 64;

/// Counts what addresses have going on.
#[derive(Debug)]
pub struct Crowd {
    parts: [Mutex<HashMap<IpAddr, usize>>; PARTS],
    hasher: RandomState,
    most: usize,
}

/// One thing that an address has going on; over when it is dropped.
#[derive(Debug)]
pub struct Place {
    crowd: Arc<Crowd>,
    address: IpAddr,
}

impl Crowd {
    /// Lets each address have at most `most` places at once.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Crowd { parts: Default::default(), hasher: RandomState::new(), most })
    }

    /// How many places an address can have.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Takes a place; `None` when the address has all of its own. All addresses of an IPv6 /64 count as one.
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = subscriber(address);
        let mut counts = self.part(address).lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_insert(0);
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Place { crowd: Arc::clone(self), address })
    }

    fn part(&self, address: IpAddr) -> &Mutex<HashMap<IpAddr, usize>> {
        let at = usize::try_from(self.hasher.hash_one(address) % PARTS as u64).unwrap_or(0);
        // The remainder is below the number of parts.
        self.parts.get(at).unwrap_or(&self.parts[0])
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.part(self.address).lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = counts.entry(self.address) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

fn subscriber(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) & SUBSCRIBER)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_its_places_and_no_more_and_gets_them_back() {
        let crowd = Crowd::new(2);
        let first = crowd.enter(address("192.0.2.1")).unwrap();
        let _second = crowd.enter(address("192.0.2.1")).unwrap();
        assert!(crowd.enter(address("192.0.2.1")).is_none());
        assert!(crowd.enter(address("192.0.2.2")).is_some());
        drop(first);
        assert!(crowd.enter(address("192.0.2.1")).is_some());
    }

    #[test]
    fn rfc6177_a_subscriber_has_one_count_for_its_whole_network() {
        let crowd = Crowd::new(1);
        let _first = crowd.enter(address("2001:db8:0:1::1")).unwrap();
        assert!(crowd.enter(address("2001:db8:0:1:ffff::2")).is_none());
        assert!(crowd.enter(address("2001:db8:0:2::1")).is_some());
    }

    #[test]
    fn nothing_is_kept_of_who_has_left() {
        let crowd = Crowd::new(1);
        for last in 0..200 {
            drop(crowd.enter(IpAddr::from([192, 0, 2, last])));
        }
        assert!(crowd.parts.iter().all(|part| part.lock().unwrap().is_empty()));
    }
}
