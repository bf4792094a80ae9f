//! A role as rules: compiled once when the role changes, then held against request after request.
//!
//! Every rule is tried and every reason listed, each with the leaf of the input that it is about. Pure: neither clock
//! nor key; [`super::mint`] turns what passes into a token.

use std::collections::HashMap;

use super::claims::{self, ClaimRule, ExtraClaim, listed};
use super::glob::GlobSet;
use super::model::{Issuer, MintInput, Role};
use super::template::{Template, TemplateError, Variables};
use crate::base::duration::Duration;
use crate::data::violation::shorten;

/// The claims that the issuer sets itself (RFC 7519 section 4.1) and nobody else may.
pub const REGISTERED: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// So many extra claims are refused one by one; of more, only the number is told. A request can hold thousands.
const MOST_CLAIMS: usize = 64;

/// A compiled role.
#[derive(Debug)]
pub struct Rules {
    allowed_audiences: GlobSet,
    audience_patterns: Vec<String>,
    default_audiences: Vec<String>,
    require_audience: bool,
    subject: SubjectRule,
    default_ttl: Duration,
    role_max_ttl: Option<Duration>,
    issuer_max_ttl: Duration,
    fixed: Vec<Fixed>,
    allowed: HashMap<String, ClaimRule>,
    required: Vec<String>,
}

#[derive(Debug)]
enum SubjectRule {
    /// `subject-template`.
    Template(Template),
    /// `allowed-subject-patterns`.
    Patterns { globs: GlobSet, patterns: Vec<String> },
    /// Neither: who calls is who it is about.
    Caller,
}

#[derive(Debug)]
struct Fixed {
    name: String,
    value: Template,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// What variables stand for.
    pub variables: Variables<'a>,
    /// The public name of the caller's token.
    pub accessor: Option<&'a str>,
}

impl Asker<'_> {
    /// The subject where a role leaves none to choose: `TENANT/USER`, or `TENANT/token:ACCESSOR` for a token that belongs
    /// to no user. A user's name has no colon, so the one is never taken for the other.
    pub fn identity(&self) -> String {
        let Variables { tenant, username, .. } = self.variables;
        match (username, self.accessor) {
            (Some(user), _) => format!("{tenant}/{user}"),
            (None, Some(accessor)) => format!("{tenant}/token:{accessor}"),
            (None, None) => format!("{tenant}/token:"),
        }
    }
}

/// One reason why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The leaf of the input that it is about; `None` where it is about none of them.
    pub leaf: Option<&'static str>,
    /// A sentence with the value found and what is allowed.
    pub message: String,
}

impl Refusal {
    fn new(leaf: &'static str, message: String) -> Self {
        Refusal { leaf: Some(leaf), message }
    }
}

/// A request that passed: everything that goes into the token besides issuer and times.
#[derive(Debug)]
pub struct Granted {
    /// `sub`.
    pub subject: String,
    /// `aud`, without repetitions.
    pub audiences: Vec<String>,
    /// From `iat` to `exp`.
    pub ttl: Duration,
    /// Fixed claims with their values, in the role's order.
    pub fixed: Vec<(String, String)>,
    /// Extra claims, in the caller's order.
    pub extra: Vec<ExtraClaim>,
}

impl Rules {
    /// Compiles a role under its issuer.
    ///
    /// # Errors
    /// [`TemplateError`] for a template that the model should not have let through.
    pub fn compile(role: &Role, issuer: &Issuer) -> Result<Self, TemplateError> {
        let globs = |patterns: &[String]| patterns.iter().map(String::as_str).collect::<GlobSet>();
        let subject = match &role.subject_template {
            Some(template) => SubjectRule::Template(Template::parse(template)?),
            None if role.allowed_subject_patterns.is_empty() => SubjectRule::Caller,
            None => SubjectRule::Patterns {
                globs: globs(&role.allowed_subject_patterns),
                patterns: role.allowed_subject_patterns.clone(),
            },
        };
        let fixed = role
            .fixed_claims
            .iter()
            .map(|claim| Ok(Fixed { name: claim.name.clone(), value: Template::parse(&claim.value)? }))
            .collect::<Result<_, TemplateError>>()?;
        let allowed = role.allowed_claims.iter().map(|claim| {
            let rule = ClaimRule {
                kind: claim.kind,
                values: globs(&claim.allowed_values),
                patterns: claim.allowed_values.clone(),
            };
            (claim.name.clone(), rule)
        });
        let cap = role.max_ttl.map_or(issuer.max_ttl, |own| own.min(issuer.max_ttl));
        Ok(Rules {
            allowed_audiences: globs(&role.allowed_audiences),
            audience_patterns: role.allowed_audiences.clone(),
            default_audiences: distinct(&role.default_audiences),
            require_audience: role.require_audience,
            subject,
            // A default is not a wish that could be refused: it gives way to the cap.
            default_ttl: role.default_ttl.unwrap_or(issuer.default_ttl).min(cap),
            role_max_ttl: role.max_ttl,
            issuer_max_ttl: issuer.max_ttl,
            fixed,
            allowed: allowed.collect(),
            required: role.required_claims.clone(),
        })
    }

