//! What a URL of RESTCONF names, and the methods that it has (RFC 8040 sections 3 and 4).

use std::sync::Arc;

use hyper::{Method, StatusCode};

use super::media::Format;
use super::query::Place;
use super::store::Store;
use super::streams::NETCONF;
use super::{ROOT, schema_text};
use crate::base::error::ErrorTag;
use crate::data::path::InstancePath;
use crate::data::tree::Tree;
use crate::data::violation::{Violation, shorten};
use crate::services::yang_library::SCHEMA_RESOURCES;
use crate::surface::failure::Failure;
use crate::surface::http::Refusal;
use crate::surface::http::request::decode_percent;
use crate::yang::schema::{NodeKind, Schema};

/// What a URL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// `{+restconf}` (section 3.3).
    Api,
    /// A datastore and everything in it (sections 3.4 and 3.5, RFC 8527).
    Data {
        /// Which datastore.
        store: Store,
        /// The instance.
        path: InstancePath,
        /// What kind of resource it is.
        kind: DataKind,
        /// Whether it is configuration.
        config: bool,
    },
    /// `{+restconf}/operations` (section 3.3.2).
    Operations,
    /// An rpc there, or an action among the data (section 3.6).
    Operation {
        /// The path of its node.
        path: InstancePath,
        /// Whether it needs no token.
        public: bool,
    },
    /// An operation where it cannot be invoked.
    Misplaced {
        /// Where it can.
        url: String,
    },
    /// `{+restconf}/yang-library-version` (section 3.3.3).
    LibraryVersion,
    /// The text of a module (section 3.7).
    Module(Arc<str>),
    /// `{+restconf}/streams/NETCONF/json` or `xml`: the stream of events in an encoding (section 3.8).
    Stream {
        /// The encoding.
        format: Format,
    },
    /// `{+restconf}/subscriptions/NUMBER`: what a subscription delivers (RFC 8650).
    Subscription {
        /// Its number.
        id: u32,
    },
}

/// Kinds of data resources, as far as methods differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataKind {
    /// The whole datastore.
    Datastore,
    /// A container or list entry: something can be created in it.
    Inner,
    /// A leaf, an entry of a leaf-list, `anydata` or `anyxml`.
    Value,
    /// A list or leaf-list as a whole: it can only be read.
    Whole,
}

impl Resource {
    /// What the path of a URL names. `path` is still percent-encoded and begins with [`ROOT`].
    ///
    /// # Errors
    /// 404 where the API has no such branch, 400 for a path that the model does not have.
    pub fn find(schema: &Schema, path: &str) -> Result<Resource, Failure> {
        Self::find_among(schema, path, None)
    }

    /// The same, where a key that can be read in several ways means an entry that is stored.
    ///
    /// # Errors
    /// As [`Resource::find`].
    pub fn find_among(schema: &Schema, path: &str, stored: Option<&Tree>) -> Result<Resource, Failure> {
        let rest = path.strip_prefix(ROOT).unwrap_or(path).trim_start_matches('/');
        let (first, below) = rest.split_once('/').unwrap_or((rest, ""));
        match first {
            "" => Ok(Resource::Api),
            "data" => data(schema, Store::Unified, below, stored),
            "ds" if !below.is_empty() => {
                let (store, below) = below.split_once('/').unwrap_or((below, ""));
                data(schema, Store::named(&decode_percent(store)?)?, below, stored)
            }
            "operations" if below.is_empty() => Ok(Resource::Operations),
            "operations" => operation(schema, below),
            "yang-library-version" if below.is_empty() => Ok(Resource::LibraryVersion),
            "streams" => stream(below),
            "subscriptions" => subscription(below),
            _ => {
                let file = path.strip_prefix(SCHEMA_RESOURCES);
                let text = file.and_then(|file| schema_text::find(schema, file));
                text.map(Resource::Module).ok_or_else(|| {
                    let message = format!(
                        "there is nothing at {ROOT}/{}; there are data, ds, operations and yang-library-version",
                        shorten(rest)
                    );
                    Failure::not_found(&InstancePath::root(), message)
                })
            }
        }
    }

