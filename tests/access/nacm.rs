//! NACM as the format of rules (RFC 8341): the example of its appendix A, and what the rules of others come to.

use super::*;

/// Appendix A.1 to A.4, with names of this product's model where the RFC has examples of its own.
fn example() -> Value {
    json!({
        "read-default": "deny",
        "exec-default": "deny",
        "groups": {"group": [
            {"name": "admin", "user-name": ["admin", "andy"]},
            {"name": "limited", "user-name": ["wilma", "bam-bam"]},
            {"name": "guest", "user-name": ["guest", "guest@example.com"]},
        ]},
        "rule-list": [
            {"name": "guest-acl", "group": ["guest"], "rule": [
                {"name": "deny-tenants", "module-name": "strongbox-system", "access-operations": "*", "action": "deny",
                    "comment": "Do not let guests see who else is there."}]},
            {"name": "limited-acl", "group": ["limited"], "rule": [
                {"name": "permit-issuers", "module-name": "strongbox-jwt-issuer", "access-operations": "read",
                    "action": "permit"},
                {"name": "permit-info", "rpc-name": "list-commits", "access-operations": "exec", "action": "permit"},
                {"name": "permit-own", "path": "/strongbox:strongbox/strongbox-authentication:authentication/userpass[name='wilma']",
                    "access-operations": "read update", "action": "permit"}]},
            {"name": "admin-acl", "group": ["admin"], "rule": [
                {"name": "permit-all", "module-name": "*", "access-operations": "*", "action": "permit"}]},
        ],
    })
}

impl House {
    async fn user_of_nacm(&self, name: &str) -> String {
        let user = json!({"password": "x", "token-policies": ["nacm"], "token-no-default-policy": true});
        self.put(&self.root, &format!("strongbox/authentication/userpass/{name}"), user).await.unwrap();
        self.login(name, "x").await.unwrap()["token"].as_str().unwrap().to_owned()
    }

    async fn rules(&self, rules: Value) -> Answer {
        self.put(&self.root, "nacm", rules).await
    }
}

#[tokio::test]
async fn rfc8341_appendix_a_example() {
    let house = House::new().await;
    house.rules(example()).await.unwrap();
    let users = "strongbox/authentication/userpass";
    let (andy, wilma, guest, nobody) = (
        house.user_of_nacm("andy").await,
        house.user_of_nacm("wilma").await,
        house.user_of_nacm("guest").await,
        house.user_of_nacm("barney").await,
    );
    assert_eq!(code(&house.get(&andy, users).await), 200);
    assert_eq!(code(&house.put(&andy, &format!("{users}/new"), json!({"password": "y"})).await), 200);
    let seen = house.get(&wilma, users).await.unwrap();
    let names: Vec<&str> =
        seen.as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["wilma"], "what may not be read is left out without a word");
    let change = json!({"token-ttl": "1h"});
    let refused = house.patch(&wilma, &format!("{users}/andy"), change).await.unwrap_err();
    assert_eq!(refused, (403, "update is refused by rule 'default-deny-all' of policy 'nacm'".to_owned()));
    assert_eq!(code(&house.get(&wilma, "strongbox/jwt-issuers").await), 200);
    for token in [&guest, &nobody] {
        assert_eq!(code(&house.get(token, "tenants").await), 403);
        assert_eq!(code(&house.get(token, users).await), 403);
    }
    let writes = house.state(&andy, "nacm/denied-data-writes").await.unwrap();
    assert_eq!(writes, 1);
}

#[tokio::test]
async fn rules_hold_from_the_next_request_on_and_the_root_token_recovers() {
    let house = House::new().await;
    let wilma = house.user_of_nacm("wilma").await;
    let users = "strongbox/authentication/userpass";
    assert_eq!(
        code(&house.get(&wilma, users).await),
        403,
        "what is the product's own is not permitted by default"
    );
    let mut rules = example();
    rules["groups"]["group"][0]["user-name"] = json!(["wilma"]);
    house.rules(rules.clone()).await.unwrap();
    assert_eq!(code(&house.get(&wilma, users).await), 200);
    rules["rule-list"] = json!([]);
    house.rules(rules).await.unwrap();
    assert_eq!(code(&house.get(&wilma, users).await), 403);
    house.rules(json!({"enable-nacm": false})).await.unwrap();
    assert_eq!(code(&house.get(&wilma, users).await), 200, "rfc8341 3.4.4 step 1: it is switched off");
    house.delete(&house.root, "nacm").await.unwrap();
    assert_eq!(code(&house.get(&house.root, "nacm").await), 200, "rfc8341 3.2.1: the recovery session");
}

#[tokio::test]
async fn nobody_gets_authority_by_writing_rules_of_nacm() {
    let house = House::new().await;
    let rules = json!([
        {"path": "nacm/**", "operations": {"all": "allow"}},
        {"path": "strongbox/authentication/**", "operations": {"all": "allow"}},
    ]);
    house.policy(rules).await.unwrap();
    let alice = house.alice().await;
    let (status, message) = house.put(&alice, "nacm", example()).await.unwrap_err();
    assert_eq!(
        (status, message.as_str()),
        (403, "the rules of NACM can be written only by who may do everything")
    );
    let user = json!({"password": "x", "token-policies": ["nacm"]});
    let handed_out = house.put(&alice, "strongbox/authentication/userpass/eve", user).await;
    assert_eq!(code(&handed_out), 403);
}

#[tokio::test]
async fn a_rule_whose_path_is_not_of_the_model_is_refused() {
    let house = House::new().await;
    for (path, is_there) in [
        ("/strongbox:strongbox/strongbox-authentication:authentication", true),
        ("/", true),
        ("/strongbox:strongbox/strongbox-authentication:authentification", false),
        ("/sb:strongbox", false),
        ("strongbox:strongbox", false),
        ("/strongbox:strongbox/strongbox-jwt-issuer:jwt-issuers[nom='x']", false),
    ] {
        let mut rules = example();
        rules["rule-list"][1]["rule"][2]["path"] = json!(path);
        let answer = house.rules(rules).await;
        assert_eq!(code(&answer), if is_there { 200 } else { 400 }, "{path}: {answer:?}");
        let says = format!("'{path}' is no path of the model");
        assert!(is_there || answer.unwrap_err().1.contains(&says), "{path}");
    }
}
