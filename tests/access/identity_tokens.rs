//! Identity tokens: who gets one, what it says, how long its key is published, and what does not count any more.

use strongbox::services::jose::{Algorithm, KeySet, jws::Unverified};

use super::*;

const OIDC: &str = "strongbox/identity/oidc";

/// A house with the key `k`, the role `r` under it, and alice, who may do everything with identity tokens.
struct Tokens {
    house: House,
    alice: String,
    entity: String,
}

impl Tokens {
    async fn new(algorithm: &str, role: Value) -> Self {
        let house = House::new().await;
        house
            .policy(json!([{"path": "strongbox/identity/oidc/**", "operations": {"all": "allow"}}]))
            .await
            .unwrap();
        let key = json!({"algorithm": algorithm, "allowed-client-ids": ["*"]});
        house.put(&house.root, &format!("{OIDC}/keys/k"), key).await.unwrap();
        let mut entry = json!({"key": "k"});
        entry.as_object_mut().unwrap().extend(role.as_object().unwrap().clone());
        house.put(&house.root, &format!("{OIDC}/roles/r"), entry).await.unwrap();
        let issued = house.login("alice", "hunter2").await.unwrap();
        let text = |name: &str| issued[name].as_str().unwrap().to_owned();
        let (alice, entity) = (text("token"), text("entity"));
        Tokens { house, alice, entity }
    }

    async fn issue(&self) -> String {
        let issued = self.house.call(&self.alice, &format!("{OIDC}/roles/r/token"), json!({})).await.unwrap();
        issued["token"].as_str().unwrap().to_owned()
    }

    async fn introspect(&self, token: &str) -> Value {
        self.house.call(&self.alice, &format!("{OIDC}/introspect"), json!({"token": token})).await.unwrap()
    }

    async fn key_set(&self) -> (Value, Option<u64>) {
        let house = &self.house;
        let path = format!("{OIDC}/read-keys");
        let found = house.request(None, client(), |house| house.invoke(&path, json!({}))).await.unwrap();
        (serde_json::from_str(found["document"].as_str().unwrap()).unwrap(), found["max-age"].as_u64())
    }

    async fn kids(&self) -> Vec<String> {
        let (keys, _) = self.key_set().await;
        keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }

    /// The claims of a token that a key of the published set has signed.
    async fn verified(&self, token: &str) -> Value {
        let (keys, _) = self.key_set().await;
        let set = KeySet::from_json(keys.to_string().as_bytes()).unwrap();
        let unverified = Unverified::parse(token).unwrap();
        let algorithm = unverified.algorithm(&Algorithm::ALL).unwrap();
        let kid = unverified.header.kid.clone();
        let signed =
            set.candidates(kid.as_deref(), algorithm).any(|key| unverified.is_signed_by(algorithm, key));
        assert!(signed, "{token}");
        serde_json::from_slice(unverified.payload()).unwrap()
    }

    async fn rotate(&self, input: Value) {
        self.house.call(&self.house.root, &format!("{OIDC}/keys/k/rotate"), input).await.unwrap();
    }
}

fn inactive(error: &str) -> Value {
    json!({"active": false, "error": error})
}

#[tokio::test]
async fn a_token_speaks_of_the_entity_of_its_caller() {
    let template = r#"{"who": {{identity.entity.name}}, "groups": {{identity.entity.groups.names}},
        "nick": {{identity.entity.aliases.userpass.name}}, "nbf": {{time.now}} }"#;
    let tokens = Tokens::new("ES256", json!({"ttl": "1h", "client-id": "app", "template": template})).await;
    let house = &tokens.house;
    let entity = format!("strongbox/identity/entities/{}", tokens.entity);
    house.patch(&house.root, &entity, json!({"name": "Alice \"A\""})).await.unwrap();
    let group = json!({"name": "staff", "member-entities": [tokens.entity]});
    house.put(&house.root, "strongbox/identity/groups/g", group).await.unwrap();
    let token = tokens.issue().await;
    assert_eq!(
        tokens.verified(&token).await,
        json!({"iss": "http://127.0.0.1/v1/identity/oidc", "sub": tokens.entity, "aud": "app", "namespace": "root",
            "iat": START, "exp": START + 3_600, "nbf": START, "who": "Alice \"A\"", "groups": ["staff"], "nick": "alice"})
    );
    assert_eq!(tokens.introspect(&token).await, json!({"active": true}));
}

#[tokio::test]
async fn every_algorithm_signs_what_its_published_key_verifies() {
    for algorithm in ["ES256", "ES384", "ES512", "EdDSA", "RS256"] {
        let tokens = Tokens::new(algorithm, json!({})).await;
        let token = tokens.issue().await;
        let header = token.split('.').next().unwrap();
        let header: Value = {
            use base64::Engine as _;
            let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap();
            serde_json::from_slice(&bytes).unwrap()
        };
        assert_eq!(header["alg"], *algorithm);
        assert_eq!(header.as_object().unwrap().len(), 2, "{header}");
        assert_eq!(tokens.verified(&token).await["sub"], json!(tokens.entity));
    }
}

