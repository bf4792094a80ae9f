//! What a URL of this dialect names: a resource of config or state, or something to invoke, and the methods that it has.

use hyper::Method;

use super::query::Place;
use crate::base::error::ErrorTag;
use crate::data::path::InstancePath;
use crate::data::tree::Tree;
use crate::data::violation::{Violation, shorten};
use crate::engine::operation::Datastore;
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// What a URL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// `/v1` itself.
    Index,
    /// A resource of one of the trees.
    Data {
        /// Which tree.
        datastore: Datastore,
        /// The path in it.
        path: InstancePath,
        /// What kind of resource it is.
        kind: ResourceKind,
    },
    /// An action or a global operation.
    Operation {
        /// The path of its node.
        path: InstancePath,
        /// Whether it needs no token.
        public: bool,
    },
}

/// Kinds of data resources, as far as methods differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceKind {
    /// The whole tree.
    Root,
    /// A list as a whole.
    List,
    /// A container or list entry.
    Entry,
    /// A leaf, a leaf-list, one of its entries, `anydata` or `anyxml`.
    Value,
    /// A leaf-list as a whole.
    LeafList,
}

/// Why a URL names nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteError {
    /// 404: the model has no such node there.
    NotFound(Violation),
    /// 400: a key that is not of its type, bytes that are not UTF-8.
    Bad(Violation),
}

impl Resource {
    /// What the path of a URL names. `path` is still percent-encoded and begins with `/v1`.
    ///
    /// # Errors
    /// [`RouteError`], with what there is instead.
    pub fn find(schema: &Schema, path: &str) -> Result<Resource, RouteError> {
        Self::find_among(schema, path, None)
    }

    /// The same, where a key that can be read in several ways means an entry that is stored.
    ///
    /// # Errors
    /// As [`Resource::find`].
    pub fn find_among(schema: &Schema, path: &str, stored: Option<&Tree>) -> Result<Resource, RouteError> {
        let rest = path.strip_prefix("/v1").unwrap_or(path);
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        if rest.is_empty() {
            return Ok(Resource::Index);
        }
        let (first, below) = rest.split_once('/').unwrap_or((rest, ""));
        match first {
            "config" => data(schema, Datastore::Config, below, stored),
            "state" => data(schema, Datastore::State, below, stored),
            "candidate" => data(schema, Datastore::Candidate, below, stored),
            _ => operation(schema, first, below),
        }
    }

    /// The methods of the resource, as `Allow` lists them.
    pub fn allow(&self) -> &'static str {
        match self {
            Resource::Index => "GET, HEAD, OPTIONS",
            Resource::Operation { .. } => "POST, OPTIONS",
            Resource::Data { datastore: Datastore::State, .. } => "GET, HEAD, OPTIONS",
            Resource::Data { kind, .. } => match kind {
                ResourceKind::Root | ResourceKind::List => "GET, HEAD, POST, OPTIONS",
                ResourceKind::Entry => "GET, HEAD, PUT, PATCH, DELETE, OPTIONS",
                ResourceKind::Value | ResourceKind::LeafList => "GET, HEAD, OPTIONS",
            },
        }
    }

    /// Whether the resource has that method.
    pub fn has(&self, method: &Method) -> bool {
        self.allow().split(", ").any(|known| known == method.as_str())
    }

    /// What it is, for the message of a 405.
    pub fn describe(&self) -> &'static str {
        match self {
            Resource::Index => "the index of the API",
            Resource::Operation { .. } => "an operation",
            Resource::Data { datastore: Datastore::State, .. } => "state, which can only be read",
            Resource::Data { kind, .. } => match kind {
                ResourceKind::Root => "the whole configuration",
                ResourceKind::List => "a list as a whole",
                ResourceKind::Entry => "a container or list entry",
                ResourceKind::Value => "a single value; write the entry or container around it",
                ResourceKind::LeafList => "a leaf-list; write the entry or container around it",
            },
        }
    }

    /// What kind of request, as query parameters see it.
    pub fn place(&self, method: &Method) -> Place {
        let is_read = *method == Method::GET || *method == Method::HEAD;
        match self {
            Resource::Operation { .. } => Place::Invoke,
            Resource::Data { .. } if !is_read => Place::Write,
            Resource::Data { datastore, kind, .. } => {
                let is_list = *kind == ResourceKind::List;
                match (datastore, is_list) {
                    (Datastore::Config | Datastore::Candidate, true) => Place::ConfigList,
                    (Datastore::Config | Datastore::Candidate, false) => Place::ConfigNode,
                    (Datastore::State, true) => Place::StateList,
                    (Datastore::State, false) => Place::StateNode,
                }
            }
            Resource::Index => Place::Write,
        }
    }
}

