//! `q`: a text that stands somewhere in a row.

use super::{Collection, Kind, Row, Value, problem};
use crate::form::Invalid;

/// Characters of the text.
pub(crate) const CHARACTERS_MAX: usize = 255;

/// A text to be found, upper and lower case alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Search {
    /// In lower case, not empty.
    text: String,
}

impl Search {
    pub(super) fn parse(text: &str, problems: &mut Vec<Invalid>) -> Option<Self> {
        if text.chars().count() > CHARACTERS_MAX {
            problems.push(problem("q", format!("Must have at most {CHARACTERS_MAX} characters.")));
            return None;
        }
        (!text.is_empty()).then(|| Self { text: text.to_lowercase() })
    }

    /// Whether a text of the row has it: of the declared fields, not of those that callers name.
    pub(crate) fn finds(&self, row: &dyn Row, collection: &Collection) -> bool {
        let mut found = false;
        for field in collection.fields.iter().filter(|field| matches!(field.kind, Kind::Text | Kind::Id)) {
            row.values(field.name, &mut |value| {
                if let (false, Value::Text(text)) = (found, &value) {
                    found = text.to_lowercase().contains(&self.text);
                }
            });
            if found {
                break;
            }
        }
        found
    }
}
