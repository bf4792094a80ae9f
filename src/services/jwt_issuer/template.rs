//! Texts with variables: `${SYS_TENANT}`, `${SYS_USERNAME}` and `${SYS_SITE}`, in subjects and fixed claims.
//!
//! The variables speak of the caller, not of the issuer, so that nobody can be made to look like somebody else. A `$`
//! that is not followed by `{` stands for itself; there is no escape.

use std::fmt::Write as _;

/// A compiled template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(Box<str>),
    Variable(Variable),
}

/// What can stand between `${` and `}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable {
    /// `SYS_TENANT`: the caller's tenant.
    Tenant,
    /// `SYS_USERNAME`: the user whose log in made the caller's token.
    Username,
    /// `SYS_SITE`: the site at which the request is served.
    Site,
}

impl Variable {
    const ALL: [Variable; 3] = [Variable::Tenant, Variable::Username, Variable::Site];

    /// Its name, without `${` and `}`.
    pub fn as_str(self) -> &'static str {
        match self {
            Variable::Tenant => "SYS_TENANT",
            Variable::Username => "SYS_USERNAME",
            Variable::Site => "SYS_SITE",
        }
    }
}

/// What the variables stand for in one request.
#[derive(Clone, Copy, Debug)]
pub struct Variables<'a> {
    /// The caller's tenant.
    pub tenant: &'a str,
    /// The caller's user name; `None` for a token that no user's log in made.
    pub username: Option<&'a str>,
    /// This site.
    pub site: &'a str,
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A name that is no variable.
    #[error("'${{{0}}}' is not a variable; there are ${{SYS_TENANT}}, ${{SYS_USERNAME}} and ${{SYS_SITE}}")]
    Unknown(String),
    /// A `${` without `}`.
    #[error("a '${{' has no '}}'")]
    Open,
}

/// The caller's token belongs to no user, so that `${SYS_USERNAME}` stands for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("${{SYS_USERNAME}} stands for nothing: the caller's token does not belong to a user")]
pub struct NoUser;

impl Template {
    /// Compiles a text.
    ///
    /// # Errors
    /// [`TemplateError`] for a variable that does not exist.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            literal.push_str(before);
            let (name, after) = after.split_once('}').ok_or(TemplateError::Open)?;
            let variable = Variable::ALL
                .into_iter()
                .find(|variable| variable.as_str() == name)
                .ok_or_else(|| TemplateError::Unknown(name.chars().take(64).collect()))?;
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal).into()));
            }
            parts.push(Part::Variable(variable));
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal.into()));
        }
        Ok(Template { parts })
    }

    /// The text with every variable replaced.
    ///
    /// # Errors
    /// [`NoUser`] when it needs a user name and there is none.
    pub fn expand(&self, variables: &Variables<'_>) -> Result<String, NoUser> {
        let mut out = String::new();
        for part in &self.parts {
            out.push_str(match part {
                Part::Literal(text) => text,
                Part::Variable(Variable::Tenant) => variables.tenant,
                Part::Variable(Variable::Username) => variables.username.ok_or(NoUser)?,
                Part::Variable(Variable::Site) => variables.site,
            });
        }
        Ok(out)
    }

    /// The text, when there is no variable in it.
    pub fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }
}

impl std::fmt::Display for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Literal(text) => f.write_str(text),
            Part::Variable(variable) => {
                f.write_str("${")?;
                f.write_str(variable.as_str())?;
                f.write_char('}')
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALICE: Variables<'_> = Variables { tenant: "acme", username: Some("alice"), site: "stockholm" };

    fn expand(text: &str) -> String {
        Template::parse(text).unwrap().expand(&ALICE).unwrap()
    }

    #[test]
    fn variables_expand_and_everything_else_stays() {
        assert_eq!(expand("${SYS_TENANT}/${SYS_USERNAME}"), "acme/alice");
        assert_eq!(expand("a${SYS_SITE}b${SYS_SITE}"), "astockholmbstockholm");
        for text in ["", "gold", "$", "$$", "$SYS_TENANT", "{SYS_TENANT}", "a$b", "a}"] {
            assert_eq!(expand(text), text);
        }
        assert_eq!(expand("$${SYS_TENANT}"), "$acme");
    }

    #[test]
    fn what_a_variable_stands_for_is_not_expanded_again() {
        let sly = Variables { username: Some("${SYS_TENANT}"), ..ALICE };
        assert_eq!(Template::parse("${SYS_USERNAME}").unwrap().expand(&sly).unwrap(), "${SYS_TENANT}");
    }

    #[test]
    fn unknown_variables_and_open_braces_are_refused() {
        for name in ["SYS_USER", "sys_tenant", "", " SYS_TENANT", "SYS_TENANT ", "${SYS_TENANT"] {
            let found = Template::parse(&format!("x${{{name}}}"));
            assert_eq!(found, Err(TemplateError::Unknown(name.into())), "{name}");
        }
        assert_eq!(Template::parse("a${"), Err(TemplateError::Open));
        assert_eq!(Template::parse("${SYS_TENANT"), Err(TemplateError::Open));
    }

    #[test]
    fn a_user_name_is_missing_only_where_it_is_needed() {
        let token = Variables { username: None, ..ALICE };
        assert_eq!(Template::parse("${SYS_USERNAME}").unwrap().expand(&token), Err(NoUser));
        assert_eq!(Template::parse("${SYS_TENANT}").unwrap().expand(&token).unwrap(), "acme");
    }

    proptest! {
        #[test]
        fn printing_gives_the_text_back(text in "([a$}]|\\$\\{SYS_(TENANT|USERNAME|SITE)\\}){0,8}") {
            let template = Template::parse(&text).unwrap();
            prop_assert_eq!(template.to_string(), text.clone());
            prop_assert_eq!(template.literal().is_some(), !text.contains("${"));
        }

        #[test]
        fn no_text_panics(text in "[$SYS_TEN{}é]{0,20}") {
            let _ = Template::parse(&text);
        }
    }
}
