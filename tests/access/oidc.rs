//! People who log in with a browser: what may go wrong on the way. A provider of the tests that says whatever it is told to;
//! that a real one is understood is tested in `interop`.

use super::jwt::{Documents, Issuer};
use super::*;

const CALLBACK: &str = "http://localhost:8250/oidc/callback";

/// A house with an OIDC mount, and the provider behind it.
struct Setting {
    house: House,
    issuer: Issuer,
    provider: Documents,
}

impl Setting {
    async fn new(mount: Value, role: Value) -> Self {
        let (issuer, provider, house) = (Issuer::new(), Documents::new().await, House::new().await);
        let url = provider.url.clone();
        provider.put("/keys", json!({"keys": [issuer.jwk("a")]}));
        provider.put(
            "/.well-known/openid-configuration",
            json!({"issuer": url, "jwks_uri": format!("{url}/keys"),
                "authorization_endpoint": format!("{url}/authorize"), "token_endpoint": format!("{url}/token"),
                "userinfo_endpoint": format!("{url}/userinfo")}),
        );
        let mut settings = json!({"oidc-discovery-url": url, "oidc-client-id": "us", "oidc-client-secret": "s&cret",
            "algorithms": ["ES256"], "default-role": "dev",
            "roles": [{"name": "dev", "role-type": "oidc", "allowed-redirect-uris": [CALLBACK],
                "token-policies": ["ops"]}]});
        settings.as_object_mut().unwrap().extend(mount.as_object().unwrap().clone());
        settings["roles"][0].as_object_mut().unwrap().extend(role.as_object().unwrap().clone());
        let body = json!({"type": "oidc", "jwt": settings});
        house.put(&house.root, "strongbox/mounts/auth/oidc", body).await.unwrap();
        Setting { house, issuer, provider }
    }

    async fn invoke(&self, rpc: &str, mut input: Value) -> Answer {
        input["mount"] = "oidc".into();
        self.house.request(None, client(), |house| house.invoke(rpc, input)).await
    }

    /// Begins, and answers the parameters of the URL to which the browser is sent.
    async fn begin(&self, more: Value) -> std::collections::HashMap<String, String> {
        let mut input = json!({"redirect-uri": CALLBACK});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = self.invoke("oidc-auth-url", input).await.unwrap();
        let url = answer["auth-url"].as_str().unwrap();
        let (_, query) = url.split_once('?').unwrap();
        query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    }

    /// Lets the provider answer the next exchange with an ID token of these claims.
    fn say(&self, nonce: &str, more: Value) {
        let mut claims = json!({"iss": self.provider.url, "sub": "alice", "aud": "us", "nonce": nonce,
            "iat": START, "exp": START + 300});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let id_token = self.issuer.signed("a", &claims);
        self.provider
            .put("/token", json!({"id_token": id_token, "access_token": "at", "token_type": "Bearer"}));
    }

    /// Why a callback failed; empty when it did not.
    async fn reason(&self, mut input: Value) -> String {
        input["mount"] = "oidc".into();
        match self.house.gate.execute(None, &client(), self.house.invoke("oidc-callback", input)).await {
            Ok(_) => String::new(),
            Err(refusal) => refusal.attempted().unwrap().reason.clone(),
        }
    }
}

#[tokio::test]
async fn a_code_is_exchanged_for_a_token() {
    let role = json!({"claim-mappings": [{"claim": "email", "metadata": "email"}], "oidc-scopes": ["email"],
        "max-age": "10m"});
    let setting = Setting::new(json!({}), role).await;
    let sent = setting.begin(json!({"client-nonce": "mine"})).await;
    assert_eq!(sent["code_challenge_method"], "S256");
    assert_eq!((sent["scope"].as_str(), sent["max_age"].as_str()), ("openid+email", "600"));
    assert_eq!(sent["redirect_uri"], "http%3A%2F%2Flocalhost%3A8250%2Foidc%2Fcallback");
    setting.say(&sent["nonce"], json!({"auth_time": START - 5}));
    setting.provider.put("/userinfo", json!({"sub": "alice", "email": "a@x"}));
    let input = json!({"state": sent["state"], "code": "c", "client-nonce": "mine"});
    let issued = setting.invoke("oidc-callback", input).await.unwrap();
    assert_eq!(issued["policies"], json!(["ops", "default"]));
    let info = setting.house.state(issued["token"].as_str().unwrap(), "strongbox/token/info").await.unwrap();
    assert_eq!((&info["user"], &info["method"]), (&json!("alice"), &json!("oidc")));
    assert_eq!(
        info["metadata"],
        json!([{"name": "email", "value": "a@x"}, {"name": "role", "value": "dev"}])
    );
}

#[tokio::test]
async fn login_csrf_a_state_is_used_once_and_bound_to_nonce_and_client() {
    let setting = Setting::new(json!({}), json!({})).await;
    let missing = "Expired or missing OAuth state.";
    assert_eq!(setting.reason(json!({"state": "st_x", "code": "c"})).await, missing);
    let sent = setting.begin(json!({})).await;
    setting.say("n_other", json!({}));
    let callback = json!({"state": sent["state"], "code": "c"});
    assert_eq!(setting.reason(callback.clone()).await, "Token verification failed. Invalid ID token nonce.");
    setting.say(&sent["nonce"], json!({}));
    assert_eq!(setting.reason(callback).await, missing, "a failure uses it up too");

    let sent = setting.begin(json!({"client-nonce": "mine"})).await;
    setting.say(&sent["nonce"], json!({}));
    assert_eq!(setting.reason(json!({"state": sent["state"], "code": "c"})).await, "invalid client_nonce");
    let sent = setting.begin(json!({})).await;
    setting.say(&sent["nonce"], json!({}));
    let input = json!({"state": sent["state"], "code": "c", "client-nonce": "unasked"});
    assert_eq!(setting.reason(input).await, "", "one that was not given at the beginning is not looked at");
    let sent = setting.begin(json!({})).await;
    setting.house.clock.advance(600);
    assert_eq!(setting.reason(json!({"state": sent["state"], "code": "c"})).await, missing, "ten minutes");
}

