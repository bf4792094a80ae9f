//! Which modules a command is about, by their names: what `validate` and `json-schema` have in common.

use std::path::PathBuf;

use clap::Args;

use super::finding::Finding;
use crate::base::suggest::nearest;
use crate::yang::schema::Schema;
use crate::yang::{Features, Library, Wanted, compile, product, product_modules};

/// Modules by name, and where to look for them.
#[derive(Args, Debug)]
pub(super) struct Selection {
    /// A module that the data is of, NAME or NAME@REVISION; may be given several times
    #[arg(long = "module", short = 'm', value_name = "NAME")]
    names: Vec<String>,
    /// Look for modules in this directory and those below it; may be given several times
    #[arg(long = "path", short = 'p', value_name = "DIR")]
    paths: Vec<PathBuf>,
    /// Switch on only these features of a module, MODULE:NAME,NAME; without it all are on
    #[arg(long = "features", short = 'F', value_name = "MODULE:NAMES")]
    features: Vec<String>,
}

impl Selection {
    /// The compiled modules, or what is wrong with them; with the product's own modules, if these are wanted.
    ///
    /// # Errors
    /// A message where modules cannot be looked at.
    pub(super) fn schema(&self, with_product: bool) -> Result<Result<Schema, Vec<Finding>>, String> {
        let mut library = Library::new();
        for path in &self.paths {
            let added = library.add_dir(path);
            added.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        }
        for (name, text) in product::embedded() {
            library.add_text(name, text);
        }
        if self.names.is_empty() && !with_product {
            return Err("say which modules the data is of: --module NAME".to_owned());
        }
        let mut wanted = if with_product { product_modules() } else { Vec::new() };
        for module in &self.names {
            wanted.push(self.wanted(&library, module)?);
        }
        let (schema, diagnostics) = compile(&mut library, &wanted);
        let findings = || {
            let errors = diagnostics.iter().filter(|found| found.is_error());
            errors.map(|found| Finding::new(library.sources(), found)).collect()
        };
        Ok(schema.ok_or_else(findings))
    }

    fn wanted(&self, library: &Library, module: &str) -> Result<Wanted, String> {
        let (name, revision) = match module.split_once('@') {
            Some((name, revision)) => (name, Some(revision.into())),
            None => (module, None),
        };
        let names = library.names();
        if !names.contains(&name) {
            let near = nearest(name, names.iter().copied());
            let near = near.map_or_else(String::new, |near| format!("; did you mean '{near}'?"));
            return Err(format!("there is no module '{name}' in the directories given by --path{near}"));
        }
        let of_it = self.features.iter().filter_map(|given| given.split_once(':'));
        let mut lists = of_it.filter(|(module, _)| *module == name).map(|(_, names)| names).peekable();
        let features = match lists.peek() {
            None => Features::All,
            Some(_) => {
                let names = lists.flat_map(|names| names.split(',')).filter(|name| !name.is_empty());
                Features::Only(names.map(Into::into).collect())
            }
        };
        Ok(Wanted { module: name.into(), revision, features })
    }
}
