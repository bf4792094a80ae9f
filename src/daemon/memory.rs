//! Keeping the memory of the process to itself: no core dumps, no tracing by other processes of the same user, and no pages
//! on swap where the system lets us.

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::{CapabilitySet, capabilities};

/// Forbids core dumps and tracing. To be called before the first key is in memory.
pub fn hide() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "core dumps could not be forbidden");
    }
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "tracing by other processes could not be forbidden");
    }
}

/// Keeps every page of the process, now and later, off the swap; warns where that is not possible.
pub fn lock() {
    // Under a limit the lock would hold until the process has grown to it, and then every allocation would fail.
    if !is_unlimited() {
        tracing::warn!(
            "memory cannot be locked, keys may get onto the swap: raise the limit (LimitMEMLOCK=infinity), \
             give CAP_IPC_LOCK, encrypt the swap, or say --lock-memory=false"
        );
        return;
    }
    let all = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    if let Err(error) = mlockall(all) {
        tracing::warn!(%error, "memory cannot be locked, keys may get onto the swap");
    }
}

fn is_unlimited() -> bool {
    let may = capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::IPC_LOCK));
    may || getrlimit(Resource::Memlock).current.is_none()
}
