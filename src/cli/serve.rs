//! `strongbox serve`: the daemon, until it is told to stop.
//!
//! Exit codes: 0 when it was told to stop, 1 when it could not do its work, 2 for wrong settings, 3 for modules of the
//! user's that cannot be served, 4 when stored data does not fit the modules and nobody agreed to drop it.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::daemon::{Daemon, DaemonError, Signals, logging};
use crate::engine::{ModelChange, StartError};
use crate::settings::{Given, Settings};

/// Where settings are looked for when `--config` does not say, if it is there.
const USUAL_FILE: &str = "strongbox.yaml";

/// The modules that the settings name cannot be served.
const BAD_MODULES: u8 = 3;
/// Stored data does not fit the modules.
const MISFIT: u8 = 4;

/// Flags of the command besides those of the settings.
#[derive(Args, Debug)]
pub struct Arguments {
    /// File of settings [default: strongbox.yaml, where there is one]
    #[arg(long, value_name = "FILE", env = "STRONGBOX_CONFIG")]
    config: Option<PathBuf>,
    /// Check settings and boot files against the data, say what would change, and stop
    #[arg(long)]
    validate: bool,
    /// Where stored data does not fit the modules any more, show what does not and ask whether to drop it; `yes` drops it
    /// without asking
    #[arg(long, value_name = "yes", num_args = 0..=1, default_missing_value = "ask", value_parser = ["ask", "yes"])]
    upgrade: Option<String>,
}

/// Runs the daemon; `given` are the settings that stood on the command line.
pub async fn run(arguments: Arguments, given: Vec<Given>) -> ExitCode {
    let usual = PathBuf::from(USUAL_FILE);
    let file = arguments.config.or_else(|| usual.exists().then_some(usual));
    let settings = match Settings::load(file.as_deref(), std::env::vars(), &given) {
        Ok(settings) => settings,
        Err(errors) => {
            for error in errors {
                eprintln!("strongbox: {error}");
            }
            return ExitCode::from(2);
        }
    };
    if let Err(problem) = logging::start(&settings) {
        eprintln!("strongbox: log.level: {problem}");
        return ExitCode::from(2);
    }
    match serve(&settings, arguments.validate, arguments.upgrade.as_deref()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(DaemonError::Boot(errors)) => {
            for error in errors {
                eprintln!("strongbox: {error}");
            }
            eprintln!("strongbox: nothing was changed");
            ExitCode::FAILURE
        }
        Err(problem @ DaemonError::Engine(StartError::Misfit(_))) => {
            eprintln!("strongbox: {problem}");
            eprintln!("strongbox: --upgrade asks whether to drop it, --upgrade=yes drops it");
            ExitCode::from(MISFIT)
        }
        Err(DaemonError::Model(problem)) => {
            eprintln!("{}", problem.report());
            ExitCode::from(BAD_MODULES)
        }
        Err(problem) => {
            eprintln!("strongbox: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(settings: &Settings, validate: bool, upgrade: Option<&str>) -> Result<(), DaemonError> {
    let signals = Signals::new();
    let change = if validate { ModelChange::Look } else { ModelChange::Keep };
    let mut daemon = match Daemon::prepare(settings, change).await {
        Err(DaemonError::Engine(StartError::Misfit(losses))) => {
            for loss in &losses {
                eprintln!("strongbox: does not fit: {loss}");
            }
            if validate || !agreed(upgrade, losses.len()) {
                return Err(DaemonError::Engine(StartError::Misfit(losses)));
            }
            Daemon::prepare(settings, ModelChange::Drop).await?
        }
        other => other?,
    };
    if validate {
        let summary = daemon.boot(&settings.boot, true).await?;
        println!("valid: {summary}");
        return Ok(());
    }
    if !settings.boot.is_empty() {
        let summary = daemon.boot(&settings.boot, false).await?;
        tracing::info!("boot: {summary}");
    }
    if let Some(file) = daemon.first_root_token(&settings.data_directory).await? {
        eprintln!("strongbox: this is the first start; the root token is in {}", file.display());
    }
    daemon.listen();
    for address in daemon.addresses() {
        tracing::info!(%address, "listening");
    }
    daemon.run_until_stopped(signals).await;
    Ok(())
}

/// Whether what does not fit may be dropped.
fn agreed(upgrade: Option<&str>, losses: usize) -> bool {
    match upgrade {
        Some("yes") => true,
        Some(_) if std::io::stdin().is_terminal() => {
            eprint!("strongbox: drop {losses} part(s) of the stored data with everything below? [y/N] ");
            let mut answer = String::new();
            let read = std::io::stdin().lock().read_line(&mut answer);
            read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
        }
        Some(_) => {
            eprintln!("strongbox: there is no terminal to ask on");
            false
        }
        None => false,
    }
}
