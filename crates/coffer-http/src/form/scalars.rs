//! Texts, numbers and truth values.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::{Need, Rule, Section, Type};
use crate::{detector::text_holds_card, json::Node};

/// From so many accepted values on, a problem does not list them.
const LISTED_MAX: usize = 8;

/// Characters that are looked at of a text that is no accepted value, to find one near it.
const NEAR_CHARS: usize = 50;

/// How long a text may be, in characters (Unicode code points, as JSON Schema counts).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

    /// An integer within bounds, both included, that must be there, and that some clients write as a text of digits.
    pub(crate) fn integer_or_digits_within(&self, name: &str, min: i64, max: i64) -> Option<i64> {
        let schema = || {
            let number = json!({ "type": "integer", "minimum": min, "maximum": max, "format": "int64" });
            json!({ "anyOf": [number, { "type": "string", "pattern": "^[0-9]{1,18}$" }] })
        };
        let node = self.ask(name, Need::Required, schema)?;
        let digits =
            |text: &str| (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        let value = match node {
            Node::Text(text) if digits(text.as_str()) => text.as_str().parse().ok(),
            other => integer_of(other),
        };
        self.bounded(name, value, min, max)
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

    /// A text that may be absent or null, and that some clients write as an integer: its digits are the text. Its shape
    /// must take digits.
    pub(crate) fn optional_text_or_integer(
        &self,
        name: &str,
        length: Length,
        shape: Shape,
    ) -> Option<Cow<'r, str>> {
        let schema = || {
            let most = u32::try_from(length.max).ok().and_then(|digits| 10_i64.checked_pow(digits));
            let most = most.map_or(i64::MAX, |most| most - 1);
            json!({ "anyOf": [text_schema(length, Some(shape)), { "type": "integer", "minimum": 0, "maximum": most }] })
        };
        let text: Cow<'r, str> = match self.ask(name, Need::Optional, schema)? {
            Node::Text(text) => Cow::Borrowed(text.as_str()),
            other => match integer_of(other).filter(|value| *value >= 0) {
                // An integer has no leading zeros: a text of that length had some.
                Some(value) => Cow::Owned(format!("{value:0width$}", width = length.min)),
                None => return self.breaks(name, "Must be a string.", Rule::Type(Type::Text)),
            },
        };
        if let Some((message, rule)) = wrong_length(&text, length) {
            return self.breaks(name, &message, rule);
        }
        if (shape.accepts)(&text) { Some(text) } else { self.breaks(name, shape.message, Rule::Shape) }
    }

    fn any_text(&self, name: &str, need: Need, length: Length, shape: Option<Shape>) -> Option<&'r str> {
        let node = self.ask(name, need, || text_schema(length, shape))?;
        let Node::Text(text) = node else {
            return self.breaks(name, "Must be a string.", Rule::Type(Type::Text));
        };
        let text = text.as_str();
        if let Some((message, rule)) = wrong_length(text, length) {
            return self.breaks(name, &message, rule);
        }
        match shape {
            Some(shape) if !(shape.accepts)(text) => self.breaks(name, shape.message, Rule::Shape),
            _ => Some(text),
        }
    }

    fn any_of<'a>(&self, name: &str, need: Need, accepted: &[&'a str]) -> Option<&'a str> {
        let node = self.ask(name, need, || json!({ "type": "string", "enum": accepted }))?;
        let Node::Text(text) = node else {
            return self.breaks(name, "Must be a string.", Rule::Type(Type::Text));
        };
        match accepted.iter().find(|known| **known == text.as_str()) {
            Some(known) => Some(known),
            None => self.breaks(name, &not_accepted(accepted, text.as_str()), Rule::Choice),
        }
    }

    fn any_integer(&self, name: &str, need: Need, min: i64, max: i64) -> Option<i64> {
        let schema = || json!({ "type": "integer", "minimum": min, "maximum": max, "format": "int64" });
        let value = integer_of(self.ask(name, need, schema)?);
        self.bounded(name, value, min, max)
    }

    fn bounded(&self, name: &str, value: Option<i64>, min: i64, max: i64) -> Option<i64> {
        match value {
            Some(value) if (min..=max).contains(&value) => Some(value),
            Some(value) => {
                let rule = Rule::Bounds { min, max, small: value < min };
                self.breaks(name, &format!("Must be between {min} and {max}."), rule)
            }
            None => self.breaks(name, "Must be an integer.", Rule::Type(Type::Integer)),
        }
    }

    fn any_number(&self, name: &str, need: Need) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "the getter promises 64 bits, rounded")]
        match self.ask(name, need, || json!({ "type": "number" }))? {
            Node::Integer(value) => Some(*value as f64),
            Node::Number(value) => Some(*value),
            _ => self.breaks(name, "Must be a number.", Rule::Type(Type::Number)),
        }
    }

    fn any_bool(&self, name: &str, need: Need) -> Option<bool> {
        match self.ask(name, need, || json!({ "type": "boolean" }))? {
            Node::Bool(value) => Some(*value),
            _ => self.breaks(name, "Must be true or false.", Rule::Type(Type::Bool)),
        }
    }
}

/// The rule that a text's length breaks, in words and as a rule.
pub(super) fn wrong_length(text: &str, length: Length) -> Option<(String, Rule)> {
    let count = text.chars().count();
    let short = count < length.min;
    if !short && count <= length.max {
        return None;
    }
    let words = match (short, length.min) {
        (true, 1) => "Must not be empty.".to_owned(),
        (true, min) => format!("Must have at least {min} characters."),
        (false, _) => format!("Must have at most {} characters.", length.max),
    };
    Some((words, Rule::Length { length, short }))
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
