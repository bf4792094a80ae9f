//! Requests with a user's name and password instead of a token.

use std::time::Instant;

use futures_util::future::join_all;

use super::*;

impl House {
    async fn get_as(&self, name: &str, password: &str, client: Arc<ClientInfo>) -> Answer {
        let credentials = Credentials::Password { name: name.to_owned(), password: Secret::new(password) };
        let target = self.path("strongbox/authentication/token-settings");
        let read = Operation::Read { datastore: Datastore::Config, target };
        self.request_with(&credentials, client, |_| read).await
    }

    async fn bob(&self, more: Value) -> Answer {
        let mut user = json!({"name": "bob", "password": "builder", "token-policies": ["reader"]});
        user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.put(&self.root, "strongbox/authentication/userpass/bob", user).await
    }
}

/// A house with the user bob, who may read what is below `strongbox`.
async fn house() -> House {
    let house = House::new().await;
    let rules = json!([{"path": "strongbox/**", "operations": {"read": "allow"}}]);
    house.put(&house.root, "policy/policies/reader", json!({"rest-api": {"rules": rules}})).await.unwrap();
    house.bob(json!({})).await.unwrap();
    house
}

fn refused() -> Answer {
    Err((401, "invalid credentials".to_owned()))
}

#[tokio::test]
async fn a_request_may_carry_a_name_and_a_password() {
    let house = house().await;
    assert_eq!(code(&house.get_as("bob", "builder", client()).await), 200);
    assert_eq!(code(&house.get_as("acme/bob", "builder", client()).await), 200, "with its tenant");
    for (name, password) in [
        ("bob", "bilder"),
        ("bob", ""),
        ("rob", "builder"),
        ("system/bob", "builder"),
        ("none/bob", "builder"),
    ] {
        assert_eq!(house.get_as(name, password, client()).await, refused(), "{name}");
    }
    assert_eq!(
        code(&house.get_as("alice", "hunter2", client()).await),
        403,
        "policies are those of the user"
    );
}

#[tokio::test]
async fn who_is_vouched_for_has_no_token() {
    let house = house().await;
    let credentials = Credentials::Password { name: "bob".to_owned(), password: Secret::new("builder") };
    let caller = house.gate.authenticate(&credentials, &client()).await.unwrap();
    assert_eq!((caller.user.as_deref(), &caller.accessor), (Some("bob"), &None));
    assert_eq!((&*caller.method, caller.actor()), ("userpass", "acme/bob".to_owned()));
    house.bob(json!({"token-policies": ["root"]})).await.unwrap();
    let create = |house: &House| house.invoke("strongbox/token/create-token", json!({}));
    let made = house.request_with(&credentials, client(), create).await;
    assert_eq!(made, Err((403, "this needs a token of one's own".to_owned())));
}

#[tokio::test]
async fn a_password_is_verified_once_a_minute_and_anew_when_the_user_changes() {
    let house = house().await;
    // Dear enough to be noticed: a hundred milliseconds or so.
    let params = argon2::Params::new(32_768, 3, 1, None).unwrap();
    let argon2 = argon2::Argon2::from(params);
    let hash: argon2::password_hash::phc::PasswordHash =
        argon2::PasswordHasher::hash_password_with_salt(&argon2, b"builder", b"somesaltsomesalt").unwrap();
    house.bob(json!({"password": hash.to_string()})).await.unwrap();
    let timed = async |expected: u16| -> Duration {
        let began = Instant::now();
        assert_eq!(code(&house.get_as("bob", "builder", client()).await), expected);
        began.elapsed()
    };
    let (first, second) = (timed(200).await, timed(200).await);
    assert!(second * 4 < first, "{first:?} {second:?}");
    house.clock.advance(61);
    let later = timed(200).await;
    assert!(second * 4 < later, "{later:?} {second:?}");

    house.bob(json!({"password": hash.to_string(), "token-policies": []})).await.unwrap();
    timed(403).await;
    house.bob(json!({"password": "another"})).await.unwrap();
    timed(401).await;
    assert_eq!(code(&house.get_as("bob", "another", client()).await), 200);
    house.delete(&house.root, "strongbox/authentication/userpass/bob").await.unwrap();
    assert_eq!(house.get_as("bob", "another", client()).await, refused());
}

#[tokio::test]
async fn what_binds_a_log_in_binds_each_request() {
    let house = house().await;
    house.bob(json!({"token-bound-cidrs": ["192.0.2.0/24"]})).await.unwrap();
    assert_eq!(code(&house.get_as("bob", "builder", client()).await), 200);
    let elsewhere = house.get_as("bob", "builder", from("198.51.100.1")).await;
    assert_eq!(elsewhere, refused(), "though it is remembered");
}

#[tokio::test]
async fn a_user_with_a_second_factor_has_to_log_in() {
    let house = House::new().await;
    assert_eq!(code(&house.get_as("alice", "hunter2", client()).await), 403, "she is known");
    house.enrolled().await;
    assert_eq!(house.get_as("alice", "hunter2", client()).await, refused());
}

#[tokio::test]
async fn wrong_passwords_of_requests_count_like_those_of_log_ins() {
    let house = house().await;
    assert_eq!(code(&house.get_as("bob", "builder", client()).await), 200);
    let wrong = ["a", "b", "c", "d", "e"].map(|password| (0..5).map(move |_| password));
    let answers =
        join_all(wrong.into_iter().flatten().map(|wrong| house.get_as("bob", wrong, client()))).await;
    let of = |status: u16| answers.iter().filter(|answer| code(answer) == status).count();
    assert_eq!((of(401), of(429)), (20, 5));
    assert_eq!(code(&house.login("bob", "builder").await), 429, "there is one count for both");
    assert_eq!(code(&house.get_as("bob", "builder", client()).await), 200, "who is known already goes on");
}

#[tokio::test]
async fn many_requests_at_once_are_one_attempt() {
    let house = house().await;
    let answers = join_all((0..200).map(|_| house.get_as("bob", "builder", client()))).await;
    assert!(answers.iter().all(|answer| code(answer) == 200), "{answers:?}");
}
