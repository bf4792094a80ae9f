//! Drives the Vault dialect with vaultrs, unmodified: every function that it has for what the dialect serves. Its answers are
//! decoded strictly, so a field that is missing or of another type ends this program.
//!
//! Arguments: the address of a daemon, a root token of its tenant system, the address of a provider, the PEM of its key, a JWT
//! that it signed, the address of a daemon that has no store yet.

use std::collections::HashMap;

use vaultrs::api::auth::approle::requests::SetAppRoleRequest;
use vaultrs::api::auth::oidc::requests::{SetConfigurationRequest, SetRoleRequest};
use vaultrs::api::auth::userpass::requests::CreateUserRequest;
use vaultrs::api::identity::entity::requests::{CreateEntityRequest, UpdateEntityByIdRequest};
use vaultrs::api::identity::entity_alias::requests::UpdateEntityAliasByIdRequest;
use vaultrs::api::identity::group::requests::{CreateGroupRequest, UpdateGroupByIdRequest};
use vaultrs::api::identity::group_alias::requests::CreateGroupAliasRequest;
use vaultrs::api::ResponseWrapper as _;
use vaultrs::api::token::requests::{CreateTokenRequest, LookupTokenSelfRequest};
use vaultrs::auth::{approle, oidc, userpass};
use vaultrs::client::{Client as _, VaultClient, VaultClientSettingsBuilder};
use vaultrs::error::ClientError;
use vaultrs::identity::{entity, entity_alias, group, group_alias};
use vaultrs::{cubbyhole, sys, token};

const CALLBACK: &str = "http://localhost:8250/oidc/callback";
const RULES: &str = "path \"sys/mounts\" { capabilities = [\"read\"] }\n";

fn client(address: &str, token: &str) -> VaultClient {
    let mut settings = VaultClientSettingsBuilder::default();
    settings.address(address).token(token);
    if token.is_empty() {
        settings.set_namespace("system".to_owned());
    }
    VaultClient::new(settings.build().unwrap()).unwrap()
}

