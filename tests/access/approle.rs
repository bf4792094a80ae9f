//! Machines that log in by a role id and a secret id.

use super::*;

const ROLE: &str = "strongbox/authentication/approle/deploy";

/// A house with the role `deploy`, and its role-id.
async fn with_role(role: Value) -> (House, String) {
    let house = House::new().await;
    house.put(&house.root, ROLE, role).await.unwrap();
    let role = house.get(&house.root, ROLE).await.unwrap();
    (house, role["role-id"].as_str().unwrap().to_owned())
}

impl House {
    async fn secret_id(&self, input: Value) -> String {
        let made = self.call(&self.root, &format!("{ROLE}/generate-secret-id"), input).await.unwrap();
        made["secret-id"].as_str().unwrap().to_owned()
    }

    async fn machine(&self, role_id: &str, secret_id: &str) -> Answer {
        self.machine_from(client(), json!({"role-id": role_id, "secret-id": secret_id})).await
    }

    async fn machine_from(&self, client: Arc<ClientInfo>, input: Value) -> Answer {
        self.request(None, client, |house| house.invoke("approle-login", input)).await
    }
}

fn refused() -> Answer {
    Err((401, "invalid credentials".to_owned()))
}

#[tokio::test]
async fn a_machine_logs_in_and_is_told_who_it_is() {
    let role = json!({"token-policies": ["ops"], "token-ttl": "10m",
        "metadata": [{"name": "team", "value": "a"}, {"name": "env", "value": "test"}]});
    let (house, role_id) = with_role(role).await;
    let secret = house.secret_id(json!({"metadata": [{"name": "env", "value": "live"}]})).await;
    let issued = house.machine(&role_id, &secret).await.unwrap();
    assert_eq!((&issued["expires-in"], &issued["policies"]), (&json!(600), &json!(["ops", "default"])));
    let info = house.state(issued["token"].as_str().unwrap(), "strongbox/token/info").await.unwrap();
    assert_eq!((&info["method"], &info["display-name"]), (&json!("approle"), &json!("deploy")));
    assert_eq!(info.get("user"), None, "a machine is no user");
    let facts = json!([{"name": "env", "value": "live"}, {"name": "role", "value": "deploy"}, {"name": "team", "value": "a"}]);
    assert_eq!(info["metadata"], facts);
}

#[tokio::test]
async fn whatever_is_wrong_the_answer_is_the_same() {
    let (house, role_id) = with_role(json!({"token-bound-cidrs": ["192.0.2.0/24"]})).await;
    let secret = house.secret_id(json!({"bound-cidrs": ["192.0.2.7"]})).await;
    house
        .put(&house.root, "strongbox/authentication/approle/other", json!({"role-id": "other"}))
        .await
        .unwrap();
    assert_eq!(house.machine("nobody", &secret).await, refused());
    assert_eq!(house.machine(&role_id, "sbs.nonsense").await, refused());
    assert_eq!(house.machine("other", &secret).await, refused(), "a secret id is of one role");
    let bare = json!({"role-id": role_id});
    assert_eq!(house.machine_from(client(), bare).await, refused());
    let input = json!({"role-id": role_id, "secret-id": secret});
    assert_eq!(house.machine_from(from("192.0.2.8"), input.clone()).await, refused());
    assert_eq!(house.machine_from(from("198.51.100.1"), input.clone()).await, refused());
    let elsewhere = json!({"tenant": "nowhere", "role-id": role_id, "secret-id": secret});
    assert_eq!(house.machine_from(client(), elsewhere).await, refused());
    assert_eq!(code(&house.machine_from(client(), input).await), 200);
}

#[tokio::test]
async fn a_secret_id_ends_by_time_by_use_and_by_hand() {
    let (house, role_id) = with_role(json!({"secret-id-ttl": "1h", "secret-id-num-uses": 3})).await;
    let action = |name: &str| format!("{ROLE}/{name}");
    for (input, said) in [
        (json!({"ttl": "2h"}), "secret-id-ttl is 1h"),
        (json!({"num-uses": 4}), "secret-id-num-uses is 3"),
        (json!({"num-uses": 0}), "secret-id-num-uses is 3"),
        (json!({"bound-cidrs": ["300.1.1.1"]}), "neither an address nor a network"),
    ] {
        let (status, message) =
            house.call(&house.root, &action("generate-secret-id"), input).await.unwrap_err();
        assert!(status == 400 && message.contains(said), "{message}");
    }
    let twice = house.secret_id(json!({"num-uses": 2})).await;
    let known =
        house.call(&house.root, &action("lookup-secret-id"), json!({"secret-id": twice})).await.unwrap();
    assert_eq!((&known["num-uses"], &known["expires-in"]), (&json!(2), &json!(3600)));
    assert!(known.get("secret-id-hash").is_none());
    let listed = house.state(&house.root, &format!("{ROLE}/secret-ids")).await.unwrap();
    assert_eq!(listed[0]["accessor"], known["accessor"]);
    assert_eq!(code(&house.machine(&role_id, &twice).await), 200);
    assert_eq!(code(&house.machine(&role_id, &twice).await), 200);
    assert_eq!(house.machine(&role_id, &twice).await, refused());
    assert_eq!(house.state(&house.root, &format!("{ROLE}/secret-ids")).await.unwrap(), json!([]));

    let gone = house.secret_id(json!({})).await;
    let accessor =
        house.call(&house.root, &action("lookup-secret-id"), json!({"secret-id": gone})).await.unwrap();
    let accessor = json!({"accessor": accessor["accessor"]});
    house.call(&house.root, &action("destroy-secret-id"), accessor.clone()).await.unwrap();
    assert_eq!(house.machine(&role_id, &gone).await, refused());
    assert_eq!(code(&house.call(&house.root, &action("destroy-secret-id"), accessor).await), 400);
    assert_eq!(code(&house.call(&house.root, &action("lookup-secret-id"), json!({})).await), 400);

    let short = house.secret_id(json!({"ttl": "1m"})).await;
    house.clock.advance(60);
    assert_eq!(house.machine(&role_id, &short).await, refused());
    let kept = house.secret_id(json!({})).await;
    let swept = || house.app_roles.sweep(house.gate.engine());
    assert_eq!((swept().await.unwrap(), swept().await.unwrap()), (1, 0), "the short one is out of the store");
    assert_eq!(code(&house.machine(&role_id, &kept).await), 200);
}

