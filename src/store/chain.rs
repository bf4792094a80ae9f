//! The hash chain over the log: a removed, changed or reordered record cannot hide.

use aws_lc_rs::digest::{Context, SHA256};
use uuid::Uuid;

use super::log::Revision;

/// The chain value of a revision: `SHA-256(previous | revision | record id | sealed body)`, the revision as eight bytes,
/// most significant first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain(pub [u8; 32]);

impl Chain {
    /// The value before the first record: it depends on the log, so that records of two logs never mix.
    pub fn start(log_id: Uuid) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(b"strongbox log");
        context.update(log_id.as_bytes());
        Chain::of(context)
    }

    /// The value after a record.
    #[must_use]
    pub fn next(&self, revision: Revision, id: Uuid, body: &[u8]) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(&self.0);
        context.update(&revision.0.to_be_bytes());
        context.update(id.as_bytes());
        context.update(body);
        Chain::of(context)
    }

    /// The value from its bytes; `None` when there are not 32.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Chain)
    }

    fn of(context: Context) -> Self {
        let mut value = [0_u8; 32];
        value.copy_from_slice(context.finish().as_ref());
        Chain(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_matters() {
        let start = Chain::start(Uuid::from_u128(1));
        let next = start.next(Revision(1), Uuid::from_u128(2), b"body");
        assert_ne!(start, Chain::start(Uuid::from_u128(2)));
        assert_ne!(next, start.next(Revision(2), Uuid::from_u128(2), b"body"));
        assert_ne!(next, start.next(Revision(1), Uuid::from_u128(3), b"body"));
        assert_ne!(next, start.next(Revision(1), Uuid::from_u128(2), b"bodz"));
        assert_eq!(Chain::from_bytes(&next.0), Some(next));
        assert_eq!(Chain::from_bytes(&next.0[1..]), None);
    }
}
