//! Requests about subscriptions that are refused: the identity of the RFCs, its error-tag and status (RFC 8650 section 3.3),
//! and what could be asked for instead.

use serde_json::{Value, json};

use super::{At, Stream, ask, ask_as, establish, operation};

/// Operation, input, status, error-tag, identity, hints.
type Case = (&'static str, Value, u16, &'static str, &'static str, Value);

const SUBSCRIBED: &str = "ietf-subscribed-notifications";

#[test]
fn rfc8650_3_3_each_refusal_has_its_identity_status_and_hints() {
    let daemon = At::quickstart();
    let own = "ietf-yang-push:on-change";
    let running = |rest: Value| {
        let mut input = json!({"ietf-yang-push:datastore": "ietf-datastores:running"});
        input.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        input
    };
    let of_stream = |hint: &str| json!({"ietf-subscribed-notifications:establish-subscription-stream-error-info": {"filter-failure-hint": hint}});
    let of_data = |hint: &str| json!({"ietf-yang-push:establish-subscription-datastore-error-info": {"filter-failure-hint": hint}});
    let cases: Vec<Case> = vec![
        (
            "establish-subscription",
            json!({"stream": "NETCONF", "stream-xpath-filter": "/*["}),
            400,
            "invalid-value",
            "ietf-subscribed-notifications:filter-unsupported",
            Value::Null,
        ),
        (
            "establish-subscription",
            json!({"stream": "NETCONF", "stream-subtree-filter": {"nothing": {}}}),
            400,
            "invalid-value",
            "ietf-subscribed-notifications:filter-unsupported",
            of_stream("the model has no 'nothing' at its top"),
        ),
        (
            "establish-subscription",
            running(
                json!({"ietf-yang-push:datastore-subtree-filter": {"strongbox-policy:policy": {"colour": {}}}, own: {}}),
            ),
            400,
            "invalid-value",
            "ietf-subscribed-notifications:filter-unsupported",
            of_data("'policy' has no 'colour'"),
        ),
        (
            "establish-subscription",
            running(json!({"ietf-yang-push:datastore-xpath-filter": "1 + 1", own: {}})),
            400,
            "invalid-value",
            "ietf-subscribed-notifications:filter-unsupported",
            Value::Null,
        ),
        (
            "establish-subscription",
            json!({"ietf-yang-push:datastore": "ietf-datastores:startup", "ietf-yang-push:periodic": {"period": 100}}),
            400,
            "invalid-value",
            "ietf-yang-push:datastore-not-subscribable",
            Value::Null,
        ),
        (
            "establish-subscription",
            running(json!({"ietf-yang-push:periodic": {"period": 1}})),
            400,
            "invalid-value",
            "ietf-yang-push:period-unsupported",
            json!({"ietf-yang-push:establish-subscription-datastore-error-info": {"period-hint": 10}}),
        ),
        (
            "establish-subscription",
            running(json!({own: {"excluded-change": ["create", "delete", "insert", "move", "replace"]}})),
            501,
            "operation-not-supported",
            "ietf-yang-push:cant-exclude",
            Value::Null,
        ),
        (
            "establish-subscription",
            json!({"ietf-yang-push:datastore": "ietf-datastores:operational",
                   "ietf-yang-push:datastore-xpath-filter": "/ietf-restconf-monitoring:restconf-state/capabilities", own: {}}),
            501,
            "operation-not-supported",
            "ietf-yang-push:on-change-unsupported",
            Value::Null,
        ),
        (
            "modify-subscription",
            json!({"id": 999, "stream-xpath-filter": "/*"}),
            404,
            "invalid-value",
            "ietf-subscribed-notifications:no-such-subscription",
            Value::Null,
        ),
        (
            "delete-subscription",
            json!({"id": 999}),
            404,
            "invalid-value",
            "ietf-subscribed-notifications:no-such-subscription",
            Value::Null,
        ),
        (
            "kill-subscription",
            json!({"id": 999}),
            404,
            "invalid-value",
            "ietf-subscribed-notifications:no-such-subscription",
            Value::Null,
        ),
        (
            "resync-subscription",
            json!({"id": 999}),
            404,
            "invalid-value",
            "ietf-yang-push:no-such-subscription-resync",
            Value::Null,
        ),
    ];
    for (name, input, status, tag, identity, hints) in cases {
        let module = if name.starts_with("resync") { "ietf-yang-push" } else { SUBSCRIBED };
        let answer = operation(&daemon, &format!("{module}:{name}"), input.clone());
        let text = answer.text();
        assert_eq!(answer.status(), status, "{name} {input}: {text}");
        let errors: Value = serde_json::from_str(&text).unwrap();
        let error = &errors["ietf-restconf:errors"]["error"][0];
        assert_eq!(error["error-type"], "application", "{text}");
        assert_eq!(
            (&error["error-tag"], &error["error-app-tag"]),
            (&json!(tag), &json!(identity)),
            "{name} {input}: {text}"
        );
        if hints != Value::Null {
            assert_eq!(error["error-info"], hints, "{name} {input}: {text}");
        }
    }
}

#[test]
fn what_is_refused_without_an_identity_says_which_leaf_is_wrong() {
    let daemon = At::quickstart();
    for (input, message) in [
        (json!({"stream": "OTHER"}), "there is no stream 'OTHER'; there is NETCONF"),
        (
            json!({"stream": "NETCONF", "replay-start-time": "2999-01-01T00:00:00Z"}),
            "cannot begin in the future",
        ),
        (
            json!({"stream": "NETCONF", "stop-time": "2020-01-01T00:00:00Z"}),
            "not later than the time to begin",
        ),
        (
            json!({"stream": "NETCONF", "replay-start-time": "2020-01-02T00:00:00Z", "stop-time": "2020-01-01T00:00:00Z"}),
            "not later than the time to begin",
        ),
        (json!({"ietf-yang-push:datastore": "ietf-datastores:running"}), "either periodic or on-change"),
    ] {
        let answer =
            operation(&daemon, "ietf-subscribed-notifications:establish-subscription", input.clone());
        assert_eq!(answer.status(), 400, "{input}: {}", answer.text());
        assert!(answer.text().contains(message), "{input}: {}", answer.text());
    }
}

#[test]
fn hints_have_the_namespace_of_their_module_in_xml() {
    let daemon = At::quickstart();
    let body = "<input xmlns=\"urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications\">\
                <datastore xmlns=\"urn:ietf:params:xml:ns:yang:ietf-yang-push\" \
                xmlns:ds=\"urn:ietf:params:xml:ns:yang:ietf-datastores\">ds:running</datastore>\
                <periodic xmlns=\"urn:ietf:params:xml:ns:yang:ietf-yang-push\"><period>1</period></periodic></input>";
    let answer = super::ask_in_xml(&daemon, "ietf-subscribed-notifications:establish-subscription", body);
    assert_eq!(answer.status(), 400, "{}", answer.text());
    let hint = "<establish-subscription-datastore-error-info xmlns=\"urn:ietf:params:xml:ns:yang:ietf-yang-push\">\
                <period-hint>10</period-hint>";
    assert!(answer.text().contains(hint), "{}", answer.text());
}

#[test]
fn rfc8641_3_2_what_is_too_big_is_refused_and_suspended_where_it_becomes_so() {
    let (_dir, data) = crate::daemon::directory();
    let (daemon, child) = At::over(&data, &["--limits-push-bytes", "2KiB"]);
    let describe = |name: &str, length: usize| {
        let body = json!({"description": "d".repeat(length)}).to_string();
        let answer = ask(&daemon, "PUT", &format!("/v1/config/policy/policies/{name}"), &body);
        assert!(matches!(answer.status(), 201 | 204), "{}", answer.text());
    };
    let policies = "/strongbox-policy:policy/policies[starts-with(name, 'big')]";
    let periodic = || {
        json!({"ietf-yang-push:datastore": "ietf-datastores:running", "ietf-yang-push:datastore-xpath-filter": policies,
               "ietf-yang-push:periodic": {"period": 10}})
    };
    let on_change = || {
        json!({"ietf-yang-push:datastore": "ietf-datastores:running", "ietf-yang-push:datastore-xpath-filter": policies,
               "ietf-yang-push:on-change": {}})
    };
    describe("big-1", 100);
    let (id, uri) = establish(&daemon, periodic());
    let mut in_periods = Stream::of(&daemon, &uri, "");
    in_periods.named("ietf-yang-push:push-update");
    let (changes_id, uri) = establish(&daemon, on_change());
    let mut of_changes = Stream::of(&daemon, &uri, "");
    of_changes.named("ietf-yang-push:push-update");

    // Two at once, so that they are one change.
    let big = |name: &str| json!({"name": name, "description": "d".repeat(1_000)});
    let body = json!({"policies": [big("big-2"), big("big-3")]}).to_string();
    assert_eq!(ask(&daemon, "PATCH", "/v1/config/policy", &body).status(), 204);
    let told = in_periods.named("ietf-subscribed-notifications:subscription-suspended");
    assert_eq!(told, json!({"id": id, "reason": "ietf-yang-push:update-too-big"}));
    let told = of_changes.named("ietf-subscribed-notifications:subscription-suspended");
    assert_eq!(told, json!({"id": changes_id, "reason": "ietf-yang-push:sync-too-big"}));
    let listed = ask_as(
        &daemon,
        &daemon.token,
        "GET",
        &format!("/restconf/data/ietf-subscribed-notifications:subscriptions/subscription={id}/receivers"),
        "",
    );
    assert!(listed.text().contains("\"state\":\"suspended\""), "{}", listed.text());

    for (name, input, identity, structure) in [
        (
            "ietf-subscribed-notifications:establish-subscription",
            periodic(),
            "update-too-big",
            "establish-subscription-datastore-error-info",
        ),
        (
            "ietf-subscribed-notifications:establish-subscription",
            on_change(),
            "sync-too-big",
            "establish-subscription-datastore-error-info",
        ),
        (
            "ietf-yang-push:resync-subscription",
            json!({"id": changes_id}),
            "sync-too-big",
            "resync-subscription-error",
        ),
    ] {
        let answer = operation(&daemon, name, input);
        assert_eq!(answer.status(), 400, "{}", answer.text());
        let errors: Value = serde_json::from_str(&answer.text()).unwrap();
        let error = &errors["ietf-restconf:errors"]["error"][0];
        assert_eq!(
            (&error["error-tag"], &error["error-app-tag"]),
            (&json!("too-big"), &json!(format!("ietf-yang-push:{identity}")))
        );
        let hints = &error["error-info"][format!("ietf-yang-push:{structure}")];
        assert_eq!(
            (&hints["kilobytes-estimate"], &hints["kilobytes-limit"]),
            (&json!(3), &json!(3)),
            "{}",
            answer.text()
        );
    }

    assert_eq!(ask(&daemon, "DELETE", "/v1/config/policy/policies/big-3", "").status(), 204);
    for stream in [&mut in_periods, &mut of_changes] {
        stream.named("ietf-subscribed-notifications:subscription-resumed");
        let update = stream.named("ietf-yang-push:push-update");
        let policies =
            update["datastore-contents"]["strongbox-policy:policy"]["policies"].as_array().unwrap();
        assert_eq!(policies.len(), 2, "{update}");
    }
    crate::daemon::stop(child);
}
