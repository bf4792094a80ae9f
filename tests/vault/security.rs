//! What happened to other servers of this kind, tried on this one: each test carries the name of what it is about. Tests of
//! the same name stand beside the code where one function is all there is to it; `docs/security.md` has the whole table.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::asking::Asker;
use super::provider::Provider;
use crate::access::jwt::Issuer;
use crate::support::Daemon;

fn admin_of(daemon: &Daemon) -> Asker {
    Asker::new(daemon.fact("/address"), daemon.fact("/tokens/admin"))
}

fn nobody(daemon: &Daemon) -> Asker {
    Asker::new(daemon.fact("/address"), "")
}

/// A daemon that lets in who brings a JWT of this provider, with the role `dev`.
fn with_jwt(provider: &Provider, role: &Value) -> (Daemon, Asker) {
    let daemon = Daemon::quickstart();
    let admin = admin_of(&daemon);
    admin.must("POST", "sys/auth/jwt", &json!({"type": "jwt"}));
    admin.must("POST", "auth/jwt/config", &json!({"jwt_validation_pubkeys": [provider.pem()]}));
    let mut wanted = json!({"role_type": "jwt", "user_claim": "sub", "bound_audiences": "us"});
    wanted.as_object_mut().unwrap().extend(role.as_object().unwrap().clone());
    admin.must("POST", "auth/jwt/role/dev", &wanted);
    (daemon, admin)
}

/// Somebody with a token of their own that can do what this text says.
fn with_policy(admin: &Asker, daemon: &Daemon, rules: &str) -> Asker {
    admin.must("PUT", "sys/policies/acl/some", &json!({"policy": rules}));
    let made = admin.must("POST", "auth/token/create", &json!({"policies": ["some"]}));
    Asker::new(daemon.fact("/address"), made["auth"]["client_token"].as_str().unwrap())
}

#[test]
fn cve_2024_9180_root_is_root_in_any_spelling() {
    let provider = Provider::start();
    let (daemon, admin) = with_jwt(&provider, &json!({}));
    admin.must("POST", "sys/auth/userpass", &json!({"type": "userpass"}));
    admin.must("POST", "sys/auth/approle", &json!({"type": "approle"}));
    let rules = ["auth/*", "identity/*", "sys/policies/*"].map(|path| {
        format!("path \"{path}\" {{ capabilities = [\"create\", \"read\", \"update\", \"list\", \"sudo\"] }}")
    });
    let writer = with_policy(&admin, &daemon, &rules.join("\n"));
    for name in ["root", "Root", "ROOT", " root ", "root\t", "\u{a0}root", "default,Root"] {
        for (path, body) in [
            ("auth/token/create", json!({"policies": [name]})),
            ("auth/token/create-orphan", json!({"policies": [name]})),
            ("auth/userpass/users/eve", json!({"password": "correct horse", "token_policies": [name]})),
            ("auth/userpass/users/eve", json!({"password": "correct horse", "policies": name})),
            ("auth/approle/role/eve", json!({"token_policies": name})),
            ("auth/jwt/role/dev", json!({"role_type": "jwt", "token_policies": [name]})),
            ("identity/entity", json!({"name": "eve", "policies": [name]})),
            ("identity/group", json!({"name": "eve", "policies": name})),
            ("sys/policies/acl/Root", json!({"policy": "path \"*\" { capabilities = [\"read\"] }"})),
        ] {
            let (status, answer) = writer.ask("POST", path, &body);
            assert!(matches!(status, 400 | 403), "{path} {body}: {status} {answer}");
            assert_eq!(answer.get("auth"), None, "{answer}");
        }
    }
    // Who may hand out root writes it in any spelling; a log in does not give it all the same, and identities cannot have it.
    admin.must("POST", "auth/jwt/role/dev", &json!({"role_type": "jwt", "token_policies": [" Root "]}));
    let (status, answer) = nobody(&daemon).ask(
        "POST",
        "auth/jwt/login",
        &json!({"role": "dev", "jwt": provider.signed(&json!({}))}),
    );
    assert_eq!((status, answer), (400, json!({"errors": ["auth methods cannot create root tokens"]})));
    for path in ["identity/entity", "identity/group"] {
        assert_eq!(admin.ask("POST", path, &json!({"name": "x", "policies": " ROOT"})).0, 400, "{path}");
    }
}

