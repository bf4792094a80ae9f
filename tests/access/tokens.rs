//! From log in to the end of a token.

use super::*;

#[tokio::test]
async fn a_user_logs_in_and_is_told_who_it_is() {
    let house = House::new().await;
    let issued = house.login("alice", "hunter2").await.unwrap();
    let token = issued["token"].as_str().unwrap();
    assert!(token.starts_with("sb."), "{issued}");
    let expected = json!({
        "token": token,
        "accessor": issued["accessor"],
        "expires": "2024-04-10T16:00:00.000000Z",
        "expires-in": 32 * 86_400,
        "creation-time": "2024-03-09T16:00:00.000000Z",
        "renewal-time": "2024-03-31T00:00:00.000000Z",
        "policies": ["ops", "default"],
        "entity": issued["entity"],
    });
    assert_eq!(issued, expected);
    let info = house.state(token, "strongbox/token/info").await.unwrap();
    assert_eq!(info["user"], "alice");
    assert_eq!(info["method"], "userpass");
    assert_eq!(info["policies"], json!(["ops", "default"]));
    assert_eq!(info["expires-in"], 32 * 86_400);
    assert!(info.get("token-hash").is_none());
}

#[tokio::test]
async fn whoever_is_not_let_in_hears_one_thing_only() {
    let house = House::new().await;
    let refusal = (401, "invalid credentials".to_owned());
    assert_eq!(house.login("alice", "hunter3").await, Err(refusal.clone()));
    assert_eq!(house.login("nobody", "hunter2").await, Err(refusal.clone()));
    let elsewhere = json!({"tenant": "nowhere", "username": "alice", "password": "hunter2"});
    let answer = house.request(None, client(), |house| house.invoke("login", elsewhere)).await;
    assert_eq!(answer, Err(refusal));
}

#[tokio::test]
async fn cve_2025_6011_an_unknown_user_costs_as_much_as_a_wrong_password() {
    let house = House::new().await;
    let hash = strongbox::base::password::hash(b"hunter2").unwrap();
    let carol = json!({"name": "carol", "password": hash});
    house.put(&house.root, "strongbox/authentication/userpass/carol", carol).await.unwrap();
    let mut known = std::time::Duration::ZERO;
    let mut unknown = std::time::Duration::ZERO;
    for _ in 0..8 {
        let start = std::time::Instant::now();
        let _ = house.login("carol", "wrong").await;
        known += start.elapsed();
        let start = std::time::Instant::now();
        let _ = house.login("nobody", "wrong").await;
        unknown += start.elapsed();
    }
    // Without the work for strangers the second would be a hundredth of the first.
    assert!(unknown * 4 > known && known * 4 > unknown, "known {known:?}, unknown {unknown:?}");
}

#[tokio::test]
async fn too_many_wrong_passwords_have_to_wait() {
    let house = House::new().await;
    let mut answers = Vec::new();
    for _ in 0..25 {
        answers.push(code(&house.login("alice", "wrong").await));
    }
    assert!(answers.ends_with(&[429, 429]), "{answers:?}");
    assert_eq!(code(&house.login("alice", "hunter2").await), 429);
    house.clock.advance(60);
    assert_eq!(code(&house.login("alice", "hunter2").await), 200);
}

#[tokio::test]
async fn a_token_lives_as_its_user_says_and_is_prolonged_within_that() {
    let house = House::new().await;
    let user = json!({"name": "bob", "password": "pw", "token-ttl": "10m", "token-max-ttl": "15m"});
    house.put(&house.root, "strongbox/authentication/userpass/bob", user).await.unwrap();
    let token = house.login("bob", "pw").await.unwrap()["token"].as_str().unwrap().to_owned();
    house.clock.advance(9 * 60);
    let prolonged = house.call(&token, "strongbox/token/refresh", Value::Null).await.unwrap();
    assert_eq!(prolonged["expires-in"], 6 * 60);
    assert!(prolonged.get("token").is_none(), "a token is shown once");
    house.clock.advance(5 * 60);
    assert!(house.caller(&token).await.is_ok());
    house.clock.advance(60);
    assert_eq!(code(&house.state(&token, "strongbox/token/info").await), 401);
}

