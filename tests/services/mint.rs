//! Issuers, roles and mint: the reference example end to end, commit-time checks, and what verifiers see.

use serde_json::{Value, json};
use strongbox::services::jwt_issuer::DocumentKind;

use super::{House, claims};

const ISSUER: &str = "strongbox/jwt-issuers/payments-api";
const ROLE: &str = "strongbox/jwt-issuers/payments-api/roles/reader";
const MINT: &str = "strongbox/jwt-issuers/payments-api/roles/reader/mint";

fn reader() -> Value {
    json!({
        "name": "reader",
        "allowed-audiences": ["https://api.example.com", "https://api.*.example.com"],
        "default-audiences": ["https://api.example.com"],
        "require-audience": true,
        "subject-template": "${SYS_TENANT}/${SYS_USERNAME}",
        "default-ttl": "15m",
        "max-ttl": "1h",
        "algorithm": "ES256",
        "fixed-claims": [{"name": "tier", "value": "gold"}, {"name": "realm", "value": "${SYS_TENANT}"}],
        "allowed-claims": [
            {"name": "scope", "type": "string-array", "allowed-values": ["read:*", "list:*"]},
            {"name": "trace_id", "type": "string", "allowed-values": ["*"]},
        ],
        "required-claims": ["tier"],
        "verbose-logging": false,
        "distribute": {"to": "all"},
    })
}

async fn house() -> House {
    let house = House::new().await;
    house.put("strongbox/transit-keys/payments", json!({"cipher": "ecdsa-p256"})).await.unwrap();
    house.put(ISSUER, json!({"signing-key": "payments"})).await.unwrap();
    house.put(ROLE, reader()).await.unwrap();
    house
}

#[tokio::test]
async fn the_reference_example_end_to_end() {
    let house = house().await;
    let minted = house
        .call(
            MINT,
            json!({
                "audiences": ["https://api.example.com"],
                "subject": "acme/alice",
                "ttl": "15m",
                "extra-claims": "{\"scope\":[\"read:orders\",\"list:invoices\"],\"trace_id\":\"7c1a\"}",
            }),
        )
        .await
        .unwrap();
    let issuer = "https://strongbox.example.com/acme/jwt/payments-api";
    assert_eq!(minted["kid"], "1");
    assert_eq!(minted["issuer"], issuer);
    assert_eq!(minted["subject"], "acme/alice");
    assert_eq!(minted["audiences"], json!(["https://api.example.com"]));
    assert_eq!(minted["expires"], "2024-03-09T16:15:00.000000Z");
    let key_set = house.document("payments-api", DocumentKind::KeySet).unwrap();
    let (header, claims) = claims(minted["jwt"].as_str().unwrap(), &key_set);
    assert_eq!(header["alg"], "ES256");
    assert_eq!(
        claims,
        json!({
            "iss": issuer, "sub": "acme/alice", "aud": ["https://api.example.com"],
            "iat": 1_710_000_000, "exp": 1_710_000_900, "tier": "gold", "realm": "acme",
            "scope": ["read:orders", "list:invoices"], "trace_id": "7c1a",
        })
    );
}

#[tokio::test]
async fn all_reasons_come_at_once_each_at_its_leaf() {
    let house = house().await;
    let refused = house
        .call(
            MINT,
            json!({"audiences": ["x"], "subject": "acme/bob", "ttl": "2h", "extra-claims": "{\"admin\":true}"}),
        )
        .await
        .unwrap_err();
    let paths: Vec<&str> = refused.iter().map(|line| line.split(": ").next().unwrap()).collect();
    let leaf = |name: &str| format!("/{MINT}/{name}");
    assert_eq!(paths, [leaf("audiences"), leaf("subject"), leaf("ttl"), leaf("extra-claims")]);
}

#[tokio::test]
async fn a_request_that_is_only_validated_finds_the_same_faults_and_mints_nothing() {
    let house = house().await;
    assert!(house.try_out(MINT, json!({})).await.unwrap().is_null());
    let refused = house.try_out(MINT, json!({"ttl": "2h"})).await.unwrap_err();
    assert_eq!(refused, house.call(MINT, json!({"ttl": "2h"})).await.unwrap_err());
}

#[tokio::test]
async fn a_token_without_a_user_cannot_fill_a_template_that_needs_one() {
    let house = house().await;
    let refused = house.call_as(None, MINT, json!({})).await.unwrap_err();
    assert!(refused[0].contains("does not belong to a user"), "{refused:?}");
}

