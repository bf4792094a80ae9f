//! A receiver across SIGKILL: the daemon is killed again and again while it is written to, and whoever comes back with what
//! it saw last gets each notification once.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{At, NETCONF, Sse, Stream, made};
use crate::conversation::wire::exchange;

const WRITERS: usize = 3;

/// Makes entries of its own, one after the other, until it is stopped or the daemon is gone. `done` counts those that were
/// acknowledged; the one after these may be there already.
fn write(daemon: &At, writer: usize, done: &AtomicUsize, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let name = format!("w{writer}-{}", done.load(Ordering::Relaxed));
        let request = format!(
            "PUT /v1/config/policy/policies/{name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}",
            daemon.token
        );
        match exchange(&daemon.address, request.as_bytes()) {
            Ok(answer) if matches!(answer.status(), 201 | 204) => done.fetch_add(1, Ordering::Relaxed),
            _ => return,
        };
    }
}

/// Stops the writers, also where a test fails.
struct Stopping<'a>(&'a AtomicBool);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn rfc8040_4_8_7_across_sigkill_under_load_each_notification_comes_once() {
    const KILLS: usize = 4;
    const BETWEEN: usize = 20;
    let (_dir, data) = crate::daemon::directory();
    let done = [const { AtomicUsize::new(0) }; WRITERS];
    let mut seen: Vec<String> = Vec::new();
    let mut last: Option<Sse> = None;
    for life in 0..=KILLS {
        let (daemon, mut child) = At::over(&data, &[]);
        let (target, more) = match &last {
            None => (format!("{NETCONF}?start-time=2020-01-01T00:00:00Z"), String::new()),
            Some(event) if life % 2 == 1 => {
                (NETCONF.to_owned(), format!("Last-Event-ID: {}\r\n", event.id.as_ref().unwrap()))
            }
            Some(event) => (format!("{NETCONF}?start-time={}", event.time()), String::new()),
        };
        // The event at the instant that was asked for comes again, and is known by its id.
        let known = last.as_ref().and_then(|event| event.id.clone());
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let stopping = Stopping(&stop);
            let mut stream = Stream::of(&daemon, &target, &more);
            let writers: Vec<_> = done
                .iter()
                .enumerate()
                .map(|(writer, done)| {
                    scope.spawn({
                        let (daemon, stop) = (&daemon, &stop);
                        move || write(daemon, writer, done, stop)
                    })
                })
                .collect();
            let mut hear = |seen: &mut Vec<String>| {
                let event = stream.expect();
                if event.id.is_some() && event.id != known {
                    seen.extend(made(&event));
                    last = Some(event);
                }
            };
            while seen.len() < (life + 1) * BETWEEN {
                hear(&mut seen);
            }
            if life < KILLS {
                child.kill().unwrap();
                child.wait().unwrap();
                return;
            }
            drop(stopping);
            writers.into_iter().for_each(|writer| writer.join().unwrap());
            let total: usize = done.iter().map(|done| done.load(Ordering::Relaxed)).sum();
            while seen.len() < total {
                hear(&mut seen);
            }
        });
        if life == KILLS {
            crate::daemon::stop(child);
        }
    }
    let once: HashSet<&String> = seen.iter().collect();
    assert_eq!(once.len(), seen.len(), "something came twice: {seen:?}");
    for (writer, done) in done.iter().enumerate() {
        let own: Vec<&String> = seen.iter().filter(|name| name.starts_with(&format!("w{writer}-"))).collect();
        let wanted: Vec<String> =
            (0..done.load(Ordering::Relaxed)).map(|number| format!("w{writer}-{number}")).collect();
        assert_eq!(own, wanted.iter().collect::<Vec<_>>(), "each once, and in order");
    }
}