#[tokio::test]
async fn a_child_can_do_no_more_than_its_parent_and_dies_with_it() {
    let house = House::new().await;
    house
        .policy(json!([{"path": "strongbox/token/create-token", "operations": {"execute": "allow"}}]))
        .await
        .unwrap();
    let alice = house.alice().await;
    let make = |input| house.call(&alice, "strongbox/token/create-token", input);
    let (status, message) = make(json!({"policies": ["ops", "root", "other"]})).await.unwrap_err();
    assert_eq!((status, message.contains("root, other")), (403, true), "{message}");
    let child = make(json!({"policies": ["ops"], "ttl": "1h"})).await.unwrap();
    assert_eq!(
        (child["policies"].clone(), child["expires-in"].clone()),
        (json!(["ops", "default"]), json!(3600))
    );
    let child = child["token"].as_str().unwrap().to_owned();
    let grandchild = house.call(&child, "strongbox/token/create-token", json!({"ttl": "2h"})).await.unwrap();
    let grandchild = grandchild["token"].as_str().unwrap().to_owned();
    house.clock.advance(3_700);
    assert!(house.caller(&child).await.is_err());
    assert!(house.caller(&grandchild).await.is_err(), "it ends when the one above it does");
    let other = make(json!({})).await.unwrap()["token"].as_str().unwrap().to_owned();
    house.call(&alice, "strongbox/token/revoke", Value::Null).await.unwrap();
    assert!(house.caller(&alice).await.is_err());
    assert!(house.caller(&other).await.is_err());
}

#[tokio::test]
async fn somebody_elses_token_is_revoked_by_who_may_delete_it() {
    let house = House::new().await;
    let (alice, mallory) = (house.alice().await, house.alice().await);
    let accessor = house.caller(&alice).await.unwrap().accessor.clone().unwrap();
    let input = json!({"accessor": accessor});
    let (status, message) = house.call(&mallory, "strongbox/token/revoke", input.clone()).await.unwrap_err();
    assert_eq!(status, 403, "{message}");
    house.call(&house.root, "strongbox/token/revoke", input.clone()).await.unwrap();
    assert!(house.caller(&alice).await.is_err());
    assert!(house.caller(&mallory).await.is_ok());
    assert_eq!(code(&house.call(&house.root, "strongbox/token/revoke", input).await), 400);
}

#[tokio::test]
async fn uses_are_counted_across_a_restart() {
    let house = House::new().await;
    let made = house.call(&house.root, "strongbox/token/create-token", json!({"num-uses": 3})).await.unwrap();
    let token = made["token"].as_str().unwrap().to_owned();
    assert_eq!(house.state(&token, "strongbox/token/info").await.unwrap()["num-uses"], 2);
    let house = house.restarted().await;
    assert_eq!(house.state(&token, "strongbox/token/info").await.unwrap()["num-uses"], 1);
    assert_eq!(code(&house.call(&token, "strongbox/token/create-token", json!({})).await), 400);
    assert_eq!(code(&house.state(&token, "strongbox/token/info").await), 401);
}

#[tokio::test]
async fn tokens_survive_a_restart_and_ended_ones_are_swept() {
    let house = House::new().await;
    let user = json!({"name": "bob", "password": "pw", "token-ttl": "10m"});
    house.put(&house.root, "strongbox/authentication/userpass/bob", user).await.unwrap();
    let bob = house.login("bob", "pw").await.unwrap()["token"].as_str().unwrap().to_owned();
    let alice = house.alice().await;
    let house = house.restarted().await;
    assert!(house.caller(&alice).await.is_ok());
    assert!(house.caller(&bob).await.is_ok());
    let known = house.access.tokens.len();
    house.clock.advance(601);
    let swept = strongbox::services::token::sweep::sweep(house.gate.engine(), &house.access).await.unwrap();
    assert_eq!((swept, house.access.tokens.len()), (1, known - 1));
    let accessors = house.state(&house.root, "strongbox/token/tokens").await.unwrap();
    assert!(accessors.as_array().unwrap().iter().all(|token| token["user"] != "bob"), "{accessors}");
}

