//! The modules that are embedded in the binary: the product's own, and standard ones that anybody may import.

use super::resolve::library::Library;
use super::resolve::load::{Features, Wanted};
use super::schema::{Schema, compile};
use crate::base::ident::Ident;

/// File name and text of every module in `yang/`: the product's own.
pub const MODULES: &[(&str, &str)] = &[
    ("strongbox.yang", include_str!("../../yang/strongbox.yang")),
    ("strongbox-extensions.yang", include_str!("../../yang/strongbox-extensions.yang")),
    ("strongbox-types.yang", include_str!("../../yang/strongbox-types.yang")),
    ("strongbox-transit.yang", include_str!("../../yang/strongbox-transit.yang")),
    ("strongbox-jwt-issuer.yang", include_str!("../../yang/strongbox-jwt-issuer.yang")),
    ("strongbox-authentication.yang", include_str!("../../yang/strongbox-authentication.yang")),
    ("strongbox-approle.yang", include_str!("../../yang/strongbox-approle.yang")),
    ("strongbox-certificate-auth.yang", include_str!("../../yang/strongbox-certificate-auth.yang")),
    ("strongbox-jwt-auth.yang", include_str!("../../yang/strongbox-jwt-auth.yang")),
    ("strongbox-jwt-secrets.yang", include_str!("../../yang/strongbox-jwt-secrets.yang")),
    ("strongbox-wrapping.yang", include_str!("../../yang/strongbox-wrapping.yang")),
    ("strongbox-mounts.yang", include_str!("../../yang/strongbox-mounts.yang")),
    ("strongbox-identity-tokens.yang", include_str!("../../yang/strongbox-identity-tokens.yang")),
    ("strongbox-identity.yang", include_str!("../../yang/strongbox-identity.yang")),
    ("strongbox-policy.yang", include_str!("../../yang/strongbox-policy.yang")),
    ("strongbox-deviations.yang", include_str!("../../yang/strongbox-deviations.yang")),
    ("strongbox-system.yang", include_str!("../../yang/strongbox-system.yang")),
    ("strongbox-history.yang", include_str!("../../yang/strongbox-history.yang")),
    ("strongbox-candidate.yang", include_str!("../../yang/strongbox-candidate.yang")),
];

/// File name and text of every module in `yang/ietf/`: data models of RFCs, written afresh.
pub const STANDARD: &[(&str, &str)] = &[
    ("ietf-datastores@2018-02-14.yang", include_str!("../../yang/ietf/ietf-datastores@2018-02-14.yang")),
    ("ietf-inet-types@2013-07-15.yang", include_str!("../../yang/ietf/ietf-inet-types@2013-07-15.yang")),
    ("ietf-netconf-acm@2018-02-14.yang", include_str!("../../yang/ietf/ietf-netconf-acm@2018-02-14.yang")),
    (
        "ietf-netconf-notifications@2012-02-06.yang",
        include_str!("../../yang/ietf/ietf-netconf-notifications@2012-02-06.yang"),
    ),
    ("ietf-netconf@2011-06-01.yang", include_str!("../../yang/ietf/ietf-netconf@2011-06-01.yang")),
    ("ietf-origin@2018-02-14.yang", include_str!("../../yang/ietf/ietf-origin@2018-02-14.yang")),
    (
        "ietf-restconf-monitoring@2017-01-26.yang",
        include_str!("../../yang/ietf/ietf-restconf-monitoring@2017-01-26.yang"),
    ),
    (
        "ietf-restconf-subscribed-notifications@2019-11-17.yang",
        include_str!("../../yang/ietf/ietf-restconf-subscribed-notifications@2019-11-17.yang"),
    ),
    ("ietf-restconf@2017-01-26.yang", include_str!("../../yang/ietf/ietf-restconf@2017-01-26.yang")),
    (
        "ietf-subscribed-notifications@2019-09-09.yang",
        include_str!("../../yang/ietf/ietf-subscribed-notifications@2019-09-09.yang"),
    ),
    ("ietf-yang-library@2019-01-04.yang", include_str!("../../yang/ietf/ietf-yang-library@2019-01-04.yang")),
    (
        "ietf-yang-metadata@2016-08-05.yang",
        include_str!("../../yang/ietf/ietf-yang-metadata@2016-08-05.yang"),
    ),
    ("ietf-yang-patch@2017-02-22.yang", include_str!("../../yang/ietf/ietf-yang-patch@2017-02-22.yang")),
    ("ietf-yang-push@2019-09-09.yang", include_str!("../../yang/ietf/ietf-yang-push@2019-09-09.yang")),
    (
        "ietf-yang-structure-ext@2020-06-17.yang",
        include_str!("../../yang/ietf/ietf-yang-structure-ext@2020-06-17.yang"),
    ),
    ("ietf-yang-types@2013-07-15.yang", include_str!("../../yang/ietf/ietf-yang-types@2013-07-15.yang")),
    ("nc-notifications@2008-07-14.yang", include_str!("../../yang/ietf/nc-notifications@2008-07-14.yang")),
];