fn data(
    schema: &Schema,
    datastore: Datastore,
    segments: &str,
    stored: Option<&Tree>,
) -> Result<Resource, RouteError> {
    let path = InstancePath::parse_v1_among(schema, segments, stored).map_err(sort)?;
    let node = schema.node(path.target());
    let kind = match &node.kind {
        NodeKind::Root => ResourceKind::Root,
        NodeKind::List { .. } if path.keys().is_empty() => ResourceKind::List,
        NodeKind::List { .. } | NodeKind::Container { .. } => ResourceKind::Entry,
        NodeKind::LeafList { .. } if path.keys().is_empty() => ResourceKind::LeafList,
        NodeKind::Leaf { .. } | NodeKind::LeafList { .. } | NodeKind::Anydata | NodeKind::Anyxml => {
            ResourceKind::Value
        }
        NodeKind::Action if datastore == Datastore::State => {
            return match unbound(schema, &path) {
                Some(violation) => Err(RouteError::NotFound(violation)),
                None => Ok(Resource::Operation { public: node.extensions.public, path }),
            };
        }
        _ => {
            let name = node.name.clone();
            let message = if node.is_operation() {
                format!("'{name}' is an operation; invoke it with {}", operation_url(schema, &path))
            } else {
                format!("'{name}' cannot be addressed")
            };
            let parent = path.parent().unwrap_or_default();
            return Err(RouteError::NotFound(Violation::unknown(parent, &name, message)));
        }
    };
    if datastore != Datastore::State && !node.config {
        let message = format!(
            "'{}' is state, not configuration; read it at /v1/state{}",
            node.name,
            path.to_v1(schema)
        );
        let violation = Violation::new(ErrorTag::UnknownElement, path, message);
        return Err(RouteError::NotFound(violation));
    }
    if let Some(violation) = unbound(schema, &path) {
        return Err(RouteError::NotFound(violation));
    }
    Ok(Resource::Data { datastore, path, kind })
}

/// A list without a key before the end of a path: the rest then hangs on no entry.
fn unbound(schema: &Schema, path: &InstancePath) -> Option<Violation> {
    let (_, above) = path.steps.split_last()?;
    let open = above.iter().position(|step| step.keys.is_empty() && schema.node(step.node).is_list())?;
    let steps = above.get(..=open)?.to_vec();
    let name = schema.node(above.get(open)?.node).name.clone();
    let message = format!("'{name}' is a list: a key must follow before anything below an entry");
    Some(Violation::new(ErrorTag::UnknownElement, InstancePath { steps }, message))
}

fn operation_url(schema: &Schema, path: &InstancePath) -> String {
    match path.steps.as_slice() {
        [_] => format!("POST /v1{}", path.to_v1(schema)),
        _ => format!("POST /v1/state{}", path.to_v1(schema)),
    }
}

/// Whether the first name below `/v1/` is one of this dialect's: the trees, and operations.
pub fn is_taken(schema: &Schema, name: &str) -> bool {
    matches!(name, "config" | "state" | "candidate") || operation(schema, name, "").is_ok()
}

