//! The seal as clients of the reference product know it: `operator init`, `unseal`, `rekey`, and what names the store.

use serde_json::{Value, json};

use super::{Served, directory};

fn key(made: &Value, form: &str, index: usize) -> String {
    made[form][index].as_str().unwrap_or_else(|| panic!("{form} {index} in {made}")).to_owned()
}

/// The requests of `operator init` and `operator unseal`.
fn opened(daemon: &Served) -> Value {
    let wanted = json!({
        "secret_shares": 3, "secret_threshold": 2, "stored_shares": 0, "pgp_keys": null, "recovery_shares": 5,
        "recovery_threshold": 3, "recovery_pgp_keys": null, "root_token_pgp_key": "",
    });
    let none = json!({ "secret_shares": 0, "secret_threshold": 0 });
    assert_eq!(
        daemon.send("PUT", "v1/sys/init", "none", Some(&none)).0,
        400,
        "no shares are not five of them"
    );
    let (status, made) = daemon.send("PUT", "v1/sys/init", "none", Some(&wanted));
    assert_eq!((status, made["keys"].as_array().map(Vec::len)), (200, Some(3)), "{made}");
    for (form, index, sealed) in [("keys", 2, true), ("keys_base64", 0, false)] {
        let share = json!({ "key": key(&made, form, index), "reset": false, "migrate": false });
        let (status, shown) = daemon.send("PUT", "v1/sys/unseal", "none", Some(&share));
        assert_eq!((status, &shown["sealed"]), (200, &json!(sealed)), "{shown}");
    }
    made
}

#[test]
fn a_client_changes_the_seal_key_with_operator_rekey() {
    let (_home, data) = directory();
    let daemon = Served::start(&data, &[], &[]);
    let made = opened(&daemon);
    let root = made["root_token"].as_str().unwrap();
    let send = |method: &str, path: &str, body: Value| {
        daemon.send(method, &format!("v1/sys/{path}"), root, Some(&body))
    };
    let cluster = daemon.get("v1/sys/seal-status").1["cluster_id"].clone();
    assert_eq!(daemon.get("v1/sys/health").1["cluster_id"], cluster);
    assert_eq!(cluster.as_str().map(str::len), Some(36));

    let (status, shown) = send("GET", "rekey/init", Value::Null);
    assert_eq!((status, &shown["started"], &shown["required"]), (200, &json!(false), &json!(2)), "{shown}");
    let wanted = json!({ "secret_shares": 5, "secret_threshold": 3, "require_verification": true });
    let (status, _) = daemon.send("PUT", "v1/sys/rekey/init", "none", Some(&wanted));
    assert_eq!(status, 403, "nobody begins to change the seal key without a token");
    let (status, begun) = send("PUT", "rekey/init", wanted);
    assert_eq!(
        (status, &begun["t"], &begun["n"], &begun["started"]),
        (200, &json!(3), &json!(5), &json!(true))
    );
    let nonce = &begun["nonce"];

    let (_, shown) = send("PUT", "rekey/update", json!({ "key": key(&made, "keys", 0), "nonce": nonce }));
    assert_eq!((&shown["progress"], &shown["required"]), (&json!(1), &json!(2)), "{shown}");
    let (status, new) = send("PUT", "rekey/update", json!({ "key": key(&made, "keys", 1), "nonce": nonce }));
    assert_eq!(
        (status, &new["complete"], &new["verification_required"]),
        (200, &json!(true), &json!(true)),
        "{new}"
    );
    for index in 0..3 {
        let share = json!({ "key": key(&new, "keys_base64", index), "nonce": new["verification_nonce"] });
        let (status, shown) = send("PUT", "rekey/verify", share);
        assert_eq!(status, 200, "{shown}");
        match index {
            2 => assert_eq!(shown["complete"], true, "{shown}"),
            _ => assert_eq!(shown["progress"], index + 1, "{shown}"),
        }
    }
    daemon.stop();

    let daemon = Served::start(&data, &[], &[]);
    assert_eq!(daemon.get("v1/sys/health").0, 503);
    for index in 0..3 {
        let share = json!({ "key": key(&new, "keys", index) });
        let (status, shown) = daemon.send("PUT", "v1/sys/unseal", "none", Some(&share));
        assert_eq!((status, &shown["sealed"]), (200, &json!(index < 2)), "{shown}");
    }
    assert_eq!(daemon.get("v1/sys/seal-status").1["cluster_id"], cluster, "a store keeps its name");
}

#[test]
fn two_stores_have_two_names_and_a_change_that_is_cancelled_leaves_the_key() {
    let stores = [directory(), directory()];
    let daemons: Vec<Served> = stores.iter().map(|(_, data)| Served::start(data, &[], &[])).collect();
    let made: Vec<Value> = daemons.iter().map(opened).collect();
    let name = |daemon: &Served| daemon.get("v1/sys/health").1["cluster_id"].clone();
    assert_ne!(name(&daemons[0]), name(&daemons[1]));

    let root = made[0]["root_token"].as_str().unwrap();
    let send = |method: &str, path: &str, body: Value| {
        daemons[0].send(method, &format!("v1/sys/{path}"), root, Some(&body))
    };
    assert_eq!(send("PUT", "rekey/init", json!({ "secret_shares": 1, "secret_threshold": 1 })).0, 200);
    let other = send("DELETE", "rekey/init", json!({ "nonce": "another one" }));
    assert_eq!(other.0, 400, "{}", other.1);
    assert_eq!(send("DELETE", "rekey/init", Value::Null).0, 204);
    assert_eq!(send("DELETE", "rekey/init", Value::Null).0, 204);
    assert_eq!(send("GET", "rekey/init", Value::Null).1["started"], false);

    let before = send("GET", "key-status", Value::Null).1;
    assert_eq!(send("POST", "rotate", Value::Null).0, 204);
    let after = send("GET", "key-status", Value::Null).1;
    assert_eq!(after["data"]["term"], before["data"]["term"].as_u64().unwrap() + 1);
    assert!(
        after["data"]["install_time"].as_str() > before["data"]["install_time"].as_str(),
        "{before} {after}"
    );
}
