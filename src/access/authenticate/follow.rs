//! Keeps the live tokens in step with the stored ones: all of them when the daemon starts, then commit by commit.
//!
//! It is told of a commit before its author is, so that a token works when the client learns of it, and does not when
//! its revocation is acknowledged.

use std::sync::Arc;

use super::facts::TokenFacts;
use super::live::LiveTokens;
use crate::access::model::Model;
use crate::base::ident::Ident;
use crate::data::diff::{Change, ChangeKind};
use crate::data::path::InstancePath;
use crate::data::tree::List;
use crate::engine::snapshot::Snapshot;
use crate::engine::watch::{Commit, Observer};
use crate::yang::schema::Value;

/// Writes into [`LiveTokens`] what commits do to stored tokens.
#[derive(Debug)]
pub struct TokenFollower {
    tokens: Arc<LiveTokens>,
    model: Model,
}

impl TokenFollower {
    /// Follows for these tokens.
    pub fn new(tokens: Arc<LiveTokens>, model: Model) -> Self {
        TokenFollower { tokens, model }
    }

    /// Takes in every token of a snapshot. To be observing already when this is called: then nothing is missed.
    pub fn load(&self, snapshot: &Snapshot) {
        let mut stored: Vec<(Ident, TokenFacts)> = Vec::new();
        for (tenant, data) in snapshot.tenants() {
            let entries = data.tree.list(&self.model.tokens).map(|list| list.iter());
            for entry in entries.into_iter().flatten() {
                let path = self.model.tokens.entry(entry.key(snapshot.schema()));
                stored.extend(read(snapshot, tenant, &path).map(|facts| (tenant.clone(), facts)));
            }
        }
        self.tokens.put(stored.iter().map(|(tenant, facts)| (tenant, facts)));
    }

    fn follow(&self, commit: &Commit, tenant: &Ident, change: &Change, touched: &mut Touched) {
        let tokens = &self.model.tokens;
        if change.path.starts_with(tokens) && !change.path.steps.is_empty() {
            let keys = change.path.steps.get(tokens.steps.len() - 1).map(|step| step.keys.as_slice());
            match keys {
                Some([accessor]) => touched.note(commit, tenant, &self.model, accessor),
                _ => self.whole_list(commit, tenant, touched),
            }
        } else if tokens.starts_with(&change.path) {
            self.whole_list(commit, tenant, touched);
        } else if change.path.starts_with(&self.model.tenants)
            && change.kind == ChangeKind::Deleted
            && let [name] = change.path.keys()
        {
            self.tokens.remove_tenant(&name.to_string());
        }
    }

    /// Something above the tokens came or went, and they with it.
    fn whole_list(&self, commit: &Commit, tenant: &Ident, touched: &mut Touched) {
        for snapshot in [&commit.before, &commit.after] {
            let data = snapshot.tenant(tenant);
            let list = data.and_then(|data| data.tree.list(&self.model.tokens)).map(|list| &**list);
            for entry in list.into_iter().flat_map(List::iter) {
                for accessor in entry.key_values(1) {
                    touched.note(commit, tenant, &self.model, accessor);
                }
            }
        }
    }
}

/// What a commit did to tokens.
#[derive(Default)]
struct Touched {
    alive: Vec<(Ident, TokenFacts)>,
    gone: Vec<String>,
}

impl Touched {
    fn note(&mut self, commit: &Commit, tenant: &Ident, model: &Model, accessor: &Value) {
        let path: InstancePath = model.tokens.entry([accessor.clone()]);
        match read(&commit.after, tenant, &path) {
            Some(facts) => self.alive.push((tenant.clone(), facts)),
            None => self.gone.push(accessor.to_string()),
        }
    }
}

impl Observer for TokenFollower {
    fn committed(&self, commit: &Commit) {
        let mut touched = Touched::default();
        for transaction in &commit.transactions {
            for part in &transaction.changes {
                for change in part.changes.iter() {
                    self.follow(commit, &part.tenant, change, &mut touched);
                }
            }
        }
        // First what lives: a token that is orphaned is so before its parent ends.
        if !touched.alive.is_empty() {
            self.tokens.put(touched.alive.iter().map(|(tenant, facts)| (tenant, facts)));
        }
        if !touched.gone.is_empty() {
            self.tokens.remove(touched.gone.iter().map(String::as_str));
        }
    }
}

fn read(snapshot: &Snapshot, tenant: &Ident, path: &InstancePath) -> Option<TokenFacts> {
    let facts = snapshot.get(tenant, path);
    if let Err(error) = &facts {
        tracing::error!(%tenant, %error, "a stored token cannot be read and is not accepted");
    }
    facts.ok().flatten()
}
