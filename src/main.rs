//! The `strongbox` command.

fn main() -> std::process::ExitCode {
    strongbox::cli::run()
}
