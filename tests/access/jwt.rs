//! People and programs that log in with a JWT of another issuer.

use std::sync::Mutex;

use strongbox::services::jose::{Algorithm, Cipher, Key, jws};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

const ISSUER: &str = "strongbox/authentication/jwt-auth/corp";

/// An issuer of the tests.
struct Issuer(Key);

impl Issuer {
    fn new() -> Self {
        let material = Key::generate(Cipher::EcdsaP256).unwrap();
        Issuer(Key::from_material(Cipher::EcdsaP256, material.expose()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.public_key().unwrap().unwrap().pem()
    }

    fn jwk(&self, kid: &str) -> Value {
        let mut jwk = serde_json::to_value(self.0.public_key().unwrap().unwrap().jwk()).unwrap();
        jwk["kid"] = kid.into();
        jwk
    }

    fn signed(&self, kid: &str, claims: &Value) -> String {
        let header = jws::header_segment(Algorithm::ES256, kid);
        jws::sign(&self.0, Algorithm::ES256, &header, claims.to_string().as_bytes()).unwrap()
    }
}

fn claims(more: Value) -> Value {
    let mut claims = json!({"iss": "https://idp", "sub": "alice@example.com", "aud": "strongbox", "iat": START, "exp": START + 300});
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    claims
}

/// A house that knows the issuer, with the role `dev`.
async fn with_issuer(keys: Value, role: Value) -> House {
    let house = House::new().await;
    let mut issuer =
        json!({"default-role": "dev", "roles": [{"name": "dev", "bound-audiences": ["strongbox"]}]});
    issuer.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    issuer["roles"][0].as_object_mut().unwrap().extend(role.as_object().unwrap().clone());
    house.put(&house.root, ISSUER, issuer).await.unwrap();
    house
}

impl House {
    async fn bring(&self, jwt: &str) -> Answer {
        let input = json!({"jwt-auth": "corp", "role": "dev", "jwt": jwt});
        self.request(None, client(), |house| house.invoke("jwt-login", input)).await
    }

    async fn info(&self, issued: &Value) -> Value {
        self.state(issued["token"].as_str().unwrap(), "strongbox/token/info").await.unwrap()
    }
}

fn refused() -> Answer {
    Err((401, "invalid credentials".to_owned()))
}

#[tokio::test]
async fn a_token_of_a_known_key_lets_in() {
    let issuer = Issuer::new();
    let role = json!({"token-policies": ["ops"], "token-ttl": "10m", "groups-claim": "groups", "user-prefix": "corp-",
        "group-policies": [{"group": "admins", "policies": ["admin", "ops"]}, {"group": "x", "policies": ["y"]}],
        "claim-mappings": [{"claim": "/org/unit", "metadata": "unit"}]});
    let house = with_issuer(json!({"public-keys": [issuer.pem()]}), role).await;
    let jwt = issuer.signed("1", &claims(json!({"groups": ["admins", "staff"], "org": {"unit": "r&d"}})));
    let issued = house.bring(&jwt).await.unwrap();
    assert_eq!(issued["policies"], json!(["ops", "admin", "default"]));
    assert_eq!(issued["expires-in"], 600);
    let info = house.info(&issued).await;
    assert_eq!((&info["user"], &info["method"]), (&json!("corp-alice@example.com"), &json!("jwt")));
    assert_eq!(info["metadata"], json!([{"name": "role", "value": "dev"}, {"name": "unit", "value": "r&d"}]));
    let by_default = json!({"tenant": "acme", "jwt-auth": "corp", "jwt": jwt});
    assert_eq!(
        code(&house.request(None, client(), |house| house.invoke("jwt-login", by_default)).await),
        200
    );
}

#[tokio::test]
async fn whatever_is_wrong_with_a_token_the_answer_is_the_same() {
    let issuer = Issuer::new();
    let role = json!({"bound-subject": "alice@example.com", "token-bound-cidrs": ["192.0.2.0/24"],
        "bound-claims": [{"claim": "level", "type": "integer", "values": ["5", "6"]},
            {"claim": "/team", "type": "glob", "values": ["dev-*"]}]});
    let keys = json!({"public-keys": [issuer.pem()], "bound-issuer": "https://idp", "algorithms": ["ES256"]});
    let house = with_issuer(keys, role).await;
    let fine = claims(json!({"level": 5, "team": "dev-a"}));
    let with = |more: Value| {
        let mut claims = fine.clone();
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        issuer.signed("1", &claims)
    };
    assert_eq!(code(&house.bring(&with(json!({}))).await), 200);
    for more in [
        json!({"level": "5"}),
        json!({"level": 7}),
        json!({"team": "ops-a"}),
        json!({"team": null}),
        json!({"iss": "https://other"}),
        json!({"sub": "bob"}),
        json!({"aud": ["other"]}),
        json!({"exp": START - 100, "iat": START - 200}),
        json!({"iat": START + 100}),
        json!({"SUB": "root"}),
    ] {
        assert_eq!(house.bring(&with(more.clone())).await, refused(), "{more}");
    }
    assert_eq!(house.bring(&Issuer::new().signed("1", &fine)).await, refused());
    assert_eq!(house.bring("nonsense").await, refused());
    let jwt = with(json!({}));
    for input in [
        json!({"jwt-auth": "gone", "role": "dev", "jwt": jwt}),
        json!({"jwt-auth": "corp", "role": "gone", "jwt": jwt}),
        json!({"tenant": "gone", "jwt-auth": "corp", "role": "dev", "jwt": jwt}),
    ] {
        assert_eq!(house.request(None, client(), |house| house.invoke("jwt-login", input)).await, refused());
    }
    let input = json!({"jwt-auth": "corp", "role": "dev", "jwt": jwt});
    let elsewhere = house.request(None, from("198.51.100.1"), |house| house.invoke("jwt-login", input)).await;
    assert_eq!(elsewhere, refused());
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_when_it_is_written() {
    let issuer = Issuer::new();
    let house = House::new().await;
    let role = json!({"name": "dev", "bound-audiences": ["a"]});
    let pem = json!([issuer.pem()]);
    for (body, said) in [
        (json!({"public-keys": ["nonsense"]}), "public-keys: it is not PEM"),
        (json!({"jwks-url": "http://idp.example.com/keys"}), "plain http"),
        (json!({"jwks-url": "https://169.254.169.254/keys"}), "no address that is asked"),
        (json!({"jwks-url": "https://idp.example.com/keys", "ca-pem": "x"}), "authorities"),
        (json!({"roles": [role]}), "keys"),
        (json!({"public-keys": pem, "roles": [{"name": "dev"}]}), "must bind the token to something"),
        (json!({"public-keys": pem, "default-role": "dev"}), "dev"),
        (
            json!({"public-keys": pem, "roles": [{"name": "dev",
                "bound-claims": [{"claim": "level", "type": "integer", "values": ["five"]}]}]}),
            "'five' is not a whole number",
        ),
    ] {
        let (status, message) = house.put(&house.root, ISSUER, body.clone()).await.unwrap_err();
        assert!(message.contains(said), "{body}: {status} {message}");
    }
}

/// A server of documents; it counts how often it is asked.
struct Documents {
    url: String,
    by_path: Arc<Mutex<std::collections::HashMap<String, String>>>,
    asked: Arc<Mutex<usize>>,
}

impl Documents {
    async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let by_path: Arc<Mutex<std::collections::HashMap<String, String>>> = Arc::default();
        let asked = Arc::new(Mutex::new(0));
        let (documents, count) = (Arc::clone(&by_path), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                *count.lock().unwrap() += 1;
                let mut request = vec![0; 4096];
                let length = stream.read(&mut request).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                let found = documents.lock().unwrap().get(&path).cloned();
                let (status, body) = found.map_or(("404 Not Found", String::new()), |body| ("200 OK", body));
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Documents { url, by_path, asked }
    }

    fn put(&self, path: &str, body: Value) {
        self.by_path.lock().unwrap().insert(path.to_owned(), body.to_string());
    }

    fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

#[tokio::test]
async fn keys_are_fetched_kept_and_fetched_again_when_they_change() {
    let (old, new) = (Issuer::new(), Issuer::new());
    let documents = Documents::new().await;
    documents.put("/keys", json!({"keys": [old.jwk("a")]}));
    let keys = json!({"jwks-url": format!("{}/keys", documents.url)});
    let house = with_issuer(keys, json!({})).await;
    let claims = claims(json!({"exp": START + 86_400}));
    for _ in 0..3 {
        assert_eq!(code(&house.bring(&old.signed("a", &claims)).await), 200);
    }
    assert_eq!(documents.asked(), 1, "they are kept");
    for _ in 0..5 {
        assert_eq!(house.bring(&new.signed("b", &claims)).await, refused());
    }
    assert_eq!(documents.asked(), 1, "an unknown key makes them be fetched at most once a minute");
    documents.put("/keys", json!({"keys": [old.jwk("a"), new.jwk("b")]}));
    house.clock.advance(60);
    assert_eq!(code(&house.bring(&new.signed("b", &claims)).await), 200);
    assert_eq!(documents.asked(), 2);
    documents.by_path.lock().unwrap().clear();
    house.clock.advance(40 * 60);
    assert_eq!(
        code(&house.bring(&new.signed("b", &claims)).await),
        200,
        "old keys do while there are no new ones"
    );
    assert_eq!(documents.asked(), 3);
    house.clock.advance(30 * 60);
    assert_eq!(house.bring(&new.signed("b", &claims)).await, refused(), "but not for ever");
}

#[tokio::test]
async fn a_discovery_document_names_the_keys_and_binds_the_issuer() {
    let issuer = Issuer::new();
    let documents = Documents::new().await;
    let url = documents.url.clone();
    documents.put("/keys", json!({"keys": [issuer.jwk("a")]}));
    documents
        .put("/.well-known/openid-configuration", json!({"issuer": url, "jwks_uri": format!("{url}/keys")}));
    let house = with_issuer(json!({"oidc-discovery-url": url}), json!({})).await;
    assert_eq!(code(&house.bring(&issuer.signed("a", &claims(json!({"iss": url})))).await), 200);
    assert_eq!(house.bring(&issuer.signed("a", &claims(json!({})))).await, refused(), "another issuer");

    documents.put(
        "/.well-known/openid-configuration",
        json!({"issuer": "https://other", "jwks_uri": format!("{url}/keys")}),
    );
    house.clock.advance(7200);
    let later = claims(json!({"iss": url, "exp": START + 86_400}));
    assert_eq!(house.bring(&issuer.signed("a", &later)).await, refused(), "the document of another issuer");
}
