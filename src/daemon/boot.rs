//! Boot files: configuration that is merged in at every start, all of it in one transaction or none of it.
//!
//! What is wrong is told by file, line and column, whichever layer finds it: the form of the file, the decoder, or the
//! validation of the whole.

pub mod document;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use self::document::{BootError, Document};
use crate::base::ident::Ident;
use crate::data::decode::{Allow, DecodeOptions, Format, decode};
use crate::data::diff::ChangeKind;
use crate::data::edit::{self, Edit, EditOperation};
use crate::data::locate::Locator;
use crate::data::path::InstancePath;
use crate::data::tree::Tree;
use crate::data::violation::Violation;
use crate::engine::Engine;
use crate::engine::commit::{Author, CommitError, CommitOptions, CommitRequest, Committed, TenantEdits};
use crate::yang::schema::Schema;

/// What came of the boot files.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// How many files were read.
    pub files: usize,
    /// Whether anything changed, or would have.
    pub changed: bool,
    /// What changed: tenant and path, with what happened there. A new subtree is one row.
    pub rows: Vec<(Ident, String, &'static str)>,
}

impl fmt::Display for Summary {
    /// Counts, and a line for each row as long as people read them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        let files = if self.files == 1 { "1 file" } else { &format!("{} files", self.files) };
        if self.rows.is_empty() {
            return write!(f, "{files}, nothing to change");
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, _, what) in &self.rows {
            *counts.entry(what).or_default() += 1;
        }
        let counts: Vec<String> = counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
        write!(f, "{files}, {}", counts.join(", "))?;
        for (tenant, path, what) in self.rows.iter().take(SHOWN) {
            write!(f, "\n  {what} {tenant}: {path}")?;
        }
        if self.rows.len() > SHOWN {
            write!(f, "\n  and {} more", self.rows.len() - SHOWN)?;
        }
        Ok(())
    }
}

/// Merges the boot files that `arguments` name, in their order; with `validate_only`, finds every error and changes nothing.
///
/// # Errors
/// Everything that is wrong with the files; nothing was changed then.
pub async fn apply(
    engine: &Engine,
    arguments: &[PathBuf],
    validate_only: bool,
) -> Result<Summary, Vec<BootError>> {
    let schema = engine.schema();
    let Files { count, merges } = read(schema, arguments)?;
    let (documents, edits): (Vec<Document>, Vec<Edit>) = merges.into_iter().unzip();
    let changes: Vec<TenantEdits> = documents
        .iter()
        .zip(edits)
        .map(|(document, edit)| TenantEdits {
            tenant: document.tenant.clone(),
            edits: vec![edit],
            preconditions: Vec::new(),
        })
        .collect();
    if changes.is_empty() {
        return Ok(Summary { files: count, ..Summary::default() });
    }
    let request = CommitRequest {
        actor: "boot".to_owned(),
        request_id: "boot".to_owned(),
        by: Author::Client,
        changes,
        validate_only,
        approve: None,
        options: CommitOptions::default(),
    };
    match engine.commit(request).await {
        Ok(committed) => Ok(summary(schema, count, &committed)),
        Err(error) => Err(place_commit_error(schema, &documents, error)),
    }
}

/// What the boot files that `arguments` name configure by themselves, a tree for each tenant that they speak of: for
/// commands that need no daemon. Nothing is validated but the form of each document.
///
/// # Errors
/// Everything that is wrong with the form of the files.
pub fn configured(schema: &Schema, arguments: &[PathBuf]) -> Result<BTreeMap<Ident, Tree>, Vec<BootError>> {
    let mut trees = BTreeMap::new();
    for (document, edit) in &read(schema, arguments)?.merges {
        let tree = trees.entry(document.tenant.clone()).or_insert_with(Tree::empty);
        *tree = edit::apply(schema, tree, std::slice::from_ref(edit))
            .map_err(|violations| place_all(schema, document, &violations))?;
    }
    Ok(trees)
}

