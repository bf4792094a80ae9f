//! Two things at once, where there is enough to do.

use std::panic::resume_unwind;
use std::thread;

/// What both functions answer. `right` runs on a thread of its own if that is worth it, and else after `left`. A panic of
/// either is the caller's.
pub fn both<L, R: Send>(
    is_worth_a_thread: bool,
    left: impl FnOnce() -> L,
    right: impl FnOnce() -> R + Send,
) -> (L, R) {
    if !is_worth_a_thread {
        let left = left();
        return (left, right());
    }
    thread::scope(|scope| {
        let right = scope.spawn(right);
        let left = left();
        (left, right.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_answer_whether_or_not_there_is_a_thread() {
        for worth in [false, true] {
            let here = thread::current().id();
            let (left, right) = both(worth, || thread::current().id(), || thread::current().id());
            assert_eq!((left == here, right == here), (true, !worth));
        }
    }

    #[test]
    fn a_panic_on_the_thread_is_the_callers() {
        for worth in [false, true] {
            let outcome = std::panic::catch_unwind(|| both(worth, || 1, || -> u8 { panic!("asked to") }));
            assert_eq!(outcome.unwrap_err().downcast_ref::<&str>(), Some(&"asked to"));
        }
    }
}
