//! Log ins with JWTs through the Vault paths of a running daemon, while the issuer is well, changes its keys, is down, or is
//! made to look as if it were flooded.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::asking::Asker;
use super::provider::Provider;
use crate::access::jwt::Issuer;
use crate::support::Daemon;
use crate::tls::authority;

/// A daemon with a mount `jwt` that takes its keys from a provider, and the role `dev`.
struct Setting {
    daemon: Daemon,
    provider: Provider,
    admin: Asker,
}

impl Setting {
    fn new(provider: Provider, config: &Value, role: &Value) -> Self {
        let daemon = Daemon::quickstart();
        let admin = Asker::new(daemon.fact("/address"), daemon.fact("/tokens/admin"));
        admin.must("POST", "sys/auth/jwt", &json!({"type": "jwt"}));
        admin.must("POST", "auth/jwt/config", config);
        let mut wanted = json!({"role_type": "jwt", "user_claim": "sub", "bound_audiences": "us"});
        wanted.as_object_mut().unwrap().extend(role.as_object().unwrap().clone());
        admin.must("POST", "auth/jwt/role/dev", &wanted);
        Setting { daemon, provider, admin }
    }

    fn with_keys_at_a_url() -> Self {
        let provider = Provider::start();
        let config = json!({"jwks_url": format!("{}/keys", provider.url)});
        Self::new(provider, &config, &json!({}))
    }

    /// Nobody in particular.
    fn stranger(&self) -> Asker {
        Asker::new(self.daemon.fact("/address"), "")
    }

    fn log_in(&self, jwt: &str) -> (u16, Value) {
        self.stranger().ask("POST", "auth/jwt/login", &json!({"role": "dev", "jwt": jwt}))
    }

    fn logs_in(&self, jwt: &str) -> Value {
        let (status, answer) = self.log_in(jwt);
        assert_eq!(status, 200, "{answer}");
        answer
    }
}

#[test]
fn a_thousand_unknown_key_ids_a_second_do_not_reach_the_provider_and_keep_nobody_out() {
    let setting = Setting::with_keys_at_a_url();
    let stranger = Issuer::new();
    let claims = setting.provider.claims(&json!({}));
    let flood: Vec<String> =
        (0..1_000).map(|number| stranger.signed(&format!("no-{number}"), &claims)).collect();
    let good = setting.provider.signed(&json!({}));
    setting.logs_in(&good);
    let before = setting.provider.keys_asked_for();
    let began = Instant::now();
    std::thread::scope(|scope| {
        for part in flood.chunks(250) {
            let setting = &setting;
            scope.spawn(move || {
                for jwt in part {
                    assert_eq!(setting.log_in(jwt).0, 400);
                }
            });
        }
        for _ in 0..20 {
            setting.logs_in(&good);
        }
    });
    // Three at once, and one in each of the intervals of 15 s that the flood lasted.
    let intervals = usize::try_from(began.elapsed().as_secs() / 15).unwrap();
    let asked = setting.provider.keys_asked_for() - before;
    assert!(asked <= 3 + intervals, "{asked} requests in {:?}", began.elapsed());
    setting.logs_in(&good);
}

#[test]
fn while_the_provider_is_down_its_keys_do_until_their_max_age() {
    let setting = Setting::with_keys_at_a_url();
    let good = setting.provider.signed(&json!({}));
    setting.logs_in(&good);
    setting.provider.set_up(false);
    for _ in 0..5 {
        setting.logs_in(&good);
    }
    let issuer = "config/strongbox/mounts/auth/jwt/jwt";
    // The keys that are there were fetched under the longer age, and are as old as they are under the shorter one.
    setting.provider.set_up(true);
    setting.admin.must("PATCH", issuer, &json!({"keys-max-age": "2s", "keys-fetch-interval": "1s"}));
    setting.logs_in(&good);
    setting.provider.set_up(false);
    setting.logs_in(&good);
    let until = Instant::now() + Duration::from_secs(20);
    while setting.log_in(&good).0 == 200 {
        assert!(Instant::now() < until, "keys that are too old are used");
    }
    let (status, answer) = setting.log_in(&good);
    assert_eq!(status, 400);
    let said = answer["errors"][0].as_str().unwrap();
    assert!(said.starts_with("error configuring token validator: "), "{said}");
    setting.provider.set_up(true);
    while setting.log_in(&good).0 != 200 {
        assert!(Instant::now() < until, "a provider that is back is not asked");
    }
}

#[test]
fn a_key_that_the_provider_changes_to_is_found_at_once_and_the_old_one_goes_on() {
    let setting = Setting::with_keys_at_a_url();
    let old = setting.provider.signed(&json!({}));
    setting.logs_in(&old);
    for _ in 0..2 {
        setting.provider.rotate();
        setting.logs_in(&setting.provider.signed(&json!({})));
    }
    setting.logs_in(&old);
    assert!(setting.provider.keys_asked_for() <= 4, "{}", setting.provider.keys_asked_for());
}

