//! How often somebody may fail to log in.
//!
//! A table of fixed size, so that a stranger with many names and addresses cannot fill the memory with it. A user and an
//! address (or an address alone) share a slot by a keyed hash; that two of them meet in one slot is unlikely, cannot be
//! brought about without the key, and costs the other one only a wait.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use siphasher::sip::SipHasher13;

use crate::base::clock::Timestamp;
use crate::base::secret::{RandomError, Secret};

const SLOTS: usize = 1 << 15;

/// So many failures at once, then one more every `interval`.
#[derive(Clone, Copy, Debug)]
pub struct AttemptLimit {
    /// Failures at once.
    pub burst: u32,
    /// Microseconds until one is forgotten.
    pub interval: i64,
}

/// For one user from one address: 20, then one every 3 s.
pub const PER_USER: AttemptLimit = AttemptLimit { burst: 20, interval: 3_000_000 };

/// For one address, whoever it asks for: 200, then one every 0.3 s.
pub const PER_ADDRESS: AttemptLimit = AttemptLimit { burst: 200, interval: 300_000 };

/// For the one-time codes of one user, from wherever they come: 10, then one every 30 s. Whoever gets to try one knows the
/// password, and has a million codes to go through.
pub const PER_CODE: AttemptLimit = AttemptLimit { burst: 10, interval: 30_000_000 };

/// For the signed tokens that one address brings: 4,000, then one every 0.5 ms. Nobody guesses a signature; this only keeps
/// one address from having all the processor.
pub const PER_SIGNATURE: AttemptLimit = AttemptLimit { burst: 4_000, interval: 500 };

/// Too many attempts failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many failed attempts to log in; try again in {seconds} s")]
pub struct TooManyAttempts {
    /// How long to wait.
    pub seconds: u64,
}

/// The failures of late. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Attempts {
    key: (u64, u64),
    /// For each slot the time at which all its failures will be forgotten (the "theoretical arrival time" of the generic
    /// cell rate algorithm), in microseconds.
    slots: Arc<[AtomicI64]>,
}

/// An attempt under way. It counts as a failure unless it is told that it succeeded, so that a hundred attempts at the
/// same time are a hundred.
#[derive(Debug)]
#[must_use = "an attempt that is not told of its success counts as a failure"]
pub struct Attempt<'a> {
    charged: [(Option<&'a AtomicI64>, AttemptLimit); 2],
}

impl Attempts {
    /// A table without failures.
    ///
    /// # Errors
    /// When the operating system's generator fails.
    pub fn new() -> Result<Self, RandomError> {
        let random = Secret::random(16)?;
        let word = |bytes: &[u8]| bytes.iter().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        let (first, second) = random.expose().split_at(8);
        Ok(Attempts {
            key: (word(first), word(second)),
            slots: (0..SLOTS).map(|_| AtomicI64::new(i64::MIN)).collect(),
        })
    }

    /// Begins an attempt of `address` to log in as `user` of `tenant`.
    ///
    /// # Errors
    /// [`TooManyAttempts`] when too many failed of late; then no password is to be looked at.
    pub fn begin(
        &self,
        tenant: &str,
        user: &str,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Attempt<'_>, TooManyAttempts> {
        let network = address.map(network_of);
        let by_user = (self.slot(&(1_u8, tenant, user, network)), PER_USER);
        let by_address = (self.slot(&(2_u8, network)), PER_ADDRESS);
        charge(by_user, now)?;
        if let Err(refusal) = charge(by_address, now) {
            forget(by_user);
            return Err(refusal);
        }
        Ok(Attempt { charged: [by_user, by_address] })
    }

    /// Begins an attempt of a user of `tenant` to show a one-time code.
    ///
    /// # Errors
    /// [`TooManyAttempts`] when too many failed of late; then no code is to be looked at.
    pub fn begin_code(
        &self,
        tenant: &str,
        user: &str,
        now: Timestamp,
    ) -> Result<Attempt<'_>, TooManyAttempts> {
        let by_user = (self.slot(&(3_u8, tenant, user)), PER_CODE);
        charge(by_user, now)?;
        Ok(Attempt { charged: [by_user, (None, PER_CODE)] })
    }

    /// Begins an attempt of an address to log in with something that is signed.
    ///
    /// # Errors
    /// [`TooManyAttempts`] when too many failed of late; then no signature is to be looked at.
    pub fn begin_signed(
        &self,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Attempt<'_>, TooManyAttempts> {
        let by_address = (self.slot(&(4_u8, address.map(network_of))), PER_SIGNATURE);
        charge(by_address, now)?;
        Ok(Attempt { charged: [by_address, (None, PER_SIGNATURE)] })
    }

    /// Begins a log in with a browser, which is kept in memory until it ends: so there may be no more of one address than of
    /// failures.
    ///
    /// # Errors
    /// [`TooManyAttempts`] when too many were begun of late.
    pub fn begin_browser(
        &self,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Attempt<'_>, TooManyAttempts> {
        let by_address = (self.slot(&(5_u8, address.map(network_of))), PER_ADDRESS);
        charge(by_address, now)?;
        Ok(Attempt { charged: [by_address, (None, PER_ADDRESS)] })
    }

    fn slot(&self, of: &impl Hash) -> Option<&AtomicI64> {
        let mut hasher = SipHasher13::new_with_keys(self.key.0, self.key.1);
        of.hash(&mut hasher);
        let slots = u64::try_from(self.slots.len()).unwrap_or(1);
        self.slots.get(usize::try_from(hasher.finish() % slots).unwrap_or(0))
    }
}

