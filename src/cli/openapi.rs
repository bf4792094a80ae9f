//! `strongbox openapi`: the description of the API of a daemon with these settings; no daemon is asked.
//!
//! Exit codes: 0 when it was written, 2 when the settings or modules are wrong.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::base::suggest::nearest;
use crate::cli::serve::usual_settings;
use crate::daemon::model::compile_model;
use crate::surface::openapi::{Dialect, document};

/// What is wrong lies with whoever asks.
const UNUSABLE: u8 = 2;

/// Arguments of the command.
#[derive(Args, Debug)]
pub struct Arguments {
    /// File of settings, which names modules of your own [default: strongbox.yaml, where there is one]
    #[arg(long, value_name = "FILE", env = "STRONGBOX_CONFIG")]
    config: Option<PathBuf>,
    /// Which dialect of the API
    #[arg(long, default_value = "v1", value_parser = Dialect::ALL.iter().map(|dialect| dialect.as_str()).collect::<Vec<_>>())]
    dialect: String,
    /// Describe only the nodes of this module; may be given several times
    #[arg(long = "module", value_name = "NAME")]
    modules: Vec<String>,
}

/// Runs the command on the standard streams.
pub fn run(arguments: &Arguments) -> ExitCode {
    match described(arguments) {
        Ok(text) => {
            // The reader of our output may have gone: nothing is left to say, and nobody to say it to.
            let _ = std::io::stdout().lock().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(messages) => {
            for message in messages {
                eprintln!("{message}");
            }
            ExitCode::from(UNUSABLE)
        }
    }
}

fn described(arguments: &Arguments) -> Result<String, Vec<String>> {
    let told = |message: String| format!("strongbox: {message}");
    let settings = usual_settings(arguments.config.clone(), &[])
        .map_err(|errors| errors.iter().map(|error| told(error.to_string())).collect::<Vec<_>>())?;
    let schema = compile_model(&settings.yang).map_err(|error| vec![error.report()])?;
    let known: Vec<&str> = schema
        .modules()
        .iter()
        .filter(|module| module.implemented)
        .map(|module| module.name.as_str())
        .collect();
    if let Some(name) = arguments.modules.iter().find(|name| !known.contains(&name.as_str())) {
        let near = nearest(name, known.iter().copied());
        let hint = near.map_or_else(String::new, |near| format!("; did you mean '{near}'?"));
        return Err(vec![told(format!("there is no module '{name}' among those that are served{hint}"))]);
    }
    let dialect = Dialect::named(&arguments.dialect).unwrap_or(Dialect::V1);
    let modules = (!arguments.modules.is_empty()).then_some(arguments.modules.as_slice());
    let mut text = serde_json::to_string_pretty(&document(&schema, dialect, modules))
        .map_err(|error| vec![told(error.to_string())])?;
    text.push('\n');
    Ok(text)
}