fn operation(schema: &Schema, name: &str, below: &str) -> Result<Resource, RouteError> {
    let unknown = || {
        let names: Vec<String> = schema
            .children(NodeId::ROOT)
            .iter()
            .filter(|id| matches!(schema.node(**id).kind, NodeKind::Rpc))
            .map(|id| InstancePath::root().child(*id).to_v1(schema).trim_start_matches('/').to_owned())
            .collect();
        let message = format!(
            "there is nothing at /v1/{}; there are config, candidate, state and the operations {}",
            shorten(name),
            names.join(", ")
        );
        RouteError::NotFound(Violation::unknown(InstancePath::root(), name, message))
    };
    match InstancePath::parse_v1(schema, name) {
        Ok(path) if below.is_empty() && matches!(schema.node(path.target()).kind, NodeKind::Rpc) => {
            Ok(Resource::Operation { public: schema.node(path.target()).extensions.public, path })
        }
        Err(violation) if violation.tag == ErrorTag::MalformedMessage => Err(RouteError::Bad(violation)),
        _ => Err(unknown()),
    }
}

fn sort(violation: Violation) -> RouteError {
    match violation.tag {
        ErrorTag::UnknownElement | ErrorTag::UnknownNamespace => RouteError::NotFound(violation),
        _ => RouteError::Bad(violation),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yang::compile_product;

    fn find(schema: &Schema, path: &str) -> Result<Resource, RouteError> {
        Resource::find(schema, path)
    }

    #[test]
    fn every_kind_of_resource_has_its_methods() {
        let schema = compile_product().unwrap();
        let entry = "GET, HEAD, PUT, PATCH, DELETE, OPTIONS";
        for (path, allow) in [
            ("/v1", "GET, HEAD, OPTIONS"),
            ("/v1/config", "GET, HEAD, POST, OPTIONS"),
            ("/v1/config/strongbox/jwt-issuers", "GET, HEAD, POST, OPTIONS"),
            ("/v1/config/strongbox/jwt-issuers/a/roles/b", entry),
            ("/v1/config/strongbox:strongbox", entry),
            ("/v1/config/strongbox/jwt-issuers/a/roles/b/max-ttl", "GET, HEAD, OPTIONS"),
            ("/v1/config/strongbox/jwt-issuers/a/roles/b/allowed-audiences", "GET, HEAD, OPTIONS"),
            ("/v1/config/strongbox/jwt-issuers/a/roles/b/allowed-audiences/x", "GET, HEAD, OPTIONS"),
            ("/v1/state/strongbox/jwt-issuers/a/roles/b", "GET, HEAD, OPTIONS"),
            ("/v1/state/strongbox/jwt-issuers/a/roles/b/mint", "POST, OPTIONS"),
            ("/v1/login", "POST, OPTIONS"),
        ] {
            assert_eq!(find(&schema, path).unwrap().allow(), allow, "{path}");
        }
    }

    #[test]
    fn what_is_not_there_says_what_there_is() {
        let schema = compile_product().unwrap();
        for (path, part) in [
            ("/v1/config/strongbox/jwt-issuer", "did you mean 'jwt-issuers'?"),
            (
                "/v1/config/strongbox/system",
                "'system' is state, not configuration; read it at /v1/state/strongbox/system",
            ),
            (
                "/v1/config/strongbox/jwt-issuers/a/roles/b/mint",
                "POST /v1/state/strongbox/jwt-issuers/a/roles/b/mint",
            ),
            ("/v1/state/login", "POST /v1/login"),
            ("/v1/logon", "there are config, candidate, state and the operations "),
            ("/v1/login/x", "there is nothing at /v1/login"),
            ("/v1/config/login", "POST /v1/login"),
        ] {
            match find(&schema, path) {
                Err(RouteError::NotFound(violation)) => {
                    assert!(violation.message.contains(part), "{path}: {}", violation.message);
                }
                other => panic!("{path}: {other:?}"),
            }
        }
        for path in ["/v1/config/strongbox/jwt-issuers/%ff", "/v1/config/%zz", "/v1/%zz"] {
            assert!(matches!(find(&schema, path), Err(RouteError::Bad(_))), "{path}");
        }
    }

    #[test]
    fn log_in_is_public_and_mint_is_not() {
        let schema = compile_product().unwrap();
        let public = |path: &str| match find(&schema, path).unwrap() {
            Resource::Operation { public, .. } => public,
            other => panic!("{other:?}"),
        };
        assert!(public("/v1/login") && !public("/v1/state/strongbox/jwt-issuers/a/roles/b/mint"));
    }
}
