//! Texts, numbers and truth values.

use serde_json::{Map, Value, json};

use super::{Need, Section};
use crate::{detector::text_holds_card, json::Node};

/// From so many accepted values on, a problem does not list them.
const LISTED_MAX: usize = 8;

/// Characters that are looked at of a text that is no accepted value, to find one near it.
const NEAR_CHARS: usize = 50;

/// How long a text may be, in characters (Unicode code points, as JSON Schema counts).
#[derive(Clone, Copy)]
pub(crate) struct Length {
    pub(crate) min: usize,
    pub(crate) max: usize,
}

/// At least one character, at most so many.
pub(crate) const fn up_to(max: usize) -> Length {
    Length { min: 1, max }
}

/// Any text of at most so many characters, also an empty one.
pub(crate) const fn at_most(max: usize) -> Length {
    Length { min: 0, max }
}

/// What a text must look like. `pattern` and `accepts` say the same, once for the reader of the schema and once for
/// the machine; a test beside each shape must hold them together.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// A regular expression of ECMA-262, with its anchors.
    pub(crate) pattern: &'static str,
    /// Whether a text within its length is as the pattern says.
    pub(crate) accepts: fn(&str) -> bool,
    /// The rule, in a sentence, for whoever broke it.
    pub(crate) message: &'static str,
}

impl<'r> Section<'_, 'r> {
    /// A text that must be there.
    pub(crate) fn text(&self, name: &str, length: Length) -> Option<&'r str> {
        self.any_text(name, Need::Required, length, None)
    }

    /// A text that may be absent or null.
    pub(crate) fn optional_text(&self, name: &str, length: Length) -> Option<&'r str> {
        self.any_text(name, Need::Optional, length, None)
    }

    /// A text of a certain shape that must be there.
    pub(crate) fn text_like(&self, name: &str, length: Length, shape: Shape) -> Option<&'r str> {
        self.any_text(name, Need::Required, length, Some(shape))
    }

    /// A text of a certain shape that may be absent or null.
    pub(crate) fn optional_text_like(&self, name: &str, length: Length, shape: Shape) -> Option<&'r str> {
        self.any_text(name, Need::Optional, length, Some(shape))
    }

    /// Refuses a text that is kept and shown as it came when a card number is in it. A schema cannot say this.
    pub(crate) fn without_card(&self, name: &str, text: Option<&'r str>) -> Option<&'r str> {
        text.filter(|text| !text_holds_card(text)).or_else(|| {
            text?;
            self.invalid(name, "Must not contain a card number.")
        })
    }

    /// One of the accepted texts, to the letter, that must be there. Gives the entry of the list.
    pub(crate) fn one_of<'a>(&self, name: &str, accepted: &[&'a str]) -> Option<&'a str> {
        self.any_of(name, Need::Required, accepted)
    }

    /// One of the accepted texts, to the letter, that may be absent or null. Gives the entry of the list.
    pub(crate) fn optional_one_of<'a>(&self, name: &str, accepted: &[&'a str]) -> Option<&'a str> {
        self.any_of(name, Need::Optional, accepted)
    }

    /// An integer of 64 bits that must be there. `12.0` is one (JSON Schema, draft 2020-12).
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        self.integer_within(name, i64::MIN, i64::MAX)
    }

    /// An integer of 64 bits that may be absent or null.
    #[cfg_attr(not(test), expect(dead_code, reason = "no dialect has such a member yet"))]
    pub(crate) fn optional_integer(&self, name: &str) -> Option<i64> {
        self.optional_integer_within(name, i64::MIN, i64::MAX)
    }

    /// An integer within bounds, both included, that must be there.
    pub(crate) fn integer_within(&self, name: &str, min: i64, max: i64) -> Option<i64> {
        self.any_integer(name, Need::Required, min, max)
    }

    /// An integer within bounds, both included, that may be absent or null.
    pub(crate) fn optional_integer_within(&self, name: &str, min: i64, max: i64) -> Option<i64> {
        self.any_integer(name, Need::Optional, min, max)
    }

    /// A number that must be there, rounded to 64 bits.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.any_number(name, Need::Required)
    }

    /// A number that may be absent or null, rounded to 64 bits.
    #[cfg_attr(not(test), expect(dead_code, reason = "no dialect has such a member yet"))]
    pub(crate) fn optional_number(&self, name: &str) -> Option<f64> {
        self.any_number(name, Need::Optional)
    }

    /// A truth value that must be there.
    pub(crate) fn bool(&self, name: &str) -> Option<bool> {
        self.any_bool(name, Need::Required)
    }

    /// A truth value that may be absent or null.
    pub(crate) fn optional_bool(&self, name: &str) -> Option<bool> {
        self.any_bool(name, Need::Optional)
    }

    fn any_text(&self, name: &str, need: Need, length: Length, shape: Option<Shape>) -> Option<&'r str> {
        let node = self.ask(name, need, || text_schema(length, shape))?;
        let Node::Text(text) = node else { return self.invalid(name, "Must be a string.") };
        let text = text.as_str();
        if let Some(message) = wrong_length(text, length) {
            return self.invalid(name, &message);
        }
        match shape {
            Some(shape) if !(shape.accepts)(text) => self.invalid(name, shape.message),
            _ => Some(text),
        }
    }

    fn any_of<'a>(&self, name: &str, need: Need, accepted: &[&'a str]) -> Option<&'a str> {
        let node = self.ask(name, need, || json!({ "type": "string", "enum": accepted }))?;
        let Node::Text(text) = node else { return self.invalid(name, "Must be a string.") };
        match accepted.iter().find(|known| **known == text.as_str()) {
            Some(known) => Some(known),
            None => self.invalid(name, &not_accepted(accepted, text.as_str())),
        }
    }

    fn any_integer(&self, name: &str, need: Need, min: i64, max: i64) -> Option<i64> {
        let schema = || json!({ "type": "integer", "minimum": min, "maximum": max, "format": "int64" });
        match integer_of(self.ask(name, need, schema)?) {
            Some(value) if (min..=max).contains(&value) => Some(value),
            Some(_) => self.invalid(name, &format!("Must be between {min} and {max}.")),
            None => self.invalid(name, "Must be an integer."),
        }
    }

    fn any_number(&self, name: &str, need: Need) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "the getter promises 64 bits, rounded")]
        match self.ask(name, need, || json!({ "type": "number" }))? {
            Node::Integer(value) => Some(*value as f64),
            Node::Number(value) => Some(*value),
            _ => self.invalid(name, "Must be a number."),
        }
    }

    fn any_bool(&self, name: &str, need: Need) -> Option<bool> {
        match self.ask(name, need, || json!({ "type": "boolean" }))? {
            Node::Bool(value) => Some(*value),
            _ => self.invalid(name, "Must be true or false."),
        }
    }
}