#[tokio::test]
async fn keys_take_turns_and_stay_published_for_their_time() {
    let tokens = Tokens::new("ES256", json!({})).await;
    let house = &tokens.house;
    let first = tokens.kids().await;
    assert_eq!(first.len(), 2, "the next key is published before it signs");
    let old = tokens.issue().await;
    tokens.rotate(json!({})).await;
    assert_eq!(tokens.kids().await.len(), 3);
    tokens.rotate(json!({})).await;
    assert_eq!(tokens.kids().await.len(), 4);
    assert!(tokens.kids().await.iter().filter(|kid| first.contains(kid)).count() == 2);
    assert_eq!(tokens.introspect(&old).await, json!({"active": true}));
    let house_clock = &house.clock;
    house_clock.advance(86_399);
    assert_eq!(tokens.kids().await.len(), 4);
    house_clock.advance(1);
    assert_eq!(tokens.kids().await.len(), 2, "what has ceased to sign a day ago is gone");
}

#[tokio::test]
async fn a_rotation_can_end_the_old_key_at_once() {
    let tokens = Tokens::new("ES256", json!({})).await;
    let token = tokens.issue().await;
    tokens.rotate(json!({"verification-ttl": "0s"})).await;
    assert_eq!(tokens.introspect(&token).await, inactive("unable to validate the token signature"));
    assert_eq!(tokens.kids().await.len(), 2);
}

#[tokio::test]
async fn keys_are_there_after_a_restart_and_private_parts_never_come_back() {
    let tokens = Tokens::new("ES256", json!({})).await;
    let token = tokens.issue().await;
    let Tokens { house, alice, entity } = tokens;
    let tokens = Tokens { house: house.restarted().await, alice, entity };
    assert_eq!(tokens.introspect(&token).await, json!({"active": true}));
    tokens.rotate(json!({})).await;
    assert_eq!(tokens.introspect(&token).await, json!({"active": true}));
}

#[tokio::test]
async fn another_algorithm_means_another_key_at_once() {
    let tokens = Tokens::new("ES256", json!({})).await;
    let old = tokens.issue().await;
    let house = &tokens.house;
    house.patch(&house.root, &format!("{OIDC}/keys/k"), json!({"algorithm": "EdDSA"})).await.unwrap();
    let new = tokens.issue().await;
    assert_eq!(tokens.verified(&new).await["sub"], json!(tokens.entity));
    assert_eq!(tokens.introspect(&old).await, json!({"active": true}), "until the old key's time is over");
    assert_eq!(tokens.kids().await.len(), 3);
}

#[tokio::test]
async fn id_tokens_star_client_ids_key_deletion_while_referenced_and_ttl_beyond_verification_ttl() {
    let tokens = Tokens::new("ES256", json!({"client-id": "app"})).await;
    let house = &tokens.house;
    let key = format!("{OIDC}/keys/k");
    let role = format!("{OIDC}/roles/r");
    let issue = async || house.call(&tokens.alice, &format!("{role}/token"), json!({})).await;
    for (allowed, expected) in
        [(json!([]), 400), (json!(["other"]), 400), (json!(["app"]), 200), (json!(["*"]), 200)]
    {
        let entry = json!({"algorithm": "ES256", "allowed-client-ids": allowed});
        house.put(&house.root, &key, entry).await.unwrap();
        let issued = issue().await;
        assert_eq!(code(&issued), expected, "{allowed} {issued:?}");
        if expected == 400 {
            assert!(
                issued.unwrap_err().1.ends_with(
                    "the key \"k\" does not list the client ID of the role \"r\" as an allowed client ID"
                ),
                "{allowed}"
            );
        }
    }
    let refused = house.delete(&house.root, &key).await.unwrap_err();
    assert!(refused.0 >= 400, "{refused:?}");
    let refused = house.patch(&house.root, &role, json!({"ttl": "2d"})).await.unwrap_err();
    assert!(refused.1.contains("cannot be longer than the verification_ttl"), "{refused:?}");
    let refused = house.patch(&house.root, &key, json!({"verification-ttl": "1h"})).await.unwrap_err();
    assert!(
        refused.1.contains("referenced by one or more roles with a token ttl greater than"),
        "{refused:?}"
    );
    let refused = house.patch(&house.root, &key, json!({"verification-ttl": "11d"})).await.unwrap_err();
    assert!(refused.1.contains("cannot be longer than 10x rotation-period"), "{refused:?}");
    let refused = house.patch(&house.root, &role, json!({"template": "{\"iss\": 1}"})).await.unwrap_err();
    assert!(refused.1.contains("top level key \"iss\" not allowed"), "{refused:?}");
    let shown = house.state(&house.root, &key).await.unwrap();
    assert_eq!(shown["roles"], json!(["r"]));
}