#[test]
fn a_certificate_of_the_provider_is_held_against_the_authority_that_is_configured() {
    let (ours, theirs) = (authority(), authority());
    let provider = Provider::start_with_tls(&ours);
    let keys = format!("{}/keys", provider.url);
    let config = json!({"jwks_url": keys, "jwks_ca_pem": ours.pem()});
    let setting = Setting::new(provider, &config, &json!({}));
    let url = setting.provider.url.clone();
    let good = setting.provider.signed(&json!({}));
    setting.logs_in(&good);
    let read = setting.admin.must("GET", "auth/jwt/config", &Value::Null);
    assert_eq!(read["data"]["jwks_ca_pem"].as_str().unwrap().trim(), ours.pem().trim());

    let discovery = json!({"oidc_discovery_url": url, "oidc_discovery_ca_pem": ours.pem()});
    setting.admin.must("POST", "auth/jwt/config", &discovery);
    setting.logs_in(&good);

    // Another authority, and none: keys are asked for when that is written, so it is told then.
    for (config, said) in [
        (json!({"jwks_url": keys, "jwks_ca_pem": theirs.pem()}), format!("error checking jwks URL {keys}")),
        (json!({"jwks_url": keys}), format!("error checking jwks URL {keys}")),
        (json!({"oidc_discovery_url": url}), "error checking oidc discovery URL".to_owned()),
        (json!({"jwks_url": keys, "jwks_ca_pem": "nonsense"}), "error checking jwks_ca_pem".to_owned()),
        (
            json!({"oidc_discovery_url": url, "oidc_discovery_ca_pem": "nonsense"}),
            "error checking oidc discovery URL".to_owned(),
        ),
    ] {
        let (status, answer) = setting.admin.ask("POST", "auth/jwt/config", &config);
        assert_eq!((status, &answer["errors"][0]), (400, &json!(said)));
    }
    setting.logs_in(&good);
}

#[test]
fn groups_of_a_token_bring_the_policies_of_external_groups_by_their_aliases() {
    let config_of = |provider: &Provider| json!({"jwks_url": format!("{}/keys", provider.url)});
    let provider = Provider::start();
    let config = config_of(&provider);
    let setting =
        Setting::new(provider, &config, &json!({"groups_claim": "/realm/groups", "token_policies": "own"}));
    let accessor = setting.admin.must("GET", "sys/auth", &Value::Null)["data"]["jwt/"]["accessor"].clone();
    let rules = "path \"sys/mounts\" { capabilities = [\"read\"] }";
    setting.admin.must("PUT", "sys/policies/acl/of-admins", &json!({"policy": rules}));
    let group = json!({"name": "admins", "type": "external", "policies": ["of-admins"]});
    let group = setting.admin.must("POST", "identity/group", &group)["data"]["id"].clone();
    let alias = json!({"name": "cn=admins", "mount_accessor": accessor, "canonical_id": group});
    setting.admin.must("POST", "identity/group-alias", &alias);

    let signed = |groups: Value| setting.provider.signed(&json!({"realm": {"groups": groups}}));
    let entered = setting.logs_in(&signed(json!(["cn=admins", "staff"])));
    let auth = &entered["auth"];
    assert_eq!(auth["policies"], json!(["default", "of-admins", "own"]), "{entered}");
    assert_eq!(auth["token_policies"], json!(["default", "own"]));
    assert_eq!(auth["identity_policies"], json!(["of-admins"]));
    let anna = Asker::new(setting.daemon.fact("/address"), auth["client_token"].as_str().unwrap());
    anna.must("GET", "sys/mounts", &Value::Null);
    let known = anna.must("GET", "auth/token/lookup-self", &Value::Null);
    assert_eq!(known["data"]["identity_policies"], json!(["of-admins"]), "{known}");
    assert_eq!(known["data"]["policies"], json!(["default", "own"]));
    let entity = auth["entity_id"].as_str().unwrap();
    let members =
        setting.admin.must("GET", &format!("identity/group/id/{}", group.as_str().unwrap()), &Value::Null);
    assert_eq!(members["data"]["member_entity_ids"], json!([entity]));

    // Who is no longer in the group at the next log in has lost what it brought, older tokens too.
    setting.logs_in(&signed(json!("staff")));
    assert_eq!(anna.ask("GET", "sys/mounts", &Value::Null).0, 403);
}

#[test]
fn the_answer_to_a_log_in_can_be_wrapped() {
    let setting = Setting::with_keys_at_a_url();
    let body = json!({"role": "dev", "jwt": setting.provider.signed(&json!({}))});
    let answer = setting.stranger().ask_with("x-vault-wrap-ttl: 60s\r\n", "POST", "auth/jwt/login", &body);
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer["auth"], Value::Null, "{answer}");
    let wrapped = &answer["wrap_info"];
    assert_eq!((&wrapped["ttl"], &wrapped["creation_path"]), (&json!(60), &json!("auth/jwt/login")));
    assert!(wrapped["wrapped_accessor"].is_string(), "{answer}");
    let token = wrapped["token"].as_str().unwrap();
    let holder = Asker::new(setting.daemon.fact("/address"), token);
    let inside = holder.must("POST", "sys/wrapping/unwrap", &Value::Null);
    assert_eq!(inside["auth"]["accessor"], wrapped["wrapped_accessor"]);
    assert_eq!(inside["auth"]["metadata"], json!({"role": "dev"}));
    assert_ne!(holder.ask("POST", "sys/wrapping/unwrap", &Value::Null).0, 200, "once only");
    let anna = Asker::new(setting.daemon.fact("/address"), inside["auth"]["client_token"].as_str().unwrap());
    anna.must("GET", "auth/token/lookup-self", &Value::Null);
}
