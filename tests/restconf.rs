//! RESTCONF from outside: `restconf/` is a folder of conversations, named after the sections of RFC 8040 and others that
//! they show; here is what grows with the product.

use crate::conversation::wire::{Answer, exchange, host};
use crate::daemon::{Running, directory, root_token};
use crate::support::Daemon;

#[test]
fn conversations() {
    crate::conversation::hold("restconf");
}

fn get(daemon: &Daemon, path: &str, headers: &str) -> Answer {
    let (address, token) = (daemon.fact("/address"), daemon.fact("/tokens/root"));
    let host = host(address);
    let head =
        format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n{headers}\r\n");
    exchange(address, head.as_bytes()).unwrap()
}

fn json(answer: &Answer, pointer: &str) -> serde_json::Value {
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let value: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    value.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {value}")).clone()
}

const XML: &str = "accept: application/yang-data+xml\r\n";

#[test]
fn rfc8040_3_3_2_operations_are_empty_leafs_in_both_encodings() {
    let daemon = Daemon::quickstart();
    let found = get(&daemon, "/restconf/operations", "");
    let login = json(&found, "/ietf-restconf:operations/strongbox-authentication:login");
    assert_eq!(login, serde_json::json!([null]));
    let found = get(&daemon, "/restconf/operations", XML).text();
    assert!(
        found.starts_with("<operations xmlns=\"urn:ietf:params:xml:ns:yang:ietf-restconf\">")
            && found.contains("<login xmlns=\"urn:strongbox:authentication\"/>"),
        "{found}"
    );
}

#[test]
fn rfc8040_3_3_2_an_operation_that_nothing_implements_is_not_listed() {
    let (_dir, data) = crate::daemon::directory();
    let yang = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/restconf/yang");
    let (child, log) = crate::daemon::start(&data, &["--yang-dir", yang, "--module", "example-jukebox"]);
    let address = log.split("address=").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    let token = std::fs::read_to_string(data.join("root-token")).unwrap();
    let request = format!(
        "GET /restconf/operations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
        token.trim()
    );
    let listed = exchange(&format!("http://{address}"), request.as_bytes()).unwrap().text();
    assert!(listed.contains("strongbox-authentication:login") && !listed.contains("jukebox"), "{listed}");
    crate::daemon::stop(child);
}

#[test]
fn rfc8040_9_1_the_capabilities_are_listed_with_the_basic_mode() {
    let daemon = Daemon::quickstart();
    let path = "/restconf/data/ietf-restconf-monitoring:restconf-state/capabilities";
    let found = json(&get(&daemon, path, ""), "/ietf-restconf-monitoring:capabilities/capability");
    let listed: Vec<&str> = found.as_array().unwrap().iter().filter_map(|uri| uri.as_str()).collect();
    for name in ["defaults:1.0?basic-mode=explicit", "depth:1.0", "fields:1.0", "with-defaults:1.0"] {
        assert!(
            listed.contains(&format!("urn:ietf:params:restconf:capability:{name}").as_str()),
            "{listed:?}"
        );
    }
}

#[test]
fn rfc8040_3_7_every_module_of_the_library_has_its_text_where_the_library_says() {
    let daemon = Daemon::quickstart();
    let library = get(&daemon, "/restconf/data/ietf-yang-library:yang-library", "");
    let sets = json(&library, "/ietf-yang-library:yang-library/module-set");
    let mut count = 0;
    for list in ["module", "import-only-module"] {
        for module in sets.pointer(&format!("/0/{list}")).and_then(|modules| modules.as_array()).unwrap() {
            let location = module.pointer("/location/0").and_then(|location| location.as_str()).unwrap();
            let path = &location[location.find("/restconf/").unwrap()..];
            let found = get(&daemon, path, "accept: application/yang\r\n");
            assert_eq!(found.status(), 200, "{location}");
            assert_eq!(found.header("content-type"), Some("application/yang"));
            let name = module.pointer("/name").and_then(|name| name.as_str()).unwrap();
            assert!(found.text().contains(&format!("module {name} ")), "{location}");
            count += 1;
        }
    }
    assert!(count > 10, "{count} modules");
    let version = get(&daemon, "/restconf/yang-library-version", "");
    assert_eq!(json(&version, "/ietf-restconf:yang-library-version"), "2019-01-04");
}

