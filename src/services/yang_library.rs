//! The YANG library (RFC 8525): which modules this daemon serves, for clients that find their way by it.
//!
//! The model is the same for all tenants and for as long as the daemon runs, so everything is made once.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::Serialize;

use crate::base::ident::Ident;
use crate::data::decode::from_serde;
use crate::data::tree::Data;
use crate::engine::{Registry, StateContext, StateError, StateProvider};
use crate::yang::schema::{Module, Schema, Submodule};

/// Where the texts of modules are, as `NAME.yang` or `NAME@REVISION.yang`.
pub const SCHEMA_RESOURCES: &str = "/restconf/schema/";

const LIBRARY: &str = "/ietf-yang-library:yang-library";
const MODULES_STATE: &str = "/ietf-yang-library:modules-state";

/// The one set of modules, and the one schema, that all datastores here have.
const COMPLETE: &str = "complete";

/// The datastores behind `/v1/config`, `/v1/candidate` and `/v1/state` (RFC 8342).
const DATASTORES: [&str; 4] = [
    "ietf-datastores:running",
    "ietf-datastores:candidate",
    "ietf-datastores:intended",
    "ietf-datastores:operational",
];

/// Hangs the service on the model.
pub fn register(registry: &mut Registry) {
    registry.state(LIBRARY, Arc::new(Provider { path: LIBRARY, make: library, made: OnceLock::new() }));
    registry.state(
        MODULES_STATE,
        Arc::new(Provider { path: MODULES_STATE, make: modules_state, made: OnceLock::new() }),
    );
}

/// A container of the library, made when it is first read.
struct Provider {
    path: &'static str,
    make: fn(&StateContext<'_>) -> Result<Data, String>,
    made: OnceLock<Result<Data, String>>,
}

impl StateProvider for Provider {
    fn read(&self, context: &StateContext<'_>) -> Result<Option<Data>, StateError> {
        let made = self.made.get_or_init(|| (self.make)(context));
        made.clone().map(Some).map_err(|reason| StateError { path: self.path.to_owned(), reason })
    }
}

fn data<T: Serialize>(context: &StateContext<'_>, value: &T) -> Result<Data, String> {
    from_serde(context.engine.schema(), context.node, value).map_err(|violations| {
        let reasons: Vec<&str> = violations.iter().map(|violation| violation.message.as_str()).collect();
        reasons.join("; ")
    })
}

/// `yang-library`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Library<'a> {
    module_set: [ModuleSet<'a>; 1],
    schema: [SchemaEntry; 1],
    datastore: [Datastore; 4],
    content_id: Ident,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ModuleSet<'a> {
    name: &'static str,
    module: Vec<Implemented<'a>>,
    import_only_module: Vec<ImportOnly<'a>>,
}

#[derive(Serialize)]
struct Implemented<'a> {
    name: &'a str,
    revision: Option<&'a str>,
    namespace: &'a str,
    location: [String; 1],
    submodule: Vec<Part<'a>>,
    feature: &'a [Ident],
    deviation: &'a [Ident],
}

#[derive(Serialize)]
struct ImportOnly<'a> {
    name: &'a str,
    revision: &'a str,
    namespace: &'a str,
    location: [String; 1],
    submodule: Vec<Part<'a>>,
}

