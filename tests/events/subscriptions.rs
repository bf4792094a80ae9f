//! Subscriptions to the stream of events (RFC 8639, RFC 8650).

use serde_json::{Value, json};

use super::{At, Stream, ask, ask_in_xml, establish, established, in_milliseconds, made, make, operation};

#[test]
fn rfc8639_2_4_a_subscription_is_established_received_modified_and_deleted() {
    let daemon = At::quickstart();
    make(&daemon, "before");
    let filter = "contains(/netconf-config-change/edit/target, 'policies')";
    let (id, uri) = establish(
        &daemon,
        json!({"stream": "NETCONF", "stream-xpath-filter": filter, "replay-start-time": "2020-01-01T00:00:00Z"}),
    );
    // To ask about it is not to receive it.
    for _ in 0..2 {
        assert_eq!(ask(&daemon, "HEAD", &uri, "").status(), 200);
    }
    assert_eq!(ask(&daemon, "HEAD", "/restconf/subscriptions/999", "").status(), 404);
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

    // Its subscriber is sent no notification any more (section 2.4.4); the stream says why it ends.
    let deleted = operation(&daemon, "ietf-subscribed-notifications:delete-subscription", json!({"id": id}));
    assert_eq!(deleted.status(), 204, "{}", deleted.text());
    let end = stream.expect();
    assert_eq!((end.event.as_deref(), end.data.as_str()), (Some("end"), "the subscription was ended"));
    assert_eq!(stream.next(), None);
    let again = operation(&daemon, "ietf-subscribed-notifications:delete-subscription", json!({"id": id}));
    assert_eq!(again.status(), 404, "{}", again.text());
}

/// The ids of all subscriptions.
fn listed(daemon: &At) -> Vec<u64> {
    let answer = ask(daemon, "GET", "/restconf/data/ietf-subscribed-notifications:subscriptions", "");
    let state: Value = serde_json::from_str(&answer.text()).unwrap();
    let all = state["ietf-subscribed-notifications:subscriptions"]["subscription"].as_array().cloned();
    all.unwrap_or_default().iter().map(|one| one["id"].as_u64().unwrap()).collect()
}

#[test]
fn rfc8639_2_4_5_a_subscription_that_is_killed_ends_with_a_reason() {
    let daemon = At::quickstart();
    let (id, uri) = establish(&daemon, json!({"stream": "NETCONF"}));
    let (other, _) = establish(&daemon, json!({"stream": "NETCONF"}));
    let mut stream = Stream::of(&daemon, &uri, "");
    assert_eq!(listed(&daemon), [id, other]);
    let killed = operation(&daemon, "ietf-subscribed-notifications:kill-subscription", json!({"id": id}));
    assert_eq!(killed.status(), 204, "{}", killed.text());
    let told = stream.named("ietf-subscribed-notifications:subscription-terminated");
    assert_eq!(told, json!({"id": id, "reason": "no-such-subscription"}));
    let end = stream.expect();
    assert_eq!((end.event.as_deref(), end.data.as_str()), (Some("end"), "the subscription was ended"));
    assert_eq!(stream.next(), None);
    assert_eq!(listed(&daemon), [other]);
}

#[test]
fn rfc8639_2_4_1_a_subscription_ends_at_its_stop_time() {
    let daemon = At::quickstart();
    let (_, uri) = establish(&daemon, json!({"stream": "NETCONF", "stop-time": in_milliseconds(700)}));
    let mut events = Stream::of(&daemon, &uri, "");
    let (_, uri) = establish(
        &daemon,
        json!({"ietf-yang-push:datastore": "ietf-datastores:running", "stop-time": in_milliseconds(700),
               "ietf-yang-push:on-change": {"sync-on-start": false}}),
    );
    let mut data = Stream::of(&daemon, &uri, "");
    make(&daemon, "before");
    assert_eq!(made(&events.expect()).unwrap(), "before");
    data.named("ietf-yang-push:push-change-update");
    for stream in [&mut events, &mut data] {
        let end = stream.expect();
        assert_eq!((end.event.as_deref(), end.data.as_str()), (Some("end"), "the time to stop has come"));
        assert_eq!(stream.next(), None);
    }
    assert_eq!(listed(&daemon), [0_u64; 0]);
}

