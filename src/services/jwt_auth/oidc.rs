//! Logging in with a browser (OpenID Connect Core 1.0): the browser is sent to the issuer, comes back with a code, and the
//! code is exchanged for an ID token, which then counts like a JWT that somebody brings.
//!
//! What is under way is kept in memory ([`pending`]), so a log in ends at the server where it began. The code is bound to it
//! by PKCE (RFC 7636), the answer by a state of one use, the ID token by a nonce.

pub mod id_token;
pub mod pending;
pub mod provider;
pub mod redirect;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::utf8_percent_encode;

use self::pending::{Pending, Posted, random_text};
use super::JwtAuth;
use super::admit::{PERMISSION_DENIED, admit};
use super::compile::{Client, CompiledIssuer, CompiledRole};
use super::door::Door;
use super::model::{AuthUrl, AuthUrlInput, CallbackInput, FormPostInput, FormPosted, Place};
use crate::base::ident::Ident;
use crate::base::secret::Secret;
use crate::engine::{ActionContext, ActionError};
use crate::services::jose::Algorithm;
use crate::services::jose::jws::Unverified;
use crate::services::jwt_verify::{Claims, Document, Expected};
use crate::services::login::Knock;
use crate::services::token::IssuedToken;

/// What stands for the code that was posted.
const POSTED_CODE: &str = "no_code";

/// An issuer with everything that a browser needs.
struct Ready<'d> {
    door: &'d Door,
    issuer: &'d CompiledIssuer,
    client: &'d Client,
}

impl<'d> Ready<'d> {
    fn of(door: &'d Door) -> Result<Self, &'static str> {
        let issuer = door.issuer.as_ref().ok_or("could not load configuration")?;
        let client = issuer.client.as_ref().ok_or("OIDC login is not configured for this mount")?;
        Ok(Ready { door, issuer, client })
    }
}

impl JwtAuth {
    /// Where to send a browser. A role that does not allow it, and an issuer that does not answer, make an answer without a
    /// URL: the reason is in the log.
    pub(super) async fn auth_url(
        &self,
        context: ActionContext,
        input: AuthUrlInput,
    ) -> Result<AuthUrl, ActionError> {
        let (tenant, place) = input.at.place(&context.tenant);
        let who = format!("{place}/{}", input.role.as_deref().unwrap_or("-"));
        let knock = Knock::begin_browser(&context, &self.access, tenant, &who)?;
        let Some(door) = self.door(&context.snapshot, &knock.tenant, &place)? else {
            return Err(knock.refuse("could not load configuration").await);
        };
        let Ready { issuer, client, .. } = match Ready::of(&door) {
            Ok(ready) => ready,
            Err(reason) => return Err(knock.refuse(reason).await),
        };
        let Some(name) = input.role.filter(|name| !name.is_empty()).or_else(|| issuer.default_role.clone())
        else {
            return Err(knock.refuse("missing role").await);
        };
        let Some(redirect_uri) = input.redirect_uri.filter(|uri| !uri.is_empty()) else {
            return Err(knock.refuse("missing redirect_uri").await);
        };
        let Some(role) = self.role(&context, &knock.tenant, (&place, &door), &name)? else {
            return Err(knock.refuse(format!("role \"{name}\" could not be found")).await);
        };
        let (namespace, redirect_uri) = match client.namespace_in_state {
            true => redirect::without_namespace(&redirect_uri),
            false => (None, redirect_uri),
        };
        if !redirect::is_allowed(&redirect_uri, &role.redirect_uris) {
            tracing::warn!(%place, role = %name, "a log in names a redirect_uri that the role does not allow");
            return Ok(AuthUrl::default());
        }
        let found =
            self.documents.get((&knock.tenant, &place), &client.site, context.now, &self.fetcher).await;
        let endpoint = match found.map(|document| document.authorization_endpoint.clone()) {
            Ok(Some(endpoint)) => endpoint,
            Ok(None) => {
                tracing::warn!(%place, "the issuer names no authorization_endpoint");
                return Ok(AuthUrl::default());
            }
            Err(error) => {
                tracing::warn!(%place, %error, "a log in with a browser cannot begin");
                return Ok(AuthUrl::default());
            }
        };
        let no_random = |_| ActionError::Unavailable("no random numbers can be had".to_owned());
        let mut state = random_text("st_").map_err(no_random)?;
        if let Some(namespace) = namespace {
            state = format!("{state},ns={namespace}");
        }
        let verifier = URL_SAFE_NO_PAD.encode(Secret::random(32).map_err(no_random)?.expose());
        let pending = Pending {
            tenant: knock.tenant.clone(),
            place,
            role: name,
            nonce: random_text("n_").map_err(no_random)?,
            verifier: Secret::from_text(verifier),
            redirect_uri: if client.form_post {
                redirect_uri.replacen("ui/vault", "v1", 1)
            } else {
                redirect_uri
            },
            client_nonce: input.client_nonce.filter(|nonce| !nonce.expose().is_empty()),
            began: context.now,
            posted: None,
        };
        let url = authorization_url(&endpoint, client, &role, &state, &pending);
        self.pending.add(state, pending);
        Ok(AuthUrl { auth_url: Some(url) })
    }

