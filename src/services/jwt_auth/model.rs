//! The structs behind `strongbox-jwt-auth`.

use serde::{Deserialize, Serialize};

use crate::base::duration::Duration;
use crate::base::ident::Ident;
use crate::base::secret::Secret;
use crate::services::jose::Algorithm;
use crate::services::token::TokenParameters;

/// An entry of `authentication/jwt-auth`, without its roles.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Issuer {
    /// Keys in PEM.
    #[serde(default)]
    pub public_keys: Vec<String>,
    /// Where its keys are.
    #[serde(default)]
    pub jwks_url: Option<String>,
    /// Several places where its keys are.
    #[serde(default)]
    pub jwks_pairs: Vec<JwksPair>,
    /// The URL of the issuer.
    #[serde(default)]
    pub oidc_discovery_url: Option<String>,
    /// Authorities that vouch for its server.
    #[serde(default)]
    pub ca_pem: Option<String>,
    /// Whether plain `http` will do.
    #[serde(default)]
    pub allow_http: bool,
    /// Whether keys are fetched when it is written where they are.
    #[serde(default)]
    pub check_keys: bool,
    /// How old fetched keys may be.
    pub keys_max_age: Duration,
    /// How often keys are fetched at most.
    pub keys_fetch_interval: Duration,
    /// What `iss` must be.
    #[serde(default)]
    pub bound_issuer: Option<String>,
    /// Algorithms that are accepted; none: all.
    #[serde(default)]
    pub algorithms: Vec<Algorithm>,
    /// The role of log ins that name none.
    #[serde(default)]
    pub default_role: Option<Ident>,
    /// As whom it knows this server.
    #[serde(default)]
    pub oidc_client_id: Option<String>,
    /// By what it recognises this server.
    #[serde(default)]
    pub oidc_client_secret: Option<Secret>,
    /// How it answers browsers.
    #[serde(default)]
    pub oidc_response_mode: Option<ResponseMode>,
    /// What it answers browsers; nothing: a code.
    #[serde(default)]
    pub oidc_response_types: Vec<ResponseType>,
    /// Whether a namespace to go back to is kept in the state.
    pub namespace_in_state: bool,
}

/// An entry of `jwks-pairs`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct JwksPair {
    /// Where keys are.
    pub jwks_url: String,
    /// Authorities that vouch for its server.
    #[serde(default)]
    pub ca_pem: Option<String>,
}

/// How an issuer answers a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the URL to which it is sent back.
    Query,
    /// In a form that it posts.
    FormPost,
}

/// What an issuer answers a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseType {
    /// A code.
    Code,
    /// The ID token itself.
    IdToken,
}

/// How people log in in a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoleType {
    /// They bring a JWT.
    Jwt,
    /// They come with a browser.
    Oidc,
}

/// An entry of `roles`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Role {
    /// How people log in in it.
    pub role_type: RoleType,
    /// Where the browser may be sent back to.
    #[serde(default)]
    pub allowed_redirect_uris: Vec<String>,
    /// Scopes besides `openid`.
    #[serde(default)]
    pub oidc_scopes: Vec<String>,
    /// How long ago the user may have proved who they are.
    #[serde(default)]
    pub max_age: Option<Duration>,
    /// Whether claims are logged.
    pub verbose_oidc_logging: bool,
    /// One of these must be in `aud`.
    #[serde(default)]
    pub bound_audiences: Vec<String>,
    /// What `sub` must be.
    #[serde(default)]
    pub bound_subject: Option<String>,
    /// Claims that the token must have.
    #[serde(default)]
    pub bound_claims: Vec<BoundClaim>,
    /// The claim that names the user.
    pub user_claim: String,
    /// Whether that is a JSON pointer.
    pub user_claim_json_pointer: bool,
    /// What stands in front of the user's name.
    #[serde(default)]
    pub user_prefix: String,
    /// The claim that lists groups.
    #[serde(default)]
    pub groups_claim: Option<String>,
    /// What members of groups get.
    #[serde(default)]
    pub group_policies: Vec<GroupPolicies>,
    /// Claims that become metadata.
    #[serde(default)]
    pub claim_mappings: Vec<ClaimMapping>,
    /// Leeway for a missing `exp`.
    pub expiration_leeway: Duration,
    /// Leeway for a missing `nbf`.
    pub not_before_leeway: Duration,
    /// Difference of clocks.
    pub clock_skew_leeway: Duration,
    /// What the role says about tokens.
    #[serde(flatten)]
    pub parameters: TokenParameters,
}