#[test]
fn rfc8639_2_4_2_1_a_replay_tells_what_was_and_stops_where_it_is_told_to() {
    let daemon = At::quickstart();
    for name in ["a", "b", "c"] {
        make(&daemon, name);
    }
    let start = "2020-01-01T00:00:00Z";
    let (_, uri) = establish(&daemon, json!({"stream": "NETCONF", "replay-start-time": start}));
    let mut all = Stream::of(&daemon, &uri, "");
    let mut events = Vec::new();
    loop {
        let event = all.expect();
        if event.notification().0 == "ietf-subscribed-notifications:replay-completed" {
            break;
        }
        events.extend(made(&event).map(|_| event));
    }
    assert_eq!(events.iter().filter_map(made).collect::<Vec<_>>(), ["a", "b", "c"]);
    // A time to stop in the past is one where there is a replay.
    let (_, uri) = establish(
        &daemon,
        json!({"stream": "NETCONF", "replay-start-time": events[1].time(), "stop-time": events[2].time()}),
    );
    let mut part = Stream::of(&daemon, &uri, "");
    assert_eq!(made(&part.expect()).unwrap(), "b");
    assert_eq!(part.expect().event.as_deref(), Some("end"));
}

#[test]
fn rfc8639_2_4_2_1_it_is_told_where_a_replay_begins_later_than_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let (daemon, mut child) = At::over(&dir.path().join("data"), &["--log-retention", "20"]);
    make(&daemon, "first");
    let stream = || {
        let path = "/restconf/data/ietf-subscribed-notifications:streams/stream=NETCONF";
        let answer = ask(&daemon, "GET", path, "");
        let shown: Value = serde_json::from_str(&answer.text()).unwrap();
        shown["ietf-subscribed-notifications:stream"][0].clone()
    };
    let revised = |start: &str| {
        let input = json!({"stream": "NETCONF", "replay-start-time": start});
        established(&daemon, input)["replay-start-time-revision"].clone()
    };
    let begun = stream();
    assert_eq!(begun.get("replay-log-aged-time"), None, "{begun}");
    assert_eq!(revised("2020-01-01T00:00:00Z"), begun["replay-log-creation-time"]);
    assert_eq!(revised(begun["replay-log-creation-time"].as_str().unwrap()), Value::Null);

    let aged = (0..2_000).find_map(|number| {
        make(&daemon, &format!("p{number}"));
        let aged = stream()["replay-log-aged-time"].clone();
        aged.is_string().then_some(aged)
    });
    let aged = aged.expect("the oldest records are gone after so many");
    assert_eq!(revised("2020-01-01T00:00:00Z"), aged);
    assert_eq!(revised(aged.as_str().unwrap()), Value::Null);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn rfc6241_6_events_are_chosen_by_a_subtree() {
    let daemon = At::quickstart();
    let change = "ietf-netconf-notifications:netconf-config-change";
    let filter = json!({change: {"edit": {"operation": "delete"}}});
    let (id, uri) = establish(&daemon, json!({"stream": "NETCONF", "stream-subtree-filter": filter}));
    let mut stream = Stream::of(&daemon, &uri, "");
    make(&daemon, "gone");
    assert_eq!(ask(&daemon, "DELETE", "/v1/config/policy/policies/gone", "").status(), 204);
    let told = stream.named(change);
    assert_eq!(told["edit"][0]["operation"], "delete", "{told}");
    let shown = ask(
        &daemon,
        "GET",
        &format!("/restconf/data/ietf-subscribed-notifications:subscriptions/subscription={id}"),
        "",
    );
    let shown: Value = serde_json::from_str(&shown.text()).unwrap();
    assert_eq!(
        shown["ietf-subscribed-notifications:subscription"][0]["stream-subtree-filter"], filter,
        "{shown}"
    );

    let filter = json!({"ietf-yang-library:yang-library-update": {}});
    let modified = operation(
        &daemon,
        "ietf-subscribed-notifications:modify-subscription",
        json!({"id": id, "stream-subtree-filter": filter, "stop-time": in_milliseconds(300)}),
    );
    assert_eq!(modified.status(), 204, "{}", modified.text());
    let told = stream.named("ietf-subscribed-notifications:subscription-modified");
    assert_eq!(told["stream-subtree-filter"], filter, "{told}");
    make(&daemon, "other");
    assert_eq!(stream.expect().event.as_deref(), Some("end"), "no other event is chosen");
}