/// Boot files that have been read.
struct Files {
    /// How many there are.
    count: usize,
    /// Their documents, each with the edit that merges it.
    merges: Vec<(Document, Edit)>,
}

fn read(schema: &Schema, arguments: &[PathBuf]) -> Result<Files, Vec<BootError>> {
    let files = document::files(arguments)?;
    let mut documents = Vec::new();
    let mut errors = Vec::new();
    for file in &files {
        match document::read(file) {
            Ok(mut found) => documents.append(&mut found),
            Err(mut found) => errors.append(&mut found),
        }
    }
    let mut merges = Vec::new();
    for document in documents {
        match merge(schema, &document) {
            Ok(edit) => merges.push((document, edit)),
            Err(mut found) => errors.append(&mut found),
        }
    }
    if errors.is_empty() { Ok(Files { count: files.len(), merges }) } else { Err(errors) }
}

fn merge(schema: &Schema, document: &Document) -> Result<Edit, Vec<BootError>> {
    let format = if document.is_json { Format::Json } else { Format::Yaml };
    let mut options = DecodeOptions::plain(format, Allow::Config);
    // The operator's own files: the limits against strangers would only be in the way of a large one.
    options.max_nodes = usize::MAX;
    let root = InstancePath::root();
    match decode(schema, &root, document.text.as_bytes(), &options) {
        Ok(value) => Ok(Edit::new(root, EditOperation::Merge, value)),
        Err(violations) => Err(place_all(schema, document, &violations)),
    }
}

fn place_all(schema: &Schema, document: &Document, violations: &[Violation]) -> Vec<BootError> {
    violations.iter().map(|violation| place(schema, document, violation)).collect()
}

fn place(schema: &Schema, document: &Document, violation: &Violation) -> BootError {
    let (place, _) = Locator::new(schema, &document.outline).locate(violation);
    BootError { file: document.file.clone(), place: Some(place), message: told(schema, violation) }
}

fn told(schema: &Schema, violation: &Violation) -> String {
    format!("{}: {}", violation.path.to_v1(schema), violation.told())
}

/// Validation speaks of the whole tree: a violation belongs to the document that has most of its path.
fn place_commit_error(schema: &Schema, documents: &[Document], error: CommitError) -> Vec<BootError> {
    let somewhere = |message: String| {
        let file = documents.first().map(|document| document.file.clone()).unwrap_or_default();
        vec![BootError { file, place: None, message }]
    };
    match error {
        CommitError::Invalid(violations) => violations
            .iter()
            .filter_map(|violation| {
                let found =
                    |document: &&Document| Locator::new(schema, &document.outline).locate(violation).1;
                documents.iter().max_by_key(found).map(|document| place(schema, document, violation))
            })
            .collect(),
        CommitError::NoTenant(tenant) => {
            let of_it = documents.iter().find(|document| document.tenant == tenant);
            let message = format!(
                "the tenant '{tenant}' does not exist; an entry in 'tenants' of the system tenant creates it"
            );
            match of_it {
                Some(document) => {
                    vec![BootError {
                        file: document.file.clone(),
                        place: Some(document.outline.place),
                        message,
                    }]
                }
                None => somewhere(message),
            }
        }
        other => somewhere(other.to_string()),
    }
}

fn summary(schema: &Schema, files: usize, committed: &Committed) -> Summary {
    let mut rows = Vec::new();
    for of_tenant in &committed.changes {
        for change in of_tenant.changes.iter() {
            let what = match change.kind {
                ChangeKind::Created => "created",
                ChangeKind::Deleted => "deleted",
                ChangeKind::Changed => "changed",
                ChangeKind::Moved => "moved",
            };
            rows.push((of_tenant.tenant.clone(), change.path.to_v1(schema), what));
        }
    }
    Summary { files, changed: !rows.is_empty(), rows }
}
