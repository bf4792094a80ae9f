//! `strongbox.yaml`: maps of settings, each fault with its line and column.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::{Setting, SettingError, Settings, TABLE};
use crate::base::suggest::nearest;

/// Where in the file something stands: the keys that lead to it, and the index in a list.
type Place = Vec<Step>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// A setting with its values and where each stands.
struct GivenInFile {
    setting: &'static Setting,
    texts: Vec<(String, Place)>,
}

/// Reads the text and puts what it sets into the settings; faults go to `errors`.
pub fn apply(file: &str, text: &str, settings: &mut Settings, errors: &mut Vec<SettingError>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Vec::new();
    let walk = Walk { place: Vec::new(), target: None, found: &mut found };
    if let Err(error) = walk.deserialize(serde_yaml::Deserializer::from_str(text)) {
        let place = error.location().map_or_else(
            || file.to_owned(),
            |location| format!("{file}:{}:{}", location.line(), location.column()),
        );
        errors.push(SettingError { place, message: without_location(&error.to_string()) });
        return;
    }
    let mut lists: BTreeMap<&str, GivenInFile> = BTreeMap::new();
    let mut faults: Vec<(Place, String)> = Vec::new();
    for (place, text) in found {
        let (name, index) = name_of(&place);
        match TABLE.iter().find(|setting| setting.name == name) {
            Some(setting) if index && !setting.list => {
                faults.push((place, format!("{name}: takes one value, not a list")));
            }
            Some(setting) => {
                let given = lists.entry(setting.name).or_insert(GivenInFile { setting, texts: Vec::new() });
                given.texts.push((text, place));
            }
            None => faults.push((place, unknown(&name))),
        }
    }
    for GivenInFile { setting, texts } in lists.values() {
        // Each text on its own first, so that a fault points at the text that has it.
        let mut scratch = settings.clone();
        let before = faults.len();
        for (text, place) in texts {
            if let Err(error) = (setting.apply)(&mut scratch, &[text]) {
                faults.push((place.clone(), format!("{}: {error}", setting.name)));
            }
        }
        if faults.len() == before {
            let texts: Vec<&str> = texts.iter().map(|(text, _)| text.as_str()).collect();
            let _ = (setting.apply)(settings, &texts);
        }
    }
    let mut placed: Vec<(usize, usize, String)> = faults
        .into_iter()
        .map(|(place, message)| {
            let known = TABLE.iter().any(|setting| setting.name == name_of(&place).0);
            let (line, column) = locate(text, &place, known);
            (line, column, message)
        })
        .collect();
    placed.sort();
    errors.extend(
        placed.into_iter().map(|(line, column, message)| SettingError {
            place: format!("{file}:{line}:{column}"),
            message,
        }),
    );
}

/// The setting's name that a place spells, and whether it is inside a list.
fn name_of(place: &[Step]) -> (String, bool) {
    let keys: Vec<&str> = place
        .iter()
        .filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        })
        .collect();
    (keys.join("."), place.iter().any(|step| matches!(step, Step::Index(_))))
}

fn unknown(name: &str) -> String {
    let shown: String = name.chars().take(64).collect();
    let (group, own) = name.rsplit_once('.').unwrap_or(("", name));
    let siblings = TABLE.iter().filter_map(|setting| match setting.name.split_once('.') {
        Some((first, rest)) if first == group => Some(rest),
        Some((first, _)) if group.is_empty() => Some(first),
        None if group.is_empty() => Some(setting.name),
        _ => None,
    });
    match nearest(own, siblings) {
        Some(near) if near == own => format!("{shown}: is a group of settings, not a value"),
        Some(near) => format!("{shown}: no such setting; did you mean '{near}'?"),
        None => format!("{shown}: no such setting"),
    }
}

/// Line and column of a place: its value's, or where the name itself is the fault, its key's. Found by reading the file
/// again and failing on purpose when the walk arrives.
fn locate(text: &str, place: &[Step], at_value: bool) -> (usize, usize) {
    let target = Target { place, at_value };
    let walk = Walk { place: Vec::new(), target: Some(target), found: &mut Vec::new() };
    let error = walk.deserialize(serde_yaml::Deserializer::from_str(text)).err();
    error.and_then(|error| error.location()).map_or((1, 1), |location| (location.line(), location.column()))
}