    /// Keeps what a browser posted.
    pub(super) async fn form_post(
        &self,
        context: ActionContext,
        input: FormPostInput,
    ) -> Result<FormPosted, ActionError> {
        let (tenant, place) = input.at.place(&context.tenant);
        let knock = Knock::begin_signed(&context, &self.access, tenant, &place.to_string())?;
        let Some(door) = self.door(&context.snapshot, &knock.tenant, &place)? else {
            return Err(knock.refuse("Could not load configuration.").await);
        };
        match Ready::of(&door) {
            Err(_) => return Err(knock.refuse("Could not load configuration.").await),
            Ok(Ready { client, .. }) if !client.form_post => {
                return Err(knock.refuse("form_post is not configured").await);
            }
            Ok(_) => {}
        }
        let posted = Posted { code: input.code, id_token: input.id_token };
        let state = input.state.unwrap_or_default();
        match self.pending.post(&state, (&knock.tenant, &place), context.now, posted) {
            Some(redirect_uri) => Ok(FormPosted { redirect_uri }),
            None => Err(knock.refuse("Expired or missing OAuth state.").await),
        }
    }

    /// Exchanges what a browser brought for a token.
    pub(super) async fn callback(
        &self,
        context: ActionContext,
        input: CallbackInput,
    ) -> Result<IssuedToken, ActionError> {
        let (tenant, place) = input.at.place(&context.tenant);
        let knock = Knock::begin_signed(&context, &self.access, tenant, &place.to_string())?;
        let Some(door) = self.door(&context.snapshot, &knock.tenant, &place)? else {
            return Err(knock.refuse("Could not load configuration").await);
        };
        let Ok(ready) = Ready::of(&door) else {
            return Err(knock.refuse("Could not load configuration").await);
        };
        let state = input.state.unwrap_or_default();
        let Some(pending) = self.pending.take(&state, (&knock.tenant, &place), context.now) else {
            return Err(knock.refuse("Expired or missing OAuth state.").await);
        };
        if let Some(wanted) = &pending.client_nonce
            && !wanted.same_as(input.client_nonce.as_ref().map_or(&[], |given| given.expose()))
        {
            return Err(knock.refuse("invalid client_nonce").await);
        }
        let Some(role) = self.role(&context, &knock.tenant, (&place, &door), &pending.role)? else {
            return Err(knock.refuse("Role could not be found").await);
        };
        if !knock.is_from(&role.parameters.token_bound_cidrs) {
            return Err(knock.refuse(PERMISSION_DENIED).await);
        }
        let given = input.code.filter(|code| !code.expose().is_empty());
        match self.identify(&context, (&knock.tenant, &place), &ready, &role, &pending, given).await {
            Ok(claims) => {
                admit(knock, (&place, ready.door), (pending.role.clone(), &role), &claims, "oidc").await
            }
            Err(reason) => Err(knock.refuse(reason).await),
        }
    }

