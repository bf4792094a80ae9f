//! What the model cannot say of issuers and roles: that keys can be read, that URLs are ones that are fetched, that values
//! are of their type. Found when it is written, not when somebody logs in.

use super::compile::{CompiledIssuer, CompiledRole, Fault, IssuerKeys};
use super::model::{Issuer, Role};
use crate::base::error::ErrorTag;
use crate::data::deserialize::from_data;
use crate::data::violation::Violation;
use crate::engine::GuardContext;
use crate::services::jwt_verify::KeySource;
use crate::services::jwt_verify::fetch::{check, check_authorities};

/// A guard for issuers.
pub fn check_issuer(context: &GuardContext<'_>) -> Vec<Violation> {
    // An entry that is not what the model wants is refused by validation, with a better reason than any from here.
    let Some(issuer) = context.entry_after.and_then(|entry| from_data::<Issuer>(context.schema, entry).ok())
    else {
        return Vec::new();
    };
    let mut faults = Vec::new();
    match CompiledIssuer::new(issuer) {
        Err(fault) => faults.push(fault),
        Ok(Some(CompiledIssuer { keys: IssuerKeys::Remote(sources, _), .. })) => {
            for source in &sources {
                let (leaf, site) = match source {
                    KeySource::Jwks(site) => ("jwks-url", site),
                    KeySource::Discovery(site) => ("oidc-discovery-url", site),
                };
                if let Err(error) = check(site) {
                    faults.push(Fault { leaf, message: error.to_string() });
                }
                if let Some(Err(error)) = site.authorities.as_deref().map(check_authorities) {
                    faults.push(Fault { leaf: "ca-pem", message: error.to_string() });
                }
            }
        }
        Ok(_) => {}
    }
    faults.into_iter().map(|fault| violation(context, fault)).collect()
}

/// A guard for roles.
pub fn check_role(context: &GuardContext<'_>) -> Vec<Violation> {
    let Some(role) = context.entry_after.and_then(|entry| from_data::<Role>(context.schema, entry).ok())
    else {
        return Vec::new();
    };
    CompiledRole::new(role).err().map(|fault| violation(context, fault)).into_iter().collect()
}

fn violation(context: &GuardContext<'_>, fault: Fault) -> Violation {
    let mut path = context.path.clone();
    let name = if fault.leaf == "values" { "bound-claims" } else { fault.leaf };
    if let Some(leaf) = context.schema.own_child(path.target(), name) {
        path.push(leaf, Vec::new());
    }
    Violation::new(ErrorTag::InvalidValue, path, format!("{}: {}", fault.leaf, fault.message))
}
