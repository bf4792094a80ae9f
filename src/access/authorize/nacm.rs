//! NACM (RFC 8341): rules in another format, compiled into a policy like any other. Who carries the policy `nacm` may do what
//! the rule lists of its groups say, besides what its other policies allow.
//!
//! Of each node the first rule that matches decides (section 3.4.5), then the marks of the model (section 3.5), then the
//! defaults. The recovery session of section 3.2.1 is the policy `root`.

use std::sync::atomic::{AtomicU32, Ordering};

use serde::Deserialize;

use super::compile::CompiledPolicy;
use super::compile::ordered::{OrderedRule, OrderedStep, Reach, Verdicts};
use super::policy::{PolicyOperation, Verdict};
use crate::base::ident::Ident;
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// Name of the policy that stands for the rules of NACM.
pub const NACM: &str = "nacm";

const ALL: &str = "*";

/// How often something was refused since the daemon was unsealed, by whatever policy.
#[derive(Debug, Default)]
pub struct Denied {
    operations: AtomicU32,
    data_writes: AtomicU32,
    notifications: AtomicU32,
}

impl Denied {
    /// Operations.
    pub fn operations(&self) -> u32 {
        self.operations.load(Ordering::Relaxed)
    }

    /// Changes of data.
    pub fn data_writes(&self) -> u32 {
        self.data_writes.load(Ordering::Relaxed)
    }

    /// Notifications that were kept from a receiver.
    pub fn notifications(&self) -> u32 {
        self.notifications.load(Ordering::Relaxed)
    }

