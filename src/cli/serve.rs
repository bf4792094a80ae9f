//! `strongbox serve`: the daemon, until it is told to stop.
//!
//! Exit codes: 0 when it was told to stop, 1 when it could not do its work, 2 for wrong settings, 3 for modules of the
//! user's that cannot be served, 4 when stored data does not fit the modules and nobody agreed to drop it.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::daemon::{Daemon, DaemonError, ROOT_TOKEN, Signals, logging, memory};
use crate::engine::{ModelChange, StartError};
use crate::services::sealing::model::SealStatus;
use crate::settings::{Given, SettingError, Settings};

/// Where settings are looked for when `--config` does not say, if it is there.
const USUAL_FILE: &str = "strongbox.yaml";

/// The modules that the settings name cannot be served.
const BAD_MODULES: u8 = 3;
/// Stored data does not fit the modules.
const MISFIT: u8 = 4;

/// What is said of `--dev`.
const DEV: &str = "\
strongbox: ************************************************************************
strongbox: --dev is for trying out: the seal key and a root token lie beside the
strongbox: data. Whoever can read the data directory can read and change everything.
strongbox: ************************************************************************";

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
    /// Only for trying out: make a store that unseals itself, with its seal key and a root token in the data directory
    #[arg(long)]
    dev: bool,
}

/// The settings of a file, or of the usual one where there is one, of the environment, and `given` on the command line.
///
/// # Errors
/// Everything that is wrong with them.
pub fn usual_settings(file: Option<PathBuf>, given: &[Given]) -> Result<Settings, Vec<SettingError>> {
    let usual = PathBuf::from(USUAL_FILE);
    let file = file.or_else(|| usual.exists().then_some(usual));
    Settings::load(file.as_deref(), std::env::vars(), given)
}

/// Runs the daemon; `given` are the settings that stood on the command line.
pub async fn run(arguments: Arguments, given: Vec<Given>) -> ExitCode {
    let settings = match usual_settings(arguments.config.clone(), &given) {
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
    match serve(settings, &arguments).await {
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

async fn serve(mut settings: Settings, arguments: &Arguments) -> Result<(), DaemonError> {
    let signals = Signals::new();
    memory::hide();
    if settings.lock_memory && !arguments.dev {
        memory::lock();
    }
    // Whoever only asks what boot files would change has them not applied.
    let boot = if arguments.validate { std::mem::take(&mut settings.boot) } else { Vec::new() };
    if arguments.dev {
        eprintln!("{DEV}");
    }
    let mut daemon = prepare(&settings, arguments).await?;
    if arguments.validate {
        let summary = daemon.boot(&boot, true).await?;
        println!("valid: {summary}");
        return Ok(());
    }
    if arguments.dev && daemon.is_new() {
        let file = settings.data_directory.join(ROOT_TOKEN);
        eprintln!("strongbox: this is the first start; the root token is in {}", file.display());
    }
    match *daemon.sealing().status() {
        SealStatus { initialized: false, .. } => {
            tracing::warn!("there is no store yet: strongbox init makes one");
        }
        SealStatus { sealed: true, .. } => {
            tracing::warn!("the store is sealed: strongbox unseal opens it");
        }
        SealStatus { .. } => {}
    }
    daemon.listen();
    for address in daemon.addresses() {
        tracing::info!(%address, "listening");
    }
    daemon.run_until_stopped(signals).await;
    Ok(())
}

/// A daemon, after it was asked what is to become of stored data that does not fit the modules.
async fn prepare(settings: &Settings, arguments: &Arguments) -> Result<Daemon, DaemonError> {
    let change = if arguments.validate { ModelChange::Look } else { ModelChange::Keep };
    match attempt(settings, arguments.dev, change).await {
        Err(DaemonError::Engine(StartError::Misfit(losses))) => {
            for loss in &losses {
                eprintln!("strongbox: does not fit: {loss}");
            }
            if arguments.validate || !agreed(arguments.upgrade.as_deref(), losses.len()) {
                return Err(DaemonError::Engine(StartError::Misfit(losses)));
            }
            attempt(settings, arguments.dev, ModelChange::Drop).await
        }
        // What is sealed cannot be looked at: then what was agreed to beforehand counts when it opens.
        Ok(daemon) if daemon.sealing().status().sealed && arguments.upgrade.as_deref() == Some("yes") => {
            drop(daemon);
            attempt(settings, arguments.dev, ModelChange::Drop).await
        }
        other => other,
    }
}

async fn attempt(settings: &Settings, dev: bool, change: ModelChange) -> Result<Daemon, DaemonError> {
    if dev {
        Daemon::prepare_to_try_out(settings, change).await
    } else {
        Daemon::prepare(settings, change).await
    }
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
