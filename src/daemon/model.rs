//! The model that is served: the product's own modules, and those that the settings name.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::base::diagnostic::{Diagnostic, Sources};
use crate::settings::{FeatureName, ModuleName, YangSettings};
use crate::yang::product::{add_standard, implemented_library};
use crate::yang::schema::Schema;
use crate::yang::{Features, Wanted, compile, product_modules};

/// The code of what names a module that is not there.
const NO_MODULE: &str = "Y0201";

/// How many of the modules that are there are named to somebody who looks for another.
const SHOWN: usize = 16;

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A directory of modules cannot be read.
    #[error("yang.dirs: cannot read {}: {reason}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// A feature of a module that is not served.
    #[error("yang.features: '{0}' is not among yang.modules")]
    FeatureOfNothing(String),
    /// The modules have errors.
    #[error("the modules cannot be served: {}", count(*errors))]
    Modules {
        /// Every error as rustc would print it.
        rendered: String,
        /// How many there are.
        errors: usize,
    },
}

fn count(errors: usize) -> String {
    if errors == 1 { "1 error".to_owned() } else { format!("{errors} errors") }
}

impl ModelError {
    /// Everything that there is to say, for a terminal.
    pub fn report(&self) -> String {
        match self {
            ModelError::Modules { rendered, .. } => format!("{rendered}\nstrongbox: {self}"),
            _ => format!("strongbox: {self}"),
        }
    }
}

/// Compiles what the settings name together with the product's own modules. Warnings about the user's modules go to the
/// log, a line each.
///
/// # Errors
/// [`ModelError`].
pub fn compile_model(settings: &YangSettings) -> Result<Arc<Schema>, ModelError> {
    // The product's modules are wanted at the revision that they have now, and of equal revisions the first is taken:
    // no file of the user's takes the place of one.
    let mut library = implemented_library();
    let mut wanted = product_modules();
    library.parse_ahead(wanted.iter().map(|want| want.module.as_str()));
    for product in &mut wanted {
        product.revision = library.latest(&product.module);
    }
    let of_the_product: HashSet<String> = library.names().into_iter().map(str::to_owned).collect();
    for path in &settings.dirs {
        library.add_dir(path).map_err(|reason| ModelError::Directory { path: path.clone(), reason })?;
    }
    let mut found: Vec<String> = library.names().into_iter().map(str::to_owned).collect();
    found.retain(|name| !of_the_product.contains(name));
    add_standard(&mut library);
    if settings.modules.is_empty() && !settings.dirs.is_empty() {
        tracing::warn!(
            "yang.dirs is set, but yang.modules names no module: only the product's own are served"
        );
    }
    let product = wanted.len();
    wanted.extend(settings.modules.iter().map(wanted_module));
    switch_features(&mut wanted, product, &settings.features)?;
    let (schema, diagnostics) = compile(&mut library, &wanted);
    let sources = library.sources();
    let (errors, warnings): (Vec<&Diagnostic>, Vec<&Diagnostic>) =
        diagnostics.iter().partition(|found| found.is_error());
    match schema {
        Some(schema) => {
            for warning in warnings {
                log(sources, warning);
            }
            // Nobody has to wait until thousands of statements are let go of.
            std::thread::spawn(move || drop(library));
            Ok(Arc::new(schema))
        }
        None => {
            let mut rendered: String = errors.iter().map(|error| sources.render(error)).collect();
            if errors.iter().any(|error| error.code == NO_MODULE) {
                rendered.push_str(&in_the_directories(found));
            }
            Err(ModelError::Modules { rendered, errors: errors.len() })
        }
    }
}

/// What somebody looks for who named a module that is not there.
fn in_the_directories(mut found: Vec<String>) -> String {
    found.sort();
    let more = found.len().saturating_sub(SHOWN);
    found.truncate(SHOWN);
    match (found.is_empty(), more) {
        (true, _) => "  = note: yang.dirs has no modules\n".to_owned(),
        (false, 0) => format!("  = note: yang.dirs has {}\n", found.join(", ")),
        (false, _) => format!("  = note: yang.dirs has {} and {more} more\n", found.join(", ")),
    }
}

fn wanted_module(name: &ModuleName) -> Wanted {
    Wanted { module: name.name.clone(), revision: name.revision.clone(), features: Features::All }
}

/// Leaves on what the settings name; modules behind the first `product` ones are the user's.
fn switch_features(
    wanted: &mut [Wanted],
    product: usize,
    features: &[FeatureName],
) -> Result<(), ModelError> {
    for FeatureName { module, feature } in features {
        let Some(want) = wanted.iter_mut().skip(product).find(|want| want.module == *module) else {
            return Err(ModelError::FeatureOfNothing(module.to_string()));
        };
        if want.features == Features::All {
            want.features = Features::Only(Vec::new());
        }
        if let Features::Only(only) = &mut want.features {
            only.extend(feature.clone());
        }
    }
    Ok(())
}