#[test]
fn cve_2025_6004_cve_2025_6010_a_lockout_counts_all_spellings_together_and_unknown_users_alike() {
    let daemon = Daemon::quickstart();
    let admin = admin_of(&daemon);
    admin.must("POST", "sys/auth/userpass", &json!({"type": "userpass"}));
    admin.must("POST", "auth/userpass/users/alma", &json!({"password": "correct horse"}));
    for names in [["alma", "ALMA", "Alma", "aLMA"], ["nobody", "NOBODY", "Nobody", "nOBODY"]] {
        let began = Instant::now();
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let attempts: Vec<_> = (0..32)
                .map(|number| {
                    let (asker, name) = (nobody(&daemon), names[number % names.len()]);
                    let path = format!("auth/userpass/login/{name}");
                    scope.spawn(move || asker.ask("POST", &path, &json!({"password": "wrong"})).0)
                })
                .collect();
            attempts.into_iter().map(|attempt| attempt.join().unwrap()).collect()
        });
        let waits = statuses.iter().filter(|status| **status == 429).count();
        // Twenty at once, whatever the spelling; one more comes every three seconds.
        let more = usize::try_from(began.elapsed().as_secs() / 3).unwrap();
        assert!(waits <= 12 && waits + more >= 11, "{names:?}: {statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 400 | 429)), "{names:?}: {statuses:?}");
    }
}

#[test]
fn cve_2020_16250_cve_2020_16251_keys_that_a_token_names_itself_are_not_fetched() {
    let provider = Provider::start();
    let (daemon, _) = with_jwt(&provider, &json!({}));
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/keys", trap.local_addr().unwrap());
    let mallory = Issuer::new();
    let claims = provider.claims(&json!({}));
    for header in [
        json!({"alg": "ES256", "jku": url}),
        json!({"alg": "ES256", "x5u": url, "kid": "1"}),
        json!({"alg": "ES256", "jwk": mallory.jwk("1"), "kid": "1"}),
        json!({"alg": "ES256", "kid": url}),
        json!({"alg": "ES256", "crit": ["jku"], "jku": url}),
    ] {
        let jwt = mallory.signed_under(&header, &claims);
        let (status, answer) =
            nobody(&daemon).ask("POST", "auth/jwt/login", &json!({"role": "dev", "jwt": jwt}));
        assert_eq!(status, 400, "{header}: {answer}");
    }
    // An issuer that a token names and nobody has configured is not asked either.
    let jwt = mallory.signed("1", &provider.claims(&json!({"iss": url})));
    assert_eq!(nobody(&daemon).ask("POST", "auth/jwt/login", &json!({"role": "dev", "jwt": jwt})).0, 400);
    // Whoever had connected would wait to be taken.
    trap.set_nonblocking(true).unwrap();
    let nobody_came = trap.accept().unwrap_err();
    assert_eq!(nobody_came.kind(), ErrorKind::WouldBlock);
}

#[test]
fn cve_2026_40264_an_accessor_is_of_its_tenant_only() {
    let daemon = Daemon::quickstart();
    let (acme, system) =
        (admin_of(&daemon), Asker::new(daemon.fact("/address"), daemon.fact("/tokens/root")));
    let made = system.must("POST", "auth/token/create", &json!({"policies": ["default"]}));
    let accessor = made["auth"]["accessor"].as_str().unwrap();
    for action in ["lookup-accessor", "renew-accessor", "revoke-accessor"] {
        let (status, answer) =
            acme.ask("POST", &format!("auth/token/{action}"), &json!({"accessor": accessor}));
        assert_eq!((status, answer), (403, json!({"errors": ["invalid accessor"]})), "{action}");
        // The header cannot lead there either.
        let body = json!({"accessor": accessor});
        let path = format!("auth/token/{action}");
        assert_eq!(
            acme.ask_with("x-vault-namespace: system\r\n", "POST", &path, &body).status(),
            403,
            "{action}"
        );
    }
    let keys = acme.must("LIST", "auth/token/accessors", &Value::Null)["data"]["keys"].clone();
    assert!(!keys.as_array().unwrap().contains(&json!(accessor)), "{keys}");
    system.must("POST", "auth/token/lookup-accessor", &json!({"accessor": accessor}));

    // The same with the accessors of mounts, which identities refer to.
    system.must("POST", "sys/auth/theirs", &json!({"type": "jwt"}));
    let place = system.must("GET", "sys/auth", &Value::Null)["data"]["theirs/"]["accessor"].clone();
    let anna = acme.must("POST", "identity/entity", &json!({"name": "anna"}))["data"]["id"].clone();
    let alias = json!({"name": "a", "canonical_id": anna, "mount_accessor": place});
    let (status, answer) = acme.ask("POST", "identity/entity-alias", &alias);
    let said = format!("invalid mount accessor {place}");
    assert_eq!((status, answer), (400, json!({"errors": [said]})));
}