/// The library appends the location, which is already told.
fn without_location(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}

#[derive(Clone, Copy)]
struct Target<'t> {
    place: &'t [Step],
    at_value: bool,
}

/// Walks the file and notes every scalar with its place.
struct Walk<'w> {
    place: Place,
    target: Option<Target<'w>>,
    found: &'w mut Vec<(Place, String)>,
}

impl Walk<'_> {
    fn below(&mut self, step: Step) -> Walk<'_> {
        let mut place = self.place.clone();
        place.push(step);
        Walk { place, target: self.target, found: self.found }
    }

    fn scalar<E: serde::de::Error>(self, text: String) -> Result<(), E> {
        if self.target.is_some_and(|target| target.at_value && target.place == self.place) {
            return Err(E::custom("here"));
        }
        self.found.push((self.place, text));
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() {
            f.write_str("a map of settings")
        } else {
            f.write_str("a value, a list or a map")
        }
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        // An empty file, or `boot:` with everything below it commented out.
        Ok(())
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.scalar(value.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.scalar(value.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.scalar(value.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.scalar(value.to_string())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        if self.place.is_empty() {
            return Err(E::custom("the file must be a map of settings, as in 'listen: 127.0.0.1:8200'"));
        }
        self.scalar(value.to_owned())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut sequence: A) -> Result<(), A::Error> {
        let mut index = 0;
        while sequence.next_element_seed(self.below(Step::Index(index)))?.is_some() {
            index += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        if self.place.len() >= 4 {
            return Err(A::Error::custom("settings are at most two levels deep"));
        }
        let mut known = Vec::new();
        let target = self.target;
        let place = self.place.clone();
        while let Some(key) = map.next_key_seed(Key { place: &place, target, known: &known })? {
            known.push(key.clone());
            map.next_value_seed(self.below(Step::Key(key)))?;
        }
        Ok(())
    }
}

/// A map's key: a text that has not been there before.
struct Key<'k> {
    place: &'k [Step],
    target: Option<Target<'k>>,
    known: &'k [String],
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a setting")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<String, E> {
        if let Some(target) = self.target
            && !target.at_value
            && let Some((Step::Key(last), above)) = last_key(target.place)
            && above == self.place
            && last == key
        {
            return Err(E::custom("here"));
        }
        if self.known.iter().any(|known| known == key) {
            return Err(E::custom(format!("'{key}' is set twice")));
        }
        Ok(key.to_owned())
    }
}

/// The last key of a place and what leads to it; indexes behind it do not count.
fn last_key(place: &[Step]) -> Option<(&Step, &[Step])> {
    let at = place.iter().rposition(|step| matches!(step, Step::Key(_)))?;
    Some((place.get(at)?, place.get(..at)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> Vec<String> {
        let mut errors = Vec::new();
        apply("s.yaml", text, &mut Settings::defaults(), &mut errors);
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn empty_files_and_comments_set_nothing() {
        assert_eq!(errors(""), [""; 0]);
        assert_eq!(errors("# nothing\nboot:\n"), [""; 0]);
    }

    #[test]
    fn shapes_that_do_not_fit_are_told() {
        assert_eq!(errors("site: [a, b]\n")[0], "s.yaml:1:8: site: takes one value, not a list");
        assert_eq!(errors("tls: on\n")[0], "s.yaml:1:1: tls: is a group of settings, not a value");
        assert_eq!(errors("sites:\n  - a\n")[0], "s.yaml:1:1: sites: no such setting; did you mean 'site'?");
        assert!(errors("just text")[0].contains("must be a map of settings"));
    }

    #[test]
    fn a_setting_given_twice_is_refused() {
        assert_eq!(errors("site: a\nsite: b\n"), ["s.yaml:2:1: 'site' is set twice"]);
    }

    #[test]
    fn broken_yaml_is_told_with_its_place() {
        let errors = errors("site: a\n  - b: [\n");
        assert_eq!(errors.len(), 1);
        assert!(errors[0].starts_with("s.yaml:2:"), "{errors:?}");
    }
}