#[tokio::test]
async fn who_is_nobody_gets_no_token_and_who_is_disabled_has_no_active_one() {
    let tokens = Tokens::new("ES256", json!({})).await;
    let house = &tokens.house;
    let refused = house.call(&house.root, &format!("{OIDC}/roles/r/token"), json!({})).await.unwrap_err();
    assert!(
        refused.0 == 400 && refused.1.contains("no entity associated with the request's token"),
        "{refused:?}"
    );
    let token = tokens.issue().await;
    let entity = format!("strongbox/identity/entities/{}", tokens.entity);
    house.patch(&house.root, &entity, json!({"disabled": true})).await.unwrap();
    assert_eq!(code(&house.call(&tokens.alice, &format!("{OIDC}/roles/r/token"), json!({})).await), 403);
    let introspect = json!({"token": token});
    let told = house.call(&house.root, &format!("{OIDC}/introspect"), introspect.clone()).await.unwrap();
    assert_eq!(told, inactive("entity is disabled"));
    let gone = json!({"ids": [tokens.entity]});
    house.call(&house.root, "strongbox/identity/delete-entities", gone).await.unwrap();
    let told = house.call(&house.root, &format!("{OIDC}/introspect"), introspect).await.unwrap();
    assert_eq!(told, inactive("entity was not found"));
}

#[tokio::test]
async fn another_issuer_another_audience_and_time_end_a_token() {
    let tokens = Tokens::new("ES256", json!({"client-id": "app", "ttl": "1h"})).await;
    let house = &tokens.house;
    let token = tokens.issue().await;
    let wrong = json!({"token": token, "client-id": "other"});
    let told = house.call(&tokens.alice, &format!("{OIDC}/introspect"), wrong).await.unwrap();
    assert_eq!(told, inactive("error validating claims: invalid audience claim (aud)"));
    house.patch(&house.root, OIDC, json!({"issuer": "https://example.com:1234"})).await.unwrap();
    assert_eq!(
        tokens.introspect(&token).await,
        inactive("error validating claims: invalid issuer claim (iss)")
    );
    let token = tokens.issue().await;
    assert_eq!(tokens.verified(&token).await["iss"], "https://example.com:1234/v1/identity/oidc");
    house.clock.advance(3_600 + 61);
    assert_eq!(tokens.introspect(&token).await, inactive("error validating claims: token is expired (exp)"));
    for text in ["x", "a.b", "..", "a.b.c.d"] {
        let told = tokens.introspect(text).await;
        assert!(told["error"].as_str().unwrap().starts_with("error parsing token: "), "{told}");
    }
    let unsigned = "eyJhbGciOiJub25lIn0.e30.";
    assert_eq!(tokens.introspect(unsigned).await, inactive("unable to validate the token signature"));
}

#[tokio::test]
async fn the_default_key_comes_with_the_first_role_that_names_it() {
    let house = House::new().await;
    let role = json!({"key": "default"});
    house.put(&house.root, &format!("{OIDC}/roles/r"), role.clone()).await.unwrap();
    let path = format!("{OIDC}/keys/default");
    let key = house.state(&house.root, &path).await.unwrap();
    assert_eq!(key["allowed-client-ids"], json!(["*"]));
    let signing = key["signing-key"].clone();
    house.put(&house.root, &format!("{OIDC}/roles/s"), role).await.unwrap();
    assert_eq!(house.state(&house.root, &path).await.unwrap()["signing-key"], signing);
    let shown = house.get(&house.root, &format!("{OIDC}/roles/r")).await.unwrap();
    assert_eq!(shown["client-id"].as_str().unwrap().len(), 26);
    for name in ["r", "s"] {
        house.delete(&house.root, &format!("{OIDC}/roles/{name}")).await.unwrap();
    }
    let refused = house.delete(&house.root, &path).await.unwrap_err();
    assert!(refused.1.contains("deletion of key \"default\" not allowed"), "{refused:?}");
}

#[tokio::test]
async fn keys_that_no_role_names_are_not_published() {
    let tokens = Tokens::new("ES256", json!({})).await;
    let (_, age) = tokens.key_set().await;
    assert!(age.is_some_and(|age| age < 86_400), "{age:?}");
    tokens.house.delete(&tokens.house.root, &format!("{OIDC}/roles/r")).await.unwrap();
    assert_eq!(tokens.key_set().await, (json!({"keys": []}), None));
}
