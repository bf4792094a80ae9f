//! Who hears what: policies take out of notifications what their receiver may not know.

use serde_json::{Value, json};

use super::{At, NETCONF, Stream, ask, ask_as, establish_as, made, make};

/// A token with one policy, of the rules that are given.
fn token_with(daemon: &At, policy: &str, rules: &Value) -> String {
    set_rules(daemon, policy, rules);
    let body = json!({"policies": [policy], "no-default-policy": true}).to_string();
    let made = ask(daemon, "POST", "/v1/state/strongbox/token/create-token", &body);
    let made: Value = serde_json::from_str(&made.text()).unwrap();
    made["token"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

fn set_rules(daemon: &At, policy: &str, rules: &Value) {
    let body = json!({"rest-api": {"rules": rules}}).to_string();
    let answer = ask(daemon, "PUT", &format!("/v1/config/policy/policies/{policy}"), &body);
    assert!(matches!(answer.status(), 201 | 204), "{}", answer.text());
}

#[test]
fn who_may_read_little_hears_little_and_other_tenants_hear_nothing() {
    let daemon = At::quickstart();
    let rules = json!([
        {"path": "policy/policies/seen-1", "operations": {"read": "allow"}},
        {"path": "policy/policies/seen-2", "operations": {"read": "allow"}},
        {"path": "netconf-config-change", "operations": {"read": "allow"}}]);
    let token = token_with(&daemon, "watcher", &rules);
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
fn a_stream_of_a_batch_token_ends_with_the_mount_through_which_that_was_obtained() {
    let daemon = At::quickstart();
    set_rules(&daemon, "watcher", &json!([{"path": "**", "operations": {"read": "allow"}}]));
    let done = |method: &str, target: &str, body: Value| {
        let answer = ask(&daemon, method, target, &body.to_string());
        assert!(matches!(answer.status(), 200 | 204), "{}", answer.text());
        serde_json::from_str::<Value>(&answer.text()).unwrap_or_default()
    };
    done("POST", "/v1/sys/auth/kiosk", json!({"type": "userpass"}));
    let alma = json!({"password": "correct horse", "token_type": "batch", "token_policies": "watcher"});
    done("POST", "/v1/auth/kiosk/users/alma", alma);
    let let_in = done("POST", "/v1/auth/kiosk/login/alma", json!({"password": "correct horse"}));
    let token = let_in["auth"]["client_token"].as_str().unwrap();
    let mut watcher = Stream::open(&daemon, token, NETCONF, "");
    make(&daemon, "seen");
    assert_eq!(made(&watcher.expect()).unwrap(), "seen");
    done("DELETE", "/v1/sys/auth/kiosk", json!({}));
    let end = watcher.expect();
    assert_eq!((end.event.as_deref(), end.data.as_str()), (Some("end"), "the token has ended"));
    assert_eq!(watcher.next(), None);
}

/// The edits of the next patch.
fn edits(stream: &mut Stream) -> Vec<Value> {
    let update = stream.named("ietf-yang-push:push-change-update");
    update["datastore-changes"]["yang-patch"]["edit"].as_array().unwrap().clone()
}

#[test]
fn rfc8641_3_9_what_a_policy_hides_is_in_no_update_and_rights_that_are_lost_are_deletions() {
    let daemon = At::quickstart();
    let rules = |may_see_second: &str| {
        json!([
            {"path": "ietf-subscribed-notifications:establish-subscription", "operations": {"execute": "allow"}},
            {"path": "policy/policies/first", "operations": {"read": "allow"}, "hide-fields": ["description"]},
            {"path": "policy/policies/second", "operations": {"read": may_see_second}}])
    };
    let token = token_with(&daemon, "watcher", &rules("allow"));
    let describe = |name: &str, text: &str| {
        let body = json!({"description": text}).to_string();
        let answer = ask(&daemon, "PUT", &format!("/v1/config/policy/policies/{name}"), &body);
        assert!(matches!(answer.status(), 201 | 204), "{}", answer.text());
    };
    describe("first", "hidden");
    describe("second", "shown");
    let (_, uri) = establish_as(
        &daemon,
        &token,
        json!({"ietf-yang-push:datastore": "ietf-datastores:running", "ietf-yang-push:on-change": {}}),
    );
    let mut stream = Stream::open(&daemon, &token, &uri, "");
    let whole = stream.named("ietf-yang-push:push-update");
    assert_eq!(
        whole["datastore-contents"],
        json!({"strongbox-policy:policy": {"policies": [
            {"name": "first"}, {"name": "second", "description": "shown"}]}})
    );
    // A change of what is hidden is nothing that could be told, and neither is one of what is nobody's business.
    describe("first", "hidden still");
    describe("third", "unseen");
    describe("second", "changed");
    assert_eq!(
        edits(&mut stream),
        [
            json!({"edit-id": "1", "operation": "replace", "target": "/strongbox-policy:policy/policies=second/description",
                "value": {"strongbox-policy:description": "changed"}})
        ]
    );
    set_rules(&daemon, "watcher", &rules("reject"));
    assert_eq!(
        edits(&mut stream),
        [
            json!({"edit-id": "1", "operation": "delete", "target": "/strongbox-policy:policy/policies=second"})
        ]
    );
    describe("second", "unseen");
    set_rules(&daemon, "watcher", &rules("allow"));
    assert_eq!(
        edits(&mut stream),
        [json!({"edit-id": "1", "operation": "create", "target": "/strongbox-policy:policy/policies=second",
                "value": {"strongbox-policy:policies": [{"name": "second", "description": "unseen"}]}})]
    );
}

#[test]
fn rfc8641_3_9_who_may_read_nothing_gets_empty_updates_in_periods_and_none_of_changes() {
    let daemon = At::quickstart();
    let rules = json!([
        {"path": "ietf-subscribed-notifications:establish-subscription", "operations": {"execute": "allow"}}]);
    let token = token_with(&daemon, "blind", &rules);
    let periodic = json!({"ietf-yang-push:datastore": "ietf-datastores:operational", "ietf-yang-push:periodic": {"period": 10}});
    let (id, uri) = establish_as(&daemon, &token, periodic);
    let mut stream = Stream::open(&daemon, &token, &uri, "");
    for _ in 0..2 {
        let update = stream.named("ietf-yang-push:push-update");
        assert_eq!(update, json!({"id": id, "datastore-contents": {}}));
    }
    let changes =
        json!({"ietf-yang-push:datastore": "ietf-datastores:running", "ietf-yang-push:on-change": {}});
    let (_, uri) = establish_as(&daemon, &token, changes);
    let mut stream = Stream::open(&daemon, &token, &uri, "");
    make(&daemon, "unseen");
    let rules = json!([{"path": "policy/policies/seen", "operations": {"read": "allow"}}]);
    set_rules(&daemon, "blind", &rules);
    make(&daemon, "seen");
    let first = stream.expect().notification();
    assert_eq!(first.0, "ietf-yang-push:push-change-update", "{}", first.1);
    assert_eq!(
        first.1["datastore-changes"]["yang-patch"]["edit"][0]["target"],
        "/strongbox-policy:policy/policies=seen"
    );
}

#[test]
fn rfc8341_3_4_6_notifications_that_are_kept_from_a_receiver_are_counted() {
    let daemon = At::quickstart();
    let denied = || {
        let answer = ask(&daemon, "GET", "/restconf/data/ietf-netconf-acm:nacm/denied-notifications", "");
        let answer: Value = serde_json::from_str(&answer.text()).unwrap();
        answer["ietf-netconf-acm:denied-notifications"].as_u64().unwrap()
    };
    let rules = json!([
        {"path": "policy/policies/seen", "operations": {"read": "allow"}},
        {"path": "netconf-config-change", "operations": {"read": "allow"}}]);
    let token = token_with(&daemon, "watcher", &rules);
    let mut stream = Stream::open(&daemon, &token, NETCONF, "");
    assert_eq!(denied(), 0);
    make(&daemon, "hidden-1");
    make(&daemon, "hidden-2");
    make(&daemon, "seen");
    assert_eq!(made(&stream.expect()).unwrap(), "seen");
    assert_eq!(denied(), 2);
}

#[test]
fn rfc8341_3_5_nacm_permits_to_subscribe_and_not_to_kill() {
    let daemon = At::quickstart();
    let body = json!({"policies": ["nacm"], "no-default-policy": true}).to_string();
    let made = ask(&daemon, "POST", "/v1/state/strongbox/token/create-token", &body);
    let made: Value = serde_json::from_str(&made.text()).unwrap();
    let token = made["token"].as_str().unwrap();
    let (id, _) = establish_as(&daemon, token, json!({"stream": "NETCONF"}));
    let input = json!({"ietf-subscribed-notifications:input": {"id": id}}).to_string();
    let invoke = |token: &str, name: &str| {
        let target = format!("/restconf/operations/ietf-subscribed-notifications:{name}");
        ask_as(&daemon, token, "POST", &target, &input)
    };
    let refused = invoke(token, "kill-subscription");
    assert_eq!(refused.status(), 403, "{}", refused.text());
    assert_eq!(invoke(token, "delete-subscription").status(), 204);
    // One of somebody else's is none of one's own.
    let (id, _) = establish_as(&daemon, token, json!({"stream": "NETCONF"}));
    let input = json!({"ietf-subscribed-notifications:input": {"id": id}}).to_string();
    for (name, status) in [("delete-subscription", 404), ("kill-subscription", 204)] {
        let target = format!("/restconf/operations/ietf-subscribed-notifications:{name}");
        let answer = ask(&daemon, "POST", &target, &input);
        assert_eq!(answer.status(), status, "{name}: {}", answer.text());
    }
}