/// The standard modules that the product implements, with their features that are on.
const IMPLEMENTED: &[(&str, &[&str])] = &[
    ("ietf-netconf-acm", &[]),
    // Their identities are values only where the modules are implemented (RFC 7950 section 9.10.2).
    ("ietf-datastores", &[]),
    ("ietf-origin", &[]),
    ("ietf-yang-library", &[]),
    ("ietf-restconf-monitoring", &[]),
    ("nc-notifications", &[]),
    ("ietf-netconf-notifications", &[]),
    ("ietf-subscribed-notifications", &["encode-json", "encode-xml", "replay", "subtree", "xpath"]),
    ("ietf-restconf-subscribed-notifications", &[]),
    ("ietf-yang-push", &["on-change"]),
];

/// File name and text of every embedded module.
pub fn embedded() -> impl Iterator<Item = (&'static str, &'static str)> {
    MODULES.iter().chain(STANDARD).copied()
}

/// The module that a file is named after.
pub fn module_of(file: &str) -> &str {
    let stem = file.trim_end_matches(".yang");
    stem.split_once('@').map_or(stem, |(name, _)| name)
}

/// A library of the modules that the product implements, and no others: where a user has standard modules, these are to be
/// added before [`add_standard`].
pub fn implemented_library() -> Library {
    let mut library = Library::new();
    for (file, text) in embedded().filter(|(file, _)| is_implemented(module_of(file))) {
        library.add_text(file, text);
    }
    library
}

/// Adds the standard modules, for imports of those that the library does not have.
pub fn add_standard(library: &mut Library) {
    for (file, text) in STANDARD {
        library.add_text(file, text);
    }
}

/// A library of all embedded modules, to which others may be added.
pub fn product_library() -> Library {
    let mut library = implemented_library();
    add_standard(&mut library);
    library
}

fn is_implemented(module: &str) -> bool {
    features_of(module).is_some() || MODULES.iter().any(|(file, _)| module_of(file) == module)
}

/// The features that are on of a standard module that the product implements.
fn features_of(module: &str) -> Option<&'static [&'static str]> {
    IMPLEMENTED.iter().find(|(implemented, _)| *implemented == module).map(|(_, features)| *features)
}

/// The modules that the product implements, as [`compile`] wants them.
pub fn product_modules() -> Vec<Wanted> {
    embedded()
        .map(|(file, _)| module_of(file))
        .filter(|module| is_implemented(module))
        .map(|module| {
            let on = features_of(module).unwrap_or_default().iter().copied().map(Ident::from);
            Wanted { features: Features::Only(on.collect()), ..Wanted::latest(module) }
        })
        .collect()
}

/// The schema of the product's own modules and nothing else.
///
/// # Errors
/// All diagnostics as text, when the modules do not compile; a test keeps that from happening.
pub fn compile_product() -> Result<Schema, String> {
    let mut library = product_library();
    let (schema, diagnostics) = compile(&mut library, &product_modules());
    schema.ok_or_else(|| diagnostics.iter().map(|found| library.sources().render(found)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_in_yang_is_embedded_and_compiles_without_a_warning() {
        for (dir, embedded) in [("yang", MODULES), ("yang/ietf", STANDARD)] {
            let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
            let mut files: Vec<String> = std::fs::read_dir(root)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .filter(|name| name.ends_with(".yang"))
                .collect();
            files.sort();
            let mut embedded: Vec<&str> = embedded.iter().map(|(name, _)| *name).collect();
            embedded.sort_unstable();
            assert_eq!(files, embedded);
        }
        let mut library = product_library();
        let all: Vec<Wanted> = embedded().map(|(file, _)| Wanted::latest(module_of(file))).collect();
        let (schema, diagnostics) = compile(&mut library, &all);
        let text: String = diagnostics.iter().map(|found| library.sources().render(found)).collect();
        assert!(schema.is_some() && text.is_empty(), "{text}");
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]
        #[test]
        fn a_damaged_module_is_reported_and_never_panics(
            module in 0..MODULES.len(),
            start in 0_usize..10_000,
            length in 0_usize..200,
            put in "[ a-z:/;{}\"']{0,12}",
        ) {
            let mut library = Library::new();
            for (index, (name, text)) in MODULES.iter().enumerate() {
                if index == module {
                    let start = start % text.len();
                    let end = (start + length).min(text.len());
                    let damaged = format!("{}{put}{}", &text[..start], &text[end..]);
                    library.add_text(name, &damaged);
                } else {
                    library.add_text(name, text);
                }
            }
            let (schema, diagnostics) = compile(&mut library, &product_modules());
            proptest::prop_assert!(schema.is_some() || diagnostics.iter().any(|found| found.is_error()));
            for found in &diagnostics {
                library.sources().render(found);
            }
        }
    }
}
