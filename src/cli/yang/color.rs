//! Whether to colour, and the colours.

use clap::{Args, ValueEnum};

/// Whether to colour.
#[derive(Args, Debug, Default)]
pub(super) struct ColorArgs {
    /// Colour what is printed for people
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto)]
    color: ColorChoice,
    /// Set to anything to do without colours
    #[arg(long, env = "NO_COLOR", hide = true)]
    no_color: Option<String>,
    /// Set to anything but 0 to colour where there is no terminal too
    #[arg(long, env = "CLICOLOR_FORCE", hide = true)]
    clicolor_force: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set; with CLICOLOR_FORCE elsewhere too
    #[default]
    Auto,
    Always,
    Never,
}

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Color {
    On,
    Off,
}

impl ColorArgs {
    /// Whether a stream is to be coloured.
    pub fn on(&self, is_terminal: bool) -> Color {
        let unwanted = self.no_color.as_ref().is_some_and(|value| !value.is_empty());
        let forced = self.clicolor_force.as_ref().is_some_and(|value| !value.is_empty() && value != "0");
        match self.color {
            ColorChoice::Always => Color::On,
            ColorChoice::Auto if (is_terminal || forced) && !unwanted => Color::On,
            ColorChoice::Auto | ColorChoice::Never => Color::Off,
        }
    }
}

pub(super) const RED: &str = "\x1b[1;31m";
pub(super) const GREEN: &str = "\x1b[1;32m";
pub(super) const YELLOW: &str = "\x1b[1;33m";
pub(super) const BLUE: &str = "\x1b[1;34m";
pub(super) const BOLD: &str = "\x1b[1m";
pub(super) const PLAIN: &str = "\x1b[0m";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_is_stronger_than_clicolor_force_and_the_flag_than_both() {
        let set = |value: &str| Some(value.to_owned());
        let auto = ColorArgs::default();
        assert_eq!((auto.on(true), auto.on(false)), (Color::On, Color::Off));
        let forced = ColorArgs { clicolor_force: set("1"), ..ColorArgs::default() };
        assert_eq!(forced.on(false), Color::On);
        let not_forced = ColorArgs { clicolor_force: set("0"), ..ColorArgs::default() };
        assert_eq!(not_forced.on(false), Color::Off);
        let both = ColorArgs { no_color: set("1"), clicolor_force: set("1"), ..ColorArgs::default() };
        assert_eq!(both.on(true), Color::Off);
        let asked = ColorArgs { color: ColorChoice::Always, ..both };
        assert_eq!(asked.on(false), Color::On);
    }
}
