//! The stream of events (RFC 8040 sections 3.8, 4.8 and 6; RFC 5277).

use serde_json::{Value, json};

use super::{At, NETCONF, Sse, Stream, ask, made, make};
use crate::conversation::wire::exchange;
use crate::support::run_python;

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
fn sealing_ends_streams_with_a_reason() {
    let daemon = At::quickstart();
    let mut stream = Stream::of(&daemon, NETCONF, "");
    let sealed = ask(&daemon, "POST", "/v1/state/strongbox/system/seal", "{}");
    assert!(matches!(sealed.status(), 200 | 204), "{}", sealed.text());
    let end = stream.expect();
    assert_eq!((end.event.as_deref(), stream.next()), (Some("end"), None), "{end:?}");
}

#[test]
fn an_event_source_that_somebody_else_wrote_hears_and_resumes() {
    let daemon = At::quickstart();
    run_python("events/listen.py", &[&daemon.address, &daemon.token]);
}

#[test]
fn rfc8040_6_3_a_stream_is_server_sent_events_and_nothing_else() {
    let daemon = At::quickstart();
    let ask = |method: &str, accept: &str| {
        let request = format!(
            "{method} {NETCONF} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\nAccept: {accept}\r\n\r\n",
            daemon.token
        );
        exchange(&daemon.address, request.as_bytes()).unwrap()
    };
    let refused = ask("GET", "application/yang-data+json");
    assert_eq!(refused.status(), 406, "{}", refused.text());
    assert!(refused.text().contains("text/event-stream"), "{}", refused.text());
    let allowed = ask("OPTIONS", "*/*");
    assert_eq!(allowed.header("allow"), Some("GET, HEAD, OPTIONS"), "{allowed:?}");
    let head = ask("HEAD", "text/event-stream");
    assert_eq!((head.status(), head.header("content-type")), (200, Some("text/event-stream")), "{head:?}");
}

#[test]
fn rfc8525_4_a_start_with_other_modules_is_told() {
    let (_dir, data) = crate::daemon::directory();
    let (_, child) = At::over(&data, &[]);
    crate::daemon::stop(child);
    let yang = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/restconf/yang");
    let (daemon, child) = At::over(&data, &["--yang-dir", yang, "--module", "example-jukebox"]);
    let content_id = ask(&daemon, "GET", "/restconf/data/ietf-yang-library:yang-library/content-id", "");
    let content_id: Value = serde_json::from_str(&content_id.text()).unwrap();
    let mut stream = Stream::of(&daemon, &format!("{NETCONF}?start-time=2020-01-01T00:00:00Z"), "");
    let told = stream.named("ietf-yang-library:yang-library-update");
    assert_eq!(told["content-id"], content_id["ietf-yang-library:content-id"]);
    let told = stream.named("ietf-yang-library:yang-library-change");
    assert_eq!(told["module-set-id"], content_id["ietf-yang-library:content-id"]);
    crate::daemon::stop(child);
}
