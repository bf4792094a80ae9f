//! Notifications from outside: the stream of events and subscriptions over server-sent events (RFC 8040 section 6, RFC 8650),
//! with a client of our own that sees every byte, and with one that somebody else wrote.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::conversation::wire::{Answer, exchange, host};
use crate::support::{Daemon, run_python};

const NETCONF: &str = "/restconf/streams/NETCONF/json";

/// A daemon, and the holder of its root token.
struct At {
    daemon: Option<Daemon>,
    address: String,
    token: String,
}

impl At {
    fn quickstart() -> At {
        let daemon = Daemon::quickstart();
        let (address, token) = (daemon.fact("/address").to_owned(), daemon.fact("/tokens/root").to_owned());
        At { daemon: Some(daemon), address, token }
    }
}

/// What one server-sent event says.
#[derive(Clone, Debug, Default, PartialEq)]
struct Sse {
    id: Option<String>,
    event: Option<String>,
    data: String,
}

impl Sse {
    fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The notification in the envelope, without `eventTime`.
    fn notification(&self) -> (String, Value) {
        let envelope = self.json();
        let members = envelope["ietf-restconf:notification"].as_object().unwrap().clone();
        members.into_iter().find(|(name, _)| name != "eventTime").unwrap()
    }

    fn time(&self) -> String {
        self.json()["ietf-restconf:notification"]["eventTime"].as_str().unwrap().to_owned()
    }
}

/// A client that reads a stream.
struct Stream {
    reader: BufReader<TcpStream>,
    head: String,
    text: String,
}

impl Stream {
    fn open(daemon: &At, token: &str, target: &str, more: &str) -> Stream {
        let stream = TcpStream::connect(host(&daemon.address)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut writer = stream.try_clone().unwrap();
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\n{more}\r\n"
        );
        writer.write_all(request.as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(reader.read_line(&mut head).unwrap(), 0, "{head}");
        }
        Stream { reader, head, text: String::new() }
    }

    /// Opens one that works.
    fn of(daemon: &At, target: &str, more: &str) -> Stream {
        let stream = Stream::open(daemon, &daemon.token, target, more);
        assert!(stream.head.starts_with("HTTP/1.1 200 "), "{}", stream.head);
        assert!(stream.head.contains("content-type: text/event-stream"), "{}", stream.head);
        stream
    }

    /// The next event; `None` at the end of the body.
    fn next(&mut self) -> Option<Sse> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                let mut event = Sse::default();
                let mut data: Vec<&str> = Vec::new();
                for line in block.lines() {
                    match line.split_once(": ") {
                        Some(("id", id)) => event.id = Some(id.to_owned()),
                        Some(("event", name)) => event.event = Some(name.to_owned()),
                        Some(("data", text)) => data.push(text),
                        _ => assert!(line.is_empty() || line.starts_with(':'), "{line:?}"),
                    }
                }
                event.data = data.join("\n");
                if !event.data.is_empty() {
                    return Some(event);
                }
                continue;
            }
            let mut size = String::new();
            if self.reader.read_line(&mut size).unwrap() == 0 {
                return None;
            }
            let size = usize::from_str_radix(size.trim(), 16).unwrap_or_else(|_| panic!("{size:?}"));
            let mut chunk = vec![0; size + 2];
            self.reader.read_exact(&mut chunk).unwrap();
            if size == 0 {
                return None;
            }
            self.text.push_str(std::str::from_utf8(&chunk[..size]).unwrap());
        }
    }

    fn expect(&mut self) -> Sse {
        self.next().expect("an event, not the end")
    }

    /// The next notification of that name.
    fn named(&mut self, wanted: &str) -> Value {
        loop {
            let (name, content) = self.expect().notification();
            if name == wanted {
                return content;
            }
        }
    }
}

fn ask_as(daemon: &At, token: &str, method: &str, target: &str, body: &str) -> Answer {
    let kind =
        if target.starts_with("/restconf") { "application/yang-data+json" } else { "application/json" };
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    exchange(&daemon.address, request.as_bytes()).unwrap()
}

fn ask(daemon: &At, method: &str, target: &str, body: &str) -> Answer {
    ask_as(daemon, &daemon.token, method, target, body)
}

/// Makes an entry whose name it is.
fn make(daemon: &At, name: &str) {
    let answer = ask(daemon, "PUT", &format!("/v1/config/policy/policies/{name}"), "{}");
    assert!(matches!(answer.status(), 201 | 204), "{}", answer.text());
}

