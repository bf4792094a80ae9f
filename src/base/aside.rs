//! Work that takes its time, in the middle of a round of an asynchronous worker.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Runs long work so that the other tasks of this worker move elsewhere, where the runtime can do that.
pub fn aside<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}