#[tokio::test]
async fn userinfo_sub_not_compared_another_user_is_not_looked_at() {
    let role = json!({"bound-claims": [{"claim": "color", "values": ["green"]}]});
    let setting = Setting::new(json!({}), role).await;
    for (subject, reason) in [
        (
            "mallory",
            "error validating claims: claim \"color\" does not match any associated bound claim values",
        ),
        ("alice", ""),
    ] {
        let sent = setting.begin(json!({})).await;
        setting.say(&sent["nonce"], json!({"color": "red"}));
        setting.provider.put("/userinfo", json!({"sub": subject, "color": "green"}));
        assert_eq!(setting.reason(json!({"state": sent["state"], "code": "c"})).await, reason, "{subject}");
    }
}

#[tokio::test]
async fn redirect_uri_bypass_what_the_role_does_not_allow_gets_no_url() {
    let setting = Setting::new(json!({}), json!({})).await;
    for uri in [
        "https://evil.example/oidc/callback",
        "http://localhost:8250/oidc/callback#x",
        "http://u@localhost:8250/oidc/callback",
    ] {
        let answer = setting.invoke("oidc-auth-url", json!({"redirect-uri": uri})).await.unwrap();
        assert_eq!(answer, Value::Null, "{uri}");
    }
    assert_eq!(
        setting.begin(json!({"redirect-uri": "http://localhost:1/oidc/callback"})).await["client_id"],
        "us"
    );
}

#[tokio::test]
async fn id_tokens_of_others_are_refused() {
    let setting = Setting::new(json!({}), json!({"bound-subject": "alice"})).await;
    for (claims, reason) in [
        (
            json!({"aud": "them"}),
            "Token verification failed. invalid audience (aud) claim: audience claim does not match \
            any expected audience",
        ),
        (json!({"iss": "https://x"}), "Token verification failed. invalid issuer (iss) claim"),
        (
            json!({"exp": START - 90, "iat": START - 99}),
            "Token verification failed. invalid expiration time (exp) claim: \
            token is expired",
        ),
        (json!({"azp": "them"}), "Token verification failed. The ID token was made for another client."),
        (json!({"sub": "bob"}), "Token verification failed. sub claim does not match bound subject"),
        (
            json!({"at_hash": "x"}),
            "Token verification failed. The ID token does not belong to what came with it.",
        ),
        (json!({}), ""),
    ] {
        let sent = setting.begin(json!({})).await;
        setting.say(&sent["nonce"], claims.clone());
        assert_eq!(setting.reason(json!({"state": sent["state"], "code": "c"})).await, reason, "{claims}");
    }
    let sent = setting.begin(json!({})).await;
    setting.provider.put("/token", json!({"error": "invalid_grant"}));
    assert_eq!(
        setting.reason(json!({"state": sent["state"], "code": "c"})).await,
        "Error exchanging oidc code: \"the answer has no id_token\"."
    );
    let sent = setting.begin(json!({})).await;
    assert_eq!(setting.reason(json!({"state": sent["state"]})).await, "No code or id_token received.");
}

#[tokio::test]
async fn an_id_token_that_is_posted_waits_for_its_callback() {
    let mount = json!({"oidc-response-mode": "form_post", "oidc-response-types": ["id_token"]});
    let setting = Setting::new(mount, json!({})).await;
    let sent = setting.begin(json!({})).await;
    assert_eq!((sent["response_mode"].as_str(), sent["response_type"].as_str()), ("form_post", "id_token"));
    assert!(!sent.contains_key("code_challenge"));
    let claims = json!({"iss": setting.provider.url, "sub": "alice", "aud": "us", "nonce": sent["nonce"],
        "iat": START, "exp": START + 300});
    let post = json!({"state": sent["state"], "id-token": setting.issuer.signed("a", &claims)});
    let posted = setting.invoke("oidc-form-post", post).await.unwrap();
    assert_eq!(posted["redirect-uri"], CALLBACK);
    assert_eq!(setting.reason(json!({"state": sent["state"], "code": "no_code"})).await, "");
}

#[tokio::test]
async fn a_client_id_comes_with_a_client_secret() {
    let setting = Setting::new(json!({}), json!({})).await;
    let half = json!({"oidc-discovery-url": setting.provider.url, "oidc-client-id": "us"});
    let body = json!({"type": "jwt", "jwt": half});
    let (_, message) =
        setting.house.put(&setting.house.root, "strongbox/mounts/auth/half", body).await.unwrap_err();
    assert!(message.contains("both oidc-client-id and oidc-client-secret"), "{message}");
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn verbose_oidc_logging_tells_claims_and_nothing_that_somebody_could_use() {
    for (verbose, is_told) in [(false, false), (true, true)] {
        let setting = Setting::new(json!({}), json!({"verbose-oidc-logging": verbose})).await;
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
        let guard = tracing::subscriber::set_default(subscriber);
        let sent = setting.begin(json!({})).await;
        setting.say(&sent["nonce"], json!({"color": "teal"}));
        let input = json!({"state": sent["state"], "code": "the-code"});
        let issued = setting.invoke("oidc-callback", input).await.unwrap();
        drop(guard);
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.contains("teal"), is_told, "{text}");
        for secret in ["eyJ", "the-code", "s&cret", &sent["nonce"], issued["token"].as_str().unwrap()] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}
