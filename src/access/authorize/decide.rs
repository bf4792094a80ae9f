//! A decision and its reason: what a caller's policies and the limits of its tenant say of one request.

use std::sync::Arc;

use super::book::Authority;
use super::compile::{CompiledPolicy, Ruling, Segment};
use super::policy::{PolicyOperation, Verdict};
use super::segments;
use crate::base::ident::Ident;
use crate::data::path::InstancePath;
use crate::yang::schema::NodeId;

/// Nodes that a read does not show. Cheap to clone; usually empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hidden(Option<Arc<[NodeId]>>);

impl Hidden {
    /// Whether nothing is hidden.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether the node is hidden.
    pub fn contains(&self, node: NodeId) -> bool {
        self.nodes().binary_search(&node).is_ok()
    }

    /// The hidden nodes, ascending.
    pub fn nodes(&self) -> &[NodeId] {
        self.0.as_deref().unwrap_or_default()
    }

    /// The same, to be kept elsewhere.
    pub fn shared(&self) -> Arc<[NodeId]> {
        self.0.clone().unwrap_or_default()
    }

    /// What both hide: two grants add up, so what either shows is shown.
    #[must_use]
    pub fn both(&self, other: &Hidden) -> Hidden {
        if self == other {
            return self.clone();
        }
        self.nodes().iter().copied().filter(|node| other.contains(*node)).collect()
    }

    /// What either hides: a limit takes out what it hides, whatever the caller's own policies show.
    #[must_use]
    pub fn either(&self, other: &Hidden) -> Hidden {
        if other.is_empty() || self == other {
            return self.clone();
        }
        self.nodes().iter().chain(other.nodes()).copied().collect()
    }
}

impl FromIterator<NodeId> for Hidden {
    fn from_iter<I: IntoIterator<Item = NodeId>>(nodes: I) -> Self {
        let mut nodes: Vec<NodeId> = nodes.into_iter().collect();
        nodes.sort_unstable();
        nodes.dedup();
        Hidden((!nodes.is_empty()).then(|| nodes.into()))
    }
}

/// Why a decision is as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A rule of one of the caller's policies said so.
    Rule {
        /// The policy.
        policy: Ident,
        /// The path of the rule, as written.
        rule: Ident,
    },
    /// A rule of one of the caller's policies allows it on the path, and hides what is there.
    Hidden {
        /// The policy.
        policy: Ident,
        /// The path of the rule, as written.
        rule: Ident,
    },
    /// No rule of any of the caller's policies speaks of this operation on this path.
    Silence,
    /// The caller's policies allow it, and the limits of its tenant do not.
    Limit,
}

/// Whether a request may go on, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// May it?
    pub allowed: bool,
    /// Why, or why not.
    pub reason: Reason,
    /// For an allowed read: what is not shown.
    pub hide: Hidden,
}

impl Decision {
    /// The rule that decided and the policy that it is from, when a rule did.
    pub fn rule(&self) -> Option<(&Ident, &Ident)> {
        match &self.reason {
            Reason::Rule { policy, rule } | Reason::Hidden { policy, rule } => Some((policy, rule)),
            Reason::Silence | Reason::Limit => None,
        }
    }
}

/// One sentence for a refusal or a test command: which rule of which policy decided.
impl std::fmt::Display for Decision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = if self.allowed { "allowed" } else { "refused" };
        match &self.reason {
            Reason::Rule { policy, rule } => write!(f, "{word} by rule '{rule}' of policy '{policy}'"),
            Reason::Hidden { policy, rule } => {
                write!(f, "{word}: rule '{rule}' of policy '{policy}' hides it")
            }
            Reason::Silence => write!(f, "{word}: no rule of the caller's policies allows it"),
            Reason::Limit => write!(f, "{word}: it is outside the limits of the tenant"),
        }
    }
}

impl Authority {
    /// Decides about one operation on an instance. To create an entry is allowed on its own path or, where no rule speaks
    /// of that, on the path of its list: that is where a POST goes.
    pub fn may(&self, operation: PolicyOperation, path: &InstancePath) -> Decision {
        let decision = self.decide(operation, segments(path));
        let of_entry = operation == PolicyOperation::Create && !path.keys().is_empty();
        if of_entry && decision.reason == Reason::Silence {
            let list = path.entry(Vec::new());
            return self.decide(operation, segments(&list));
        }
        decision
    }

    /// Decides about one operation on one path.
    pub fn decide<'a, P>(&self, operation: PolicyOperation, path: P) -> Decision
    where
        P: IntoIterator<Item = Segment<'a>>,
        P::IntoIter: Clone,
    {
        let path = path.into_iter();
        let own = decide_by(&self.policies, operation, path.clone());
        let Some(limits) = self.limits.as_ref().filter(|_| own.allowed) else { return own };
        let limit = decide_by(limits, operation, path);
        if limit.allowed {
            Decision { hide: own.hide.either(&limit.hide), ..own }
        } else {
            Decision { allowed: false, reason: Reason::Limit, hide: Hidden::default() }
        }
    }
}

fn decide_by<'a>(
    policies: &[Arc<CompiledPolicy>],
    operation: PolicyOperation,
    path: impl Iterator<Item = Segment<'a>> + Clone,
) -> Decision {
    let mut allowing: Option<(&CompiledPolicy, Ruling)> = None;
    let mut rejecting: Option<(&CompiledPolicy, Ruling)> = None;
    for policy in policies {
        let followed = policy.follow(operation, path.clone());
        let Some(ruling) = policy.ruling(&followed.states, operation) else { continue };
        match (ruling.allows(followed.shut), &mut allowing) {
            (true, Some((_, first))) => first.hidden = first.hidden.both(&ruling.hidden),
            (true, None) => allowing = Some((policy, ruling)),
            (false, _) => rejecting = rejecting.or(Some((policy, ruling))),
        }
        // Nothing that follows could show more.
        if allowing
            .as_ref()
            .is_some_and(|(_, first)| operation != PolicyOperation::Read || first.hidden.is_empty())
        {
            break;
        }
    }
    let allowed = allowing.is_some();
    match allowing.or(rejecting) {
        Some((policy, ruling)) => Decision {
            allowed,
            reason: {
                let (name, rule) = (policy.name.clone(), policy.rule_path(ruling.rule));
                match ruling.verdict {
                    Verdict::Allow if !allowed => Reason::Hidden { policy: name, rule },
                    _ => Reason::Rule { policy: name, rule },
                }
            },
            hide: if allowed && operation == PolicyOperation::Read {
                ruling.hidden
            } else {
                Hidden::default()
            },
        },
        None => Decision { allowed: false, reason: Reason::Silence, hide: Hidden::default() },
    }
}
