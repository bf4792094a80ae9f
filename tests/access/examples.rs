//! The policies of `examples/policies`: each is loaded, carried by somebody, and allows what its description says and no
//! more.

use strongbox::access::authorize::PolicyOperation::{self, Create, Delete, Execute, Read, Update};

use super::*;

/// The policies of the folder by name, as boot files have them.
fn examples() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/policies");
    let mut found: Vec<(String, Value)> = std::fs::read_dir(folder)
        .unwrap()
        .flat_map(|entry| {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let document: Value = serde_yaml::from_str(&text).unwrap();
            assert_eq!(document["tenant"], "acme");
            let policies = document["config"]["policy"]["policies"].as_array().unwrap().clone();
            policies.into_iter().map(|policy| (policy["name"].as_str().unwrap().to_owned(), policy))
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

const ROLE: &str = "strongbox/jwt-issuers/payments-api/roles/reader";
const KEY: &str = "strongbox/transit-keys/payments-signing";
const BOB: &str = "strongbox/authentication/userpass/bob";
const WORKER: &str = "strongbox/authentication/approle/payments-worker";
const TOKEN: &str = "strongbox/token/tokens/4209c30722cd6dfff422653c";

/// A policy; what it allows; what it does not.
type Case = (&'static str, Vec<(PolicyOperation, String)>, Vec<(PolicyOperation, String)>);

fn cases() -> Vec<Case> {
    let at = |path: &str, more: &str| format!("{path}{more}");
    let issuer = "strongbox/jwt-issuers/payments-api";
    vec![
        (
            "auditor",
            vec![(Read, at(ROLE, "")), (Read, at(KEY, "")), (Read, "policy/policies/minter".into())],
            vec![
                (Update, at(ROLE, "")),
                (Execute, at(ROLE, "/mint")),
                (Delete, at(TOKEN, "")),
                (Create, at(BOB, "")),
            ],
        ),
        (
            "deployer",
            vec![(Execute, at(WORKER, "/generate-secret-id")), (Execute, at(WORKER, "/destroy-secret-id"))],
            vec![
                (Read, at(WORKER, "")),
                (Update, at(WORKER, "")),
                (Execute, "strongbox/authentication/approle/other/generate-secret-id".into()),
            ],
        ),
        (
            "helpdesk",
            vec![(Create, at(BOB, "")), (Update, at(BOB, "")), (Execute, at(BOB, "/remove-totp"))],
            vec![(Delete, at(BOB, "")), (Execute, at(BOB, "/enrol-totp")), (Read, at(ROLE, ""))],
        ),
        (
            "incident-responder",
            vec![(Read, at(TOKEN, "")), (Delete, at(TOKEN, "")), (Execute, "strongbox/token/revoke".into())],
            vec![(Execute, "strongbox/token/create-token".into()), (Read, at(BOB, ""))],
        ),
        (
            "issuer-operator",
            vec![(Create, at(issuer, "/roles/new")), (Update, at(ROLE, "")), (Delete, at(ROLE, ""))],
            vec![
                (Update, issuer.into()),
                (Delete, issuer.into()),
                (Execute, at(ROLE, "/mint")),
                (Update, "strongbox/jwt-issuers/other/roles/x".into()),
            ],
        ),
        (
            "key-custodian",
            vec![(Create, at(KEY, "")), (Execute, at(KEY, "/rotate"))],
            vec![(Execute, at(KEY, "/import")), (Execute, at(KEY, "/sign")), (Delete, at(KEY, ""))],
        ),
        (
            "minter",
            vec![(Execute, at(ROLE, "/mint")), (Read, at(ROLE, ""))],
            vec![
                (Execute, at(issuer, "/roles/other/mint")),
                (Update, at(ROLE, "")),
                (Read, issuer.into()),
                (Read, at(KEY, "")),
            ],
        ),
    ]
}

#[tokio::test]
async fn every_example_allows_what_it_is_for_and_no_more() {
    let house = House::new().await;
    let (examples, cases) = (examples(), cases());
    let names: Vec<&str> = examples.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, cases.iter().map(|(name, ..)| *name).collect::<Vec<_>>(), "each has its case");
    for ((name, policy), (_, allowed, refused)) in examples.iter().zip(&cases) {
        house.put(&house.root, &format!("policy/policies/{name}"), policy.clone()).await.unwrap();
        let user = json!({"password": "pw", "token-policies": [name]});
        house.put(&house.root, &format!("strongbox/authentication/userpass/{name}"), user).await.unwrap();
        let token = house.login(name, "pw").await.unwrap()["token"].as_str().unwrap().to_owned();
        let caller = house.caller(&token).await.unwrap();
        for (expected, list) in [(true, allowed), (false, refused)] {
            for (operation, path) in list {
                let decision = house.gate.authorize(&caller, *operation, &house.path(path));
                assert_eq!(decision.allowed, expected, "{name}: {operation} {path}: {decision}");
            }
        }
    }
}

#[tokio::test]
async fn the_help_desk_cannot_become_somebody_with_more_authority() {
    let house = House::new().await;
    for (name, policy) in examples() {
        house.put(&house.root, &format!("policy/policies/{name}"), policy).await.unwrap();
    }
    let user = |policy: &str| json!({"password": "pw", "token-policies": [policy]});
    house.put(&house.root, BOB, user("auditor")).await.unwrap();
    house.put(&house.root, "strongbox/authentication/userpass/desk", user("helpdesk")).await.unwrap();
    let desk = house.login("desk", "pw").await.unwrap()["token"].as_str().unwrap().to_owned();
    let new = "strongbox/authentication/userpass/new";
    assert_eq!(code(&house.put(&desk, new, json!({"password": "first"})).await), 200);
    assert_eq!(code(&house.patch(&desk, new, json!({"password": "second"})).await), 200);
    assert_eq!(code(&house.patch(&desk, new, json!({"token-policies": ["auditor"]})).await), 403);
    assert_eq!(code(&house.patch(&desk, BOB, json!({"password": "mine"})).await), 403);
}
