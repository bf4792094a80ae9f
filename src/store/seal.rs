//! The seal: the one key that is kept outside, and the keys that it opens.
//!
//! The seal key, whole or in shares, opens the root key; the root key opens the keyring; the newest data key of the keyring
//! seals what is written. So the seal key can be changed, and data keys added, without writing old data anew. Never here: who
//! brings the seal key, or when.

pub mod envelope;
pub mod key;
pub mod keyring;
pub mod shares;

pub use envelope::{Envelope, EnvelopeError, Holders};
pub use key::{KeyError, SealKey};
pub use keyring::Keyring;
pub use shares::{Share, ShareError};