#[derive(Serialize)]
struct Part<'a> {
    name: &'a str,
    revision: Option<&'a str>,
    location: [String; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct SchemaEntry {
    name: &'static str,
    module_set: [&'static str; 1],
}

#[derive(Serialize)]
struct Datastore {
    name: &'static str,
    schema: &'static str,
}

fn library(context: &StateContext<'_>) -> Result<Data, String> {
    let schema = context.engine.schema();
    let (implemented, imported): (Vec<&Module>, Vec<&Module>) =
        each_once(schema).into_iter().partition(|module| module.implemented);
    let module_set = ModuleSet {
        name: COMPLETE,
        module: implemented
            .into_iter()
            .map(|module| Implemented {
                name: &module.name,
                revision: module.revision.as_deref(),
                namespace: &module.namespace,
                location: [location(context, &module.name, module.revision.as_deref())],
                submodule: submodules(context, module),
                feature: &module.features,
                deviation: &module.deviated_by,
            })
            .collect(),
        import_only_module: imported
            .into_iter()
            .map(|module| ImportOnly {
                name: &module.name,
                revision: module.revision.as_deref().unwrap_or_default(),
                namespace: &module.namespace,
                location: [location(context, &module.name, module.revision.as_deref())],
                submodule: submodules(context, module),
            })
            .collect(),
    };
    let library = Library {
        module_set: [module_set],
        schema: [SchemaEntry { name: COMPLETE, module_set: [COMPLETE] }],
        datastore: DATASTORES.map(|name| Datastore { name, schema: COMPLETE }),
        content_id: schema.content_id(),
    };
    data(context, &library)
}

/// `modules-state`, the older form.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ModulesState<'a> {
    module_set_id: Ident,
    module: Vec<Listed<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Listed<'a> {
    name: &'a str,
    revision: &'a str,
    schema: String,
    namespace: &'a str,
    feature: &'a [Ident],
    deviation: Vec<ListedPart<'a>>,
    conformance_type: &'static str,
    submodule: Vec<ListedSubmodule<'a>>,
}

#[derive(Serialize)]
struct ListedPart<'a> {
    name: &'a str,
    revision: &'a str,
}

#[derive(Serialize)]
struct ListedSubmodule<'a> {
    name: &'a str,
    revision: &'a str,
    schema: String,
}

fn modules_state(context: &StateContext<'_>) -> Result<Data, String> {
    let schema = context.engine.schema();
    let state = ModulesState {
        module_set_id: schema.content_id(),
        module: each_once(schema).into_iter().map(|module| listed(context, module)).collect(),
    };
    data(context, &state)
}

fn listed<'a>(context: &'a StateContext<'_>, module: &'a Module) -> Listed<'a> {
    let schema = context.engine.schema();
    let revision_of = |name: &str| {
        let module = schema.module_by_name(name).map(|id| schema.module(id));
        module.and_then(|module| module.revision.as_deref()).unwrap_or_default()
    };
    let submodule = |part: &'a Submodule| ListedSubmodule {
        name: &part.name,
        revision: part.revision.as_deref().unwrap_or_default(),
        schema: location(context, &part.name, part.revision.as_deref()),
    };
    Listed {
        name: &module.name,
        revision: module.revision.as_deref().unwrap_or_default(),
        schema: location(context, &module.name, module.revision.as_deref()),
        namespace: &module.namespace,
        feature: &module.features,
        deviation: module
            .deviated_by
            .iter()
            .map(|name| ListedPart { name, revision: revision_of(name) })
            .collect(),
        conformance_type: if module.implemented { "implement" } else { "import" },
        submodule: module.submodules.iter().map(submodule).collect(),
    }
}

/// Where the text of a module or submodule is (RFC 8040 section 3.7).
fn location(context: &StateContext<'_>, name: &str, revision: Option<&str>) -> String {
    let base = &context.engine.settings().public_url;
    let revision = revision.map(|revision| format!("@{revision}")).unwrap_or_default();
    format!("{base}{SCHEMA_RESOURCES}{name}{revision}.yang")
}

fn submodules<'a>(context: &StateContext<'_>, module: &'a Module) -> Vec<Part<'a>> {
    let part = |part: &'a Submodule| Part {
        name: &part.name,
        revision: part.revision.as_deref(),
        location: [location(context, &part.name, part.revision.as_deref())],
    };
    module.submodules.iter().map(part).collect()
}

/// The modules by name and revision; one that two imports found twice stands once.
fn each_once(schema: &Schema) -> Vec<&Module> {
    let mut modules: BTreeMap<(&str, &str), &Module> = BTreeMap::new();
    for module in schema.modules() {
        let key = (module.name.as_str(), module.revision.as_deref().unwrap_or_default());
        let known = modules.entry(key).or_insert(module);
        if module.implemented {
            *known = module;
        }
    }
    modules.into_values().collect()
}
