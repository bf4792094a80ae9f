//! Documentation that is made from the code stays what the code says. `UPDATE=1` writes it anew.

use std::path::Path;

use strongbox::settings::Setting;
use strongbox::yang::diagram::{Options, Subject, draw};
use strongbox::yang::product::{product_library, product_modules};

/// Holds the part of a document between `<!-- NAME: ... -->` and `<!-- end of NAME -->` against `wanted`.
fn hold(document: &str, name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let text = std::fs::read_to_string(&path).unwrap();
    let start =
        text.find(&format!("<!-- {name}:")).unwrap_or_else(|| panic!("{document} has no part '{name}'"));
    let start = start + text[start..].find("-->\n").unwrap() + 4;
    let end = text.find(&format!("<!-- end of {name} -->")).unwrap();
    if std::env::vars().any(|(variable, value)| variable == "UPDATE" && value == "1") {
        std::fs::write(&path, format!("{}{wanted}{}", &text[..start], &text[end..])).unwrap();
        return;
    }
    assert!(
        text[start..end] == *wanted,
        "{document}: the part '{name}' is out of date; UPDATE=1 cargo test writes it anew"
    );
}

#[test]
fn the_settings_are_documented() {
    hold("docs/operations.md", "settings", &Setting::documentation());
}

#[test]
fn the_model_is_drawn() {
    let mut library = product_library();
    let mut drawn = String::from("```\n");
    for module in [
        "strongbox",
        "strongbox-policy",
        "strongbox-system",
        "strongbox-authentication",
        "strongbox-approle",
        "strongbox-jwt-auth",
    ] {
        // What augments one container is drawn with the container and with the module that augments.
        let subject = Subject { module: module.into(), submodule: None };
        let diagrams = draw(&mut library, &product_modules(), &[subject], &Options::default());
        drawn.push_str(diagrams.concat().trim_end());
        drawn.push_str("\n\n");
    }
    let drawn = format!("{}\n```\n", drawn.trim_end());
    hold("docs/model.md", "model", &drawn);
}