/// An entry of `bound-claims`.
#[derive(Debug, Deserialize)]
pub struct BoundClaim {
    /// Which claim.
    pub claim: String,
    /// What the values are.
    #[serde(rename = "type")]
    pub kind: ValueKind,
    /// The values, as text.
    #[serde(default)]
    pub values: Vec<String>,
}

/// What the values of a bound claim are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueKind {
    /// Texts.
    String,
    /// Patterns for texts.
    Glob,
    /// Whole numbers.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// JSON: any of these.
    Json,
}

/// An entry of `group-policies`.
#[derive(Debug, Deserialize)]
pub struct GroupPolicies {
    /// The group.
    pub group: String,
    /// What its members get.
    #[serde(default)]
    pub policies: Vec<Ident>,
}

/// An entry of `claim-mappings`.
#[derive(Debug, Deserialize)]
pub struct ClaimMapping {
    /// Which claim.
    pub claim: String,
    /// What it is called in the metadata.
    pub metadata: String,
}

/// Where an issuer is configured.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In an entry of `authentication/jwt-auth`.
    JwtAuth(Ident),
    /// At a mount.
    Mount(Ident),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::JwtAuth(name) => write!(f, "jwt-auth/{name}"),
            Place::Mount(path) => write!(f, "auth/{path}"),
        }
    }
}

/// Input of every log in: where.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct At {
    /// The tenant.
    #[serde(default)]
    pub tenant: Option<Ident>,
    #[serde(default)]
    jwt_auth: Option<Ident>,
    #[serde(default)]
    mount: Option<Ident>,
}

impl At {
    /// The tenant and the place, one of which the model demands.
    pub fn place(self, default_tenant: &Ident) -> (Ident, Place) {
        let place = match (self.jwt_auth, self.mount) {
            (Some(name), _) => Place::JwtAuth(name),
            (None, path) => Place::Mount(path.unwrap_or_else(|| Ident::from(""))),
        };
        (self.tenant.unwrap_or_else(|| default_tenant.clone()), place)
    }
}

/// Input of `jwt-login`, which has the leafs of [`At`] by itself: they are read twice where a struct is flattened.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LoginInput {
    #[serde(default)]
    tenant: Option<Ident>,
    #[serde(default)]
    jwt_auth: Option<Ident>,
    #[serde(default)]
    mount: Option<Ident>,
    /// The role.
    #[serde(default)]
    pub role: Option<Ident>,
    /// The token.
    pub jwt: Secret,
}

impl LoginInput {
    /// Where.
    pub fn at(&mut self) -> At {
        At { tenant: self.tenant.take(), jwt_auth: self.jwt_auth.take(), mount: self.mount.take() }
    }
}

/// Input of `oidc-auth-url`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuthUrlInput {
    /// Where.
    #[serde(flatten)]
    pub at: At,
    /// The role.
    #[serde(default)]
    pub role: Option<Ident>,
    /// Where the browser is to be sent back to.
    #[serde(default)]
    pub redirect_uri: Option<String>,
    /// What whoever ends it has to know.
    #[serde(default)]
    pub client_nonce: Option<Secret>,
}

/// Output of `oidc-auth-url`.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuthUrl {
    /// Where to send the browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_url: Option<String>,
}

/// Input of `oidc-callback`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CallbackInput {
    /// Where.
    #[serde(flatten)]
    pub at: At,
    /// The state.
    #[serde(default)]
    pub state: Option<String>,
    /// The code.
    #[serde(default)]
    pub code: Option<Secret>,
    /// What was given at the beginning.
    #[serde(default)]
    pub client_nonce: Option<Secret>,
}

/// Input of `oidc-form-post`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FormPostInput {
    /// Where.
    #[serde(flatten)]
    pub at: At,
    /// The state.
    #[serde(default)]
    pub state: Option<String>,
    /// The code.
    #[serde(default)]
    pub code: Option<Secret>,
    /// The ID token.
    #[serde(default)]
    pub id_token: Option<Secret>,
}

/// Output of `oidc-form-post`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FormPosted {
    /// Where the log in is ended.
    pub redirect_uri: String,
}
