//! Subscriptions to data (RFC 8641).

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use strongbox::base::clock::Timestamp;

use super::{At, Stream, ask, establish, in_milliseconds, make, operation};

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
fn rfc8641_4_2_periods_are_counted_from_the_anchor() {
    const PERIOD: i64 = 2_000;
    let daemon = At::quickstart();
    // Whoever did not look at it would send at once, in the second half of a period.
    let anchor = in_milliseconds(-PERIOD * 6 / 10);
    let (_, uri) = establish(
        &daemon,
        json!({"ietf-yang-push:datastore": "ietf-datastores:running",
               "ietf-yang-push:datastore-xpath-filter": "/strongbox-policy:policy/policies/name",
               "ietf-yang-push:periodic": {"period": PERIOD / 10, "anchor-time": anchor}}),
    );
    let mut stream = Stream::of(&daemon, &uri, "");
    let since = |time: &str| {
        (Timestamp::parse_rfc3339(time).unwrap().0 - Timestamp::parse_rfc3339(&anchor).unwrap().0) / 1_000
    };
    for number in 1..=2 {
        let update = stream.expect();
        assert_eq!(update.notification().0, "ietf-yang-push:push-update");
        let (periods, late) = (since(&update.time()) / PERIOD, since(&update.time()) % PERIOD);
        assert!(periods == number && late < PERIOD / 2, "{update:?} came {late} ms after period {periods}");
    }
}

/// A description, which is what changes here.
fn describe(daemon: &At, name: &str, text: &str) {
    let body = json!({"description": text}).to_string();
    let answer = ask(daemon, "PUT", &format!("/v1/config/policy/policies/{name}"), &body);
    assert!(matches!(answer.status(), 201 | 204), "{}", answer.text());
}

fn delete(daemon: &At, name: &str) {
    let answer = ask(daemon, "DELETE", &format!("/v1/config/policy/policies/{name}"), "");
    assert_eq!(answer.status(), 204, "{}", answer.text());
}

/// A subscription to changes of policies.
fn watch(daemon: &At, on_change: Value) -> (u64, Stream) {
    let (id, uri) = establish(
        daemon,
        json!({"ietf-yang-push:datastore": "ietf-datastores:running",
               "ietf-yang-push:datastore-subtree-filter": {"strongbox-policy:policy": {"policies": {}}},
               "ietf-yang-push:on-change": on_change}),
    );
    (id, Stream::of(daemon, &uri, ""))
}

/// Number and edits of the next patch: operation and name of the policy.
fn patch(stream: &mut Stream) -> (String, Vec<(String, String)>) {
    let update = stream.named("ietf-yang-push:push-change-update");
    let patch = &update["datastore-changes"]["yang-patch"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let edits = patch["edit"].as_array().unwrap().iter();
    let edits = edits.map(|edit| {
        let target = text(&edit["target"]);
        (text(&edit["operation"]), target.split_once("policies=").unwrap().1.to_owned())
    });
    (text(&patch["patch-id"]), edits.collect())
}

fn edits(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(operation, name)| ((*operation).to_owned(), (*name).to_owned())).collect()
}

#[test]
fn rfc8641_3_7_patches_are_counted_from_0_and_again_after_the_whole_was_sent() {
    let daemon = At::quickstart();
    describe(&daemon, "a", "1");
    let (id, mut stream) = watch(&daemon, json!({}));
    stream.named("ietf-yang-push:push-update");
    for number in ["0", "1"] {
        describe(&daemon, "a", &format!("changed {number}"));
        assert_eq!(patch(&mut stream), (number.to_owned(), edits(&[("replace", "a/description")])));
    }
    let resync = operation(&daemon, "ietf-yang-push:resync-subscription", json!({"id": id}));
    assert_eq!(resync.status(), 204, "{}", resync.text());
    stream.named("ietf-yang-push:push-update");
    delete(&daemon, "a");
    assert_eq!(patch(&mut stream), ("0".to_owned(), edits(&[("delete", "a")])));
}

