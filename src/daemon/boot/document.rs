//! A boot file as its documents: for which tenant, and the text of the tree that is to be merged.
//!
//! A document is a map with the keys `tenant` (the system tenant when absent) and `config`. The tree's text keeps its place:
//! everything around it is blanked, so that a decoder's line and column are the file's.

use std::path::{Path, PathBuf};

use crate::base::ident::Ident;
use crate::base::outline::{Kind, Outline, Place, outline};

/// One document of a boot file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file it came from.
    pub file: PathBuf,
    /// The tenant whose tree it is merged into.
    pub tenant: Ident,
    /// The text of `config`, with blanks in place of everything else in the file.
    pub text: String,
    /// Where the nodes of `config` stand.
    pub outline: Outline,
    /// Whether the file is JSON by its name; otherwise it is YAML.
    pub is_json: bool,
}

/// What is wrong with a boot file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootError {
    /// The file.
    pub file: PathBuf,
    /// Where in it; `None` when it could not be read at all.
    pub place: Option<Place>,
    /// What is wrong and what would be right.
    pub message: String,
}

impl std::fmt::Display for BootError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(place) = self.place {
            write!(f, ":{}:{}", place.line, place.column)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// The largest boot file, in bytes.
const MAX_FILE: u64 = 256 * 1024 * 1024;

/// Every boot file that the arguments name: a file stands for itself, a directory for the `.yaml`, `.yml` and `.json` files
/// in it, by name. The order is the order in which they are merged.
///
/// # Errors
/// One for each argument that cannot be read.
pub fn files(arguments: &[PathBuf]) -> Result<Vec<PathBuf>, Vec<BootError>> {
    let mut found = Vec::new();
    let mut errors = Vec::new();
    for argument in arguments {
        if !argument.is_dir() {
            found.push(argument.clone());
            continue;
        }
        match std::fs::read_dir(argument) {
            Ok(entries) => {
                let mut inside: Vec<PathBuf> = entries
                    .filter_map(|entry| entry.ok().map(|entry| entry.path()))
                    .filter(|path| path.is_file() && has_extension(path, &["yaml", "yml", "json"]))
                    .collect();
                inside.sort();
                found.append(&mut inside);
            }
            Err(error) => errors.push(unreadable(argument, &error)),
        }
    }
    if errors.is_empty() { Ok(found) } else { Err(errors) }
}

fn has_extension(path: &Path, wanted: &[&str]) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| wanted.contains(&extension))
}

fn unreadable(file: &Path, error: &std::io::Error) -> BootError {
    BootError { file: file.to_owned(), place: None, message: format!("cannot be read: {error}") }
}

/// Reads a boot file.
///
/// # Errors
/// Everything that is wrong with its outer form.
pub fn read(file: &Path) -> Result<Vec<Document>, Vec<BootError>> {
    let size = std::fs::metadata(file).map_err(|error| vec![unreadable(file, &error)])?.len();
    if size > MAX_FILE {
        let message = format!("has {size} bytes; a boot file has at most {MAX_FILE}");
        return Err(vec![BootError { file: file.to_owned(), place: None, message }]);
    }
    let text = std::fs::read_to_string(file).map_err(|error| vec![unreadable(file, &error)])?;
    parse(file, text.strip_prefix('\u{feff}').unwrap_or(&text))
}

/// The documents of a text.
///
/// # Errors
/// Everything that is wrong with its outer form.
pub fn parse(file: &Path, text: &str) -> Result<Vec<Document>, Vec<BootError>> {
    let error =
        |place: Place, message: String| BootError { file: file.to_owned(), place: Some(place), message };
    let outlines = outline(text).map_err(|found| vec![error(found.place, found.message)])?;
    let mut documents = Vec::new();
    let mut errors = Vec::new();
    for document in outlines {
        let Kind::Map(pairs) = &document.kind else {
            if document.text() != Some("") {
                errors.push(error(
                    document.place,
                    "a boot document is a map with the keys 'tenant' and 'config'".into(),
                ));
            }
            continue;
        };
        let mut tenant = Some(Ident::from("system"));
        let mut config = None;
        for (index, (key, place, value)) in pairs.iter().enumerate() {
            if pairs[..index].iter().any(|(earlier, ..)| earlier == key) {
                errors.push(error(*place, format!("'{key}' is given twice")));
                continue;
            }
            match key.as_str() {
                "tenant" => {
                    tenant = value.text().filter(|name| !name.is_empty()).map(Ident::from);
                    if tenant.is_none() {
                        errors.push(error(value.place, "'tenant' is the name of a tenant".into()));
                    }
                }
                "config" => config = Some((place, value)),
                other => errors.push(error(
                    *place,
                    format!(
                        "'{}' is not known here; a boot document has the keys 'tenant' and 'config'",
                        shorten(other)
                    ),
                )),
            }
        }
        match (tenant, config) {
            (Some(tenant), Some((_, tree))) => documents.push(Document {
                file: file.to_owned(),
                tenant,
                text: blank_around(text, tree.start, tree.end),
                outline: tree.clone(),
                is_json: has_extension(file, &["json"]),
            }),
            (Some(_), None) => errors.push(error(document.place, "'config' is missing".into())),
            (None, _) => {}
        }
    }
    if errors.is_empty() { Ok(documents) } else { Err(errors) }
}

fn shorten(text: &str) -> String {
    text.chars().take(64).collect()
}

/// The text with every character outside of `start..end` (in characters) blanked; line breaks stay.
fn blank_around(text: &str, start: usize, end: usize) -> String {
    text.chars()
        .enumerate()
        .map(|(index, c)| if (start..end).contains(&index) || c == '\n' { c } else { ' ' })
        .collect::<String>()
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_keeps_its_lines_and_columns() {
        let documents =
            parse(Path::new("a.yaml"), "tenant: acme\nconfig:\n  a:\n    b: 1\n---\nconfig: {c: 2}\n")
                .unwrap();
        assert_eq!(documents[0].tenant, "acme");
        assert_eq!(
            documents[0].text,
            "\n\n  a:\n    b: 1".to_owned().replacen("\n\n", "            \n       \n", 1)
        );
        assert_eq!(documents[1].tenant, "system");
        assert!(documents[1].text.ends_with("        {c: 2}"));
    }

    #[test]
    fn everything_wrong_with_the_form_is_told_with_its_place() {
        let errors = parse(Path::new("a.yaml"), "tenant: [x]\nconfg: 1\n---\n- 1\n").unwrap_err();
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 3, "{told:#?}");
        assert!(told[0].starts_with("a.yaml:1:9: 'tenant'"), "{told:#?}");
        assert!(told[1].starts_with("a.yaml:2:1: 'confg'"), "{told:#?}");
        assert!(told[2].starts_with("a.yaml:4:1: a boot document"), "{told:#?}");
    }
}