#[tokio::test]
async fn a_bound_user_logs_in_from_its_network_only() {
    let house = House::new().await;
    let path = "strongbox/authentication/userpass/bob";
    let nonsense = json!({"name": "bob", "password": "pw", "token-bound-cidrs": ["300.1.1.1"]});
    let (status, message) = house.put(&house.root, path, nonsense).await.unwrap_err();
    assert_eq!((status, message.contains("300.1.1.1")), (400, true), "{message}");
    let user = json!({"name": "bob", "password": "pw", "token-bound-cidrs": ["10.0.0.0/8"]});
    house.put(&house.root, path, user).await.unwrap();
    assert_eq!(house.login("bob", "pw").await, Err((401, "invalid credentials".to_owned())));
    let input = json!({"username": "bob", "password": "pw"});
    let answer = house.request(None, from("10.1.2.3"), |house| house.invoke("login", input)).await.unwrap();
    let token = answer["token"].as_str().unwrap();
    assert!(house.gate.authenticate(&Credentials::Token(token), &from("10.9.9.9")).await.is_ok());
    assert!(house.gate.authenticate(&Credentials::Token(token), &client()).await.is_err());
}

#[tokio::test]
async fn a_tenant_that_goes_takes_its_tokens_along() {
    let house = House::new().await;
    let system = first::root_token(house.gate.engine(), &house.access, "test").await.unwrap();
    let system = system.expose_text().unwrap();
    let alice = house.alice().await;
    house.delete(system, "tenants/acme").await.unwrap();
    assert!(house.caller(&alice).await.is_err());
    assert!(house.caller(system).await.is_ok());
}

#[tokio::test]
async fn a_password_comes_back_in_no_form_and_a_stranger_sees_nothing() {
    let house = House::new().await;
    let missing = house.gate.authenticate(&Credentials::Missing, &client()).await.unwrap_err();
    assert_eq!(status(&missing).0, 401);
    let target = house.path("strongbox");
    let read = Operation::Read { datastore: Datastore::Config, target };
    assert_eq!(code(&house.request(None, client(), |_| read).await), 401);
    let everything = format!("{:?} {:?}", house.access, house.gate);
    assert!(!everything.contains("hunter2") && !everything.contains(&house.root));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_uses_of_a_token_are_exact_under_64_callers_and_share_their_writes() {
    let house = House::new().await;
    let input = json!({"num-uses": 500, "no-default-policy": true});
    let made = house.call(&house.root, "strongbox/token/create-token", input).await.unwrap();
    let (token, accessor) = (made["token"].as_str().unwrap().to_owned(), made["accessor"].as_str().unwrap());
    let house = Arc::new(house);
    let before = house.gate.engine().snapshot().revision.0;
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (house, token) = (Arc::clone(&house), token.clone());
            tokio::spawn(async move {
                let mut let_in = 0;
                for _ in 0..10 {
                    let_in += usize::from(house.caller(&token).await.is_ok());
                }
                let_in
            })
        })
        .collect();
    let mut let_in = 0;
    for task in tasks {
        let_in += task.await.unwrap();
    }
    assert_eq!(let_in, 500);
    let revisions = house.gate.engine().snapshot().revision.0 - before;
    assert!(revisions <= 250, "{revisions} revisions for 500 uses");
    let stored = house.state(&house.root, &format!("strongbox/token/tokens/{accessor}")).await.unwrap();
    assert_eq!(stored["num-uses"], 0);
    assert!(house.caller(&token).await.is_err());
}