/// The names that a change notification tells of.
fn made(event: &Sse) -> Option<String> {
    let (name, content) = event.notification();
    if name != "ietf-netconf-notifications:netconf-config-change" {
        return None;
    }
    let target = content["edit"][0]["target"].as_str()?.to_owned();
    let (_, name) = target.split_once("policies[name='")?;
    Some(name.split('\'').next()?.to_owned())
}

#[test]
fn rfc6470_2_1_a_change_is_told_with_who_made_it_and_what_changed_in_both_encodings() {
    let daemon = At::quickstart();
    let mut json = Stream::of(&daemon, NETCONF, "");
    let mut xml = Stream::of(&daemon, "/restconf/streams/NETCONF/xml", "");
    make(&daemon, "p1");
    let event = json.expect();
    let (name, content) = event.notification();
    assert_eq!(name, "ietf-netconf-notifications:netconf-config-change");
    assert_eq!(
        content["edit"][0],
        json!({"target": "/strongbox-policy:policy/policies[name='p1']", "operation": "create"})
    );
    assert_eq!(content["datastore"], "running");
    assert!(content["changed-by"]["username"].is_string(), "{content}");
    assert!(event.id.is_some());
    let told = xml.expect();
    assert_eq!(told.id, event.id);
    for part in [
        "<notification xmlns=\"urn:ietf:params:xml:ns:netconf:notification:1.0\"><eventTime>",
        "<netconf-config-change xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-notifications\">",
        "<operation>create</operation>",
    ] {
        assert!(told.data.contains(part), "{part}\n{}", told.data);
    }
    let metrics = ask(&daemon, "GET", "/metrics", "").text();
    assert!(metrics.contains("strongbox_event_streams 2"), "{metrics}");
}

#[test]
fn rfc8040_4_8_filters_and_times_choose_events_and_wrong_ones_are_refused() {
    let daemon = At::quickstart();
    for name in ["a", "b", "c"] {
        make(&daemon, name);
    }
    let start = "start-time=2020-01-01T00:00:00Z";
    let mut all = Stream::of(&daemon, &format!("{NETCONF}?{start}"), "");
    let mut times = Vec::new();
    let mut names = Vec::new();
    loop {
        let event = all.expect();
        if event.notification().0 == "nc-notifications:replayComplete" {
            break;
        }
        times.push(event.time());
        names.extend(made(&event));
    }
    assert_eq!(names, ["a", "b", "c"]);
    assert!(times.is_sorted() && times.windows(2).all(|pair| pair[0] != pair[1]), "{times:?}");

    let filter = "filter=contains(/ietf-netconf-notifications:netconf-config-change/edit/target,%22='b'%22)";
    let mut chosen = Stream::of(&daemon, &format!("{NETCONF}?{start}&{filter}"), "");
    assert_eq!(made(&chosen.expect()).unwrap(), "b");
    assert_eq!(chosen.expect().notification().0, "nc-notifications:replayComplete");

    let mut until =
        Stream::of(&daemon, &format!("{NETCONF}?{start}&stop-time={}", times.last().unwrap()), "");
    let mut names = Vec::new();
    let mut last = None;
    while let Some(event) = until.next().filter(|event| event.event.is_none()) {
        names.extend(made(&event));
        last = Some(event.notification().0);
    }
    assert_eq!(names, ["a", "b"]);
    assert_eq!(last.unwrap(), "nc-notifications:notificationComplete");

    for (query, message) in [
        ("start-time=2999-01-01T00:00:00Z", "in the future"),
        ("stop-time=2999-01-01T00:00:00Z", "means nothing without 'start-time'"),
        ("start-time=2021-01-01T00:00:00Z&stop-time=2020-01-01T00:00:00Z", "not later than"),
        ("start-time=yesterday", "RFC 3339"),
        ("filter=/nothing:at-all", "filter"),
        ("filter=/*[", "filter"),
        ("depth=3", "depth"),
    ] {
        let answer = ask(&daemon, "GET", &format!("{NETCONF}?{query}"), "");
        assert_eq!(answer.status(), 400, "{query}: {}", answer.text());
        assert!(answer.text().contains(message), "{query}: {}", answer.text());
    }
    assert_eq!(ask(&daemon, "GET", "/restconf/streams/OTHER/json", "").status(), 404);
    assert_eq!(ask(&daemon, "POST", NETCONF, "{}").status(), 405);
    let refused = Stream::open(&daemon, &daemon.token, NETCONF, "Last-Event-ID: x\r\n");
    assert!(refused.head.starts_with("HTTP/1.1 400 "), "{}", refused.head);
    let refused = Stream::open(&daemon, "sb.nobody", NETCONF, "");
    assert!(refused.head.starts_with("HTTP/1.1 401 "), "{}", refused.head);
}

