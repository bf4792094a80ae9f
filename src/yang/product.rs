//! The product's own modules, embedded in the binary.

use super::resolve::library::Library;
use super::resolve::load::Wanted;
use super::schema::{Schema, compile};

/// File name and text of every module in `yang/`.
pub const MODULES: &[(&str, &str)] = &[
    ("strongbox.yang", include_str!("../../yang/strongbox.yang")),
    ("strongbox-extensions.yang", include_str!("../../yang/strongbox-extensions.yang")),
    ("strongbox-types.yang", include_str!("../../yang/strongbox-types.yang")),
    ("strongbox-transit.yang", include_str!("../../yang/strongbox-transit.yang")),
    ("strongbox-jwt-issuer.yang", include_str!("../../yang/strongbox-jwt-issuer.yang")),
    ("strongbox-authentication.yang", include_str!("../../yang/strongbox-authentication.yang")),
    ("strongbox-approle.yang", include_str!("../../yang/strongbox-approle.yang")),
    ("strongbox-jwt-auth.yang", include_str!("../../yang/strongbox-jwt-auth.yang")),
    ("strongbox-policy.yang", include_str!("../../yang/strongbox-policy.yang")),
    ("strongbox-system.yang", include_str!("../../yang/strongbox-system.yang")),
];

/// A library of the product's own modules, to which others may be added.
pub fn product_library() -> Library {
    let mut library = Library::new();
    for (name, text) in MODULES {
        library.add_text(name, text);
    }
    library
}

/// The product's modules as [`compile`] wants them.
pub fn product_modules() -> Vec<Wanted> {
    let stem = |name: &&str| Wanted::latest(name.trim_end_matches(".yang"));
    MODULES.iter().map(|(name, _)| stem(name)).collect()
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
        let mut files: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/yang"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let mut embedded: Vec<&str> = MODULES.iter().map(|(name, _)| *name).collect();
        embedded.sort_unstable();
        assert_eq!(files, embedded);
        let mut library = product_library();
        let (schema, diagnostics) = compile(&mut library, &product_modules());
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
