//! When a connection was last of use: a client that neither asks for anything nor waits for an answer is not kept.
//!
//! One timer a connection, which is looked at only when it has run out: hyper's own is made anew for each request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use hyper::Version;
use tokio::time::Instant;

/// What goes on on a connection. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Activity(Arc<State>);

#[derive(Debug)]
struct State {
    opened: Instant,
    /// Requests that are not answered to the end.
    going_on: AtomicUsize,
    /// Since when there are none: microseconds after it was opened.
    quiet_since: AtomicU64,
    /// Whether it is HTTP/2, which asks by itself whether the client is still there.
    multiplexed: AtomicBool,
}

/// One request that goes on, until it is dropped.
#[derive(Debug)]
pub struct Turn(Activity);

impl Activity {
    /// A request has begun.
    pub fn begin(&self, version: Version) -> Turn {
        self.0.going_on.fetch_add(1, Ordering::Relaxed);
        if version == Version::HTTP_2 {
            self.0.multiplexed.store(true, Ordering::Relaxed);
        }
        Turn(self.clone())
    }

    /// Waits until nothing has gone on for so long; forever on HTTP/2 once it has carried a request.
    pub async fn quiet_for(&self, time: Duration) {
        let mut until = self.0.opened + time;
        loop {
            tokio::time::sleep_until(until).await;
            if self.0.multiplexed.load(Ordering::Relaxed) {
                return std::future::pending().await;
            }
            let now = Instant::now();
            let since = if self.0.going_on.load(Ordering::Acquire) == 0 {
                self.0.opened + Duration::from_micros(self.0.quiet_since.load(Ordering::Relaxed))
            } else {
                now
            };
            until = since + time;
            if until <= now {
                return;
            }
        }
    }
}

/// Of a connection that was just opened.
impl Default for Activity {
    fn default() -> Self {
        Activity(Arc::new(State {
            opened: Instant::now(),
            going_on: AtomicUsize::new(0),
            quiet_since: AtomicU64::new(0),
            multiplexed: AtomicBool::new(false),
        }))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Activity(state) = &self.0;
        let since = u64::try_from(state.opened.elapsed().as_micros()).unwrap_or(u64::MAX);
        state.quiet_since.store(since, Ordering::Relaxed);
        // Whoever sees that nothing goes on sees since when.
        state.going_on.fetch_sub(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Duration = Duration::from_millis(20);

    async fn ends_within(activity: &Activity, time: Duration) -> bool {
        tokio::time::timeout(time, activity.quiet_for(TIME)).await.is_ok()
    }

    #[tokio::test]
    async fn without_a_request_it_ends_after_its_time() {
        let activity = Activity::default();
        activity.quiet_for(TIME).await;
        assert!(activity.0.opened.elapsed() >= TIME);
    }

    #[tokio::test]
    async fn a_request_puts_it_off_until_its_time_after_the_answer() {
        let activity = Activity::default();
        let (first, second) = (activity.begin(Version::HTTP_11), activity.begin(Version::HTTP_11));
        assert!(!ends_within(&activity, TIME * 3).await, "two go on");
        drop(first);
        assert!(!ends_within(&activity, TIME * 3).await, "one goes on");
        let answered = Instant::now();
        drop(second);
        activity.quiet_for(TIME).await;
        // What is kept of the time are whole microseconds.
        assert!(answered.elapsed() + Duration::from_micros(1) >= TIME);
    }

    #[tokio::test]
    async fn rfc9113_a_connection_of_many_streams_asks_for_itself() {
        let activity = Activity::default();
        drop(activity.begin(Version::HTTP_2));
        assert!(!ends_within(&activity, TIME * 5).await);
    }
}