    /// Counts a notification.
    pub fn count_notification(&self) {
        self.notifications.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an operation.
    pub fn count_operation(&self) {
        self.operations.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a change.
    pub fn count_data_write(&self) {
        self.data_writes.fetch_add(1, Ordering::Relaxed);
    }
}

/// The container `nacm` of a tenant.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Nacm {
    enable_nacm: bool,
    read_default: Action,
    write_default: Action,
    exec_default: Action,
    enable_external_groups: bool,
    #[serde(default)]
    groups: Groups,
    #[serde(default)]
    rule_list: Vec<RuleList>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Action {
    Permit,
    Deny,
}

impl From<Action> for Verdict {
    fn from(action: Action) -> Self {
        match action {
            Action::Permit => Verdict::Allow,
            Action::Deny => Verdict::Reject,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Groups {
    #[serde(default)]
    group: Vec<Group>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Group {
    name: Ident,
    #[serde(default)]
    user_name: Vec<Ident>,
}

#[derive(Clone, Debug, Deserialize)]
struct RuleList {
    name: Ident,
    #[serde(default)]
    group: Vec<Ident>,
    #[serde(default)]
    rule: Vec<Rule>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Rule {
    name: Ident,
    module_name: Ident,
    #[serde(default)]
    rpc_name: Option<Ident>,
    #[serde(default)]
    notification_name: Option<Ident>,
    #[serde(default)]
    path: Option<Ident>,
    access_operations: Ident,
    action: Action,
}

impl Nacm {
    /// The groups of a user (section 3.4.4 step 3): those that name it, and those that its way of logging in tells of.
    pub fn groups_of(&self, user: Option<&Ident>, external: &[Ident]) -> Vec<Ident> {
        let named =
            self.groups.group.iter().filter(|group| user.is_some_and(|user| group.user_name.contains(user)));
        let mut groups: Vec<Ident> = named.map(|group| group.name.clone()).collect();
        if self.enable_external_groups {
            groups.extend(external.iter().cloned());
        }
        groups.sort();
        groups.dedup();
        groups
    }

    /// The first rule whose path is not of the model, by the names of its list and itself, and that path.
    pub fn leads_nowhere(&self, schema: &Schema) -> Option<(String, &str)> {
        let rules = self.rule_list.iter().flat_map(|list| list.rule.iter().map(move |rule| (list, rule)));
        let mut wrong = rules.filter_map(|(list, rule)| {
            let path = rule.path.as_ref().filter(|path| steps(schema, path).is_none())?;
            Some((format!("{}/{}", list.name, rule.name), &**path))
        });
        wrong.next()
    }

    /// What members of these groups may do, as a policy. Where NACM is switched off, that is everything (step 1); to a rule
    /// whose path is not of the model nothing matches.
    pub fn compile(&self, schema: &Schema, groups: &[Ident]) -> CompiledPolicy {
        let mut rules = Vec::new();
        if self.enable_nacm {
            let own =
                |list: &&RuleList| list.group.iter().any(|group| *group == *ALL || groups.contains(group));
            for list in self.rule_list.iter().filter(own) {
                // A user without groups is governed by the defaults alone (step 4).
                if groups.is_empty() {
                    break;
                }
                rules.extend(list.rule.iter().filter_map(|rule| rule.compile(schema, &list.name)));
            }
            rules.extend(marks(schema));
        }
        let of = |action: Action| if self.enable_nacm { action.into() } else { Verdict::Allow };
        let mut verdicts = [Some(of(self.write_default)); 5];
        for (operation, action) in
            [(PolicyOperation::Read, self.read_default), (PolicyOperation::Execute, self.exec_default)]
        {
            if let Some(verdict) = verdicts.get_mut(operation.index()) {
                *verdict = Some(of(action));
            }
        }
        let name = Ident::from(if self.enable_nacm { "the defaults" } else { "enable-nacm" });
        rules.push(OrderedRule { name, verdicts, path: Vec::new(), reach: Reach::Below });
        CompiledPolicy::in_order(NACM, &rules)
    }
}

impl Rule {
    fn compile(&self, schema: &Schema, list: &Ident) -> Option<OrderedRule> {
        let name = Ident::from(format!("{list}/{}", self.name));
        let in_module = |id: NodeId| {
            self.module_name == *ALL || schema.module(schema.node(id).module).name == self.module_name
        };
        let verdicts = self.verdicts();
        let at = |nodes: Vec<NodeId>| OrderedRule {
            name: name.clone(),
            verdicts,
            path: Vec::new(),
            reach: Reach::BelowAt(nodes),
        };
        if let Some(wanted) = &self.rpc_name {
            let named = |id: &NodeId| *wanted == *ALL || schema.node(*id).name == *wanted;
            let rpcs =
                schema.nodes().filter(|(_, node)| matches!(node.kind, NodeKind::Rpc)).map(|(id, _)| id);
            return Some(at(rpcs.filter(|id| named(id) && in_module(*id)).collect()));
        }
        if let Some(wanted) = &self.notification_name {
            let named = |id: &NodeId| *wanted == *ALL || schema.node(*id).name == *wanted;
            let all = schema.nodes().filter(|(_, node)| matches!(node.kind, NodeKind::Notification));
            return Some(at(all.map(|(id, _)| id).filter(|id| named(id) && in_module(*id)).collect()));
        }
        let path = match &self.path {
            Some(path) => steps(schema, path)?,
            None => Vec::new(),
        };
        let reach = match &*self.module_name {
            ALL => Reach::Below,
            _ => Reach::BelowAt(schema.nodes().map(|(id, _)| id).filter(|id| in_module(*id)).collect()),
        };
        Some(OrderedRule { name, verdicts, path, reach })
    }

    fn verdicts(&self) -> Verdicts {
        let says = |operation: PolicyOperation| {
            let word = match operation {
                PolicyOperation::Execute => "exec",
                other => other.as_str(),
            };
            let named = self.access_operations.split(' ').any(|one| one == ALL || one == word);
            named.then(|| Verdict::from(self.action))
        };
        PolicyOperation::ALL.map(says)
    }
}

/// What the models say of their own nodes: those marked `default-deny-all` and `default-deny-write`. What is the product's
/// own counts as marked: its operations mint, seal and make tokens, and a default that permits to run them is not for those.
fn marks(schema: &Schema) -> Vec<OrderedRule> {
    let own = |node: &crate::yang::schema::Node| {
        node.parent == NodeId::ROOT && schema.module(node.module).namespace.starts_with("urn:strongbox:")
    };
    // The root is in no module, though it has to name one.
    let nodes = schema.nodes().filter(|(id, _)| *id != NodeId::ROOT);
    let marked = nodes.filter_map(|(id, node)| {
        let writes = PolicyOperation::ALL
            .map(|operation| PolicyOperation::WRITES.contains(&operation).then_some(Verdict::Reject));
        let (name, verdicts) = if node.extensions.default_deny_all || own(node) {
            ("default-deny-all", [Some(Verdict::Reject); 5])
        } else if node.extensions.default_deny_write {
            ("default-deny-write", writes)
        } else {
            return None;
        };
        let mut path: Vec<OrderedStep> = Vec::new();
        let mut at = id;
        while at != NodeId::ROOT {
            if at != id && schema.node(at).is_list() {
                path.push(OrderedStep::Entries);
            }
            path.push(OrderedStep::Node(at));
            at = schema.node(at).parent;
        }
        path.reverse();
        Some(OrderedRule { name: Ident::from(name), verdicts, path, reach: Reach::Below })
    });
    marked.collect()
}

/// A path of a rule: names with or without modules in front, predicates for keys where they are given, all or none of a
/// list. `None` when the model has no such node, or it is not such a path.
pub fn steps(schema: &Schema, path: &str) -> Option<Vec<OrderedStep>> {
    let mut found = Vec::new();
    let mut at = NodeId::ROOT;
    let mut rest = path.trim();
    if rest == "/" {
        return Some(found);
    }
    while !rest.is_empty() {
        rest = rest.strip_prefix('/')?;
        let end = rest.find(['/', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let above = (at != NodeId::ROOT).then(|| schema.node(at).module);
        let child = schema.children(at).iter().copied().find(|id| is_called(schema, *id, name, above))?;
        if at != NodeId::ROOT
            && schema.node(at).is_list()
            && matches!(found.last(), Some(OrderedStep::Node(_)))
        {
            found.push(OrderedStep::Entries);
        }
        found.push(OrderedStep::Node(child));
        at = child;
        rest = after;
        let mut given: Vec<(Ident, Box<str>)> = Vec::new();
        while let Some(inside) = rest.strip_prefix('[') {
            let (key, value) = inside.split_once('=')?;
            let value = value.trim_start();
            let quote = value.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
            let (text, after) = value.get(1..)?.split_once(quote)?;
            let key = key.trim();
            given.push((Ident::from(key.rsplit_once(':').map_or(key, |(_, name)| name)), text.into()));
            rest = after.trim_start().strip_prefix(']')?;
        }
        if !given.is_empty() {
            let keys = schema.node(child).keys();
            let value_of = |key: &NodeId| {
                let name = &schema.node(*key).name;
                given.iter().find(|(given, _)| given == name).map(|(_, text)| text.clone())
            };
            let values: Vec<Box<str>> = keys.iter().map(value_of).collect::<Option<_>>()?;
            (values.len() == given.len()).then_some(())?;
            found.push(OrderedStep::Entry(values));
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Whether a node is called like that: `module:name`, or `name` where the module is that of the node above it or there is
/// only one at the top.
fn is_called(
    schema: &Schema,
    id: NodeId,
    called: &str,
    above: Option<crate::yang::schema::ModuleId>,
) -> bool {
    let node = schema.node(id);
    match called.split_once(':') {
        Some((module, name)) => node.name == name && schema.module(node.module).name == module,
        None => node.name == called && above.is_none_or(|above| above == node.module),
    }
}

#[cfg(test)]
mod tests;
