//! `sys/…`: the daemon itself, mounts, policies, and what is around them.

pub mod daemon;
pub mod leases;
pub mod mounts;
pub mod policies;
pub mod rekey;
pub mod remount;
pub mod wrapping;

use super::route::Backend;

/// The backend.
pub static BACKEND: Backend = Backend {
    name: "system",
    about: "The system backend: the seal, mounts, policies and other controls of the daemon.",
    endpoints: &[
        daemon::ENDPOINTS,
        mounts::seen::ENDPOINTS,
        mounts::ENDPOINTS,
        policies::ENDPOINTS,
        rekey::ENDPOINTS,
        remount::ENDPOINTS,
        wrapping::ENDPOINTS,
        leases::ENDPOINTS,
    ],
};