/// The rule that a text's length breaks.
pub(super) fn wrong_length(text: &str, length: Length) -> Option<String> {
    let count = text.chars().count();
    if count < length.min {
        return Some(match length.min {
            1 => "Must not be empty.".to_owned(),
            min => format!("Must have at least {min} characters."),
        });
    }
    (count > length.max).then(|| format!("Must have at most {} characters.", length.max))
}

pub(super) fn text_schema(length: Length, shape: Option<Shape>) -> Value {
    let mut schema =
        Map::from_iter([("type".to_owned(), json!("string")), ("maxLength".to_owned(), json!(length.max))]);
    if length.min > 0 {
        schema.insert("minLength".to_owned(), json!(length.min));
    }
    if let Some(shape) = shape {
        schema.insert("pattern".to_owned(), json!(shape.pattern));
    }
    Value::Object(schema)
}

/// The rule, and of a long list those that are near what was sent, which is not repeated.
pub(super) fn not_accepted(accepted: &[&str], sent: &str) -> String {
    match accepted {
        [only] => format!("Must be {only}."),
        few if few.len() <= LISTED_MAX => format!("Must be one of {}.", few.join(", ")),
        many => {
            let (sent, mut near) = (Words::of(sent), Vec::new());
            for known in many {
                let words = Words::of(known);
                if words.meet(&sent) {
                    near.push((words.letters.len().abs_diff(sent.letters.len()), *known));
                }
            }
            near.sort_unstable();
            near.truncate(LISTED_MAX);
            let near: Vec<&str> = near.into_iter().map(|(_, known)| known).collect();
            match near.as_slice() {
                [] => "Is not one of the accepted values.".to_owned(),
                near => format!("Is not one of the accepted values; near are {}.", near.join(", ")),
            }
        }
    }
}

/// A text as it is compared with others to find one near it: without case and punctuation.
struct Words {
    letters: String,
    /// Those of three letters and more.
    words: Vec<String>,
}

impl Words {
    fn of(text: &str) -> Self {
        let text: String = text.chars().take(NEAR_CHARS).map(|letter| letter.to_ascii_lowercase()).collect();
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
        Self {
            letters: text.chars().filter(char::is_ascii_alphanumeric).collect(),
            words: words.filter(|word| word.len() >= 3).map(str::to_owned).collect(),
        }
    }

    /// Whether a word of one stands in the other.
    fn meet(&self, other: &Self) -> bool {
        let holds = |whole: &Self, part: &Self| part.words.iter().any(|word| whole.letters.contains(word));
        holds(self, other) || holds(other, self)
    }
}

/// The integer that a number is, if it is one and has room in 64 bits.
fn integer_of(node: &Node<'_>) -> Option<i64> {
    /// 2 to the power of 63, the first number that has no room.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    match node {
        Node::Integer(value) => Some(*value),
        #[expect(clippy::cast_possible_truncation, reason = "whole and within the type's bounds")]
        Node::Number(value) if value.fract() == 0.0 && (-BEYOND..BEYOND).contains(value) => {
            Some(*value as i64)
        }
        _ => None,
    }
}
