//! What receivers cost: those that do not read, and those that are many.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{At, NETCONF, Stream, ask, made, make};

#[test]
fn who_does_not_read_is_dropped_with_a_reason() {
    let (_dir, data) = crate::daemon::directory();
    let (daemon, child) = At::over(&data, &["--limits-event-stream-patience", "1s"]);
    let _stuck = Stream::of(&daemon, NETCONF, "");
    let begun = Instant::now();
    let dropped = "strongbox_event_streams_ended_total{reason=\"stalled\"} 1";
    let rules: Vec<Value> = (0..600)
        .map(|number| json!({"path": format!("policy/policies/{}{number}", "x".repeat(200)), "operations": {"read": "allow"}}))
        .collect();
    let body = json!({"rest-api": {"rules": rules}}).to_string();
    let mut number = 0;
    loop {
        number += 1;
        // An edit that names many nodes fills the buffers soon.
        let changed = body.replace("allow", if number % 2 == 0 { "allow" } else { "reject" });
        let answer = ask(&daemon, "PUT", "/v1/config/policy/policies/big", &changed);
        assert!(matches!(answer.status(), 201 | 204), "{}", answer.text());
        if ask(&daemon, "GET", "/metrics", "").text().contains(dropped) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "it was not dropped in {number} changes");
    }
    let metrics = ask(&daemon, "GET", "/metrics", "").text();
    assert!(metrics.contains("strongbox_event_streams 0"), "{metrics}");
    // One that reads is told why a stop ends it, and does not hold the stop up.
    let mut reading = Stream::of(&daemon, NETCONF, "");
    let begun = Instant::now();
    crate::daemon::stop(child);
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    assert_eq!(reading.expect().event.as_deref(), Some("end"));
}

#[test]
fn receivers_that_do_not_read_cost_bounded_memory() {
    const STUCK: usize = 40;
    const CHANGES: usize = 20;
    let daemon = At::quickstart();
    let process = daemon.daemon.as_ref().unwrap().id();
    let names: Vec<String> = (0..150).map(|number| format!("{}{number}", "x".repeat(200))).collect();
    let change = |number: usize| {
        let operation = if number.is_multiple_of(2) { "allow" } else { "reject" };
        let rule = |name: &String| json!({"path": format!("policy/policies/{name}"), "operations": {"read": operation}});
        let rules: Vec<Value> = names.iter().map(rule).collect();
        let body = json!({"rest-api": {"rules": rules}}).to_string();
        let answer = ask(&daemon, "PUT", "/v1/config/policy/policies/big", &body);
        assert!(matches!(answer.status(), 201 | 204), "{}", answer.text());
    };
    (0..2).for_each(change);
    let before = resident(process);
    let stuck: Vec<Stream> = (0..STUCK).map(|_| Stream::of(&daemon, NETCONF, "")).collect();
    let mut watcher = Stream::of(&daemon, NETCONF, "");
    let mut told = 0;
    for number in 0..CHANGES {
        change(number);
        told += watcher.expect().data.len();
    }
    let cost = resident(process).saturating_sub(before);
    let unbounded = (told * STUCK / 1024) as u64;
    println!("{STUCK} receivers that do not read {} KiB each: {cost} KiB, of {unbounded} KiB", told / 1024);
    assert!(cost < unbounded / 3, "{cost} KiB of the {unbounded} KiB that they did not read");
    drop(stuck);
}

/// Resident memory of a process, in KiB.
fn resident(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_thousand_idle_receivers_cost_less_than_50_mb() {
    let daemon = At::quickstart();
    drop(Stream::of(&daemon, NETCONF, ""));
    let before = resident(daemon.daemon.as_ref().unwrap().id());
    let streams: Vec<Stream> = (0..1_000).map(|_| Stream::of(&daemon, NETCONF, "")).collect();
    let cost = resident(daemon.daemon.as_ref().unwrap().id()).saturating_sub(before);
    println!("1,000 idle receivers: {cost} KiB");
    assert!(cost < 50_000, "{cost} KiB");
    make(&daemon, "heard");
    for mut stream in streams {
        assert_eq!(made(&stream.expect()).unwrap(), "heard");
    }
}