#[tokio::test]
async fn tokens_stand_32_above_one_another_at_most() {
    let house = House::new().await;
    let mut token = house.root.clone();
    let refusal = loop {
        match house.call(&token, "strongbox/token/create-token", json!({})).await {
            Ok(made) => token = made["token"].as_str().unwrap().to_owned(),
            Err(refusal) => break refusal,
        }
    };
    assert_eq!(refusal.0, 400, "{}", refusal.1);
    assert!(refusal.1.contains("32 tokens above one another"), "{}", refusal.1);
    assert!(house.caller(&token).await.is_ok());
    house.call(&house.root, "strongbox/token/revoke", Value::Null).await.unwrap();
    assert!(house.caller(&token).await.is_err(), "the first takes all below it along");
}

#[tokio::test]
async fn a_token_that_is_made_is_as_it_was_asked_for() {
    let house = House::new().await;
    let make = async |more: Value| {
        let made = house.call(&house.root, "strongbox/token/create-token", more).await?;
        let token = made["token"].as_str().unwrap().to_owned();
        Ok::<_, (u16, String)>((token, made))
    };
    // A periodic one has no end as long as it is prolonged in time.
    let (periodic, _) = make(json!({"period": "10m", "policies": ["ops"]})).await.unwrap();
    for _ in 0..20 {
        house.clock.advance(9 * 60);
        let prolonged = house.call(&periodic, "strongbox/token/refresh", Value::Null).await.unwrap();
        assert_eq!(prolonged["expires-in"], 600);
    }
    house.clock.advance(11 * 60);
    assert!(house.caller(&periodic).await.is_err());
    // One with an explicit end does, whatever is asked for.
    let (ending, made) = make(json!({"explicit-max-ttl": "30m", "ttl": "20m"})).await.unwrap();
    assert_eq!(made["expires-in"], 20 * 60);
    house.clock.advance(15 * 60);
    let prolonged = house.call(&ending, "strongbox/token/refresh", json!({"increment": "2h"})).await.unwrap();
    assert_eq!(prolonged["expires-in"], 15 * 60);
    house.clock.advance(16 * 60);
    assert!(house.caller(&ending).await.is_err());
    // Networks hold for every request; a token below has none that the one above does not have.
    let (bound, _) = make(json!({"bound-cidrs": ["10.0.0.0/8"]})).await.unwrap();
    let here = house.gate.authenticate(&Credentials::Token(&bound), &client()).await;
    assert!(here.is_err());
    let there = from("10.1.1.1");
    let ask = async |input: Value| {
        let made = house
            .request(Some(&bound), there.clone(), |house| house.invoke("strongbox/token/create-token", input))
            .await;
        made.map_err(|(status, _)| status)
    };
    assert_eq!(ask(json!({"bound-cidrs": ["0.0.0.0/0"]})).await.unwrap_err(), 400);
    let below = ask(json!({})).await.unwrap()["token"].as_str().unwrap().to_owned();
    assert!(
        house.gate.authenticate(&Credentials::Token(&below), &client()).await.is_err(),
        "it has those of the one above"
    );
    assert!(house.gate.authenticate(&Credentials::Token(&below), &there).await.is_ok());
    // By its accessor it can be looked up and ended, but not used.
    let (token, made) = make(json!({})).await.unwrap();
    let accessor = made["accessor"].as_str().unwrap();
    assert!(house.caller(accessor).await.is_err());
    let known = house.state(&house.root, &format!("strongbox/token/tokens/{accessor}")).await.unwrap();
    assert_eq!(known["accessor"], accessor);
    assert!(!known.to_string().contains(&token), "{known}");
    house.call(&house.root, "strongbox/token/revoke", json!({"accessor": accessor})).await.unwrap();
    assert!(house.caller(&token).await.is_err());
}