#[tokio::test]
async fn a_change_of_role_issuer_or_key_counts_at_once() {
    let house = house().await;
    assert_eq!(house.call(MINT, json!({})).await.unwrap()["kid"], "1");
    house.call("strongbox/transit-keys/payments/rotate", json!({})).await.unwrap();
    assert_eq!(house.call(MINT, json!({})).await.unwrap()["kid"], "2");
    house.patch(ISSUER, json!({"issuer": "https://issuer.example.com"})).await.unwrap();
    assert_eq!(house.call(MINT, json!({})).await.unwrap()["issuer"], "https://issuer.example.com");
    house.patch(ROLE, json!({"default-audiences": ["https://api.eu.example.com"]})).await.unwrap();
    assert_eq!(
        house.call(MINT, json!({})).await.unwrap()["audiences"],
        json!(["https://api.eu.example.com"])
    );
    house.delete(ROLE).await.unwrap();
    assert_eq!(house.call(MINT, json!({})).await.unwrap_err(), ["there is no such resource"]);
}

#[tokio::test]
async fn commits_check_what_a_role_promises() {
    let house = house().await;
    let refused = |change: Value| {
        let mut role = reader();
        for (name, value) in change.as_object().unwrap() {
            role[name] = value.clone();
        }
        let house = &house;
        async move { house.put(ROLE, role).await.unwrap_err().join("\n") }
    };
    for (change, reason) in [
        (json!({"default-audiences": ["https://other.com"]}), "matches none of allowed-audiences"),
        (json!({"subject-template": "${SYS_USER}"}), "${SYS_USERNAME}"),
        (json!({"algorithm": "RS256"}), "does not fit the cipher"),
        (json!({"max-ttl": "2d"}), "issuer's max-ttl"),
        (json!({"default-ttl": "2h"}), "role's max-ttl"),
        (json!({"fixed-claims": [{"name": "iss", "value": "x"}]}), "registered claims"),
        (json!({"allowed-claims": [{"name": "exp"}]}), "registered claims"),
        (json!({"allowed-claims": [{"name": "tier"}]}), "both fixed and allowed"),
        (json!({"fixed-claims": [{"name": "a", "value": "${HOME}"}]}), "${SYS_USERNAME}"),
        (json!({"default-ttl": "0s"}), "longer than 0s"),
        (json!({"default-ttl": "15 minutes"}), "duration"),
    ] {
        let found = refused(change.clone()).await;
        assert!(found.contains(reason), "{change}: {found}");
    }
}

#[tokio::test]
async fn commits_check_the_issuer() {
    let house = house().await;
    house.put("strongbox/transit-keys/mac", json!({"cipher": "hmac-sha256"})).await.unwrap();
    let put = |body| house.put("strongbox/jwt-issuers/other", body);
    assert!(put(json!({"signing-key": "mac"})).await.unwrap_err()[0].contains("must be of cipher"));
    assert!(put(json!({"signing-key": "nothing"})).await.is_err());
    assert!(put(json!({})).await.is_err());
    assert!(put(json!({"signing-key": "payments", "issuer": "not a url"})).await.is_err());
    assert!(put(json!({"signing-key": "payments", "max-ttl": "1h", "default-ttl": "2h"})).await.is_err());
    put(json!({"signing-key": "payments", "max-ttl": "10m"})).await.unwrap();
    assert!(house.patch("strongbox/transit-keys/payments", json!({"deletion-allowed": true})).await.is_ok());
    assert!(house.delete("strongbox/transit-keys/payments").await.is_err(), "an issuer signs with it");
}

#[tokio::test]
async fn verifiers_find_every_key_with_which_a_valid_token_can_be_signed() {
    let house = house().await;
    let kids = |house: &House| -> Vec<String> {
        let set = house.document("payments-api", DocumentKind::KeySet).unwrap();
        set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    let old = house.call(MINT, json!({})).await.unwrap();
    house.call("strongbox/transit-keys/payments/rotate", json!({})).await.unwrap();
    assert_eq!(kids(&house), ["2", "1"]);
    let set = house.document("payments-api", DocumentKind::KeySet).unwrap();
    claims(old["jwt"].as_str().unwrap(), &set);
    house.clock.advance(86_400);
    assert_eq!(kids(&house), ["2"]);
    let configuration = house.document("payments-api", DocumentKind::Configuration).unwrap();
    assert_eq!(configuration["issuer"], "https://strongbox.example.com/acme/jwt/payments-api");
    assert_eq!(
        configuration["jwks_uri"],
        "https://strongbox.example.com/acme/jwt/payments-api/.well-known/jwks.json"
    );
    assert!(house.document("nothing", DocumentKind::KeySet).is_none());
}

#[tokio::test]
async fn distribution_status_follows_inherit_to_the_issuer() {
    let house = house().await;
    let status = |path: &str| house.state(&format!("{path}/distribution-status"));
    assert_eq!(status(ROLE), json!({"to": "all"}));
    assert_eq!(status(ISSUER), json!({"to": "none"}));
    let mut role = reader();
    role["distribute"] = json!({"to": "inherit"});
    house.put(ROLE, role.clone()).await.unwrap();
    assert_eq!(status(ROLE), json!({"to": "none"}));
    house.patch(ISSUER, json!({"distribute": {"sites": ["stockholm", "oslo"]}})).await.unwrap();
    assert_eq!(status(ROLE), json!({"sites": ["stockholm", "oslo"]}));
    role.as_object_mut().unwrap().remove("distribute");
    house.put(ROLE, role).await.unwrap();
    assert_eq!(status(ROLE), json!({"sites": ["stockholm", "oslo"]}));
    assert_eq!(house.state(ROLE)["distribution-status"], json!({"sites": ["stockholm", "oslo"]}));
}

#[tokio::test]
async fn every_kind_of_key_mints_with_every_algorithm_it_knows() {
    let house = house().await;
    for (cipher, algorithms) in [
        ("ecdsa-p384", &["ES384"][..]),
        ("ecdsa-p521", &["ES512"]),
        ("ed25519", &["EdDSA"]),
        ("rsa-2048", &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]),
    ] {
        house.put(&format!("strongbox/transit-keys/{cipher}"), json!({"cipher": cipher})).await.unwrap();
        let issuer = format!("strongbox/jwt-issuers/{cipher}");
        house.put(&issuer, json!({"signing-key": cipher})).await.unwrap();
        for algorithm in algorithms {
            let role = format!("{issuer}/roles/{algorithm}");
            house.put(&role, json!({"algorithm": algorithm, "require-audience": false})).await.unwrap();
            let minted = house.call(&format!("{role}/mint"), json!({})).await.unwrap();
            let set = house.document(cipher, DocumentKind::KeySet).unwrap();
            let (_, claims) = claims(minted["jwt"].as_str().unwrap(), &set);
            assert_eq!(claims["sub"], "acme/alice", "{algorithm}");
            assert!(claims.get("aud").is_none());
        }
    }
}

