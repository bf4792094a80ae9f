//! People and programs that log in with a JWT of another issuer.

use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use strongbox::services::jose::{Algorithm, Cipher, Key, jws};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

const ISSUER: &str = "strongbox/authentication/jwt-auth/corp";

/// An issuer of the tests.
pub struct Issuer(Key);

impl Issuer {
    /// One with a new key.
    pub fn new() -> Self {
        let material = Key::generate(Cipher::EcdsaP256).unwrap();
        Issuer(Key::from_material(Cipher::EcdsaP256, material.expose()).unwrap())
    }

    /// Its public key.
    pub fn pem(&self) -> String {
        self.0.public_key().unwrap().unwrap().pem()
    }

    /// Its public key as a member of a key set.
    pub fn jwk(&self, kid: &str) -> Value {
        let mut jwk = serde_json::to_value(self.0.public_key().unwrap().unwrap().jwk()).unwrap();
        jwk["kid"] = kid.into();
        jwk
    }

    /// A token of these claims.
    pub fn signed(&self, kid: &str, claims: &Value) -> String {
        let header = jws::header_segment(Algorithm::ES256, kid);
        jws::sign(&self.0, Algorithm::ES256, &header, claims.to_string().as_bytes()).unwrap()
    }

    /// The same under a header of one's own, whatever it says.
    pub fn signed_under(&self, header: &Value, claims: &Value) -> String {
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        jws::sign(&self.0, Algorithm::ES256, &header, claims.to_string().as_bytes()).unwrap()
    }
}

