//! The actions on a role: its secret ids are made, looked up and destroyed.

use super::model::{GenerateInput, GenerateOutput, LookupOutput, Role, SecretIdFacts, Which};
use super::secret_id::{accessor, generate, hash};
use super::{AppRoles, below, secret_id_of};
use crate::access::authenticate::live::parse_network;
use crate::base::duration::Duration;
use crate::base::ident::Ident;
use crate::data::decode::from_serde;
use crate::data::edit::{Edit, EditOperation};
use crate::data::violation::Violation;
use crate::engine::{ActionContext, ActionError};
use crate::services::input::fault;
use crate::services::token::{Origin, commit};

impl AppRoles {
    /// Makes a secret id within what its role allows.
    pub(super) async fn generate(
        &self,
        context: ActionContext,
        input: GenerateInput,
    ) -> Result<GenerateOutput, ActionError> {
        let role: Role = context.get(&context.path)?;
        let mut faults = Vec::new();
        let ttl = ttl(&context, &role, input.ttl, &mut faults);
        let num_uses = num_uses(&context, &role, input.num_uses, &mut faults);
        check_networks(&context, &role, &input.bound_cidrs, &mut faults);
        if !role.bind_secret_id {
            let message = "the role does without secret ids: its bind-secret-id is false".to_owned();
            faults.push(fault(&context, "generate-secret-id", None, message));
        }
        if !faults.is_empty() {
            return Err(ActionError::Invalid(faults));
        }
        let secret = generate().map_err(|error| ActionError::Unavailable(error.to_string()))?;
        let facts = SecretIdFacts {
            accessor: Ident::from(accessor(&secret)),
            creation_time: context.now,
            expires: ttl
                .map(|ttl| context.now.plus_seconds(i64::try_from(ttl.seconds()).unwrap_or(i64::MAX))),
            num_uses: (num_uses > 0).then_some(num_uses),
            bound_cidrs: input.bound_cidrs,
            metadata: input.metadata,
            secret_id_hash: Some(hash(&secret)),
        };
        let schema = context.engine.schema();
        let list = below(schema, &context.path, "secret-ids")?;
        let entry = from_serde(schema, list, &facts).map_err(|violations| {
            let reasons: Vec<&str> = violations.iter().map(|violation| violation.message.as_str()).collect();
            ActionError::Internal(format!("a secret id does not fit the model: {}", reasons.join("; ")))
        })?;
        let path = secret_id_of(schema, &context.path, &facts.accessor)?;
        let edit = Edit::new(path, EditOperation::Create, entry);
        commit(&context.engine, context.tenant.clone(), vec![edit], Origin::of(&context)).await?;
        Ok(GenerateOutput {
            secret_id: (!context.validate_only).then_some(secret),
            expires_in: facts.expires_in(context.now),
            accessor: facts.accessor,
            expires: facts.expires,
            num_uses: facts.num_uses,
        })
    }

    /// Tells what is known of a secret id.
    pub(super) fn lookup(&self, context: &ActionContext, which: &Which) -> Result<LookupOutput, ActionError> {
        let mut facts = self.find(context, which, "lookup-secret-id")?;
        facts.secret_id_hash = None;
        Ok(LookupOutput { expires_in: facts.expires_in(context.now), facts })
    }

    /// Ends a secret id.
    pub(super) async fn destroy(&self, context: ActionContext, which: Which) -> Result<(), ActionError> {
        let facts = self.find(&context, &which, "destroy-secret-id")?;
        let path = secret_id_of(context.engine.schema(), &context.path, &facts.accessor)?;
        let edit = Edit::without_value(path, EditOperation::Remove);
        commit(&context.engine, context.tenant.clone(), vec![edit], Origin::of(&context)).await
    }

    fn find(
        &self,
        context: &ActionContext,
        which: &Which,
        action: &str,
    ) -> Result<SecretIdFacts, ActionError> {
        let invalid = |leaf: Option<&str>, message: &str| {
            ActionError::Invalid(vec![fault(context, action, leaf, message.to_owned())])
        };
        let (accessor, leaf) = match (&which.accessor, &which.secret_id) {
            (Some(accessor), None) => (accessor.clone(), "accessor"),
            (None, Some(secret)) => (Ident::from(accessor(secret)), "secret-id"),
            _ => return Err(invalid(None, "either accessor or secret-id says which one is meant")),
        };
        // A role that is gone has no secret ids either.
        let _role: Role = context.get(&context.path)?;
        let path = secret_id_of(context.engine.schema(), &context.path, &accessor)?;
        context.get(&path).map_err(|error| match error {
            ActionError::NotFound => invalid(Some(leaf), "the role has no such secret id"),
            other => other,
        })
    }
}

fn ttl(
    context: &ActionContext,
    role: &Role,
    wanted: Option<Duration>,
    faults: &mut Vec<Violation>,
) -> Option<Duration> {
    let refused = match (wanted, role.secret_id_ttl) {
        (Some(wanted), _) if wanted.seconds() == 0 => {
            Some("ttl '0s' is not allowed; the shortest is one second".to_owned())
        }
        (Some(wanted), Some(most)) if wanted > most => {
            Some(format!("ttl '{wanted}' is not allowed; the role's secret-id-ttl is {most}"))
        }
        _ => None,
    };
    faults.extend(refused.map(|message| fault(context, "generate-secret-id", Some("ttl"), message)));
    wanted.or(role.secret_id_ttl)
}

fn num_uses(context: &ActionContext, role: &Role, wanted: Option<u32>, faults: &mut Vec<Violation>) -> u32 {
    let most = role.secret_id_num_uses;
    let wanted = wanted.unwrap_or(most);
    if most > 0 && (wanted == 0 || wanted > most) {
        let message = format!("num-uses '{wanted}' is not allowed; the role's secret-id-num-uses is {most}");
        faults.push(fault(context, "generate-secret-id", Some("num-uses"), message));
    }
    wanted
}

fn check_networks(context: &ActionContext, role: &Role, wanted: &[Ident], faults: &mut Vec<Violation>) {
    let outer: Vec<_> = role.secret_id_bound_cidrs.iter().filter_map(|text| parse_network(text)).collect();
    for text in wanted {
        let message = match parse_network(text) {
            None => format!("'{text}' is neither an address nor a network"),
            Some(inner) if !outer.is_empty() && !outer.iter().any(|outer| outer.contains(&inner)) => {
                format!("{text} is not within the role's secret-id-bound-cidrs")
            }
            Some(_) => continue,
        };
        faults.push(fault(context, "generate-secret-id", Some("bound-cidrs"), message));
    }
}
