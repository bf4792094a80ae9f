//! The command line: one file a command, this one to choose among them.

pub mod audit;
pub mod browser;
pub mod client;
pub mod history;
pub mod openapi;
pub mod policy;
pub mod quickstart;
pub mod remote;
pub mod seal;
pub mod serve;
pub mod yang;

use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::settings::Setting;

/// What was asked for on the command line.
#[derive(Parser, Debug)]
#[command(name = "strongbox", version, about, long_about = None, max_term_width = 110)]
#[command(subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Start a daemon with a throw-away data directory and the payments example, and show what it can do
    Quickstart(quickstart::Arguments),
    /// Run the daemon
    Serve(serve::Arguments),
    #[command(flatten)]
    Remote(remote::RemoteCommand),
    #[command(flatten)]
    History(history::HistoryCommand),
    #[command(flatten)]
    Seal(seal::SealCommand),
    /// Check, draw and explain YANG modules, and check data against them
    #[command(subcommand)]
    Yang(yang::YangCommand),
    /// Try out policies
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Describe the API in OpenAPI 3.1
    Openapi(openapi::Arguments),
    /// Check audit logs
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Write a completion script for a shell to standard output
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// The whole command, with a flag for every setting on `serve`.
fn command() -> clap::Command {
    let names = |of: clap::Command| -> Vec<String> {
        of.get_subcommands().map(|command| command.get_name().to_owned()).collect()
    };
    let remote = remote::RemoteCommand::augment_subcommands(clap::Command::new("remote"));
    let seal = seal::SealCommand::augment_subcommands(clap::Command::new("seal"));
    let history = history::HistoryCommand::augment_subcommands(clap::Command::new("history"));
    let remote = [names(remote), names(history), names(seal)].concat();
    let mut command = Cli::command().mut_subcommand("serve", |serve| serve.args(Setting::arguments()));
    for name in remote {
        // What the arguments say about themselves is not what the command is about.
        command = command.mut_subcommand(name, |subcommand| {
            let about = subcommand.get_about().cloned().unwrap_or_default();
            remote::Connection::augment_args(subcommand).about(about)
        });
    }
    command
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let matches = command().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let inner = matches.subcommand().map(|(_, inner)| inner);
    match cli.command {
        Command::Quickstart(arguments) => on_runtime(quickstart::run(arguments)),
        Command::Serve(arguments) => {
            let given = inner.map(Setting::given).unwrap_or_default();
            on_runtime(serve::run(arguments, given))
        }
        Command::Remote(remote) => match inner.map(remote::Connection::from_arg_matches) {
            Some(Ok(connection)) => on_runtime(async move { remote::run(&connection, remote).await }),
            Some(Err(error)) => error.exit(),
            None => ExitCode::from(2),
        },
        Command::History(history) => match inner.map(remote::Connection::from_arg_matches) {
            Some(Ok(connection)) => on_runtime(async move { history::run(&connection, history).await }),
            Some(Err(error)) => error.exit(),
            None => ExitCode::from(2),
        },
        Command::Seal(seal) => match inner.map(remote::Connection::from_arg_matches) {
            Some(Ok(connection)) => on_runtime(async move { seal::run(&connection, seal).await }),
            Some(Err(error)) => error.exit(),
            None => ExitCode::from(2),
        },
        Command::Yang(yang) => yang.run(),
        Command::Policy(policy) => policy.run(),
        Command::Openapi(arguments) => openapi::run(&arguments),
        Command::Audit(audit) => audit.run(),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut command(), "strongbox", &mut std::io::stdout());
            ExitCode::SUCCESS
        }
    }
}

/// Runs a command on an asynchronous runtime with a thread for each core.
fn on_runtime(command: impl Future<Output = ExitCode>) -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let code = runtime.block_on(command);
            runtime.shutdown_timeout(std::time::Duration::from_secs(1));
            code
        }
        Err(error) => {
            eprintln!("strongbox: cannot start threads: {error}");
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_setting_is_a_flag_of_serve_and_every_remote_command_takes_a_token() {
        let mut command = command();
        let help = command.find_subcommand_mut("serve").unwrap().render_long_help().to_string();
        assert!(help.contains("--data-directory") && help.contains("STRONGBOX_DATA_DIRECTORY"), "{help}");
        for name in ["show", "create", "replace", "merge", "delete", "do", "login", "unseal", "rekey", "diff"]
        {
            let subcommand = command.find_subcommand(name).unwrap();
            assert!(subcommand.get_arguments().any(|argument| argument.get_id() == "token"), "{name}");
        }
    }

    #[test]
    fn every_command_says_what_it_is_about_in_words_of_its_own() {
        let command = command();
        let mut abouts: Vec<String> = command
            .get_subcommands()
            .map(|subcommand| subcommand.get_about().expect("an about").to_string())
            .collect();
        let all = abouts.len();
        abouts.sort();
        abouts.dedup();
        assert_eq!(abouts.len(), all, "{abouts:#?}");
    }
}