#[test]
fn rfc8641_3_3_excluded_changes_are_not_told_and_the_whole_only_where_it_is_asked_for() {
    let daemon = At::quickstart();
    describe(&daemon, "a", "1");
    let (_, mut stream) =
        watch(&daemon, json!({"sync-on-start": false, "excluded-change": ["create", "replace"]}));
    describe(&daemon, "a", "2");
    describe(&daemon, "b", "1");
    delete(&daemon, "a");
    let (name, _) = {
        let first = stream.expect();
        let told = first.notification();
        assert_eq!(told.1["datastore-changes"]["yang-patch"]["edit"][0]["operation"], "delete", "{}", told.1);
        told
    };
    assert_eq!(name, "ietf-yang-push:push-change-update");
}

#[test]
fn rfc8641_3_3_in_a_dampening_period_changes_wait_and_those_that_cancel_out_are_told() {
    let daemon = At::quickstart();
    describe(&daemon, "kept", "1");
    let (_, mut stream) = watch(&daemon, json!({"dampening-period": 200}));
    let begun = Instant::now();
    stream.named("ietf-yang-push:push-update");
    // Within the period: one that comes and goes, one that goes and comes, one that changes there and back, one that stays.
    describe(&daemon, "transient", "1");
    delete(&daemon, "transient");
    describe(&daemon, "kept", "2");
    describe(&daemon, "kept", "1");
    describe(&daemon, "new", "1");
    describe(&daemon, "new", "2");
    let (number, mut told) = patch(&mut stream);
    assert!(begun.elapsed() >= Duration::from_millis(1_990), "{:?}", begun.elapsed());
    told.sort();
    assert_eq!(number, "0");
    assert_eq!(told, edits(&[("create", "new"), ("delete", "transient"), ("replace", "kept/description")]));
    // After it: nothing of what was told is told again.
    let begun = Instant::now();
    describe(&daemon, "last", "1");
    assert_eq!(patch(&mut stream), ("1".to_owned(), edits(&[("create", "last")])));
    assert!(begun.elapsed() >= Duration::from_millis(1_500), "{:?}", begun.elapsed());
}

#[test]
fn rfc8641_3_4_entries_that_users_order_are_inserted_and_moved() {
    let daemon = At::quickstart();
    let (_, uri) = establish(
        &daemon,
        json!({"ietf-yang-push:datastore": "ietf-datastores:intended",
               "ietf-yang-push:datastore-xpath-filter": "/ietf-netconf-acm:nacm",
               "ietf-yang-push:on-change": {}}),
    );
    let mut stream = Stream::of(&daemon, &uri, "");
    let lists = "/restconf/data/ietf-netconf-acm:nacm/rule-list";
    let put = |name: &str, query: &str| {
        let body = json!({"ietf-netconf-acm:rule-list": [{"name": name}]}).to_string();
        let answer = ask(&daemon, "PUT", &format!("{lists}={name}{query}"), &body);
        assert!(matches!(answer.status(), 201 | 204), "{}", answer.text());
    };
    let next = |stream: &mut Stream| {
        let update = stream.named("ietf-yang-push:push-change-update");
        update["datastore-changes"]["yang-patch"]["edit"][0].clone()
    };
    let at = |name: &str| format!("/ietf-netconf-acm:nacm/rule-list={name}");
    put("a", "");
    assert_eq!(
        next(&mut stream),
        json!({"edit-id": "1", "operation": "insert", "target": at("a"), "where": "first",
               "value": {"ietf-netconf-acm:rule-list": [{"name": "a"}]}})
    );
    put("b", "");
    let inserted = next(&mut stream);
    assert_eq!((&inserted["where"], &inserted["point"]), (&json!("after"), &json!(at("a"))), "{inserted}");
    put("b", "?insert=first");
    let moved = next(&mut stream);
    assert!(moved["operation"] == "move" && moved.get("value").is_none(), "{moved}");
}

