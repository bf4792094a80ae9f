//! What of a subtree a caller may read or change, found out while walking down into it.
//!
//! A request is decided by the path that it names. It reaches everything below that no rule rejects: a node of which no
//! rule speaks that is at least as specific as the one above goes with the node above it. The other way round, a list (or a container) that cannot be read itself is
//! shown with those entries below it that can.

use std::sync::Arc;

use smallvec::SmallVec;

use super::book::Authority;
use super::compile::{CompiledPolicy, Followed, Segment, States};
use super::decide::Hidden;
use super::policy::PolicyOperation;

/// A place in the tree, with all that the policies have said on the way to it.
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    operation: PolicyOperation,
    own: Tracks<'a>,
    limits: Option<Tracks<'a>>,
}

type Tracks<'a> = SmallVec<[Track<'a>; 4]>;

/// One policy on its way down.
#[derive(Clone, Debug)]
struct Track<'a> {
    policy: &'a CompiledPolicy,
    states: States,
    allowed: bool,
    /// How specific the rule is that says so.
    literals: u16,
    hidden: Hidden,
    /// How specific the rule is that hides something on the way to where the walk began.
    shut: Option<u16>,
}

impl<'a> Walk<'a> {
    /// Begins at the target of a read. Nothing is inherited from above it.
    pub fn begin<'p>(authority: &'a Authority, path: impl IntoIterator<Item = Segment<'p>>) -> Self {
        Walk::begin_for(authority, PolicyOperation::Read, path)
    }

    /// Begins at the target of a request.
    pub fn begin_for<'p>(
        authority: &'a Authority,
        operation: PolicyOperation,
        path: impl IntoIterator<Item = Segment<'p>>,
    ) -> Self {
        let path: SmallVec<[Segment<'_>; 16]> = path.into_iter().collect();
        let tracks = |policies: &'a [Arc<CompiledPolicy>]| -> Tracks<'a> {
            policies.iter().map(|policy| Track::begin(policy, operation, &path)).collect()
        };
        Walk { operation, own: tracks(&authority.policies), limits: authority.limits.as_deref().map(tracks) }
    }

    /// The same place, with another operation asked about from here on.
    #[must_use]
    pub fn asking(self, operation: PolicyOperation) -> Self {
        Walk { operation, ..self }
    }

    /// What is asked about.
    pub fn operation(&self) -> PolicyOperation {
        self.operation
    }

    /// The same place, of which a decision has said already that the request is allowed: for a new entry the rule that
    /// says so may speak of its list.
    #[must_use]
    pub fn covered(mut self) -> Self {
        let cover = |tracks: &mut Tracks<'a>| {
            if !tracks.iter().any(|track| track.allowed) {
                tracks.iter_mut().for_each(|track| track.allowed = true);
            }
        };
        cover(&mut self.own);
        self.limits.as_mut().map(cover);
        self
    }

    /// Whether the same holds of everything below, whichever of the operations is asked about.
    pub fn is_uniform_for_all(&self, operations: &[PolicyOperation]) -> bool {
        operations.iter().all(|operation| self.is_uniform_for(*operation))
    }

    /// One segment further down.
    #[must_use]
    pub fn enter(&self, segment: Segment<'_>) -> Self {
        let enter = |tracks: &Tracks<'a>| -> Tracks<'a> {
            tracks.iter().map(|track| track.enter(self.operation, segment)).collect()
        };
        Walk { operation: self.operation, own: enter(&self.own), limits: self.limits.as_ref().map(enter) }
    }

    /// Whether what stands here may be shown, or changed.
    pub fn is_allowed(&self) -> bool {
        let any = |tracks: &Tracks<'_>| tracks.iter().any(|track| track.allowed);
        any(&self.own) && self.limits.as_ref().is_none_or(any)
    }

    /// Whether this, or something below it, could be shown.
    pub fn leads_to_readable(&self) -> bool {
        let any = |tracks: &Tracks<'_>| {
            tracks.iter().any(|track| track.allowed || track.policy.leads_to_read(&track.states))
        };
        any(&self.own) && self.limits.as_ref().is_none_or(any)
    }

    /// Whether everything below is as readable as this, and nothing of it hidden.
    pub fn shows_all_below(&self) -> bool {
        self.is_uniform() && self.hidden().is_empty()
    }

    /// Whether the same holds of everything below, with the same nodes hidden: there is no need to walk on.
    pub fn is_uniform(&self) -> bool {
        self.is_uniform_for(self.operation)
    }

    fn is_uniform_for(&self, operation: PolicyOperation) -> bool {
        let all = |tracks: &Tracks<'_>| tracks.iter().all(|track| track.is_uniform(operation));
        all(&self.own) && self.limits.as_ref().is_none_or(all)
    }

    /// The nodes directly below that are not shown.
    pub fn hidden(&self) -> Hidden {
        let grants = |tracks: &Tracks<'_>| {
            let mut shown = tracks.iter().filter(|track| track.allowed).map(|track| track.hidden.clone());
            let first = shown.next().unwrap_or_default();
            shown.fold(first, |hidden, next| hidden.both(&next))
        };
        let own = grants(&self.own);
        self.limits.as_ref().map_or_else(|| own.clone(), |limits| own.either(&grants(limits)))
    }
}

impl Walk<'_> {
    /// The nodes that may be hidden here or further down: of those that are not there, nothing is to be said.
    pub fn hidden_below(&self) -> Hidden {
        let here = self.hidden();
        if self.is_uniform() {
            return here;
        }
        let tracks = self.own.iter().chain(self.limits.iter().flatten());
        tracks.fold(here, |hidden, track| hidden.either(&track.policy.hidden_below(&track.states)))
    }
}

impl<'a> Track<'a> {
    fn begin(policy: &'a CompiledPolicy, operation: PolicyOperation, path: &[Segment<'_>]) -> Self {
        let Followed { states, shut } = policy.follow(operation, path.iter().copied());
        Track { policy, states, allowed: false, literals: 0, hidden: Hidden::default(), shut }
            .ruled(operation)
    }

    fn enter(&self, operation: PolicyOperation, segment: Segment<'_>) -> Self {
        let states = self.policy.step(&self.states, segment);
        Track { states, hidden: self.hidden.clone(), ..*self }.ruled(operation)
    }

    /// Takes in what is said of this very place.
    fn ruled(mut self, operation: PolicyOperation) -> Self {
        if let Some(ruling) = self.policy.ruling(&self.states, operation)
            && (self.policy.in_order || ruling.literals >= self.literals)
        {
            self.literals = ruling.literals;
            self.allowed = ruling.allows(self.shut);
            self.hidden = if self.allowed { ruling.hidden } else { Hidden::default() };
        }
        self
    }

    fn is_uniform(&self, operation: PolicyOperation) -> bool {
        self.policy.is_final(&self.states)
            && self.policy.ruling_below(&self.states, operation).is_none_or(|below| {
                !self.policy.in_order && below.literals < self.literals
                    || below.allows(self.shut) == self.allowed
                        && (!self.allowed || below.hidden == self.hidden)
            })
    }
}
