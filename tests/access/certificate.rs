//! Logging in with a client certificate, and requests for which it is enough. The listener, which verifies certificates when
//! connections are made, has its own tests.

use rcgen::{CertificateParams, DnType, KeyPair, SanType, date_time_ymd};
use rustls::pki_types::CertificateDer;

use super::*;
use crate::tls::{Authority, authority};

const ROLE: &str = "strongbox/authentication/certificate-auth/payments";

/// A certificate for `payments.example.org`, changed by `change`.
fn certificate(
    authority: &Authority,
    change: impl FnOnce(&mut CertificateParams),
) -> CertificateDer<'static> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "payments");
    params.subject_alt_names = vec![
        SanType::DnsName("payments.example.org".try_into().unwrap()),
        SanType::URI("spiffe://example.org/payments/api".try_into().unwrap()),
        SanType::Rfc822Name("ops@example.org".try_into().unwrap()),
    ];
    change(&mut params);
    params.signed_by(&KeyPair::generate().unwrap(), authority).unwrap().der().clone()
}

fn by(certificate: &CertificateDer<'static>) -> Arc<ClientInfo> {
    let mut client = ClientInfo::clone(&client());
    client.certificate = Some(Arc::from([certificate.clone()]));
    Arc::new(client)
}

fn fingerprint(certificate: &CertificateDer<'static>) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate);
    digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

impl House {
    async fn role(&self, role: Value) -> Answer {
        self.put(&self.root, ROLE, role).await
    }

    async fn enter(&self, client: Arc<ClientInfo>, input: Value) -> Answer {
        self.request(None, client, |house| house.invoke("certificate-login", input)).await
    }

    async fn read_as(&self, client: Arc<ClientInfo>) -> Answer {
        let target = self.path("strongbox/authentication/token-settings");
        let read = Operation::Read { datastore: Datastore::Config, target };
        self.request_with(&Credentials::Certificate, client, |_| read).await
    }
}

fn refused() -> Answer {
    Err((401, "invalid credentials".to_owned()))
}

#[tokio::test]
async fn a_role_says_which_certificates_it_is_for() {
    let house = House::new().await;
    let (own, other) = (authority(), authority());
    let shown = certificate(&own, |_| {});
    let fine = [
        json!({"common-names": ["pay*"]}),
        json!({"dns-names": ["x", "*.example.org"]}),
        json!({"uris": ["spiffe://example.org/payments/*"], "user-name": "uri"}),
        json!({"emails": ["ops@example.org"], "user-name": "email"}),
        json!({"fingerprints": [fingerprint(&shown)]}),
        json!({"ca-pem": own.pem()}),
        json!({"ca-pem": format!("{}{}", other.pem(), own.pem())}),
        json!({"ca-pem": own.pem(), "uris": ["spiffe://**"], "dns-names": ["*"], "user-name": "dns-name"}),
    ];
    for role in fine {
        house.role(role.clone()).await.unwrap();
        assert_eq!(code(&house.enter(by(&shown), json!({})).await), 200, "{role}");
    }
    let foreign = [
        json!({"common-names": ["pay"]}),
        json!({"dns-names": ["example.org"]}),
        json!({"uris": ["spiffe://example.org/other/*"]}),
        json!({"emails": ["*@example.com"]}),
        json!({"fingerprints": [fingerprint(&certificate(&own, |_| {}))]}),
        json!({"ca-pem": other.pem()}),
        json!({"ca-pem": own.pem(), "common-names": ["other"]}),
        json!({"common-names": ["pay*"], "token-bound-cidrs": ["198.51.100.0/24"]}),
    ];
    for role in foreign {
        house.role(role.clone()).await.unwrap();
        assert_eq!(house.enter(by(&shown), json!({})).await, refused(), "{role}");
        assert_eq!(house.enter(by(&shown), json!({"role": "payments"})).await, refused(), "{role}");
        assert_eq!(house.read_as(by(&shown)).await, refused(), "{role}");
    }
}

#[tokio::test]
async fn a_token_of_a_certificate_carries_what_the_role_says() {
    let house = House::new().await;
    house
        .role(json!({"dns-names": ["*.example.org"], "user-name": "uri", "user-prefix": "mtls:", "token-ttl": "5m",
            "token-policies": ["ops"], "metadata": [{"name": "team", "value": "pay"}]}))
        .await
        .unwrap();
    let issued =
        house.enter(by(&certificate(&authority(), |_| {})), json!({"tenant": "acme"})).await.unwrap();
    assert_eq!((&issued["expires-in"], &issued["policies"]), (&json!(300), &json!(["ops", "default"])));
    let info = house.state(issued["token"].as_str().unwrap(), "strongbox/token/info").await.unwrap();
    assert_eq!(info["user"], "mtls:spiffe://example.org/payments/api");
    assert_eq!(info["method"], "certificate");
    let facts = json!([{"name": "role", "value": "payments"}, {"name": "team", "value": "pay"}]);
    assert_eq!(info["metadata"], facts);
}

#[tokio::test]
async fn without_a_good_certificate_the_answer_is_one() {
    let house = House::new().await;
    house.role(json!({"common-names": ["*"]})).await.unwrap();
    let authority = authority();
    assert_eq!(house.enter(client(), json!({})).await, refused(), "none was shown");
    let nonsense = CertificateDer::from(vec![0x30, 0x03, 1, 2, 3]);
    assert_eq!(house.enter(by(&nonsense), json!({})).await, refused());
    for change in [
        |params: &mut CertificateParams| params.not_after = date_time_ymd(2024, 3, 9),
        |params: &mut CertificateParams| params.not_before = date_time_ymd(2024, 3, 10),
        |params: &mut CertificateParams| {
            params.distinguished_name.remove(DnType::CommonName).then_some(()).unwrap()
        },
        |params: &mut CertificateParams| params.distinguished_name.push(DnType::CommonName, "token:1"),
    ] {
        assert_eq!(house.enter(by(&certificate(&authority, change)), json!({})).await, refused());
    }
    let shown = certificate(&authority, |_| {});
    for input in [json!({"role": "gone"}), json!({"tenant": "gone"}), json!({"tenant": "system"})] {
        assert_eq!(house.enter(by(&shown), input).await, refused());
    }
    assert_eq!(code(&house.enter(by(&shown), json!({"role": "payments"})).await), 200);
}

#[tokio::test]
async fn a_certificate_is_enough_for_a_request_until_its_role_or_its_time_ends() {
    let house = House::new().await;
    let rules = json!([{"path": "strongbox/**", "operations": {"read": "allow"}}]);
    house.policy(rules).await.unwrap();
    let role = json!({"common-names": ["payments"], "token-policies": ["ops"]});
    house.role(role.clone()).await.unwrap();
    // 2024-03-09T16:00:20Z: 20 seconds from now.
    let end = date_time_ymd(2024, 3, 9) + Duration::from_secs(16 * 3600 + 20);
    let shown = certificate(&authority(), |params| params.not_after = end);
    assert_eq!(code(&house.read_as(by(&shown)).await), 200);
    let caller = house.gate.authenticate(&Credentials::Certificate, &by(&shown)).await.unwrap();
    assert_eq!((caller.user.as_deref(), &caller.accessor), (Some("payments"), &None));
    assert_eq!(house.read_as(client()).await, refused(), "without one");
    house.clock.advance(21);
    assert_eq!(house.read_as(by(&shown)).await, refused(), "its time is over, though it is remembered");

    let shown = certificate(&authority(), |_| {});
    assert_eq!(code(&house.read_as(by(&shown)).await), 200);
    let mut asks = role.clone();
    asks["requests"] = json!(false);
    house.role(asks).await.unwrap();
    assert_eq!(house.read_as(by(&shown)).await, refused());
    assert_eq!(code(&house.enter(by(&shown), json!({})).await), 200, "it has to log in");
    house.delete(&house.root, ROLE).await.unwrap();
    assert_eq!(house.enter(by(&shown), json!({})).await, refused());
}

#[tokio::test]
async fn a_role_without_conditions_or_with_a_broken_authority_is_refused() {
    let house = House::new().await;
    for (role, said) in [
        (json!({}), "which certificates it is for"),
        (json!({"ca-pem": "nonsense"}), "ca-pem: it holds no CERTIFICATE section"),
        (json!({"common-names": ["*"], "token-bound-cidrs": ["300.0.0.0/8"]}), "300.0.0.0/8"),
    ] {
        let (_, message) = house.role(role.clone()).await.unwrap_err();
        assert!(message.contains(said), "{role}: {message}");
    }
}
