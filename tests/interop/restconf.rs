//! RESTCONF clients that we did not write: Ansible's modules change and read data, yangson holds what GET returns against the
//! modules that the daemon serves, curl sends the examples of RFC 8040 appendix B, and an EventSource hears every change once.

use std::path::Path;
use std::process::Command;

use crate::support::{Daemon, ansible_collections, command, python, run_node, run_python};

/// A daemon with the jukebox of RFC 8040 and what stands beside it there.
fn jukebox() -> Daemon {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/restconf/yang-of-the-appendix");
    let quickstart = ["quickstart", "--output", "json", "--listen", "127.0.0.1:0", "--yang-dir"];
    let mut arguments = quickstart.to_vec();
    arguments.extend([modules.to_str().unwrap(), "--module"]);
    arguments.extend(["example-jukebox", "example-system", "example-events"]);
    Daemon::start(&arguments)
}

#[test]
fn yangson_validates_everything_that_get_returns() {
    let daemon = jukebox();
    let arguments = [daemon.fact("/address"), daemon.fact("/tokens/admin")];
    run_python("interop/restconf/validate_with_yangson.py", &arguments);
}

#[test]
fn an_event_source_whose_connection_breaks_hears_every_change_once() {
    let daemon = Daemon::quickstart();
    let arguments = [daemon.fact("/address"), daemon.fact("/tokens/admin")];
    run_node("interop/restconf/listen_with_eventsource.mjs", &arguments);
}

#[test]
fn ansible_changes_data_with_restconf_config_and_reads_it_with_restconf_get() {
    let (Some(python), Some(collections)) = (python(), ansible_collections()) else { return };
    let daemon = jukebox();
    let (host, port) = daemon.fact("/address").trim_start_matches("http://").rsplit_once(':').unwrap();
    let connection = serde_json::json!({
        "ansible_host": host,
        "ansible_httpapi_port": port.parse::<u16>().unwrap(),
        "ansible_httpapi_use_ssl": false,
        "ansible_connection": "ansible.netcommon.httpapi",
        "ansible_network_os": "ansible.netcommon.restconf",
    });
    let with = |credentials: serde_json::Value| {
        let mut host = connection.clone();
        host.as_object_mut().unwrap().extend(credentials.as_object().unwrap().clone());
        host
    };
    let token = format!("Bearer {}", daemon.fact("/tokens/admin"));
    let (user, password) = (daemon.fact("/user"), daemon.fact("/password"));
    let inventory = serde_json::json!({"all": {"hosts": {
        "with_token": with(serde_json::json!({"ansible_httpapi_session_key": {"Authorization": token}})),
        "with_password": with(serde_json::json!({"ansible_user": user, "ansible_httpapi_pass": password})),
    }}});
    let place = collections.join("inventory.json");
    std::fs::write(&place, inventory.to_string()).unwrap();
    let playbook = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/restconf/playbook.yml");
    let output = Command::new(python)
        .arg(python.with_file_name("ansible-playbook"))
        .args(["--inventory", place.to_str().unwrap(), playbook.to_str().unwrap()])
        .env("ANSIBLE_COLLECTIONS_PATH", collections)
        .env("ANSIBLE_HOME", collections.join("home"))
        .env("ANSIBLE_NOCOLOR", "1")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("Ansible runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn curl_sends_the_examples_of_appendix_b_and_gets_their_status() {
    if !command("curl", "curl") {
        return;
    }
    let daemon = jukebox();
    for folder in ["rfc8040-b-jukebox-json", "rfc8040-b-datastore-and-parameters"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/restconf").join(folder);
        let mut requests: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_str().unwrap().ends_with("-request.http"))
            .collect();
        requests.sort();
        for request in requests {
            let answer = std::fs::read_to_string(request.to_str().unwrap().replace("-request", "-response"));
            let expected = answer.unwrap().split(' ').nth(1).unwrap().to_owned();
            assert_eq!(curl(&daemon, &request), expected, "{}", request.display());
        }
    }
}

/// The status of the answer to a request of a conversation.
fn curl(daemon: &Daemon, request: &Path) -> String {
    let text = std::fs::read_to_string(request).unwrap();
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let mut lines = head.lines();
    let (method, path) = lines.next().unwrap().split_once(' ').unwrap();
    let mut curl = Command::new("curl");
    curl.args([
        "--silent",
        "--globoff",
        "--output",
        "-",
        "--write-out",
        "\n%{http_code}",
        "--request",
        method,
    ]);
    for line in lines {
        match line.strip_prefix('@') {
            Some(user) => {
                let token = daemon.fact(&format!("/tokens/{user}"));
                curl.args(["--header", &format!("Authorization: Bearer {token}")])
            }
            None => curl.args(["--header", line]),
        };
    }
    if !body.is_empty() {
        curl.args(["--data-binary", body.trim_end()]);
    }
    let output = curl.arg(format!("{}{path}", daemon.fact("/address"))).output().expect("curl runs");
    let text = String::from_utf8_lossy(&output.stdout);
    text.rsplit('\n').next().unwrap_or_default().to_owned()
}