#[tokio::test]
async fn key_issuer_and_role_can_come_in_one_transaction() {
    let house = House::new().await;
    let tree = json!({
        "transit-keys": [{"name": "a", "cipher": "ed25519"}, {"name": "b", "cipher": "ecdsa-p256"}],
        "jwt-issuers": [
            {"name": "a", "signing-key": "a", "roles": [{"name": "r", "require-audience": false}]},
            {"name": "b", "signing-key": "b", "roles": [{"name": "r", "require-audience": false}]},
        ],
    });
    house.patch("strongbox", tree).await.unwrap();
    for issuer in ["a", "b"] {
        let minted =
            house.call(&format!("strongbox/jwt-issuers/{issuer}/roles/r/mint"), json!({})).await.unwrap();
        claims(minted["jwt"].as_str().unwrap(), &house.document(issuer, DocumentKind::KeySet).unwrap());
    }
}

#[tokio::test]
async fn an_issuers_cap_cannot_be_lowered_below_a_roles() {
    let house = house().await;
    let refused = house.patch(ISSUER, json!({"max-ttl": "30m"})).await.unwrap_err();
    assert!(refused.iter().any(|reason| reason.contains("issuer's max-ttl")), "{refused:?}");
    house.patch(ROLE, json!({"max-ttl": "30m"})).await.unwrap();
    house.patch(ISSUER, json!({"max-ttl": "30m"})).await.unwrap();
    assert!(house.call(MINT, json!({"ttl": "30m"})).await.is_ok());
    assert_eq!(house.call(MINT, json!({"ttl": "31m"})).await.unwrap_err().len(), 2);
}

#[tokio::test]
async fn a_signing_key_of_another_cipher_must_fit_the_roles() {
    let house = house().await;
    house.put("strongbox/transit-keys/ed", json!({"cipher": "ed25519"})).await.unwrap();
    let refused = house.patch(ISSUER, json!({"signing-key": "ed"})).await.unwrap_err();
    assert!(refused[0].contains("does not fit the cipher"), "{refused:?}");
    house.patch(ROLE, json!({"algorithm": null})).await.unwrap();
    house.patch(ISSUER, json!({"signing-key": "ed"})).await.unwrap();
    let minted = house.call(MINT, json!({})).await.unwrap();
    let (header, _) = claims(
        minted["jwt"].as_str().unwrap(),
        &house.document("payments-api", DocumentKind::KeySet).unwrap(),
    );
    assert_eq!(header["alg"], "EdDSA");
}

#[tokio::test]
async fn verbose_logging_tells_attempts_and_never_a_token() {
    let house = house().await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    house.call(MINT, json!({})).await.unwrap();
    assert!(!log.text().contains("mint"), "{}", log.text());
    house.patch(ROLE, json!({"verbose-logging": true})).await.unwrap();
    let minted = house.call(MINT, json!({"ttl": "10m"})).await.unwrap();
    house.call(MINT, json!({"ttl": "2h"})).await.unwrap_err();
    let text = log.text();
    for part in ["acme/alice", "granted=true", "granted=false", "the role's max-ttl is 1h", "roles/reader"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let signature = minted["jwt"].as_str().unwrap().rsplit('.').next().unwrap();
    assert!(!text.contains("eyJ") && !text.contains(signature), "{text}");
}

/// Where a subscriber writes.
#[derive(Clone, Default)]
struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
