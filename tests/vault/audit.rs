//! What the audit log says of requests of the Vault dialect.

use serde_json::{Value, json};

use super::asking::Asker;
use crate::daemon::{Running, directory, root_token};

#[test]
fn what_a_request_changed_is_written_down_when_its_answer_is_kept_too() {
    let (_dir, data) = directory();
    let (mut daemon, address) = Running::new(&data);
    let root = Asker::new(&address, &root_token(&data));
    let entity = json!({"name": "bob"});
    let answer = root.ask_with("x-vault-wrap-ttl: 60s\r\n", "POST", "identity/entity", &entity);
    assert_eq!(answer.status(), 200, "{}", answer.text());
    daemon.die();
    let audit = std::fs::read_to_string(data.join("audit.log")).unwrap();
    let line = audit.lines().find(|line| line.contains("\"path\":\"/v1/identity/entity\"")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    let paths = line["changes"].as_array().into_iter().flatten().filter_map(|change| change["path"].as_str());
    assert!(paths.into_iter().any(|path| path.starts_with("/strongbox/identity/entities/")), "{line}");
}