impl Attempt<'_> {
    /// The password was right: the attempt is forgotten.
    pub fn succeeded(self) {
        self.charged.into_iter().for_each(forget);
    }
}

/// Somebody with one IPv6 address has a whole /64 of them.
fn network_of(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits() >> 64 << 64,
    }
}

fn charge((slot, limit): (Option<&AtomicI64>, AttemptLimit), now: Timestamp) -> Result<(), TooManyAttempts> {
    let Some(slot) = slot else { return Ok(()) };
    let tolerance = limit.interval.saturating_mul(i64::from(limit.burst));
    let next = |forgotten: i64| forgotten.max(now.0).saturating_add(limit.interval);
    let charged = slot.fetch_update(Ordering::AcqRel, Ordering::Acquire, |forgotten| {
        let next = next(forgotten);
        (next - now.0 <= tolerance).then_some(next)
    });
    charged.map(drop).map_err(|forgotten| {
        let micros = next(forgotten) - now.0 - tolerance;
        TooManyAttempts { seconds: u64::try_from(micros).unwrap_or(0).div_ceil(1_000_000) }
    })
}

fn forget((slot, limit): (Option<&AtomicI64>, AttemptLimit)) {
    if let Some(slot) = slot {
        slot.fetch_sub(limit.interval, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000 + seconds)
    }

    #[test]
    fn signed_tokens_may_fail_a_thousand_times_a_second() {
        let attempts = Attempts::new().unwrap();
        for second in 0..10 {
            for _ in 0..1_000 {
                let _failed = attempts.begin_signed(HOME, at(second)).unwrap();
            }
        }
        let _failed: Vec<_> =
            (0..PER_SIGNATURE.burst).map_while(|_| attempts.begin_signed(HOME, at(9)).ok()).collect();
        assert!(attempts.begin_signed(HOME, at(9)).is_err());
        assert!(attempts.begin("acme", "alice", HOME, at(9)).is_ok(), "passwords are counted on their own");
    }

    #[test]
    fn after_a_burst_of_failures_one_has_to_wait() {
        let attempts = Attempts::new().unwrap();
        for _ in 0..PER_USER.burst {
            let _failed = attempts.begin("acme", "alice", HOME, at(0)).unwrap();
        }
        assert_eq!(attempts.begin("acme", "alice", HOME, at(0)).unwrap_err(), TooManyAttempts { seconds: 3 });
        assert!(attempts.begin("acme", "bob", HOME, at(0)).is_ok(), "another user is not held up");
        assert!(attempts.begin("acme", "alice", None, at(0)).is_ok(), "nor is the user elsewhere");
        assert!(attempts.begin("acme", "alice", HOME, at(3)).is_ok());
        assert!(attempts.begin("acme", "alice", HOME, at(3)).is_err());
    }

    #[test]
    fn success_leaves_no_trace() {
        let attempts = Attempts::new().unwrap();
        for _ in 0..1_000 {
            attempts.begin("acme", "alice", HOME, at(0)).unwrap().succeeded();
        }
        assert!(attempts.begin("acme", "alice", HOME, at(0)).is_ok());
    }

    #[test]
    fn one_address_cannot_try_every_name() {
        // With a key by which none of the names shares its counter with the address.
        let attempts = Attempts { key: (1, 2), ..Attempts::new().unwrap() };
        let tried =
            (0..1_000).filter(|n| attempts.begin("acme", &format!("u{n}"), HOME, at(0)).is_ok()).count();
        assert_eq!(tried, PER_ADDRESS.burst as usize);
    }

    #[test]
    fn an_ipv6_neighbourhood_counts_as_one() {
        let attempts = Attempts::new().unwrap();
        let tried = (0..100_u16)
            .filter(|n| {
                let address = std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 7, 0, 0, 0, *n);
                attempts.begin("acme", "alice", Some(IpAddr::V6(address)), at(0)).is_ok()
            })
            .count();
        assert_eq!(tried, PER_USER.burst as usize);
    }
}
