//! Logging in with an ES256 token at a JWT mount of the Vault dialect: batch tokens beside a bare server that verifies the
//! signature, service tokens beside those that commit a row for each as well.

use strongbox::services::jose::{Algorithm, Cipher, Key, jws};

use super::ceiling::Work;
use super::load::Request;
use super::{Bench, CONNECTIONS};

/// What is measured.
pub const WHAT: [&str; 2] = ["JWT log in, batch token, 64 clients", "JWT log in, service token, 64 clients"];

/// Measures both kinds.
pub async fn run(bench: &Bench<'_>) {
    let daemon = bench.daemon;
    let material = Key::generate(Cipher::EcdsaP256).expect("a key");
    let key = Key::from_material(Cipher::EcdsaP256, material.expose()).expect("a key");
    let public = key.public_key().expect("a public key").expect("a key pair");
    let claims = serde_json::json!({"iss": "https://idp.example.com", "sub": "bench", "aud": "strongbox",
        "iat": 1_700_000_000, "exp": 4_900_000_000_i64});
    let header = jws::header_segment(Algorithm::ES256, "1");
    let jwt = jws::sign(&key, Algorithm::ES256, &header, claims.to_string().as_bytes()).expect("a token");
    let admin = |method: &str, path: &str, body: serde_json::Value| {
        Request::new(method, path, &daemon.admin, &body.to_string(), 204)
    };
    daemon.once(admin("POST", "/v1/sys/auth/jwt", serde_json::json!({"type": "jwt"}))).await;
    let config = serde_json::json!({"jwt_validation_pubkeys": [public.pem()]});
    daemon.once(admin("POST", "/v1/auth/jwt/config", config)).await;
    for kind in ["batch", "service"] {
        let role = serde_json::json!({"role_type": "jwt", "user_claim": "sub", "bound_audiences": "strongbox",
            "token_type": kind, "token_ttl": "1h"});
        daemon.once(admin("POST", &format!("/v1/auth/jwt/role/{kind}"), role)).await;
    }
    let log_in = |role: &str| {
        let body = serde_json::json!({"role": role, "jwt": jwt}).to_string();
        Request::new("POST", "/v1/auth/jwt/login", "", &body, 200)
    };
    let [batch, service] = WHAT;
    let name = "bare hyper + verification";
    bench.beside(batch, CONNECTIONS, log_in("batch"), name, Work::VerifyEs256, 0.7).await;
    let request = log_in("service");
    bench.beside_commits(service, CONNECTIONS, move |_, _| request.clone(), Work::VerifyEs256).await;
}