#[test]
fn rfc8040_3_4_1_data_and_datastore_have_validators_and_head_has_those_of_get() {
    let daemon = Daemon::quickstart();
    let path = "/restconf/data/strongbox:strongbox?content=config";
    let found = get(&daemon, path, "");
    let tag = found.header("etag").unwrap().to_owned();
    assert!(found.header("last-modified").is_some());
    let datastore = get(&daemon, "/restconf/data", "");
    assert!(datastore.header("etag").is_some() && datastore.header("last-modified").is_some());
    let (address, token) = (daemon.fact("/address"), daemon.fact("/tokens/root"));
    let head =
        format!("HEAD {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\r\n", host(address));
    let head = exchange(address, head.as_bytes()).unwrap();
    assert_eq!(head.header("etag"), Some(tag.as_str()));
    assert_eq!(head.header("last-modified"), found.header("last-modified"));
    assert_eq!(head.header("content-length"), found.header("content-length"));
}

#[test]
fn rfc8040_3_4_1_validators_are_the_same_after_a_restart_and_conditions_hold() {
    let (_dir, data) = directory();
    let (mut daemon, at) = Running::new(&data);
    let token = root_token(&data);
    let ask = |at: &str, method: &str, path: &str, headers: &str, body: &str| {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n{headers}\
             content-type: application/yang-data+json\r\ncontent-length: {}\r\n\r\n{body}",
            host(at),
            body.len()
        );
        exchange(at, head.as_bytes()).unwrap()
    };
    let (policies, entry) = ("/restconf/data/strongbox-policy:policy", "policies=operators");
    let body = r#"{"strongbox-policy:policies": [{"name": "operators"}]}"#;
    assert_eq!(ask(&at, "POST", policies, "", body).status(), 201);
    let views = [
        "/restconf/data".to_owned(),
        "/restconf/ds/ietf-datastores:running".to_owned(),
        format!("{policies}?content=config"),
        format!("{policies}/{entry}?with-defaults=report-all"),
        format!("/restconf/ds/ietf-datastores:candidate/strongbox-policy:policy/{entry}"),
    ];
    let seen = |at: &str| -> Vec<(String, String)> {
        let each = |path: &String| {
            let answer = ask(at, "GET", path, XML, "");
            let header =
                |name| answer.header(name).unwrap_or_else(|| panic!("{path} without {name}")).to_owned();
            (header("etag"), header("last-modified"))
        };
        views.iter().map(each).collect()
    };
    let before = seen(&at);
    daemon.die();

    let (_daemon, at) = Running::new(&data);
    assert_eq!(seen(&at), before);
    for (path, (etag, modified)) in views.iter().zip(&before) {
        let same = format!("{XML}if-none-match: {etag}\r\n");
        assert_eq!(ask(&at, "GET", path, &same, "").status(), 304, "{path}");
        let since = format!("{XML}if-modified-since: {modified}\r\n");
        assert_eq!(ask(&at, "GET", path, &since, "").status(), 304, "{path}");
    }
    let change = |condition: &str| {
        let path = format!("{policies}/{entry}");
        let body = r#"{"strongbox-policy:policies": [{"name": "operators", "rest-api": {}}]}"#;
        ask(&at, "PUT", &path, &format!("if-match: {condition}\r\n"), body).status()
    };
    let tag = ask(&at, "GET", &format!("{policies}/{entry}"), "", "").header("etag").unwrap().to_owned();
    assert_eq!(change("\"of-another-time\""), 412);
    assert_eq!(change(&tag), 204);
}