#[test]
fn rfc8641_3_4_entries_of_leaf_lists_are_told_one_by_one_and_in_order() {
    let daemon = At::quickstart();
    let written = "/v1/config/strongbox/authentication/token-roles/p";
    assert_eq!(ask(&daemon, "PUT", written, "{}").status(), 201);
    let role = "/strongbox:strongbox/strongbox-authentication:authentication/token-roles[name='p']";
    let watch = |filter: &str| {
        let subscription = json!({"ietf-yang-push:datastore": "ietf-datastores:running",
            "ietf-yang-push:datastore-xpath-filter": filter, "ietf-yang-push:on-change": {}});
        Stream::of(&daemon, &establish(&daemon, subscription).1, "")
    };
    let mut streams = [watch(role), watch(&format!("{role}/disallowed-policies"))];
    let mut told = |names: Value| {
        let body = json!({"disallowed-policies": names}).to_string();
        let answer = ask(&daemon, "PATCH", written, &body);
        assert_eq!(answer.status(), 204, "{}", answer.text());
        streams.each_mut().map(|stream| {
            let update = stream.named("ietf-yang-push:push-change-update");
            let edits = update["datastore-changes"]["yang-patch"]["edit"].as_array().unwrap();
            let told = edits.iter().map(|edit| {
                let place = [&edit["operation"], &edit["target"], &edit["where"], &edit["point"]];
                let place = place.map(|part| part.as_str().unwrap_or_default().rsplit('/').next().unwrap());
                (place.join(" "), edit.get("value").cloned())
            });
            told.collect::<Vec<_>>()
        })
    };
    told(json!(["a", "b", "c"]));
    let value = |text: &str| Some(json!({"strongbox-authentication:disallowed-policies": [text]}));
    let entry = |text: &str| format!("disallowed-policies={text}");
    let edit = |operation: &str, text: &str, place: &str, point: &str| {
        let point = if point.is_empty() { String::new() } else { entry(point) };
        format!("{operation} {} {place} {point}", entry(text))
    };
    for edits in told(json!(["c", "d", "a"])) {
        assert_eq!(
            edits,
            [
                (edit("delete", "b", "", ""), None),
                (edit("move", "c", "first", ""), None),
                (edit("insert", "d", "after", "c"), value("d")),
            ]
        );
    }
}

#[test]
fn rfc8639_2_4_3_a_subscription_to_data_is_modified() {
    let daemon = At::quickstart();
    describe(&daemon, "a", "1");
    describe(&daemon, "b", "1");
    let of = |name: &str| json!({"strongbox-policy:policy": {"policies": {"name": name, "description": {}}}});
    let (id, uri) = establish(
        &daemon,
        json!({"ietf-yang-push:datastore": "ietf-datastores:running",
               "ietf-yang-push:datastore-subtree-filter": of("a"),
               "ietf-yang-push:periodic": {"period": 10, "anchor-time": "2020-01-01T00:00:00Z"}}),
    );
    let mut stream = Stream::of(&daemon, &uri, "");
    let whole =
        |name: &str| json!({"strongbox-policy:policy": {"policies": [{"name": name, "description": "1"}]}});
    assert_eq!(stream.named("ietf-yang-push:push-update")["datastore-contents"], whole("a"));
    let modify = |periodic: Value| {
        let input = json!({"id": id, "ietf-yang-push:datastore": "ietf-datastores:running",
                           "ietf-yang-push:datastore-subtree-filter": of("b"), "ietf-yang-push:periodic": periodic});
        operation(&daemon, "ietf-subscribed-notifications:modify-subscription", input)
    };
    let refused = modify(json!({"period": 2}));
    assert_eq!(refused.status(), 400, "{}", refused.text());
    let hints = "\"ietf-yang-push:modify-subscription-datastore-error-info\":{\"period-hint\":10}";
    assert!(refused.text().contains(hints), "{}", refused.text());
    assert_eq!(modify(json!({"period": 20})).status(), 204);
    let told = stream.named("ietf-subscribed-notifications:subscription-modified");
    assert_eq!(told["ietf-yang-push:periodic"], json!({"period": 20}), "{told}");
    assert_eq!(stream.named("ietf-yang-push:push-update")["datastore-contents"], whole("b"));
    let stays = json!({"id": id, "stream-xpath-filter": "/*"});
    let refused = operation(&daemon, "ietf-subscribed-notifications:modify-subscription", stays);
    assert_eq!(refused.status(), 400, "{}", refused.text());
}