fn log(sources: &Sources, warning: &Diagnostic) {
    tracing::warn!("{}: {} [{}]", sources.place(warning.span), warning.message, warning.code);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ident::Ident;

    fn settings(dir: &std::path::Path, modules: &[&str], features: &[(&str, &str)]) -> YangSettings {
        let name = |text: &&str| ModuleName { name: Ident::from(*text), revision: None };
        let feature = |(module, feature): &(&str, &str)| FeatureName {
            module: Ident::from(*module),
            feature: (!feature.is_empty()).then(|| Ident::from(*feature)),
        };
        YangSettings {
            dirs: vec![dir.to_owned()],
            modules: modules.iter().map(name).collect(),
            features: features.iter().map(feature).collect(),
        }
    }

    fn library(texts: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in texts {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        dir
    }

    const SWITCHED: &str = "module m { namespace urn:m; prefix m; feature a; feature b; \
                            container c { leaf x { if-feature a; type string; } leaf y { if-feature b; type string; } } }";

    #[test]
    fn features_are_all_on_until_one_is_named() {
        let dir = library(&[("m.yang", SWITCHED)]);
        for (features, leafs) in [
            (&[][..], &["x", "y"][..]),
            (&[("m", "a")], &["x"]),
            (&[("m", "a"), ("m", "b")], &["x", "y"]),
            (&[("m", "")], &[]),
        ] {
            let schema = compile_model(&settings(dir.path(), &["m"], features)).unwrap();
            let container = schema.find("/m:c").unwrap();
            let names: Vec<&str> =
                schema.children(container).iter().map(|id| schema.node(*id).name.as_str()).collect();
            assert_eq!(names, leafs, "{features:?}");
        }
        for (features, told) in [(&[("m", "aa")][..], "no feature 'aa'"), (&[("n", "a")], "'n' is not among")]
        {
            let error = compile_model(&settings(dir.path(), &["m"], features)).unwrap_err().report();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn a_module_of_a_users_own_cannot_take_the_place_of_the_products() {
        let dir = library(&[
            (
                "strongbox.yang",
                "module strongbox { namespace urn:x; prefix x; revision 2999-01-01; container evil; }",
            ),
            (
                "m.yang",
                "module m { namespace urn:m; prefix m; import strongbox { prefix s; } \
                        augment /s:strongbox { container own { leaf a { type string; } } } }",
            ),
        ]);
        let schema = compile_model(&settings(dir.path(), &["m"], &[])).unwrap();
        assert!(schema.find("/strongbox:strongbox/m:own/a").is_some());
        assert!(schema.find("/evil").is_none());
    }

    #[test]
    fn standard_modules_are_found_without_files_and_files_of_the_users_go_before() {
        let user = |name: &str| {
            format!(
                "module {name} {{ yang-version 1.1; namespace urn:{name}; prefix m; \
                 import ietf-yang-types {{ prefix y; }} import ietf-inet-types {{ prefix i; revision-date 2013-07-15; }} \
                 leaf {name} {{ type y:uuid; }} leaf {name}-host {{ type i:host; }} }}"
            )
        };
        let dir = library(&[("m.yang", &user("m"))]);
        assert!(compile_model(&settings(dir.path(), &["m"], &[])).is_ok());
        let own = "module ietf-yang-types { namespace urn:o; prefix y; revision 2013-07-15; typedef uuid { type uint8; } }";
        let dir = library(&[("m.yang", &user("m")), ("ietf-yang-types@2013-07-15.yang", own)]);
        let error = compile_model(&settings(dir.path(), &["m"], &[])).unwrap_err().report();
        assert!(error.contains("'yang-identifier'"), "the library takes its types from there too: {error}");
    }

    #[test]
    fn what_is_wrong_is_told_with_file_line_and_column() {
        let dir = library(&[(
            "m.yang",
            "module m {\n  namespace urn:m;\n  prefix m;\n  leaf a { type strnig; }\n}\n",
        )]);
        let error = compile_model(&settings(dir.path(), &["m", "nothing"], &[])).unwrap_err().report();
        assert!(error.contains("m.yang:4:17"), "{error}");
        assert!(error.contains("there is no module 'nothing'"), "{error}");
        assert!(error.contains("yang.dirs has m\n"), "{error}");
        assert!(error.ends_with("2 errors"), "{error}");
    }
}