    /// Holds a request against the role.
    ///
    /// # Errors
    /// Every reason against it, at least one.
    pub fn check(&self, input: &MintInput, asker: &Asker<'_>) -> Result<Granted, Vec<Refusal>> {
        let mut reasons = Vec::new();
        let audiences = self.audiences(input, &mut reasons);
        let subject = self.subject(input.subject.as_deref(), asker, &mut reasons);
        let ttl = self.ttl(input.ttl, &mut reasons);
        let fixed = self.fixed_claims(asker, &mut reasons);
        let extra = self.extra_claims(input.extra_claims.as_deref(), &mut reasons);
        self.required_claims(&audiences, &extra, &mut reasons);
        match subject {
            Some(subject) if reasons.is_empty() => Ok(Granted { subject, audiences, ttl, fixed, extra }),
            _ => Err(reasons),
        }
    }

    fn audiences(&self, input: &MintInput, reasons: &mut Vec<Refusal>) -> Vec<String> {
        if input.audiences.is_empty() {
            if self.default_audiences.is_empty() && self.require_audience {
                reasons.push(Refusal::new(
                    "audiences",
                    "an audience is required: the request names none, and the role has no default-audiences"
                        .to_owned(),
                ));
            }
            return self.default_audiences.clone();
        }
        for audience in &input.audiences {
            if let Some(allowed) = self.audience_problem(audience) {
                let message = format!("audience '{}' is not allowed; {allowed}", shorten(audience));
                reasons.push(Refusal::new("audiences", message));
            }
        }
        distinct(&input.audiences)
    }

    /// What is allowed instead, when `audience` is not.
    fn audience_problem(&self, audience: &str) -> Option<String> {
        if !self.allowed_audiences.is_empty() {
            return (!self.allowed_audiences.matches(audience))
                .then(|| format!("allowed-audiences are {}", listed(&self.audience_patterns)));
        }
        if self.default_audiences.is_empty() {
            return Some("the role allows none".to_owned());
        }
        // Without allowed-audiences the defaults are all that the role ever lets through.
        (!self.default_audiences.iter().any(|default| default == audience))
            .then(|| format!("the role allows its default-audiences {}", listed(&self.default_audiences)))
    }

    fn subject(&self, given: Option<&str>, asker: &Asker<'_>, reasons: &mut Vec<Refusal>) -> Option<String> {
        let mut refuse = |message: String| {
            reasons.push(Refusal::new("subject", message));
            None
        };
        match &self.subject {
            SubjectRule::Template(template) => match (template.expand(&asker.variables), given) {
                (Err(error), _) => {
                    refuse(format!("the role's subject-template '{template}' cannot be expanded: {error}"))
                }
                (Ok(expanded), Some(given)) if *given != *expanded => refuse(format!(
                    "subject '{}' is not allowed; the role's subject-template gives '{}'",
                    shorten(given),
                    shorten(&expanded)
                )),
                (Ok(expanded), _) => Some(expanded),
            },
            SubjectRule::Patterns { globs, patterns } => match given {
                Some(given) if globs.matches(given) => Some(given.to_owned()),
                Some(given) => refuse(format!(
                    "subject '{}' is not allowed; allowed-subject-patterns are {}",
                    shorten(given),
                    listed(patterns)
                )),
                None => refuse(format!(
                    "a subject is required; allowed-subject-patterns are {}",
                    listed(patterns)
                )),
            },
            SubjectRule::Caller => match given {
                None => Some(asker.identity()),
                Some(given) => refuse(format!(
                    "subject '{}' is not allowed: the role has neither subject-template nor \
                     allowed-subject-patterns, so the subject is the caller's own identity and none may be given",
                    shorten(given)
                )),
            },
        }
    }