/// The status and the texts of a refusal.
fn refusal<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> (u16, String) {
    match answer {
        Err(ClientError::APIError { code, errors }) => (code, errors.join("; ")),
        other => panic!("{other:?}"),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let [address, root, provider, pem, jwt, sealed] = arguments.as_slice() else { panic!("six arguments") };
    let admin = client(address, root);
    let stranger = client(address, "");
    the_daemon(&admin).await;
    policies_and_tokens(&admin, address).await;
    people_and_machines(&admin, &stranger).await;
    jwt_and_oidc(&admin, &stranger, provider, pem, jwt).await;
    identities(&admin).await;
    sys::auth::disable(&admin, "jwt").await.unwrap();
    from_nothing_to_unsealed_and_back(sealed).await;
}

async fn the_daemon(admin: &VaultClient) {
    let health = sys::health(admin).await.unwrap();
    assert!(health.initialized && !health.sealed && health.version.starts_with("1."), "{health:?}");
    assert!(matches!(sys::status(admin).await.unwrap(), sys::ServerStatus::OK));
    for kind in ["userpass", "approle", "jwt", "oidc"] {
        sys::auth::enable(admin, kind, kind, None).await.unwrap();
    }
    assert_eq!(refusal(sys::auth::enable(admin, "jwt", "jwt", None).await), (400, "path is already in use at jwt/".into()));
    assert_eq!(sys::auth::list(admin).await.unwrap()["jwt/"].mount_type, "jwt");
    sys::mount::enable(admin, "signer", "jwt", None).await.unwrap();
    assert_eq!(sys::mount::list(admin).await.unwrap()["signer/"].mount_type, "jwt");
    let one = sys::mount::get_configuration_of_a_secret_engine(admin, "signer").await.unwrap();
    assert_eq!(one.mount_type, "jwt");
    sys::mount::disable(admin, "signer").await.unwrap();
    assert_eq!(sys::tools::random(admin, None).await.unwrap().random_bytes.len(), 44);
}

async fn policies_and_tokens(admin: &VaultClient, address: &str) {
    sys::policy::set(admin, "reader", RULES).await.unwrap();
    assert_eq!(sys::policy::read(admin, "reader").await.unwrap().rules, RULES);
    assert!(sys::policy::list(admin).await.unwrap().policies.contains(&"reader".to_owned()));

    let mut wanted = CreateTokenRequest::builder();
    wanted.policies(vec!["reader".to_owned()]).ttl("1h");
    let made = token::new(admin, Some(&mut wanted)).await.unwrap();
    assert_eq!(made.policies, ["default", "reader"]);
    assert_eq!(token::lookup(admin, &made.client_token).await.unwrap().accessor, made.accessor);
    assert_eq!(token::lookup_accessor(admin, &made.accessor).await.unwrap().policies, ["default", "reader"]);
    let reader = client(address, &made.client_token);
    assert!(!token::lookup_self(&reader).await.unwrap().orphan);
    assert!(token::renew(admin, &made.client_token, Some("10m")).await.unwrap().lease_duration > 0);
    assert!(token::renew_accessor(admin, &made.accessor, None).await.unwrap().renewable);
    assert!(token::renew_self(&reader, None).await.unwrap().lease_duration > 0);
    assert_eq!(refusal(sys::auth::list(&reader).await).0, 403);

    let values = HashMap::from([("value", "x")]);
    cubbyhole::set(&reader, "cubbyhole", "mine", &values).await.unwrap();
    let kept: HashMap<String, String> = cubbyhole::get(&reader, "cubbyhole", "mine").await.unwrap();
    assert_eq!(kept["value"], "x");
    assert_eq!(cubbyhole::list(&reader, "cubbyhole", "").await.unwrap().data.keys, ["mine"]);
    cubbyhole::delete(&reader, "cubbyhole", "mine").await.unwrap();

    let wrapped = LookupTokenSelfRequest::builder().build().unwrap().wrap(&reader).await.unwrap();
    assert_eq!(wrapped.lookup(admin).await.unwrap().creation_path, "auth/token/lookup-self");
    assert_eq!(wrapped.unwrap(admin).await.unwrap().accessor, made.accessor);
    assert_eq!(refusal(wrapped.unwrap(admin).await).0, 400);

    let orphan = token::new_orphan(admin, None).await.unwrap();
    assert!(orphan.orphan);
    token::revoke_accessor(admin, &orphan.accessor).await.unwrap();
    let other = token::new(admin, None).await.unwrap();
    token::revoke(admin, &other.client_token).await.unwrap();
    token::revoke_self(&reader).await.unwrap();
    assert_eq!(refusal(token::lookup_self(&reader).await).0, 403);
}

async fn people_and_machines(admin: &VaultClient, stranger: &VaultClient) {
    let mut wanted = CreateUserRequest::builder();
    wanted.token_policies(vec!["reader".to_owned()]);
    userpass::user::set(admin, "userpass", "alma", "correct horse", Some(&mut wanted)).await.unwrap();
    assert_eq!(userpass::user::read(admin, "userpass", "alma").await.unwrap().token_policies, ["reader"]);
    assert_eq!(userpass::user::list(admin, "userpass").await.unwrap().keys, ["alma"]);
    userpass::user::update_password(admin, "userpass", "alma", "battery staple").await.unwrap();
    let entered = userpass::login(stranger, "userpass", "alma", "battery staple").await.unwrap();
    assert_eq!(entered.policies, ["default", "reader"]);
    userpass::user::delete(admin, "userpass", "alma").await.unwrap();

    let mut wanted = SetAppRoleRequest::builder();
    wanted.token_policies(vec!["reader".to_owned()]).token_ttl("20m");
    approle::role::set(admin, "approle", "ci", Some(&mut wanted)).await.unwrap();
    assert_eq!(approle::role::read(admin, "approle", "ci").await.unwrap().token_ttl, 1200);
    assert!(approle::role::list(admin, "approle").await.unwrap().keys.contains(&"ci".to_owned()));
    approle::role::update_id(admin, "approle", "ci", "the-ci").await.unwrap();
    let role_id = approle::role::read_id(admin, "approle", "ci").await.unwrap().role_id;
    let secret = approle::role::secret::generate(admin, "approle", "ci", None).await.unwrap();
    let accessors = approle::role::secret::list(admin, "approle", "ci").await.unwrap().keys;
    assert_eq!(accessors, [secret.secret_id_accessor.as_str()]);
    approle::role::secret::read(admin, "approle", "ci", &secret.secret_id).await.unwrap();
    approle::role::secret::read_accessor(admin, "approle", "ci", &secret.secret_id_accessor).await.unwrap();
    let entered = approle::login(stranger, "approle", &role_id, &secret.secret_id).await.unwrap();
    assert_eq!(entered.lease_duration, 1200);
    approle::role::secret::delete_accessor(admin, "approle", "ci", &secret.secret_id_accessor).await.unwrap();
    assert_eq!(refusal(approle::login(stranger, "approle", &role_id, &secret.secret_id).await).0, 400);
    approle::role::delete(admin, "approle", "ci").await.unwrap();
}

async fn jwt_and_oidc(admin: &VaultClient, stranger: &VaultClient, provider: &str, pem: &str, jwt: &str) {
    let mut config = SetConfigurationRequest::builder();
    config.jwt_validation_pubkeys(vec![pem.to_owned()]).default_role("dev");
    oidc::config::set(admin, "jwt", Some(&mut config)).await.unwrap();
    assert_eq!(oidc::config::read(admin, "jwt").await.unwrap().default_role.as_deref(), Some("dev"));
    let mut role = SetRoleRequest::builder();
    role.role_type("jwt").bound_audiences(vec!["us".to_owned()]).token_ttl("10m");
    let claims = HashMap::from([("level".to_owned(), "3".to_owned())]);
    role.bound_claims(claims.clone()).claim_mappings(HashMap::from([("mail".to_owned(), "mail".to_owned())]));
    oidc::role::set(admin, "jwt", "dev", "sub", vec![], Some(&mut role)).await.unwrap();
    let read = oidc::role::read(admin, "jwt", "dev").await.unwrap();
    assert_eq!((read.role_type.as_str(), read.token_ttl, read.bound_claims), ("jwt", 600, Some(claims)));
    assert_eq!(oidc::role::list(admin, "jwt").await.unwrap().keys, ["dev"]);
    let entered = oidc::login(stranger, "jwt", jwt, None).await.unwrap();
    assert_eq!((entered.lease_duration, entered.token_type.as_str()), (600, "service"));
    assert_eq!(entered.metadata.unwrap()["mail"], "anna@example.com");
    let (status, said) = refusal(oidc::login(stranger, "jwt", "x.y.z", None).await);
    assert!(status == 400 && said.starts_with("error validating token: "), "{status} {said}");
    oidc::role::delete(admin, "jwt", "dev").await.unwrap();
    assert_eq!(refusal(oidc::role::read(admin, "jwt", "dev").await).0, 404);

    let mut config = SetConfigurationRequest::builder();
    config.oidc_discovery_url(provider).oidc_client_id("client").oidc_client_secret("s3cret");
    config.jwt_supported_algs(vec!["ES256".to_owned()]);
    oidc::config::set(admin, "oidc", Some(&mut config)).await.unwrap();
    assert_eq!(oidc::config::read(admin, "oidc").await.unwrap().oidc_client_secret, None);
    oidc::role::set(admin, "oidc", "web", "sub", vec![CALLBACK.to_owned()], None).await.unwrap();
    let url = oidc::auth(stranger, "oidc", CALLBACK, Some("web".to_owned())).await.unwrap().auth_url;
    let sent: HashMap<&str, &str> =
        url.split_once('?').unwrap().1.split('&').filter_map(|pair| pair.split_once('=')).collect();
    // The provider of the tests gives for a code an ID token with the code as its nonce.
    let entered = oidc::callback(stranger, "oidc", sent["state"], sent["nonce"], sent["nonce"]).await.unwrap();
    assert_eq!(entered.metadata.unwrap()["role"], "web");
    let (status, said) = refusal(oidc::callback(stranger, "oidc", sent["state"], "", "c").await);
    assert_eq!((status, said.as_str()), (400, "Vault login failed. Expired or missing OAuth state."));
}

async fn identities(admin: &VaultClient) {
    let place = sys::auth::list(admin).await.unwrap()["jwt/"].accessor.clone();
    let mut wanted = CreateEntityRequest::builder();
    wanted.name("anna").policies(vec!["reader".to_owned()]);
    let anna = entity::create(admin, Some(&mut wanted)).await.unwrap().id;
    assert_eq!(entity::read_by_id(admin, &anna).await.unwrap().policies, ["reader"]);
    let mut disabled = UpdateEntityByIdRequest::builder();
    disabled.disabled(true);
    entity::update_by_id(admin, &anna, Some(&mut disabled)).await.unwrap();
    assert!(entity::read_by_name(admin, "anna").await.unwrap().disabled);
    entity::create_or_update_by_name(admin, "bert", None).await.unwrap();
    let bert = entity::read_by_name(admin, "bert").await.unwrap().id;
    assert!(entity::list_by_id(admin).await.unwrap().keys.contains(&bert));
    assert!(entity::list_by_name(admin).await.unwrap().keys.contains(&"bert".to_owned()));

    let alias = entity_alias::create(admin, "a-1", &anna, &place, None).await.unwrap().id;
    let read = entity_alias::read_by_id(admin, &alias).await.unwrap();
    assert_eq!((read.canonical_id, read.mount_path.as_str()), (anna.clone(), "auth/jwt/"));
    let mut renamed = UpdateEntityAliasByIdRequest::builder();
    renamed.name("a-2").canonical_id(&anna).mount_accessor(&place);
    entity_alias::update_by_id(admin, &alias, Some(&mut renamed)).await.unwrap();
    assert_eq!(entity_alias::list_by_id(admin).await.unwrap().key_info[&alias].name, "a-2");
    entity::merge(admin, vec![bert], anna.clone(), None).await.unwrap();
    assert_eq!(entity::read_by_id(admin, &anna).await.unwrap().aliases.len(), 1);

    let mut wanted = CreateGroupRequest::builder();
    wanted.member_entity_ids(vec![anna.clone()]);
    let inner = group::create(admin, Some(&mut wanted)).await.unwrap().id;
    assert_eq!(group::read_by_id(admin, &inner).await.unwrap().group_type, "internal");
    let mut changed = UpdateGroupByIdRequest::builder();
    changed.name("inner").metadata(HashMap::from([("a".to_owned(), "b".to_owned())]));
    group::update_by_id(admin, &inner, Some(&mut changed)).await.unwrap();
    assert_eq!(group::read_by_name(admin, "inner").await.unwrap().metadata.unwrap()["a"], "b");
    group::create_or_update_by_name(admin, "other", None).await.unwrap();
    assert_eq!(group::list_by_name(admin).await.unwrap().keys, ["inner", "other"]);
    assert_eq!(group::list_by_id(admin).await.unwrap().keys.len(), 2);

    let mut wanted = CreateGroupRequest::builder();
    wanted.group_type("external");
    let outside = group::create(admin, Some(&mut wanted)).await.unwrap().id;
    let mut of_outside = CreateGroupAliasRequest::builder();
    of_outside.canonical_id(&outside);
    let admins = group_alias::create(admin, "admins", &place, Some(&mut of_outside)).await.unwrap().id;
    assert_eq!(group_alias::read_by_id(admin, &admins).await.unwrap().canonical_id, outside);
    assert_eq!(group_alias::list_by_id(admin).await.unwrap().keys, [admins.as_str()]);
    group_alias::delete_by_id(admin, &admins).await.unwrap();
    for name in ["other", "outside"] {
        group::delete_by_name(admin, name).await.unwrap();
    }
    group::delete_by_id(admin, &inner).await.unwrap();
    entity_alias::delete_by_id(admin, &alias).await.unwrap();
    entity::delete_by_name(admin, "anna").await.unwrap();
    entity::batch_delete(admin, vec![anna]).await.unwrap();
    sys::policy::delete(admin, "reader").await.unwrap();
}

async fn from_nothing_to_unsealed_and_back(address: &str) {
    let stranger = client(address, "");
    assert!(matches!(sys::status(&stranger).await, Ok(sys::ServerStatus::UNINITIALIZED)));
    let made = sys::start_initialization(&stranger, 3, 2, None).await.unwrap();
    assert!(matches!(sys::status(&stranger).await, Ok(sys::ServerStatus::SEALED)));
    assert_eq!(sys::unseal(&stranger, Some(made.keys[0].clone()), None, None).await.unwrap().progress, 1);
    assert_eq!(sys::unseal(&stranger, None, Some(true), None).await.unwrap().progress, 0);
    for key in &made.keys[1..] {
        sys::unseal(&stranger, Some(key.clone()), None, None).await.unwrap();
    }
    let admin = client(address, &made.root_token);
    assert_eq!(token::lookup_self(&admin).await.unwrap().policies, ["root"]);
    assert_eq!(admin.settings().token, made.root_token);
    sys::seal(&admin).await.unwrap();
    assert!(matches!(sys::status(&admin).await, Ok(sys::ServerStatus::SEALED)));
}
