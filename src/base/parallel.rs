//! Two things at once, where there is enough to do.

use std::convert::Infallible;
use std::panic::resume_unwind;
use std::thread;

/// Edits, changes or rows that are work enough for a second processor to be worth a thread, which costs some 30 µs.
const WORTH_A_THREAD: usize = 64;

/// What both functions answer, whose work is about so many `items`. `right` runs on a thread of its own if they are many, and
/// else after `left`. A panic of either is the caller's.
pub fn both<L, R: Send>(items: usize, left: impl FnOnce() -> L, right: impl FnOnce() -> R + Send) -> (L, R) {
    match both_or(items, || Ok::<L, Infallible>(left()), right) {
        Ok(answers) => answers,
        Err(never) => match never {},
    }
}

/// The same where `right` is in vain if `left` fails: of few items it is not begun then.
///
/// # Errors
/// That of `left`.
pub fn both_or<L, R: Send, E>(
    items: usize,
    left: impl FnOnce() -> Result<L, E>,
    right: impl FnOnce() -> R + Send,
) -> Result<(L, R), E> {
    if items < WORTH_A_THREAD {
        let left = left()?;
        return Ok((left, right()));
    }
    thread::scope(|scope| {
        let right = scope.spawn(right);
        let left = left();
        let right = right.join().unwrap_or_else(|panic| resume_unwind(panic));
        Ok((left?, right))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn both_answer_whether_or_not_there_is_a_thread() {
        for items in [0, WORTH_A_THREAD] {
            let here = thread::current().id();
            let (left, right) = both(items, || thread::current().id(), || thread::current().id());
            assert_eq!((left == here, right == here), (true, items == 0));
        }
    }

    #[test]
    fn of_few_items_nothing_is_begun_in_vain() {
        for items in [0, WORTH_A_THREAD] {
            let begun = AtomicBool::new(false);
            let outcome = both_or(items, || Err::<(), _>("no"), || begun.store(true, Ordering::Relaxed));
            assert_eq!((outcome, begun.into_inner()), (Err("no"), items != 0));
        }
    }

    #[test]
    fn a_panic_on_the_thread_is_the_callers() {
        for items in [0, WORTH_A_THREAD] {
            let outcome = std::panic::catch_unwind(|| both(items, || 1, || -> u8 { panic!("asked to") }));
            assert_eq!(outcome.unwrap_err().downcast_ref::<&str>(), Some(&"asked to"));
        }
    }
}