#[test]
fn rfc8040_9_the_streams_are_listed_with_where_they_are() {
    let daemon = At::quickstart();
    let streams = ask(&daemon, "GET", "/restconf/data/ietf-restconf-monitoring:restconf-state/streams", "");
    let streams: Value = serde_json::from_str(&streams.text()).unwrap();
    let stream = &streams["ietf-restconf-monitoring:streams"]["stream"][0];
    assert_eq!((&stream["name"], &stream["replay-support"]), (&json!("NETCONF"), &json!(true)));
    assert!(stream["replay-log-creation-time"].is_string());
    let location = stream["access"][0]["location"].as_str().unwrap();
    let (_, path) = location.split_once("//").unwrap().1.split_once('/').unwrap();
    Stream::of(&daemon, &format!("/{path}"), "");
}

#[test]
fn a_client_that_comes_back_gets_every_notification_once() {
    let daemon = At::quickstart();
    let token = daemon.token.clone();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 0..120 {
                make(&daemon, &format!("n{number}"));
            }
        });
        let mut seen = Vec::new();
        let mut last: Option<Sse> = None;
        let mut visit = 0_usize;
        while seen.len() < 120 {
            visit += 1;
            let (target, more) = match &last {
                None => (format!("{NETCONF}?start-time=2020-01-01T00:00:00Z"), String::new()),
                Some(event) if visit.is_multiple_of(2) => {
                    (NETCONF.to_owned(), format!("Last-Event-ID: {}\r\n", event.id.as_ref().unwrap()))
                }
                Some(event) => (format!("{NETCONF}?start-time={}", event.time()), String::new()),
            };
            let mut stream = Stream::open(&daemon, &token, &target, &more);
            // What has the time that was asked for comes again; its id tells that it is known.
            let known = last.as_ref().and_then(|event| event.id.clone());
            for _ in 0..(visit * 7) % 11 + 1 {
                if seen.len() == 120 {
                    break;
                }
                let event = stream.expect();
                if event.id.is_none() || event.id == known {
                    continue;
                }
                seen.extend(made(&event));
                last = Some(event);
            }
        }
        writer.join().unwrap();
        let wanted: Vec<String> = (0..120).map(|number| format!("n{number}")).collect();
        assert_eq!(seen, wanted);
    });
}