    /// Finds out who came back; says why not.
    async fn identify(
        &self,
        context: &ActionContext,
        (tenant, place): (&Ident, &Place),
        ready: &Ready<'_>,
        role: &CompiledRole,
        pending: &Pending,
        given: Option<Secret>,
    ) -> Result<Claims, String> {
        let is_stand_in = |code: &Secret| code.expose() == POSTED_CODE.as_bytes();
        let (mut code, mut posted_token) = (given.filter(|code| !is_stand_in(code)), None);
        if let (None, Some(posted)) = (&code, &pending.posted) {
            let filled = |text: &Option<Secret>| text.clone().filter(|text| !text.expose().is_empty());
            (code, posted_token) = (filled(&posted.code), filled(&posted.id_token));
        }
        let client = ready.client;
        let exchange_failed = |reason: String| format!("Error exchanging oidc code: {reason:?}.");
        let document = self
            .documents
            .get((tenant, place), &client.site, context.now, &self.fetcher)
            .await
            .map_err(|error| exchange_failed(error.to_string()))?;
        let (id_token, access_token) = match (&code, posted_token) {
            (_, Some(token)) if client.id_token => (token, None),
            (Some(code), _) => {
                let tokens = provider::exchange(client, &document, pending, code, &self.fetcher)
                    .await
                    .map_err(exchange_failed)?;
                (Secret::from_text(tokens.id_token), tokens.access_token)
            }
            (None, _) => return Err("No code or id_token received.".to_owned()),
        };
        let beside = (access_token.as_ref(), code.as_ref());
        let text = id_token.expose_text().unwrap_or_default();
        let claims = self
            .id_token(context, (tenant, place), ready, (role, pending), text, beside)
            .await
            .map_err(|reason| format!("Token verification failed. {reason}"))?;
        let subject = claims.get("sub").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        if role.expected.subject.as_ref().is_some_and(|bound| *bound != subject) {
            return Err("Token verification failed. sub claim does not match bound subject".to_owned());
        }
        let claims = self.with_userinfo(client, &document, (claims, &subject), access_token.as_ref()).await;
        if role.verbose {
            tracing::info!(%place, role = %pending.role, ?claims, "claims of a log in with a browser");
        }
        Ok(claims)
    }

    async fn with_userinfo(
        &self,
        client: &Client,
        document: &Document,
        (claims, subject): (Claims, &str),
        access_token: Option<&Secret>,
    ) -> Claims {
        let claims = claims.without("nonce");
        match provider::userinfo(client, document, access_token, subject, &self.fetcher).await {
            Some(more) => claims.with(more),
            None => claims,
        }
    }

    /// Verifies an ID token.
    async fn id_token(
        &self,
        context: &ActionContext,
        (tenant, place): (&Ident, &Place),
        ready: &Ready<'_>,
        (role, pending): (&CompiledRole, &Pending),
        text: &str,
        (access_token, code): (Option<&Secret>, Option<&Secret>),
    ) -> Result<Claims, String> {
        let token = Unverified::parse(text).map_err(|error| error.to_string())?;
        let (issuer, client) = (ready.issuer, ready.client);
        let algorithms = match issuer.algorithms.as_slice() {
            [] => vec![Algorithm::RS256],
            some => some.to_vec(),
        };
        let audiences = match role.expected.audiences.as_slice() {
            [] => vec![client.id.clone()],
            bound => bound.to_vec(),
        };
        let expected = |discovered: Option<&String>| Expected {
            algorithms: algorithms.clone(),
            issuer: issuer.bound_issuer.as_ref().or(discovered).cloned(),
            subject: None,
            audiences: audiences.clone(),
            leeways: role.expected.leeways,
        };
        let claims = self
            .verify(context.now, (tenant, place), issuer, &token, expected)
            .await?
            .map_err(|error| error.to_string())?;
        let algorithm = token.algorithm(&Algorithm::ALL).map_err(|error| error.to_string())?;
        let request = id_token::Request {
            nonce: &pending.nonce,
            client_id: &client.id,
            max_age: role.max_age,
            access_token,
            code,
            algorithm,
            now: context.now.seconds(),
        };
        id_token::check(&claims, &request)?;
        Ok(claims)
    }
}

/// The URL of a request for authentication (OpenID Connect Core 1.0 section 3.1.2.1), its parameters in order.
fn authorization_url(
    endpoint: &str,
    client: &Client,
    role: &CompiledRole,
    state: &str,
    pending: &Pending,
) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, pending.verifier.expose()).as_ref());
    let max_age = role.max_age.map(|seconds| seconds.to_string());
    let scopes: Vec<&str> = ["openid"].into_iter().chain(role.scopes.iter().map(String::as_str)).collect();
    let with_code = !client.id_token;
    let parameters = [
        ("client_id", Some(client.id.clone())),
        ("code_challenge", with_code.then_some(challenge)),
        ("code_challenge_method", with_code.then(|| "S256".to_owned())),
        ("max_age", max_age),
        ("nonce", Some(pending.nonce.clone())),
        ("redirect_uri", Some(pending.redirect_uri.clone())),
        ("response_mode", client.form_post.then(|| "form_post".to_owned())),
        ("response_type", Some(if with_code { "code" } else { "id_token" }.to_owned())),
        ("scope", Some(scopes.join(" "))),
        ("state", Some(state.to_owned())),
    ];
    let encoded =
        |text: &str| utf8_percent_encode(text, provider::UNRESERVED).to_string().replace("%20", "+");
    let pairs: Vec<String> = parameters
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", encoded(&value?))))
        .collect();
    let joint = if endpoint.contains('?') { '&' } else { '?' };
    format!("{endpoint}{joint}{}", pairs.join("&"))
}