    fn ttl(&self, wanted: Option<Duration>, reasons: &mut Vec<Refusal>) -> Duration {
        let Some(wanted) = wanted else { return self.default_ttl };
        if wanted == Duration::default() {
            reasons.push(Refusal::new("ttl", "ttl '0s' is not allowed; it must be at least 1s".to_owned()));
        }
        let caps = [("role", self.role_max_ttl), ("issuer", Some(self.issuer_max_ttl))];
        for (whose, cap) in caps {
            if let Some(cap) = cap.filter(|cap| wanted > *cap) {
                let message = format!("ttl '{wanted}' is not allowed; the {whose}'s max-ttl is {cap}");
                reasons.push(Refusal::new("ttl", message));
            }
        }
        wanted
    }

    fn fixed_claims(&self, asker: &Asker<'_>, reasons: &mut Vec<Refusal>) -> Vec<(String, String)> {
        let mut claims = Vec::with_capacity(self.fixed.len());
        for Fixed { name, value } in &self.fixed {
            match value.expand(&asker.variables) {
                Ok(expanded) => claims.push((name.clone(), expanded)),
                Err(error) => {
                    let message =
                        format!("the fixed claim '{name}' with the value '{value}' cannot be made: {error}");
                    reasons.push(Refusal { leaf: None, message });
                }
            }
        }
        claims
    }

    fn extra_claims(&self, text: Option<&str>, reasons: &mut Vec<Refusal>) -> Vec<ExtraClaim> {
        let mut refuse = |message| reasons.push(Refusal::new("extra-claims", message));
        let claims = match claims::read(text.unwrap_or_default()) {
            Ok(claims) => claims,
            Err(message) => {
                refuse(message);
                return Vec::new();
            }
        };
        let mut problems = claims.iter().filter_map(|claim| self.claim_problem(claim));
        problems.by_ref().take(MOST_CLAIMS).for_each(&mut refuse);
        match problems.count() {
            0 => {}
            more => refuse(format!("{more} further claims are not allowed either")),
        }
        claims
    }

    fn claim_problem(&self, claim: &ExtraClaim) -> Option<String> {
        let name = claim.name.as_str();
        let refused = |why: &str| {
            let (name, value) = (shorten(name), shorten(&claim.json));
            Some(format!("claim '{name}' with the value {value} is not allowed; {why}"))
        };
        if REGISTERED.contains(&name) {
            return refused("the issuer sets it");
        }
        if self.fixed.iter().any(|fixed| fixed.name == name) {
            return refused("the role fixes it");
        }
        match self.allowed.get(name) {
            Some(rule) => rule.check(claim).err(),
            None if self.allowed.is_empty() => refused("the role allows no extra claims"),
            None => {
                let mut known: Vec<String> = self.allowed.keys().cloned().collect();
                known.sort();
                refused(&format!("allowed-claims are {}", listed(&known)))
            }
        }
    }

    fn required_claims(&self, audiences: &[String], extra: &[ExtraClaim], reasons: &mut Vec<Refusal>) {
        for name in &self.required {
            let present = match name.as_str() {
                "iss" | "sub" | "iat" | "exp" => true,
                "aud" => !audiences.is_empty(),
                _ => {
                    self.fixed.iter().any(|fixed| fixed.name == *name)
                        || extra.iter().any(|claim| claim.name == *name)
                }
            };
            if !present {
                let leaf = if name == "aud" { "audiences" } else { "extra-claims" };
                reasons.push(Refusal::new(
                    leaf,
                    format!("claim '{}' is required by the role and missing", shorten(name)),
                ));
            }
        }
    }
}

/// The values without repetitions, in their order.
fn distinct(values: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(values.len());
    for value in values {
        if !kept.contains(value) {
            kept.push(value.clone());
        }
    }
    kept
}

#[cfg(test)]
pub(crate) mod tests;
