//! Users who log in with a password and a one-time code.

use strongbox::services::userpass::totp::{Algorithm, Parameters};

use super::*;

const ALICE: &str = "strongbox/authentication/userpass/alice";

/// The secret back from its base32.
fn secret(text: &str) -> Secret {
    let bits: Vec<u8> = text
        .bytes()
        .flat_map(|letter| {
            let value = if letter.is_ascii_uppercase() { letter - b'A' } else { letter - b'2' + 26 };
            (0..5).rev().map(move |bit| value >> bit & 1)
        })
        .collect();
    Secret::new(
        bits.chunks_exact(8)
            .map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | bit))
            .collect::<Vec<u8>>(),
    )
}

const PARAMETERS: Parameters = Parameters { algorithm: Algorithm::Sha1, digits: 6, period: 30 };

impl House {
    fn code(&self, secret: &Secret) -> String {
        PARAMETERS.code(secret, PARAMETERS.step(self.clock.now().seconds()))
    }

    async fn with_code(&self, password: &str, otp: &str) -> Answer {
        let input = json!({"username": "alice", "password": password, "otp": otp});
        self.request(None, client(), |house| house.invoke("login", input)).await
    }

    async fn act(&self, action: &str, input: Value) -> Answer {
        self.call(&self.root, &format!("{ALICE}/{action}"), input).await
    }

    /// Enrols alice, confirms it, and lets a period pass.
    pub(super) async fn enrolled(&self) -> Secret {
        let made = self.act("enrol-totp", json!({})).await.unwrap();
        let url = made["url"].as_str().unwrap();
        let text = made["secret"].as_str().unwrap();
        assert!(
            url.starts_with("otpauth://totp/strongbox:acme%2Falice?secret=") && url.contains(text),
            "{url}"
        );
        let secret = secret(text);
        assert_eq!(code(&self.login("alice", "hunter2").await), 200, "not asked for before it is confirmed");
        assert_eq!(code(&self.act("confirm-totp", json!({"otp": "000000"})).await), 400);
        self.act("confirm-totp", json!({"otp": self.code(&secret)})).await.unwrap();
        self.clock.advance(30);
        secret
    }
}

fn refused() -> Answer {
    Err((401, "invalid credentials".to_owned()))
}

#[tokio::test]
async fn a_code_is_needed_and_good_for_one_log_in() {
    let house = House::new().await;
    let secret = house.enrolled().await;
    assert_eq!(house.login("alice", "hunter2").await, refused());
    assert_eq!(house.with_code("hunter2", "000000").await, refused());
    let now = house.code(&secret);
    assert_eq!(house.with_code("wrong", &now).await, refused());
    assert_eq!(code(&house.with_code("hunter2", &now).await), 200);
    assert_eq!(house.with_code("hunter2", &now).await, refused(), "a code is used once");
    house.clock.advance(30);
    let house = house.restarted().await;
    assert_eq!(house.with_code("hunter2", &now).await, refused(), "also after a restart");
    assert_eq!(code(&house.with_code("hunter2", &house.code(&secret)).await), 200);
}

#[tokio::test]
async fn its_secret_is_shown_once_and_it_stays_through_changes_of_its_user() {
    let house = House::new().await;
    let secret = house.enrolled().await;
    let shown = house.state(&house.root, ALICE).await.unwrap();
    assert_eq!(shown["totp"]["algorithm"], "SHA1");
    assert_eq!(code(&house.act("enrol-totp", json!({})).await), 400, "there is one");
    house.put(&house.root, ALICE, json!({"password": "new", "token-policies": ["ops"]})).await.unwrap();
    assert_eq!(house.login("alice", "new").await, refused());
    assert_eq!(code(&house.with_code("new", &house.code(&secret)).await), 200);
    house.act("remove-totp", Value::Null).await.unwrap();
    assert_eq!(code(&house.login("alice", "new").await), 200);
}

#[tokio::test]
async fn codes_cannot_be_tried_one_after_the_other() {
    let house = House::new().await;
    let secret = house.enrolled().await;
    for n in 0..12 {
        let input = json!({"username": "alice", "password": "hunter2", "otp": "000000"});
        let from = from(&format!("192.0.2.{n}"));
        assert_eq!(house.request(None, from, |house| house.invoke("login", input)).await, refused());
    }
    assert_eq!(house.with_code("hunter2", &house.code(&secret)).await, refused(), "from wherever they come");
    house.clock.advance(60);
    assert_eq!(code(&house.with_code("hunter2", &house.code(&secret)).await), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_log_ins_with_one_code_one_succeeds() {
    let house = House::new().await;
    let secret = house.enrolled().await;
    let code_now = house.code(&secret);
    let house = Arc::new(house);
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (house, code_now) = (Arc::clone(&house), code_now.clone());
            tokio::spawn(async move { code(&house.with_code("hunter2", &code_now).await) })
        })
        .collect();
    let mut let_in = 0;
    for task in tasks {
        let_in += usize::from(task.await.unwrap() == 200);
    }
    assert_eq!(let_in, 1);
}