    /// The methods of the resource, as `Allow` lists them.
    pub fn allow(&self) -> &'static str {
        const READ: &str = "GET, HEAD, OPTIONS";
        match self {
            Resource::Api | Resource::Operations | Resource::LibraryVersion | Resource::Module(_) => READ,
            Resource::Stream { .. } | Resource::Subscription { .. } => READ,
            Resource::Operation { .. } => "POST, OPTIONS",
            Resource::Misplaced { .. } => "OPTIONS",
            Resource::Data { config: false, .. } => READ,
            Resource::Data { store, .. } if !store.is_writable() => READ,
            Resource::Data { kind, .. } => match kind {
                DataKind::Datastore => "GET, HEAD, POST, PUT, PATCH, OPTIONS",
                DataKind::Inner => "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
                DataKind::Value => "GET, HEAD, PUT, PATCH, DELETE, OPTIONS",
                DataKind::Whole => READ,
            },
        }
    }

    /// Whether the resource has that method.
    pub fn has(&self, method: &Method) -> bool {
        self.allow().split(", ").any(|known| known == method.as_str())
    }

    /// Holds a method against the resource.
    ///
    /// # Errors
    /// 405 with `Allow`; 400 where a key is missing that would name something to be changed (section 3.5.3).
    pub fn check(&self, method: &Method) -> Result<(), Failure> {
        if self.has(method) {
            return Ok(());
        }
        if let Resource::Data { kind: DataKind::Whole, config: true, path, store } = self
            && store.is_writable()
            && matches!(*method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE)
        {
            let message = format!("{method} needs one entry: a key must follow, as in LIST=KEY");
            return Err(Violation::new(ErrorTag::InvalidValue, path.clone(), message).into());
        }
        let what = match self {
            Resource::Api => "the API resource".to_owned(),
            Resource::Operations => "the list of operations".to_owned(),
            Resource::LibraryVersion => "the version of the YANG library".to_owned(),
            Resource::Module(_) => "the text of a module".to_owned(),
            Resource::Stream { .. } => "a stream of events".to_owned(),
            Resource::Subscription { .. } => "what a subscription delivers".to_owned(),
            Resource::Operation { .. } => "an operation".to_owned(),
            Resource::Misplaced { url } => format!("an operation here; it is invoked with POST {url}"),
            Resource::Data { config: false, .. } => "state, which can only be read".to_owned(),
            Resource::Data { store, .. } if !store.is_writable() => {
                format!("{}, which can only be read", store.place())
            }
            Resource::Data { kind, .. } => match kind {
                DataKind::Datastore => "the datastore".to_owned(),
                DataKind::Inner => "a container or list entry".to_owned(),
                DataKind::Value => "a single value".to_owned(),
                DataKind::Whole => "a list as a whole".to_owned(),
            },
        };
        Err(Refusal::method_not_allowed(method.as_str(), &what, self.allow()).into())
    }

    /// What kind of request, as query parameters see it.
    pub fn place(&self, method: &Method) -> Place {
        let is_read = *method == Method::GET || *method == Method::HEAD;
        match self {
            Resource::Operation { .. } => Place::Invoke,
            Resource::Stream { .. } => Place::Stream,
            Resource::Data { kind: DataKind::Whole, .. } if is_read => Place::List,
            Resource::Data { .. } if is_read => Place::Node,
            Resource::Data { .. } => match *method {
                Method::POST | Method::PUT => Place::Put,
                _ => Place::Change,
            },
            Resource::Api => Place::Api,
            _ => Place::Elsewhere,
        }
    }
}

/// The stream in one of its encodings (section 3.8).
fn stream(below: &str) -> Result<Resource, Failure> {
    match below.split_once('/') {
        Some((NETCONF, "json")) => Ok(Resource::Stream { format: Format::Json }),
        Some((NETCONF, "xml")) => Ok(Resource::Stream { format: Format::Xml }),
        _ => {
            let message = format!("there is no such stream; there are {NETCONF}/json and {NETCONF}/xml");
            Err(Failure::not_found(&InstancePath::root(), message))
        }
    }
}

fn subscription(below: &str) -> Result<Resource, Failure> {
    below.parse().map(|id| Resource::Subscription { id }).map_err(|_| {
        let message = format!("'{}' is no number of a subscription", shorten(below));
        Failure::not_found(&InstancePath::root(), message)
    })
}

fn data(schema: &Schema, store: Store, segments: &str, stored: Option<&Tree>) -> Result<Resource, Failure> {
    let path = InstancePath::parse_restconf_among(schema, segments, stored)?;
    let node = schema.node(path.target());
    has_keys(schema, &path)?;
    let whole = path.is_whole_list(schema);
    let kind = match &node.kind {
        NodeKind::Root => DataKind::Datastore,
        _ if whole => DataKind::Whole,
        NodeKind::List { .. } | NodeKind::Container { .. } => DataKind::Inner,
        NodeKind::Leaf { .. } | NodeKind::LeafList { .. } | NodeKind::Anydata | NodeKind::Anyxml => {
            DataKind::Value
        }
        NodeKind::Action if store.has_state() => {
            return Ok(Resource::Operation { public: node.extensions.public, path });
        }
        NodeKind::Action => {
            let place = Store::Operational.place();
            return Ok(Resource::Misplaced { url: format!("{ROOT}/{place}{}", path.to_restconf(schema)) });
        }
        NodeKind::Rpc => {
            return Ok(Resource::Misplaced { url: format!("{ROOT}/operations{}", path.to_restconf(schema)) });
        }
        _ => {
            let message = format!("'{}' is no data and cannot be addressed", node.name);
            return Err(Violation::new(ErrorTag::InvalidValue, path, message).into());
        }
    };
    let config = node.config || path.steps.is_empty();
    if !config && !store.has_state() {
        let message = format!("'{}' is state, which {} does not hold", node.name, store.place());
        return Err(Failure::not_found(&path, message));
    }
    Ok(Resource::Data { store, path, kind, config })
}

