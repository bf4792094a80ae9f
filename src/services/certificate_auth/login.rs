//! The log in itself, and requests that need none.

use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use serde::Deserialize;

use super::CertificateAuth;
use super::certificate::Certificate;
use super::role::{CompiledRole, Role};
use crate::access::authenticate::vouch::{Visitor, Vouch, Vouched, Vouching};
use crate::access::authenticate::{Arrival, Metadata};
use crate::base::ident::Ident;
use crate::data::deserialize::from_data;
use crate::data::path::InstancePath;
use crate::data::tree::Container;
use crate::engine::{ActionContext, ActionError};
use crate::services::login::{Guest, Knock, Tuning};
use crate::services::token::IssuedToken;
use crate::yang::schema::Value;

/// A token without a user is called by its accessor, with this in front; so no user can be called like that.
const RESERVED_PREFIX: &str = "token:";

/// Input of `certificate-login`.
#[derive(Deserialize)]
pub struct LoginInput {
    tenant: Option<Ident>,
    role: Option<Ident>,
}

/// A certificate that was shown, and what came with it.
struct Shown<'a> {
    certificate: Certificate,
    chain: &'a [CertificateDer<'static>],
}

/// A role that a certificate is good for.
struct Found {
    guest: Guest,
    path: InstancePath,
    entry: Arc<Container>,
}

impl Vouch for CertificateAuth {
    fn vouch<'a>(&'a self, visitor: Visitor<'a>) -> Vouching<'a> {
        Box::pin(self.vouch_for(visitor))
    }
}

impl CertificateAuth {
    pub(super) async fn login(
        &self,
        context: ActionContext,
        input: LoginInput,
    ) -> Result<IssuedToken, ActionError> {
        let tenant = input.tenant.unwrap_or_else(|| context.tenant.clone());
        let who = format!("certificate/{}", input.role.as_deref().unwrap_or("-"));
        let knock = Knock::begin_signed(&context, &self.access, tenant, &who)?;
        let shown = match shown(&context) {
            Ok(shown) => shown,
            Err(reason) => return Err(knock.refuse(reason).await),
        };
        match self.find(&knock, &shown, input.role.as_ref(), |_| true)? {
            Ok(found) => knock.let_in(found.guest).await,
            Err(reason) => Err(knock.refuse(reason).await),
        }
    }

    async fn vouch_for<'a>(&'a self, visitor: Visitor<'a>) -> Result<Vouched<'a>, ActionError> {
        let Visitor { context, access, turn, .. } = visitor;
        let knock = Knock::begin_signed(context, access, context.tenant.clone(), "certificate/-")?;
        let knock = knock.in_turn(turn);
        let shown = match shown(context) {
            Ok(shown) => shown,
            Err(reason) => return Err(knock.refuse(reason).await),
        };
        match self.find(&knock, &shown, None, |role| role.requests)? {
            Ok(Found { guest, path, entry }) => {
                let mut vouched = knock.vouch(guest, vec![(path, entry)]).await?;
                vouched.until = Some(shown.certificate.not_after);
                Ok(vouched)
            }
            Err(reason) => Err(knock.refuse(reason).await),
        }
    }

    /// The role of that name if a certificate is good for it, or the first one that it is good for and that is `wanted`;
    /// says why there is none.
    fn find(
        &self,
        knock: &Knock<'_>,
        shown: &Shown<'_>,
        name: Option<&Ident>,
        wanted: impl Fn(&CompiledRole) -> bool,
    ) -> Result<Result<Found, &'static str>, ActionError> {
        let (context, tenant) = (knock.context, &knock.tenant);
        let Some(data) = context.snapshot.tenant(tenant) else { return Ok(Err("no such tenant")) };
        let mut reason = "no role is for the certificate";
        for entry in data.tree.list(&self.roles).into_iter().flat_map(|list| list.iter()) {
            let Some(Value::String(own)) = entry.key(context.engine.schema()).into_iter().next() else {
                continue;
            };
            let own = Ident::from(&*own);
            if name.is_some_and(|name| *name != own) {
                continue;
            }
            let role = self.compiled(context, tenant, &own, entry)?;
            if !wanted(&role) {
                continue;
            }
            let user = role.user(&shown.certificate, shown.chain, context.now).and_then(|user| {
                let is_from = knock.is_from(&role.parameters.token_bound_cidrs);
                is_from.then_some(user).ok_or("not from this address")
            });
            match user {
                Ok(user) if user.starts_with(RESERVED_PREFIX) => {
                    reason = "the user's name begins with 'token:'";
                }
                Ok(user) => {
                    let path = self.roles.entry([Value::string(&*own)]);
                    let guest = guest(&user, own, &role, path.clone());
                    return Ok(Ok(Found { guest, path, entry: Arc::clone(entry) }));
                }
                Err(why) => reason = why,
            }
        }
        Ok(Err(reason))
    }

    fn compiled(
        &self,
        context: &ActionContext,
        tenant: &Ident,
        name: &Ident,
        entry: &Arc<Container>,
    ) -> Result<Arc<CompiledRole>, ActionError> {
        let compile = || {
            let role: Role = from_data(context.engine.schema(), entry).map_err(|error| error.to_string())?;
            CompiledRole::new(role)
        };
        self.compiled
            .get(&(tenant.clone(), name.clone()), &[entry], compile)
            .map_err(|reason| ActionError::Internal(format!("a role cannot be read: {reason}")))
    }
}

fn shown(context: &ActionContext) -> Result<Shown<'_>, &'static str> {
    let chain = context.client.certificate.as_deref().ok_or("the connection has no client certificate")?;
    let certificate = chain.first().and_then(Certificate::read).ok_or("the certificate cannot be read")?;
    Ok(Shown { certificate, chain })
}

fn guest(user: &str, name: Ident, role: &CompiledRole, source: InstancePath) -> Guest {
    let mut metadata = role.metadata.clone();
    metadata.push(Metadata { name: Ident::from("role"), value: name.clone() });
    let arrival = Arrival {
        accessor: Ident::from("certificate-auth"),
        alias: Ident::from(user),
        metadata: metadata.clone(),
        groups: None,
    };
    Guest {
        user: Some(Ident::from(user)),
        display_name: Some(name),
        method: "certificate",
        parameters: role.parameters.clone(),
        arrival: Some(arrival),
        tuning: Tuning::default(),
        source: Some(source),
        mount: None,
        metadata,
        edits: Vec::new(),
        approve: None,
    }
}
