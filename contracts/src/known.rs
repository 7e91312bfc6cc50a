//! The differences from a company's document that are known, each with its reason.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::Difference;

/// The known differences of one dialect: a TOML file with a table `[[difference]]` for each.
///
/// ```toml
/// [[difference]]
/// operation = "POST /tokens"      # method and path template, also of one that the document does not have
/// status = 201
/// pointer = "/riskMetadata/score" # as in Difference::pointer
/// rule = "required"               # as in Difference::rule
/// reason = "why this is so"
/// ```
#[derive(Debug, Default)]
pub struct Known {
    entries: Vec<Entry>,
    met: BTreeSet<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    difference: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    operation: String,
    status: u16,
    pointer: String,
    rule: String,
    reason: String,
}

/// Why a list of known differences cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadKnown {
    /// No TOML, or not of this shape.
    #[error("{0}")]
    Syntax(String),
    /// A difference without a reason.
    #[error("no reason for {0}")]
    Unreasoned(String),
    /// A difference that stands there twice.
    #[error("twice: {0}")]
    Twice(String),
}

impl Known {
    /// Reads a list.
    pub fn read(text: &str) -> Result<Self, BadKnown> {
        let file: File = toml::from_str(text).map_err(|error| BadKnown::Syntax(error.to_string()))?;
        let mut seen = BTreeSet::new();
        for entry in &file.difference {
            if entry.reason.trim().is_empty() {
                return Err(BadKnown::Unreasoned(entry.shown()));
            }
            if !seen.insert(entry.shown()) {
                return Err(BadKnown::Twice(entry.shown()));
            }
        }
        Ok(Self { entries: file.difference, met: BTreeSet::new() })
    }

    /// Whether this difference is known; remembers that it was met.
    pub fn meets(&mut self, difference: &Difference) -> bool {
        let is = |entry: &Entry| {
            is_of(&entry.operation, &difference.operation)
                && entry.status == difference.status
                && (entry.pointer.as_str(), entry.rule.as_str())
                    == (difference.pointer.as_str(), difference.rule.as_str())
        };
        let place = self.entries.iter().position(is);
        place.is_some_and(|place| self.met.insert(place) || self.met.contains(&place))
    }

    /// The known differences that were met, with their reasons.
    pub fn met(&self) -> Vec<String> {
        let met = self.met.iter().filter_map(|place| self.entries.get(*place));
        met.map(|entry| format!("{}: {}", entry.shown(), entry.reason)).collect()
    }

    /// Those that were not met: they must leave the list, or it would tell what is no longer so.
    pub fn unmet(&self) -> Vec<String> {
        let unmet = self.entries.iter().enumerate().filter(|(place, _)| !self.met.contains(place));
        unmet.map(|(_, entry)| entry.shown()).collect()
    }
}

impl Entry {
    fn shown(&self) -> String {
        shown(&self.operation, self.status, &self.pointer, &self.rule)
    }
}

/// Whether a template names an operation. One that the document does not have goes by its whole path, in which a part
/// of the template such as `{id}` may be anything.
fn is_of(template: &str, operation: &str) -> bool {
    let (parts, found): (Vec<&str>, Vec<&str>) =
        (template.split('/').collect(), operation.split('/').collect());
    let is_parameter = |part: &str| part.starts_with('{') && part.ends_with('}');
    let fits = |(part, found): (&&str, &&str)| part == found || is_parameter(part);
    parts.len() == found.len() && parts.iter().zip(&found).all(fits)
}

/// One line for a difference, without its words.
pub(crate) fn shown(operation: &str, status: u16, pointer: &str, rule: &str) -> String {
    let pointer = if pointer.is_empty() { "the answer" } else { pointer };
    format!("{operation} {status}, {pointer}, {rule}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "[[difference]]\noperation = 'POST /a'\nstatus = 201\npointer = '/b'\nrule = 'type'\n\
                        reason = 'because'\n";

    fn difference(status: u16, rule: &str) -> Difference {
        let text = |text: &str| text.to_owned();
        Difference {
            operation: text("POST /a"),
            status,
            pointer: text("/b"),
            rule: text(rule),
            said: text("x"),
        }
    }

    #[test]
    fn a_difference_is_known_by_all_that_names_it() {
        let mut known = Known::read(LIST).unwrap();
        assert!(!known.meets(&difference(200, "type")) && !known.meets(&difference(201, "enum")));
        assert_eq!(known.unmet(), ["POST /a 201, /b, type"]);
        assert!(known.meets(&difference(201, "type")) && known.meets(&difference(201, "type")));
        assert_eq!(known.met(), ["POST /a 201, /b, type: because"]);
        assert!(known.unmet().is_empty());
    }

    #[test]
    fn a_parameter_of_a_template_is_one_part_of_a_path() {
        for (template, operation, same) in [
            ("PATCH /a/{id}", "PATCH /a/{id}", true),
            ("PATCH /a/{id}", "PATCH /a/inst_1", true),
            ("PATCH /a/{id}", "PATCH /b/inst_1", false),
            ("PATCH /a/{id}", "PUT /a/inst_1", false),
            ("PATCH /a/{id}", "PATCH /a/inst_1/x", false),
            ("PATCH /a", "PATCH /a/inst_1", false),
        ] {
            assert_eq!(is_of(template, operation), same, "{template}, {operation}");
        }
    }

    #[test]
    fn a_list_says_each_thing_once_and_why() {
        assert!(matches!(Known::read(&LIST.repeat(2)), Err(BadKnown::Twice(_))));
        assert!(matches!(Known::read(&LIST.replace("because", " ")), Err(BadKnown::Unreasoned(_))));
        assert!(matches!(Known::read(&LIST.replace("rule", "role")), Err(BadKnown::Syntax(_))));
        assert!(Known::read("").unwrap().unmet().is_empty());
    }
}