/// Every list on the way to something else has its keys (section 3.5.3).
fn has_keys(schema: &Schema, path: &InstancePath) -> Result<(), Failure> {
    let Some((_, above)) = path.steps.split_last() else { return Ok(()) };
    let is_open = |node: &NodeKind| matches!(node, NodeKind::List { .. } | NodeKind::LeafList { .. });
    for (index, step) in above.iter().enumerate() {
        let node = schema.node(step.node);
        let message = if node.is_operation() {
            format!("'{}' is an operation, and nothing in it can be addressed", node.name)
        } else if step.keys.is_empty() && is_open(&node.kind) {
            format!("'{}' is a list: a key must follow, as in {}=KEY", node.name, node.name)
        } else {
            continue;
        };
        let path = InstancePath { steps: above.get(..=index).unwrap_or_default().to_vec() };
        return Err(Violation::new(ErrorTag::InvalidValue, path, message).into());
    }
    Ok(())
}

fn operation(schema: &Schema, segments: &str) -> Result<Resource, Failure> {
    let path = InstancePath::parse_restconf(schema, segments)?;
    let node = schema.node(path.target());
    match (&node.kind, path.steps.as_slice()) {
        (NodeKind::Rpc, [_]) => Ok(Resource::Operation { public: node.extensions.public, path }),
        (NodeKind::Action, _) => {
            has_keys(schema, &path)?;
            Ok(Resource::Misplaced { url: format!("{ROOT}/data{}", path.to_restconf(schema)) })
        }
        _ => {
            let message = format!("'{}' is no operation", node.name);
            let violation = Violation::new(ErrorTag::InvalidValue, path, message);
            Err(Failure::new(StatusCode::NOT_FOUND, violation))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yang::compile_product;

    #[test]
    fn rfc8040_4_every_kind_of_resource_has_its_methods() {
        let schema = compile_product().unwrap();
        let read = "GET, HEAD, OPTIONS";
        let role = "/restconf/data/strongbox:strongbox/strongbox-jwt-issuer:jwt-issuers=a/roles=b";
        for (path, allow) in [
            ("/restconf", read),
            ("/restconf/", read),
            ("/restconf/operations", read),
            ("/restconf/yang-library-version", read),
            ("/restconf/schema/strongbox.yang", read),
            ("/restconf/data", "GET, HEAD, POST, PUT, PATCH, OPTIONS"),
            ("/restconf/data/", "GET, HEAD, POST, PUT, PATCH, OPTIONS"),
            ("/restconf/data/strongbox:strongbox/strongbox-jwt-issuer:jwt-issuers", read),
            (role, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
            (&format!("{role}/max-ttl"), "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
            (&format!("{role}/allowed-audiences"), read),
            (&format!("{role}/allowed-audiences=x"), "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
            (&format!("{role}/mint"), "POST, OPTIONS"),
        ] {
            assert_eq!(Resource::find(&schema, path).unwrap().allow(), allow, "{path}");
        }
    }

    #[test]
    fn rfc8040_3_5_3_a_path_that_names_nothing_says_why() {
        let schema = compile_product().unwrap();
        for (path, status, part) in [
            ("/restconf/dat", 404, "there are data, ds, operations"),
            ("/restconf/data/strongbox", 400, "must be qualified"),
            (
                "/restconf/data/strongbox:strongbox/strongbox-jwt-issuer:jwt-issuers/roles",
                400,
                "a key must follow",
            ),
            (
                "/restconf/data/strongbox:strongbox/strongbox-jwt-issuer:jwt-issuer=a",
                400,
                "did you mean 'jwt-issuers'?",
            ),
            ("/restconf/operations/strongbox:nothing", 400, "unknown"),
            ("/restconf/operations/strongbox:strongbox", 404, "is no operation"),
        ] {
            let failure = Resource::find(&schema, path).unwrap_err();
            let settled = super::super::errors::settle(failure, &Method::GET);
            assert_eq!(settled.status.unwrap().as_u16(), status, "{path}");
            assert!(settled.summary().contains(part), "{path}: {}", settled.summary());
        }
    }
}