pub(super) fn claims(more: Value) -> Value {
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

pub(super) fn refused() -> Answer {
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
        (json!({"public-keys": pem, "default-role": "dev"}), "default-role must be the name"),
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
pub(super) struct Documents {
    pub(super) url: String,
    by_path: Arc<Mutex<std::collections::HashMap<String, String>>>,
    asked: Arc<Mutex<usize>>,
}

impl Documents {
    pub(super) async fn new() -> Self {
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

    pub(super) fn put(&self, path: &str, body: Value) {
        self.by_path.lock().unwrap().insert(path.to_owned(), body.to_string());
    }

    pub(super) fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }

    /// Waits for what is asked beside a log in.
    pub(super) async fn were_asked(&self, often: std::ops::RangeInclusive<usize>) {
        for _ in 0..200 {
            if often.contains(&self.asked()) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("asked {} times, not {often:?}", self.asked());
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
    // The issuer changes its keys: a token with the new one finds it at once.
    documents.put("/keys", json!({"keys": [old.jwk("a"), new.jwk("b")]}));
    assert_eq!(code(&house.bring(&new.signed("b", &claims)).await), 200);
    assert_eq!(documents.asked(), 2);
    documents.by_path.lock().unwrap().clear();
    house.clock.advance(40 * 60);
    for _ in 0..10 {
        assert_eq!(
            code(&house.bring(&new.signed("b", &claims)).await),
            200,
            "old keys do while there are no new ones"
        );
    }
    documents.were_asked(3..=5).await;
    house.clock.advance(30 * 60);
    assert_eq!(house.bring(&new.signed("b", &claims)).await, refused(), "but not for ever");
}

#[tokio::test]
async fn a_thousand_unknown_key_ids_make_three_requests_and_keep_nobody_out() {
    let (known, rotated) = (Issuer::new(), Issuer::new());
    let documents = Documents::new().await;
    documents.put("/keys", json!({"keys": [known.jwk("a")]}));
    let house = with_issuer(json!({"jwks-url": format!("{}/keys", documents.url)}), json!({})).await;
    let claims = claims(json!({"exp": START + 86_400}));
    assert_eq!(code(&house.bring(&known.signed("a", &claims)).await), 200);
    let stranger = Issuer::new();
    for number in 0..1_000 {
        assert_eq!(house.bring(&stranger.signed(&format!("no-{number}"), &claims)).await, refused());
        if number % 100 == 0 {
            assert_eq!(code(&house.bring(&known.signed("a", &claims)).await), 200);
        }
    }
    assert_eq!(documents.asked(), 3);
    // While that goes on, a key that the issuer changes to is found within the interval.
    documents.put("/keys", json!({"keys": [rotated.jwk("b")]}));
    house.clock.advance(15);
    assert_eq!(house.bring(&stranger.signed("no", &claims)).await, refused());
    assert_eq!(code(&house.bring(&rotated.signed("b", &claims)).await), 200);
    assert_eq!(house.bring(&known.signed("a", &claims)).await, refused(), "the old key is withdrawn");
    assert_eq!(documents.asked(), 4);
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_keeps_nobody_waiting_whose_key_is_known() {
    let issuer = Issuer::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let keys = json!({"keys": [issuer.jwk("a")]}).to_string();
    // It answers once; later connections are taken and left alone.
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            if held.is_empty() {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{keys}", keys.len());
                let _ = stream.write_all(answer.as_bytes()).await;
            }
            held.push(stream);
        }
    });
    let house = with_issuer(json!({"jwks-url": url}), json!({})).await;
    let jwt = issuer.signed("a", &claims(json!({"exp": START + 86_400})));
    assert_eq!(code(&house.bring(&jwt).await), 200);
    house.clock.advance(31 * 60);
    let began = std::time::Instant::now();
    for _ in 0..5 {
        assert_eq!(code(&house.bring(&jwt).await), 200);
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn several_key_sets_are_one_issuer() {
    let (first, second) = (Issuer::new(), Issuer::new());
    let documents = Documents::new().await;
    documents.put("/1", json!({"keys": [first.jwk("a")]}));
    documents.put("/2", json!({"keys": [second.jwk("a")]}));
    let pair = |path: &str| json!({"jwks-url": format!("{}{path}", documents.url)});
    let house = with_issuer(json!({"jwks-pairs": [pair("/1"), pair("/gone"), pair("/2")]}), json!({})).await;
    for issuer in [&first, &second] {
        assert_eq!(code(&house.bring(&issuer.signed("a", &claims(json!({})))).await), 200);
    }
    assert_eq!(house.bring(&Issuer::new().signed("a", &claims(json!({})))).await, refused());
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_found_out_when_that_is_wanted() {
    let documents = Documents::new().await;
    let house = House::new().await;
    let url = |path: &str| format!("{}{path}", documents.url);
    for (keys, said) in [
        (json!({"jwks-url": url("/keys")}), format!("error checking jwks URL {}", url("/keys"))),
        (json!({"oidc-discovery-url": url("")}), "error checking oidc discovery URL".to_owned()),
    ] {
        let mut body = json!({"check-keys": true});
        body.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        let (status, message) = house.put(&house.root, ISSUER, body.clone()).await.unwrap_err();
        assert_eq!((status, message), (400, said));
        body["check-keys"] = json!(false);
        assert_eq!(
            code(&house.put(&house.root, ISSUER, body).await),
            200,
            "it is not tried out unless that is said"
        );
    }
    documents.put("/keys", json!({"keys": [Issuer::new().jwk("a")]}));
    let body = json!({"check-keys": true, "jwks-url": url("/keys")});
    assert_eq!(code(&house.put(&house.root, ISSUER, body).await), 200);
}

#[tokio::test]
async fn a_mount_has_an_issuer_of_its_own_and_says_what_tokens_are_like() {
    let issuer = Issuer::new();
    let house = House::new().await;
    let mount = json!({"type": "jwt", "tuning": {"default-lease-ttl": "5m", "token-type": "default-batch"},
        "jwt": {"public-keys": [issuer.pem()], "roles": [
            {"name": "dev", "bound-audiences": ["strongbox"], "token-policies": ["ops"]},
            {"name": "kept", "bound-audiences": ["strongbox"], "token-type": "service", "token-ttl": "10m"}]}});
    house.put(&house.root, "strongbox/mounts/auth/team%2Fjwt", mount).await.unwrap();
    let jwt = issuer.signed("1", &claims(json!({})));
    let bring = async |role: &str| {
        let input = json!({"mount": "team/jwt", "role": role, "jwt": jwt});
        house.request(None, client(), |house| house.invoke("jwt-login", input)).await
    };
    let kept = bring("kept").await.unwrap();
    assert_eq!(kept["expires-in"], 600);
    assert_eq!(house.info(&kept).await["display-name"], "team-jwt-alice@example.com");
    bring("dev").await.unwrap();
    let revision = house.gate.engine().snapshot().revision;
    let batch = bring("dev").await.unwrap();
    assert_eq!(house.gate.engine().snapshot().revision, revision, "a batch token costs no commit");
    assert_eq!((&batch["expires-in"], batch.get("accessor")), (&json!(300), None));
    let token = batch["token"].as_str().unwrap();
    let caller = house.caller(token).await.unwrap();
    assert_eq!(caller.policies, ["ops", "default"].map(Ident::from));
    house.clock.advance(300);
    assert!(house.caller(token).await.is_err(), "it ends by itself");
    house.delete(&house.root, "strongbox/mounts/auth/team%2Fjwt").await.unwrap();
    assert_eq!(bring("kept").await, refused(), "with the mount goes everything under it");
}

#[tokio::test]
async fn a_batch_token_outlives_a_restart() {
    let issuer = Issuer::new();
    let house = with_issuer(json!({"public-keys": [issuer.pem()]}), json!({"token-type": "batch"})).await;
    let issued = house.bring(&issuer.signed("1", &claims(json!({})))).await.unwrap();
    let house = house.restarted().await;
    assert!(house.caller(issued["token"].as_str().unwrap()).await.is_ok());
    let odd = json!({"name": "dev", "bound-audiences": ["a"], "token-type": "batch", "token-num-uses": 3});
    let (_, message) = house.put(&house.root, &format!("{ISSUER}/roles/dev"), odd).await.unwrap_err();
    assert!(message.contains("a batch token has neither"), "{message}");
}

/// Why log ins failed, in the words of the reference, which the audit log and its clients get.
#[tokio::test]
async fn refusals_have_the_order_and_the_words_of_the_reference() {
    let issuer = Issuer::new();
    let house = House::new().await;
    let role = |name: &str, more: Value| {
        let mut role = json!({"name": name, "bound-audiences": ["strongbox"]});
        role.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        role
    };
    let roles = json!([
        role("dev", json!({})),
        role("unbound", json!({"bound-audiences": [], "bound-subject": "alice@example.com"})),
        role("browser", json!({"role-type": "oidc", "allowed-redirect-uris": ["http://localhost/cb"]})),
        role("near", json!({"token-bound-cidrs": ["203.0.113.0/24"]})),
        role("root", json!({"token-policies": ["root"]})),
        role("bound", json!({"bound-claims": [{"claim": "dep", "values": ["eng"]}]})),
        role("groups", json!({"groups-claim": "groups"})),
        role("mapped", json!({"claim-mappings": [{"claim": "email", "metadata": "email"}]})),
        role("mail", json!({"user-claim": "email"})),
        role("sub", json!({"bound-subject": "bob"})),
    ]);
    let mount = json!({"type": "jwt", "jwt": {"public-keys": [issuer.pem()], "bound-issuer": "https://idp",
        "algorithms": ["ES256"], "roles": roles}});
    house.put(&house.root, "strongbox/mounts/auth/jwt", mount).await.unwrap();
    house.put(&house.root, "strongbox/mounts/auth/bare", json!({"type": "oidc"})).await.unwrap();
    let fine = json!({});
    for (mount, role, more, said) in [
        ("gone", "dev", &fine, "could not load configuration"),
        ("bare", "dev", &fine, "could not load configuration"),
        ("jwt", "", &fine, "missing role"),
        ("jwt", "none", &fine, "role \"none\" could not be found"),
        ("jwt", "browser", &fine, "role with oidc role_type is not allowed"),
        ("jwt", "near", &fine, "permission denied"),
        (
            "jwt",
            "dev",
            &json!({"SUB": "x"}),
            "error validating token: ambiguous claim: key \"SUB\" collides with \
            registered claim \"sub\" under case folding",
        ),
        ("jwt", "dev", &json!({"iss": "https://x"}), "error validating token: invalid issuer (iss) claim"),
        ("jwt", "sub", &fine, "error validating token: invalid subject (sub) claim"),
        (
            "jwt",
            "dev",
            &json!({"aud": "x"}),
            "error validating token: invalid audience (aud) claim: audience claim \
            does not match any expected audience",
        ),
        (
            "jwt",
            "dev",
            &json!({"aud": null}),
            "error validating token: invalid audience (aud) claim: audience claim \
            does not match any expected audience",
        ),
        (
            "jwt",
            "dev",
            &json!({"iat": null, "exp": null}),
            "error validating token: no issued at (iat), not before (nbf), \
            or expiration time (exp) claims in token",
        ),
        (
            "jwt",
            "dev",
            &json!({"nbf": START + 70}),
            "error validating token: invalid not before (nbf) claim: token not \
            yet valid",
        ),
        (
            "jwt",
            "dev",
            &json!({"exp": START - 70, "iat": START - 99}),
            "error validating token: invalid expiration time \
            (exp) claim: token is expired",
        ),
        (
            "jwt",
            "dev",
            &json!({"iat": START + 70, "nbf": START}),
            "error validating token: invalid issued at (iat) claim: \
            token issued in the future",
        ),
        ("jwt", "unbound", &fine, "audience claim found in JWT but no audiences bound to the role"),
        (
            "jwt",
            "unbound",
            &json!({"aud": ["x"]}),
            "audience claim found in JWT but no audiences bound to the role",
        ),
        ("jwt", "mail", &fine, "claim \"email\" not found in token"),
        ("jwt", "mail", &json!({"email": 7}), "claim \"email\" could not be converted to string"),
        ("jwt", "mapped", &json!({"email": 7}), "error converting claim 'email' to string"),
        (
            "jwt",
            "mapped",
            &json!({"email": "a\u{0}b"}),
            "claim \"email\" has control characters or noncharacters in it",
        ),
        ("jwt", "groups", &fine, "failed to fetch groups: \"groups\" claim not found in token"),
        ("jwt", "groups", &json!({"groups": 1}), "\"groups\" claim could not be converted to string list"),
        (
            "jwt",
            "groups",
            &json!({"groups": ["a", 1]}),
            "value 1 in groups claim could not be parsed as string",
        ),
        (
            "jwt",
            "groups",
            &json!({"groups": ["a", "\u{fffe}"]}),
            "claim \"groups\" has control characters or noncharacters in it",
        ),
        ("jwt", "bound", &fine, "error validating claims: claim \"dep\" is missing"),
        (
            "jwt",
            "bound",
            &json!({"dep": "x"}),
            "error validating claims: claim \"dep\" does not match any associated \
            bound claim values",
        ),
        ("jwt", "root", &fine, "auth methods cannot create root tokens"),
    ] {
        let jwt = issuer.signed("1", &claims(more.clone()));
        assert_eq!(house.reason(mount, role, &jwt).await, said, "{mount} {role} {more}");
    }
    for (jwt, said) in [
        ("", "missing token"),
        ("x", "error validating token: error verifying token signature: it is not a JWS in compact form"),
        (
            &Issuer::new().signed("1", &claims(json!({}))),
            "error validating token: error verifying token signature: no known key successfully validated the token \
             signature",
        ),
    ] {
        assert_eq!(house.reason("jwt", "dev", jwt).await, said);
    }
}

impl House {
    /// Why a log in at a mount failed.
    async fn reason(&self, mount: &str, role: &str, jwt: &str) -> String {
        let mut input = json!({"mount": mount, "jwt": jwt});
        if !role.is_empty() {
            input["role"] = role.into();
        }
        let refusal = self.gate.execute(None, &client(), self.invoke("jwt-login", input)).await.unwrap_err();
        refusal.attempted().unwrap().reason.clone()
    }
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

#[tokio::test]
async fn brute_force_and_flood_on_login_write_nothing_and_have_to_wait() {
    let issuer = Issuer::new();
    let house = with_issuer(json!({"public-keys": [issuer.pem()]}), json!({})).await;
    let good = issuer.signed("1", &claims(json!({})));
    let revision = house.gate.engine().snapshot().revision;
    for _ in 0..4_000 {
        assert_eq!(house.bring("x.y.z").await, refused());
    }
    assert_eq!(code(&house.bring(&good).await), 429, "before any signature is looked at");
    assert_eq!(house.gate.engine().snapshot().revision, revision);
    house.clock.advance(1);
    assert_eq!(code(&house.bring(&good).await), 200);
}
