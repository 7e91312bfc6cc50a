//! `q`: a text that stands somewhere in a row.

use super::{Collection, Kind, Row, VALUE_WORK, Value, problem, text_work};
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

    /// Whether a text of the row has it: of the declared fields, or of those that callers name. `work` grows by what it
    /// took.
    pub(crate) fn finds(&self, row: &dyn Row, collection: &Collection, work: &mut u64) -> bool {
        let mut found = false;
        for field in collection.fields.iter().filter(|field| matches!(field.kind, Kind::Text | Kind::Id)) {
            *work += VALUE_WORK;
            row.values(field.name, &mut |value| {
                if let (false, Value::Text(text)) = (found, &value) {
                    *work += text_work(text);
                    found = self.is_in(text);
                }
            });
            if found {
                return true;
            }
        }
        row.own_texts(&mut |text| {
            if !found {
                *work += text_work(text);
                found = self.is_in(text);
            }
        });
        found
    }

    fn is_in(&self, text: &str) -> bool {
        /// Longer ones are cheaper to copy than to look through letter by letter.
        const SHORT: usize = 64;
        if !text.is_ascii() || text.len() > SHORT {
            return text.to_lowercase().contains(&self.text);
        }
        let (text, wanted) = (text.as_bytes(), self.text.as_bytes());
        text.windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted))
    }
}