#[tokio::test]
async fn a_role_keeps_its_id_and_its_secret_ids() {
    let (mut house, role_id) = with_role(json!({"token-ttl": "1h"})).await;
    let secret = house.secret_id(json!({})).await;
    house.put(&house.root, ROLE, json!({"token-ttl": "2h"})).await.unwrap();
    assert_eq!(house.get(&house.root, ROLE).await.unwrap()["role-id"], json!(role_id));
    house = house.restarted().await;
    assert_eq!(code(&house.machine(&role_id, &secret).await), 200);
    house.patch(&house.root, ROLE, json!({"role-id": "by-hand"})).await.unwrap();
    assert_eq!(house.machine(&role_id, &secret).await, refused());
    assert_eq!(code(&house.machine("by-hand", &secret).await), 200);
    let twin = json!({"role-id": "by-hand"});
    assert_eq!(code(&house.put(&house.root, "strongbox/authentication/approle/twin", twin).await), 400);
    house.delete(&house.root, ROLE).await.unwrap();
    assert_eq!(house.machine("by-hand", &secret).await, refused());
}

#[tokio::test]
async fn a_role_id_alone_lets_in_only_from_named_networks() {
    let house = House::new().await;
    assert_eq!(code(&house.put(&house.root, ROLE, json!({"bind-secret-id": false})).await), 400);
    let role = json!({"role-id": "open", "bind-secret-id": false, "token-bound-cidrs": ["10.0.0.0/8"]});
    house.put(&house.root, ROLE, role).await.unwrap();
    let input = json!({"role-id": "open"});
    assert_eq!(code(&house.machine_from(from("10.1.1.1"), input.clone()).await), 200);
    assert_eq!(house.machine_from(client(), input).await, refused());
}

#[tokio::test]
async fn a_role_of_another_tenant_is_found_where_it_is_the_only_one() {
    let house = House::new().await;
    let system = first::root_token(house.gate.engine(), &house.access, "test").await.unwrap();
    let system = system.expose_text().unwrap();
    house.put(system, "tenants/other", json!({})).await.unwrap();
    let other = house.call(system, "tenants/other/create-token", json!({})).await.unwrap();
    let other = other["token"].as_str().unwrap();
    house.put(other, ROLE, json!({"role-id": "shared"})).await.unwrap();
    let made = house.call(other, &format!("{ROLE}/generate-secret-id"), json!({})).await.unwrap();
    let secret = made["secret-id"].as_str().unwrap();
    assert_eq!(code(&house.machine("shared", secret).await), 200);
    house.put(&house.root, ROLE, json!({"role-id": "shared"})).await.unwrap();
    assert_eq!(house.machine("shared", secret).await, refused(), "now the default tenant's is meant");
    let named = json!({"tenant": "other", "role-id": "shared", "secret-id": secret});
    assert_eq!(code(&house.machine_from(client(), named).await), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_uses_of_a_secret_id_are_exact_whoever_comes_at_once() {
    let (house, role_id) = with_role(json!({})).await;
    let secret = house.secret_id(json!({"num-uses": 10})).await;
    let house = Arc::new(house);
    let tasks: Vec<_> = (0..64)
        .map(|n| {
            let (house, role_id, secret) = (Arc::clone(&house), role_id.clone(), secret.clone());
            let input = json!({"role-id": role_id, "secret-id": secret});
            tokio::spawn(async move { code(&house.machine_from(from(&format!("192.0.2.{n}")), input).await) })
        })
        .collect();
    let mut let_in = 0;
    for task in tasks {
        let_in += usize::from(task.await.unwrap() == 200);
    }
    assert_eq!(let_in, 10);
}
