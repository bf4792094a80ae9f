//! What of a subtree a caller may read, found out while walking down into it.
//!
//! A request is decided by the path that it names. What such an answer shows of the tree below is everything that no rule
//! rejects: a node of which no rule speaks goes with the node above it. The other way round, a list (or a container)
//! that cannot be read itself is shown with those entries below it that can.

use std::sync::Arc;

use smallvec::SmallVec;

use super::book::Authority;
use super::compile::{CompiledPolicy, Segment, States};
use super::decide::Hidden;
use super::policy::{PolicyOperation, Verdict};

/// A place in the tree, with all that the policies have said on the way to it.
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    own: Tracks<'a>,
    limits: Option<Tracks<'a>>,
}

type Tracks<'a> = SmallVec<[Track<'a>; 4]>;

/// One policy on its way down.
#[derive(Clone, Debug)]
struct Track<'a> {
    policy: &'a CompiledPolicy,
    states: States,
    readable: bool,
    hidden: Hidden,
}

impl<'a> Walk<'a> {
    /// Begins at the target of a read. Nothing is inherited from above it.
    pub fn begin<'p>(authority: &'a Authority, path: impl IntoIterator<Item = Segment<'p>>) -> Self {
        let path: SmallVec<[Segment<'_>; 16]> = path.into_iter().collect();
        let tracks = |policies: &'a [Arc<CompiledPolicy>]| -> Tracks<'a> {
            policies.iter().map(|policy| Track::begin(policy, &path)).collect()
        };
        Walk { own: tracks(&authority.policies), limits: authority.limits.as_deref().map(tracks) }
    }

    /// One segment further down.
    #[must_use]
    pub fn enter(&self, segment: Segment<'_>) -> Self {
        let enter =
            |tracks: &Tracks<'a>| -> Tracks<'a> { tracks.iter().map(|track| track.enter(segment)).collect() };
        Walk { own: enter(&self.own), limits: self.limits.as_ref().map(enter) }
    }

    /// Whether what stands here may be shown.
    pub fn is_readable(&self) -> bool {
        let any = |tracks: &Tracks<'_>| tracks.iter().any(|track| track.readable);
        any(&self.own) && self.limits.as_ref().is_none_or(any)
    }

    /// Whether this, or something below it, could be shown.
    pub fn leads_to_readable(&self) -> bool {
        let any = |tracks: &Tracks<'_>| {
            tracks.iter().any(|track| track.readable || track.policy.leads_to_read(&track.states))
        };
        any(&self.own) && self.limits.as_ref().is_none_or(any)
    }

    /// Whether everything below is as readable as this, and nothing of it hidden.
    pub fn shows_all_below(&self) -> bool {
        self.is_uniform() && self.hidden().is_empty()
    }

    /// Whether everything below is as readable as this, with the same nodes hidden: there is no need to walk on.
    pub fn is_uniform(&self) -> bool {
        let all = |tracks: &Tracks<'_>| tracks.iter().all(Track::is_uniform);
        all(&self.own) && self.limits.as_ref().is_none_or(all)
    }

    /// The nodes directly below that are not shown.
    pub fn hidden(&self) -> Hidden {
        let grants = |tracks: &Tracks<'_>| {
            let mut readable = tracks.iter().filter(|track| track.readable).map(|track| track.hidden.clone());
            let first = readable.next().unwrap_or_default();
            readable.fold(first, |hidden, next| hidden.both(&next))
        };
        let own = grants(&self.own);
        self.limits.as_ref().map_or_else(|| own.clone(), |limits| own.either(&grants(limits)))
    }
}

impl<'a> Track<'a> {
    fn begin(policy: &'a CompiledPolicy, path: &[Segment<'_>]) -> Self {
        let mut states = policy.start();
        for segment in path {
            states = policy.step(&states, *segment);
        }
        Track { policy, states, readable: false, hidden: Hidden::default() }.ruled()
    }

    fn enter(&self, segment: Segment<'_>) -> Self {
        let states = self.policy.step(&self.states, segment);
        Track { policy: self.policy, states, readable: self.readable, hidden: self.hidden.clone() }.ruled()
    }

    /// Takes in what is said of this very place.
    fn ruled(mut self) -> Self {
        if let Some(ruling) = self.policy.ruling(&self.states, PolicyOperation::Read) {
            self.readable = ruling.verdict == Verdict::Allow;
            self.hidden = if self.readable { ruling.hidden } else { Hidden::default() };
        }
        self
    }

    fn is_uniform(&self) -> bool {
        self.policy.is_final(&self.states)
            && self.policy.ruling_below(&self.states, PolicyOperation::Read).is_none_or(|below| {
                (below.verdict == Verdict::Allow) == self.readable
                    && (!self.readable || below.hidden == self.hidden)
            })
    }
}