#[test]
fn who_may_read_little_hears_little_and_other_tenants_hear_nothing() {
    let daemon = At::quickstart();
    let rules = json!({"rest-api": {"rules": [
        {"path": "policy/policies/seen-1", "operations": {"read": "allow"}},
        {"path": "policy/policies/seen-2", "operations": {"read": "allow"}},
        {"path": "netconf-config-change", "operations": {"read": "allow"}}]}});
    let answer = ask(&daemon, "PUT", "/v1/config/policy/policies/watcher", &rules.to_string());
    assert_eq!(answer.status(), 201, "{}", answer.text());
    let made_token = ask(
        &daemon,
        "POST",
        "/v1/state/strongbox/token/create-token",
        r#"{"policies": ["watcher"], "no-default-policy": true}"#,
    );
    let token: Value = serde_json::from_str(&made_token.text()).unwrap();
    let token = token["token"].as_str().unwrap_or_else(|| panic!("{token}")).to_owned();
    let mut watcher = Stream::open(&daemon, &token, NETCONF, "");
    assert!(watcher.head.starts_with("HTTP/1.1 200 "), "{}", watcher.head);
    assert_eq!(ask(&daemon, "POST", "/v1/config/tenants", r#"{"name": "other"}"#).status(), 201);
    let other = ask(&daemon, "POST", "/v1/state/tenants/other/create-token", "{}");
    let other: Value = serde_json::from_str(&other.text()).unwrap();
    let mut stranger = Stream::open(&daemon, other["token"].as_str().unwrap(), NETCONF, "");
    for name in ["hidden-1", "seen-1", "hidden-2", "seen-2"] {
        make(&daemon, name);
    }
    assert_eq!(made(&watcher.expect()).unwrap(), "seen-1");
    assert_eq!(made(&watcher.expect()).unwrap(), "seen-2");
    let own =
        ask_as(&daemon, other["token"].as_str().unwrap(), "PUT", "/v1/config/policy/policies/own", "{}");
    assert_eq!(own.status(), 201, "{}", own.text());
    assert_eq!(made(&stranger.expect()).unwrap(), "own", "nothing of the other tenant came before");

    let revoked =
        ask(&daemon, "POST", "/v1/state/strongbox/token/revoke", &json!({"token": token}).to_string());
    assert!(matches!(revoked.status(), 200 | 204), "{}", revoked.text());
    make(&daemon, "seen-3");
    let end = watcher.expect();
    assert_eq!((end.event.as_deref(), end.data.as_str()), (Some("end"), "the token has ended"));
    assert_eq!(watcher.next(), None);
}

#[test]
fn sealing_ends_streams_with_a_reason() {
    let daemon = At::quickstart();
    let mut stream = Stream::of(&daemon, NETCONF, "");
    let sealed = ask(&daemon, "POST", "/v1/state/strongbox/system/seal", "{}");
    assert!(matches!(sealed.status(), 200 | 204), "{}", sealed.text());
    let end = stream.expect();
    assert_eq!((end.event.as_deref(), stream.next()), (Some("end"), None), "{end:?}");
}

#[test]
fn who_does_not_read_is_dropped_with_a_reason() {
    let (_dir, data) = crate::daemon::directory();
    let (child, log) = crate::daemon::start(&data, &["--limits-event-stream-patience", "1s"]);
    let address = log.split("address=").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    let address = format!("http://{address}");
    let token = std::fs::read_to_string(data.join("root-token")).unwrap().trim().to_owned();
    let daemon = At { daemon: None, address, token };
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

fn establish(daemon: &At, input: Value) -> (u64, String) {
    let body = json!({"ietf-subscribed-notifications:input": input}).to_string();
    let answer = ask(
        daemon,
        "POST",
        "/restconf/operations/ietf-subscribed-notifications:establish-subscription",
        &body,
    );
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let output: Value = serde_json::from_str(&answer.text()).unwrap();
    let output = &output["ietf-subscribed-notifications:output"];
    let uri = output["ietf-restconf-subscribed-notifications:uri"].as_str().unwrap();
    let path = uri.split_once("//").unwrap().1.split_once('/').unwrap().1;
    (output["id"].as_u64().unwrap(), format!("/{path}"))
}

fn operation(daemon: &At, name: &str, input: Value) -> Answer {
    let module = name.split_once(':').unwrap().0;
    let body = json!({format!("{module}:input"): input}).to_string();
    ask(daemon, "POST", &format!("/restconf/operations/{name}"), &body)
}

#[test]
fn rfc8639_2_4_a_subscription_is_established_received_modified_and_deleted() {
    let daemon = At::quickstart();
    make(&daemon, "before");
    let filter = "contains(/netconf-config-change/edit/target, 'policies')";
    let (id, uri) = establish(
        &daemon,
        json!({"stream": "NETCONF", "stream-xpath-filter": filter, "replay-start-time": "2020-01-01T00:00:00Z"}),
    );
    let mut stream = Stream::of(&daemon, &uri, "");
    assert_eq!(made(&stream.expect()).unwrap(), "before");
    assert_eq!(stream.named("ietf-subscribed-notifications:replay-completed")["id"], id);
    make(&daemon, "live");
    assert_eq!(made(&stream.expect()).unwrap(), "live");
    let again = ask(&daemon, "GET", &uri, "");
    assert_eq!(again.status(), 404, "somebody receives it already: {}", again.text());
    let state = ask(&daemon, "GET", "/restconf/data/ietf-subscribed-notifications:subscriptions", "");
    let state: Value = serde_json::from_str(&state.text()).unwrap();
    let listed = &state["ietf-subscribed-notifications:subscriptions"]["subscription"][0];
    assert_eq!((&listed["id"], &listed["stream"]), (&json!(id), &json!("NETCONF")), "{state}");
    assert_eq!(listed["receivers"]["receiver"][0]["state"], "active");

    let other = "contains(/netconf-config-change/edit/target, 'only-this')";
    let modified = operation(
        &daemon,
        "ietf-subscribed-notifications:modify-subscription",
        json!({"id": id, "stream-xpath-filter": other}),
    );
    assert_eq!(modified.status(), 204, "{}", modified.text());
    let told = stream.named("ietf-subscribed-notifications:subscription-modified");
    assert_eq!((&told["id"], &told["stream-xpath-filter"]), (&json!(id), &json!(other)));
    make(&daemon, "not-this");
    make(&daemon, "only-this");
    assert_eq!(made(&stream.expect()).unwrap(), "only-this");

    let deleted = operation(&daemon, "ietf-subscribed-notifications:delete-subscription", json!({"id": id}));
    assert_eq!(deleted.status(), 204, "{}", deleted.text());
    let told = stream.named("ietf-subscribed-notifications:subscription-terminated");
    assert_eq!(told["reason"], "no-such-subscription");
    assert_eq!(stream.expect().event.as_deref(), Some("end"));

    for (name, input, app_tag) in [
        ("delete-subscription", json!({"id": id}), "ietf-subscribed-notifications:no-such-subscription"),
        ("kill-subscription", json!({"id": 999}), "ietf-subscribed-notifications:no-such-subscription"),
        (
            "establish-subscription",
            json!({"stream": "NETCONF", "stream-xpath-filter": "/*["}),
            "ietf-subscribed-notifications:filter-unsupported",
        ),
        (
            "establish-subscription",
            json!({"ietf-yang-push:datastore": "ietf-datastores:startup", "ietf-yang-push:periodic": {"period": 100}}),
            "ietf-yang-push:datastore-not-subscribable",
        ),
        (
            "establish-subscription",
            json!({"ietf-yang-push:datastore": "ietf-datastores:running", "ietf-yang-push:periodic": {"period": 1}}),
            "ietf-yang-push:period-unsupported",
        ),
    ] {
        let answer = operation(&daemon, &format!("ietf-subscribed-notifications:{name}"), input);
        assert_eq!(answer.status(), 400, "{name}: {}", answer.text());
        assert!(answer.text().contains(app_tag), "{name}: {}", answer.text());
    }
}

#[test]
fn rfc8641_3_5_changes_are_pushed_as_a_patch_after_the_whole() {
    let daemon = At::quickstart();
    make(&daemon, "first");
    let (id, uri) = establish(
        &daemon,
        json!({"ietf-yang-push:datastore": "ietf-datastores:running",
               "ietf-yang-push:datastore-xpath-filter": "/strongbox-policy:policy/policies[name != 'unseen']",
               "ietf-yang-push:on-change": {"dampening-period": 0}}),
    );
    let mut stream = Stream::of(&daemon, &uri, "");
    let whole = stream.named("ietf-yang-push:push-update");
    assert_eq!(whole["id"], id);
    let policies = whole["datastore-contents"]["strongbox-policy:policy"]["policies"].as_array().unwrap();
    assert!(policies.iter().any(|policy| policy["name"] == "first"), "{whole}");
    make(&daemon, "unseen");
    make(&daemon, "second");
    let edit = |update: &Value| update["datastore-changes"]["yang-patch"]["edit"][0].clone();
    let created = edit(&stream.named("ietf-yang-push:push-change-update"));
    assert_eq!(
        created,
        json!({"edit-id": "1", "operation": "create", "target": "/strongbox-policy:policy/policies=second",
               "value": {"strongbox-policy:policies": [{"name": "second"}]}})
    );
    let described = ask(&daemon, "PATCH", "/v1/config/policy/policies/second", r#"{"description": "d"}"#);
    assert_eq!(described.status(), 204, "{}", described.text());
    let changed = edit(&stream.named("ietf-yang-push:push-change-update"));
    assert_eq!(changed["target"], "/strongbox-policy:policy/policies=second/description");
    assert_eq!(changed["value"], json!({"strongbox-policy:description": "d"}));
    assert_eq!(ask(&daemon, "DELETE", "/v1/config/policy/policies/second", "").status(), 204);
    let deleted = edit(&stream.named("ietf-yang-push:push-change-update"));
    assert_eq!((&deleted["operation"], deleted.get("value")), (&json!("delete"), None));
    let resync = operation(&daemon, "ietf-yang-push:resync-subscription", json!({"id": id}));
    assert_eq!(resync.status(), 204, "{}", resync.text());
    stream.named("ietf-yang-push:push-update");
}

#[test]
fn rfc8641_3_1_data_is_pushed_in_periods() {
    let daemon = At::quickstart();
    make(&daemon, "there");
    let (_, uri) = establish(
        &daemon,
        json!({"ietf-yang-push:datastore": "ietf-datastores:operational",
               "ietf-yang-push:datastore-xpath-filter": "/strongbox-policy:policy/policies[name = 'there']/name",
               "ietf-yang-push:periodic": {"period": 20}}),
    );
    let mut stream = Stream::of(&daemon, &uri, "");
    let begun = Instant::now();
    for _ in 0..3 {
        let update = stream.named("ietf-yang-push:push-update");
        assert_eq!(
            update["datastore-contents"],
            json!({"strongbox-policy:policy": {"policies": [{"name": "there"}]}})
        );
    }
    assert!(begun.elapsed() >= Duration::from_millis(350), "{:?}", begun.elapsed());
}

#[test]
fn an_event_source_that_somebody_else_wrote_hears_and_resumes() {
    let daemon = At::quickstart();
    run_python("events/listen.py", &[&daemon.address, &daemon.token]);
}