#[test]
fn cve_2026_46405_ghsa_7j6w_vvw2_5f9c_who_is_refused_gets_no_token() {
    let provider = Provider::start();
    let role =
        json!({"bound_claims": {"level": "3"}, "groups_claim": "groups", "claim_mappings": {"mail": "mail"}});
    let (daemon, admin) = with_jwt(&provider, &role);
    admin.must(
        "POST",
        "auth/jwt/role/chief",
        &json!({"role_type": "jwt", "user_claim": "sub", "bound_audiences": "us",
        "token_policies": "root"}),
    );
    admin.must(
        "POST",
        "auth/jwt/role/far",
        &json!({"role_type": "jwt", "user_claim": "sub", "bound_audiences": "us",
        "token_bound_cidrs": "203.0.113.0/24"}),
    );
    let accessors = || admin.must("LIST", "auth/token/accessors", &Value::Null)["data"]["keys"].clone();
    let entities = || admin.ask("LIST", "identity/entity/id", &Value::Null).1["data"]["keys"].clone();
    let (before, people) = (accessors(), entities());
    let good = json!({"level": "3", "groups": ["a"], "mail": "a@x"});
    let with = |more: Value| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        provider.signed(&claims)
    };
    for (role, jwt) in [
        ("dev", with(json!({"level": "4"}))),
        ("dev", with(json!({"groups": 7}))),
        ("dev", with(json!({"mail": 7}))),
        ("dev", with(json!({"sub": 7}))),
        ("dev", with(json!({"sub": ""}))),
        ("dev", with(json!({"aud": "them"}))),
        ("dev", with(json!({"exp": 1}))),
        ("dev", Issuer::new().signed("1", &provider.claims(&good))),
        ("dev", String::new()),
        ("none", with(json!({}))),
        ("chief", with(json!({}))),
        ("far", with(json!({}))),
    ] {
        for headers in ["", "x-vault-wrap-ttl: 60s\r\n"] {
            let body = json!({"role": role, "jwt": jwt});
            let answer = nobody(&daemon).ask_with(headers, "POST", "auth/jwt/login", &body);
            let text = answer.text();
            let value: Value = serde_json::from_str(&text).unwrap();
            assert!(matches!(answer.status(), 400 | 403), "{role} {jwt}: {text}");
            let members: Vec<&String> = value.as_object().unwrap().keys().collect();
            assert_eq!(members, ["errors"], "{text}");
        }
    }
    assert_eq!((accessors(), entities()), (before, people), "nothing was made on the way either");
}

#[test]
fn cve_2025_27144_cve_2025_22868_cve_2025_30204_a_token_of_a_million_dots_costs_nothing() {
    let provider = Provider::start();
    let (daemon, _) = with_jwt(&provider, &json!({}));
    let began = Instant::now();
    for jwt in [
        ".".repeat(1_000_000),
        "a.".repeat(500_000),
        format!("Bearer {}", ".".repeat(60_000)),
        "a.b.c.d.e".into(),
    ] {
        let (status, answer) =
            nobody(&daemon).ask("POST", "auth/jwt/login", &json!({"role": "dev", "jwt": jwt}));
        assert_eq!(status, 400, "{answer}");
        let said = answer["errors"][0].as_str().unwrap();
        assert!(said.len() < 300, "what came is not repeated: {said}");
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn cve_2024_28180_what_is_compressed_or_encrypted_is_no_token() {
    let provider = Provider::start();
    let (daemon, _) = with_jwt(&provider, &json!({}));
    let mallory = Issuer::new();
    let encrypted = mallory.signed_under(&json!({"alg": "dir", "enc": "A256GCM", "zip": "DEF"}), &json!({}));
    let five_parts = format!("{encrypted}.AAAA.AAAA");
    let compressed =
        mallory.signed_under(&json!({"alg": "ES256", "zip": "DEF"}), &provider.claims(&json!({})));
    for jwt in [encrypted, five_parts, compressed] {
        let (status, answer) =
            nobody(&daemon).ask("POST", "auth/jwt/login", &json!({"role": "dev", "jwt": jwt}));
        assert_eq!(status, 400, "{answer}");
    }
}

#[test]
fn cve_2026_33757_there_is_no_direct_or_device_mode_to_take_a_token_from() {
    let provider = Provider::start();
    let (daemon, admin) = with_jwt(&provider, &json!({}));
    admin.must(
        "POST",
        "auth/jwt/role/dev",
        &json!({"role_type": "jwt", "callback_mode": "direct", "poll_interval": 1}),
    );
    let read = admin.must("GET", "auth/jwt/role/dev", &Value::Null);
    assert_eq!(read["data"].get("callback_mode"), None, "{read}");
    let (status, answer) =
        nobody(&daemon).ask("POST", "auth/jwt/oidc/poll", &json!({"state": "x", "client_nonce": "y"}));
    assert!(matches!(status, 403 | 404), "{status} {answer}");
    assert_eq!(admin.ask("POST", "auth/jwt/oidc/poll", &json!({"state": "x"})).0, 404);
}