#[test]
fn rfc8639_2_7_2_a_filter_of_the_configuration_is_followed() {
    let daemon = At::quickstart();
    let filters = "/restconf/data/ietf-subscribed-notifications:filters";
    let set = |filter: Value| {
        let mut entry = json!({"name": "mine"});
        entry.as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
        let body = json!({"ietf-subscribed-notifications:stream-filter": [entry]}).to_string();
        let answer = ask(&daemon, "PUT", &format!("{filters}/stream-filter=mine"), &body);
        assert!(matches!(answer.status(), 201 | 204), "{}", answer.text());
    };
    let of = |name: &str| format!("contains(/netconf-config-change/edit/target, \"'{name}'\")");
    set(json!({"stream-xpath-filter": of("first")}));
    let (id, uri) = establish(&daemon, json!({"stream": "NETCONF", "stream-filter-name": "mine"}));
    let mut stream = Stream::of(&daemon, &uri, "");
    make(&daemon, "second");
    make(&daemon, "first");
    assert_eq!(made(&stream.expect()).unwrap(), "first");

    set(json!({"stream-xpath-filter": of("third")}));
    let told = stream.named("ietf-subscribed-notifications:subscription-modified");
    assert_eq!(
        (&told["id"], &told["stream-xpath-filter"], told.get("stream-filter-name")),
        (&json!(id), &json!(of("third")), None),
        "the filter itself is told: {told}"
    );
    make(&daemon, "fourth");
    make(&daemon, "third");
    assert_eq!(made(&stream.expect()).unwrap(), "third");

    // As a subtree, it is a filter all the same.
    let subtree = json!({"ietf-netconf-notifications:netconf-config-change": {"datastore": "startup"}});
    set(json!({"stream-subtree-filter": subtree}));
    let told = stream.named("ietf-subscribed-notifications:subscription-modified");
    assert_eq!(told["stream-subtree-filter"], subtree, "{told}");

    assert_eq!(ask(&daemon, "DELETE", filters, "").status(), 204);
    let told = stream.named("ietf-subscribed-notifications:subscription-terminated");
    assert_eq!(told, json!({"id": id, "reason": "filter-unavailable"}));
    assert_eq!(stream.expect().event.as_deref(), Some("end"));
}

#[test]
fn rfc8639_2_4_2_notifications_have_the_encoding_of_the_request_unless_it_names_one() {
    let daemon = At::quickstart();
    let establish = "ietf-subscribed-notifications:establish-subscription";
    let open = |answer: &str, from: &str, to: &str| {
        let (_, rest) = answer.split_once(from).unwrap_or_else(|| panic!("{answer}"));
        let uri = rest.split_once(to).unwrap().0;
        let path = uri.split_once("//").unwrap().1.split_once('/').unwrap().1;
        Stream::of(&daemon, &format!("/{path}"), "")
    };
    let input = "<input xmlns=\"urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications\"><stream>NETCONF</stream></input>";
    let answer = ask_in_xml(&daemon, establish, input);
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let uri = "<uri xmlns=\"urn:ietf:params:xml:ns:yang:ietf-restconf-subscribed-notifications\">";
    let mut of_xml = open(&answer.text(), uri, "</uri>");
    let input = json!({"stream": "NETCONF", "encoding": "encode-xml"});
    let answer = operation(&daemon, establish, input);
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let uri = "\"ietf-restconf-subscribed-notifications:uri\":\"";
    let mut named = open(&answer.text(), uri, "\"");
    make(&daemon, "told");
    for stream in [&mut of_xml, &mut named] {
        let told = stream.expect().data;
        assert!(
            told.starts_with("<notification xmlns=\"urn:ietf:params:xml:ns:netconf:notification:1.0\">"),
            "{told}"
        );
    }
}
