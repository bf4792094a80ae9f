//! Why a request about subscriptions is refused: the identities of RFC 8639 section 2.4.6 and of RFC 8641, with the
//! error-tags and the places for hints that RFC 8650 section 3.3 has for them.

use serde_json::{Map, Value as Json};

use crate::base::error::ErrorTag;
use crate::data::violation::Violation;
use crate::engine::{ActionContext, ActionError};
use crate::services::input::fault;

/// An identity of an error. What the RFCs have beside these cannot happen here: every form of notifications that the model
/// knows can be had, so can replay, and the whole can always be sent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The filter is wrong, or refers to nothing.
    FilterUnsupported,
    /// There are as many subscriptions as there can be.
    InsufficientResources,
    /// The caller has none of that number.
    NoSuchSubscription,
    /// Everything would be left out.
    CantExclude,
    /// There is no such datastore.
    DatastoreNotSubscribable,
    /// The caller has none of that number that tells of changes.
    NoSuchSubscriptionResync,
    /// What is selected is computed when it is read.
    OnChangeUnsupported,
    /// Too often.
    PeriodUnsupported,
    /// What would be sent at the beginning, or again, is too much.
    SyncTooBig,
    /// What would be sent each time is too much.
    UpdateTooBig,
}

impl Reason {
    /// The identity with its module.
    pub fn identity(self) -> &'static str {
        match self {
            Reason::FilterUnsupported => "ietf-subscribed-notifications:filter-unsupported",
            Reason::InsufficientResources => "ietf-subscribed-notifications:insufficient-resources",
            Reason::NoSuchSubscription => "ietf-subscribed-notifications:no-such-subscription",
            Reason::CantExclude => "ietf-yang-push:cant-exclude",
            Reason::DatastoreNotSubscribable => "ietf-yang-push:datastore-not-subscribable",
            Reason::NoSuchSubscriptionResync => "ietf-yang-push:no-such-subscription-resync",
            Reason::OnChangeUnsupported => "ietf-yang-push:on-change-unsupported",
            Reason::PeriodUnsupported => "ietf-yang-push:period-unsupported",
            Reason::SyncTooBig => "ietf-yang-push:sync-too-big",
            Reason::UpdateTooBig => "ietf-yang-push:update-too-big",
        }
    }

    fn tag(self) -> ErrorTag {
        match self {
            Reason::InsufficientResources => ErrorTag::ResourceDenied,
            Reason::CantExclude | Reason::OnChangeUnsupported => ErrorTag::OperationNotSupported,
            Reason::SyncTooBig | Reason::UpdateTooBig => ErrorTag::TooBig,
            _ => ErrorTag::InvalidValue,
        }
    }
}

/// The operations about subscriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Establish,
    Modify,
    Delete,
    Kill,
    Resync,
}

impl Operation {
    /// Its name in the model.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Establish => "establish-subscription",
            Operation::Modify => "modify-subscription",
            Operation::Delete => "delete-subscription",
            Operation::Kill => "kill-subscription",
            Operation::Resync => "resync-subscription",
        }
    }

    /// The structure in which it answers hints.
    fn hints(self, is_data: bool) -> &'static str {
        match (self, is_data) {
            (Operation::Establish, false) => {
                "ietf-subscribed-notifications:establish-subscription-stream-error-info"
            }
            (Operation::Establish, true) => "ietf-yang-push:establish-subscription-datastore-error-info",
            (Operation::Modify, false) => {
                "ietf-subscribed-notifications:modify-subscription-stream-error-info"
            }
            (Operation::Modify, true) => "ietf-yang-push:modify-subscription-datastore-error-info",
            (Operation::Delete | Operation::Kill, _) => {
                "ietf-subscribed-notifications:delete-subscription-error-info"
            }
            (Operation::Resync, _) => "ietf-yang-push:resync-subscription-error",
        }
    }
}

/// What is wrong with a request, before it is known whose operation it was.
#[derive(Debug)]
pub struct Wrong {
    /// `None` for what is wrong with values, for which there is no identity.
    pub reason: Option<Reason>,
    /// The leaf of the input.
    pub leaf: Option<&'static str>,
    pub message: String,
    /// What could be asked for instead.
    pub hints: Map<String, Json>,
}

impl Wrong {
    /// A fault of a leaf that an identity stands for.
    pub fn new(reason: Reason, leaf: &'static str, message: impl Into<String>) -> Self {
        Wrong { reason: Some(reason), leaf: Some(leaf), message: message.into(), hints: Map::new() }
    }

    /// A value that cannot be.
    pub fn value(leaf: Option<&'static str>, message: impl Into<String>) -> Self {
        Wrong { reason: None, leaf, message: message.into(), hints: Map::new() }
    }

    /// With a hint.
    #[must_use]
    pub fn hint(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.hints.insert(name.to_owned(), value.into());
        self
    }

    /// As the answer to an operation.
    pub fn of(self, context: &ActionContext, operation: Operation, is_data: bool) -> ActionError {
        let violation = fault(context, operation.name(), self.leaf, self.message);
        let Some(reason) = self.reason else { return ActionError::Invalid(vec![violation]) };
        let mut violation = Violation { tag: reason.tag(), ..violation }.app_tag(reason.identity());
        if !self.hints.is_empty() {
            violation = violation.info(operation.hints(is_data), self.hints);
        }
        match reason {
            Reason::NoSuchSubscription | Reason::NoSuchSubscriptionResync => {
                ActionError::Missing(Box::new(violation))
            }
            Reason::CantExclude | Reason::OnChangeUnsupported => {
                ActionError::Unsupported(Box::new(violation))
            }
            _ => ActionError::Invalid(vec![violation]),
        }
    }
}

/// There is no subscription of that number, or it is not the caller's.
pub fn no_such(context: &ActionContext, operation: Operation) -> ActionError {
    let message = "you have no subscription of that number";
    Wrong::new(Reason::NoSuchSubscription, "id", message).of(context, operation, false)
}
