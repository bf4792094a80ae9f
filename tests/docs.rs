//! Documentation that is made from the code stays what the code says. `UPDATE=1` writes it anew.

use std::path::Path;

use strongbox::settings::Setting;
use strongbox::yang::diagram::{Options, Subject, draw};
use strongbox::yang::product::{product_library, product_modules};
use strongbox::yang::syntax::KeywordId;

use crate::support::updates;

/// What stands between backquotes in a line.
fn in_quotes(line: &str) -> Vec<String> {
    line.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Every Rust file of a folder and those below it, as one text.
fn code_of(folder: &Path) -> String {
    let mut code = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            code.push_str(&code_of(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            code.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
    code
}

/// Holds the part of a document between `<!-- NAME: ... -->` and `<!-- end of NAME -->` against `wanted`.
fn hold(document: &str, name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let text = std::fs::read_to_string(&path).unwrap();
    let start =
        text.find(&format!("<!-- {name}:")).unwrap_or_else(|| panic!("{document} has no part '{name}'"));
    let start = start + text[start..].find("-->\n").unwrap() + 4;
    let end = text.find(&format!("<!-- end of {name} -->")).unwrap();
    if updates() {
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
        "strongbox-history",
        "strongbox-candidate",
        "strongbox-authentication",
        "strongbox-approle",
        "strongbox-certificate-auth",
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

#[test]
fn what_is_understood_of_yang_is_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/yang.md")).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).collect();
    let first_cells: Vec<String> =
        rows.iter().flat_map(|row| in_quotes(row.split(" | ").next().unwrap_or_default())).collect();
    let types = "int8 int16 int32 int64 uint8 uint16 uint32 uint64 decimal64 string boolean enumeration bits binary leafref
        identityref empty union instance-identifier";
    let wanted = KeywordId::ALL.iter().map(|id| id.as_str()).chain(types.split_whitespace());
    let missing: Vec<&str> = wanted.filter(|name| !first_cells.iter().any(|cell| cell == name)).collect();
    assert!(missing.is_empty(), "docs/yang.md has no row for {missing:?}");
    for name in text.lines().flat_map(in_quotes) {
        let Some((folder, _)) = name.split_once('/') else { continue };
        let extension = match folder {
            "ok" | "err" => "yang",
            "data" => "cases",
            _ => continue,
        };
        let case = root.join("tests/yang").join(format!("{name}.{extension}"));
        assert!(name.ends_with('/') || case.exists(), "docs/yang.md names {name}, which is not there");
    }
}

#[test]
fn every_test_that_the_page_on_security_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let code = code_of(&root.join("src")) + &code_of(&root.join("tests"));
    let is_name = |name: &String| {
        name.contains('_')
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let names: Vec<String> = text.lines().flat_map(in_quotes).filter(is_name).collect();
    assert!(names.len() > 20, "{names:?}");
    let missing: Vec<&String> = names.iter().filter(|name| !code.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "docs/security.md names tests that are not there: {missing:?}");
}

#[test]
fn every_limit_that_can_be_set_is_on_the_page_on_security() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let (_, part) = text.split_once("<!-- limits:").unwrap();
    let (part, _) = part.split_once("<!-- end of limits -->").unwrap();
    let rows: Vec<Vec<&str>> =
        part.lines().skip(3).map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect();
    assert!(rows.len() > 25, "{} rows", rows.len());
    for row in &rows {
        assert_eq!(row.len(), 5, "{row:?}");
        assert!(in_quotes(row[4]).iter().any(|name| name.contains('_')), "{row:?} names no test");
    }
    let settings: Vec<String> = rows.iter().flat_map(|row| in_quotes(row[2])).collect();
    let documentation = Setting::documentation();
    let all = documentation.lines().flat_map(in_quotes).filter(|name| name.starts_with("limits."));
    let missing: Vec<String> = all.filter(|name| !settings.contains(name)).collect();
    assert!(missing.is_empty(), "docs/security.md says nothing of {missing:?}");
}

#[test]
fn the_parameters_of_restconf_are_documented() {
    hold("docs/restconf.md", "parameters", &strongbox::surface::restconf::query::documentation());
}

/// Holds that the last cell of each row of a page's tables names tests that are there: functions, requests of
/// `tests/restconf`, modules and files of cases of `tests/yang`.
fn hold_names_of_tests(page: &str, rows_at_least: usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join(page)).unwrap();
    let code = code_of(&root.join("src")) + &code_of(&root.join("tests"));
    let is_there = |name: &String| match name.split_once('/') {
        Some(("ok" | "err", _)) => root.join("tests/yang").join(format!("{name}.yang")).exists(),
        Some(("data" | "edits", _)) => root.join("tests/yang").join(name).exists(),
        Some(_) => root.join("tests/restconf").join(format!("{name}-response.http")).exists(),
        None => code.contains(&format!("fn {name}(")),
    };
    let mut rows = 0;
    let mut is_table = false;
    for line in text.lines() {
        is_table = line.starts_with('|') && (is_table || line.ends_with("| shown by |"));
        if !is_table || line.ends_with("| shown by |") || line.starts_with("| ---") {
            continue;
        }
        rows += 1;
        let names = in_quotes(line.rsplit(" | ").next().unwrap_or_default());
        assert!(!names.is_empty(), "{line}");
        let missing: Vec<&String> = names.iter().filter(|name| !is_there(name)).collect();
        assert!(missing.is_empty(), "{page} names tests that are not there: {missing:?}");
    }
    assert!(rows >= rows_at_least, "{page}: {rows} rows");
}

#[test]
fn every_requirement_of_rfc8040_names_tests_that_are_there() {
    hold_names_of_tests("docs/restconf.md", 80);
}

#[test]
fn every_pitfall_names_tests_that_are_there() {
    hold_names_of_tests("docs/yang-pitfalls.md", 60);
}

/// What the Vault dialect must be safe from: what a row of the table on security begins with, and what the name of one of its
/// tests has in it.
const HAPPENED_TO_OTHERS: &[(&str, &str)] = &[
    ("CVE-2024-5798", "cve_2024_5798"),
    ("alg confusion", "alg_confusion"),
    ("claim case-fold collision", "claim_case_fold_collision"),
    ("userinfo sub not compared", "userinfo_sub_not_compared"),
    ("bound_claims bypass by type", "bound_claims_bypass_by_type"),
    ("user_claim", "user_claim_is_a_string"),
    ("redirect URI bypass", "redirect_uri_bypass"),
    ("login CSRF", "login_csrf"),
    ("CVE-2026-33757", "cve_2026_33757"),
    ("CVE-2026-33758", "cve_2026_33758"),
    ("CVE-2026-46405", "cve_2026_46405"),
    ("GHSA-7j6w-vvw2-5f9c", "ghsa_7j6w_vvw2_5f9c"),
    ("CVE-2024-9180", "cve_2024_9180"),
    ("CVE-2025-5999", "cve_2025_5999"),
    ("CVE-2025-64761", "cve_2025_64761"),
    ("CVE-2025-6004", "cve_2025_6004"),
    ("CVE-2025-6011", "cve_2025_6011"),
    ("CVE-2025-6010", "cve_2025_6010"),
    ("CVE-2021-43998", "cve_2021_43998"),
    ("CVE-2021-41802", "cve_2021_41802"),
    ("CVE-2022-40186", "cve_2022_40186"),
    ("GHSA-59w7-v8rr-pr4p", "ghsa_59w7"),
    ("CVE-2020-16250", "cve_2020_16250"),
    ("CVE-2020-16251", "cve_2020_16251"),
    ("CVE-2026-5807", "cve-2026-5807"),
    ("CVE-2026-40264", "cve_2026_40264"),
    ("CVE-2025-27144", "cve_2025_27144"),
    ("CVE-2024-28180", "cve_2024_28180"),
    ("CVE-2025-22868", "cve_2025_22868"),
    ("CVE-2025-30204", "cve_2025_30204"),
    ("SSRF", "ssrf"),
    ("secrets in outputs", "secrets-in-outputs"),
    ("verbose_oidc_logging", "verbose_oidc_logging"),
    ("secrets backend", "secrets_backend_lock"),
    ("ID tokens", "id_tokens_star"),
    ("brute force", "brute_force_and_flood"),
];

#[test]
fn what_happened_to_others_has_tests_of_its_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let (_, table) = text.split_once("| what | why it does not happen here | tests |\n").unwrap();
    let rows: Vec<&str> = table.lines().skip(1).take_while(|line| line.starts_with('|')).collect();
    let code = code_of(&root.join("src")) + &code_of(&root.join("tests"));
    let tests_of = |row: &str| in_quotes(row.rsplit(" | ").next().unwrap_or_default());
    for row in &rows {
        for name in tests_of(row) {
            let is_there =
                code.contains(&format!("fn {name}(")) || root.join("tests/vault").join(&name).is_dir();
            assert!(is_there, "docs/security.md names a test that is not there: {name}");
        }
    }
    for (what, part) in HAPPENED_TO_OTHERS {
        let named = |row: &&&str| row.split(" | ").next().unwrap_or_default().contains(what);
        let row = rows.iter().find(named).unwrap_or_else(|| panic!("docs/security.md has no row for {what}"));
        assert!(
            tests_of(row).iter().any(|name| name.contains(part)),
            "no test of {what} carries its name: {row}"
        );
    }
}
