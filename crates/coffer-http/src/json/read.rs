//! From bytes to [`Node`].

use std::{borrow::Cow, cell::Cell, fmt};

use coffer_types::limits;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{JsonError, Node, Text};

/// Reads a whole body. The error never repeats any of it.
pub(crate) fn parse(body: &[u8]) -> Result<Node<'_>, JsonError> {
    parse_within(body, limits::JSON_MEMBERS)
}

/// The same with another limit of members and elements: an answer may repeat a request that has as many as it may.
pub(crate) fn parse_within(body: &[u8], members: usize) -> Result<Node<'_>, JsonError> {
    let text = std::str::from_utf8(body).map_err(|_| JsonError::Encoding)?;
    if text.bytes().all(|byte| byte.is_ascii_whitespace()) {
        return Err(JsonError::Empty);
    }
    let bounds = Bounds { left: Cell::new(members), broken: Cell::new(None) };
    let mut reader = serde_json::Deserializer::from_str(text);
    let node = Value { depth: 1, bounds: &bounds }.deserialize(&mut reader);
    // The place says nothing of what stands there.
    let syntax = |error: serde_json::Error| JsonError::Syntax { line: error.line(), column: error.column() };
    let node = node.map_err(|error| bounds.broken.get().unwrap_or_else(|| syntax(error)))?;
    reader.end().map_err(syntax)?;
    Ok(node)
}

/// What is left of the limits, and which of them was broken.
struct Bounds {
    left: Cell<usize>,
    broken: Cell<Option<JsonError>>,
}

impl Bounds {
    fn broke<E: Error>(&self, error: JsonError) -> E {
        self.broken.set(Some(error));
        E::custom("limit")
    }

    fn take<E: Error>(&self) -> Result<(), E> {
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(self.broke(JsonError::Members)),
        }
    }
}

#[derive(Clone, Copy)]
struct Value<'l> {
    depth: usize,
    bounds: &'l Bounds,
}

impl Value<'_> {
    fn inside<E: Error>(self) -> Result<Self, E> {
        if self.depth > limits::JSON_DEPTH {
            return Err(self.bounds.broke(JsonError::Depth));
        }
        Ok(Self { depth: self.depth + 1, bounds: self.bounds })
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Node<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node<'de>, E> {
        Ok(Node::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node<'de>, E> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "beyond 64 signed bits no field takes the number anyway"
        )]
        Ok(i64::try_from(value).map_or(Node::Number(value as f64), Node::Integer))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node<'de>, E> {
        Ok(Node::Number(value))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Text(Cow::Borrowed(value))))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Text(Cow::Owned(value.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node<'de>, A::Error> {
        let inside = self.inside()?;
        let mut values = Vec::new();
        while let Some(value) = access.next_element_seed(inside)? {
            self.bounds.take()?;
            values.push(value);
        }
        Ok(Node::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node<'de>, A::Error> {
        let inside = self.inside()?;
        let mut members: Vec<(Text<'de>, Node<'de>)> = Vec::with_capacity(8);
        while let Some(name) = access.next_key_seed(Name)? {
            self.bounds.take()?;
            if members.iter().any(|(known, _)| known.as_str() == name.as_str()) {
                return Err(self.bounds.broke(JsonError::Duplicate));
            }
            members.push((name, access.next_value_seed(inside)?));
        }
        Ok(Node::Object(members))
    }
}

struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Text<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Text<'de>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Text<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(value.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(body: &str) -> Option<JsonError> {
        parse(body.as_bytes()).err()
    }

    #[test]
    fn reads_every_kind_of_value() {
        let body =
            br#"{"a":null,"b":true,"c":-7,"d":1.5,"e":"x\u0041","f":[1,"y"],"g":{"h":18446744073709551615}}"#;
        let node = parse(body).unwrap();
        let written = serde_json::to_value(&node).unwrap();
        assert_eq!(written["c"], -7);
        assert_eq!(written["e"], "xA");
        assert_eq!(written["f"][1], "y");
        assert!(matches!(node.member("g").and_then(|node| node.member("h")), Some(Node::Number(_))));
        assert!(node.member("missing").is_none());
    }

    #[test]
    fn refuses_the_same_name_twice_at_any_depth_and_escaped() {
        assert_eq!(error(r#"{"a":1,"a":1}"#), Some(JsonError::Duplicate));
        assert_eq!(error(r#"{"o":[{"a":1,"\u0061":2}]}"#), Some(JsonError::Duplicate));
        assert_eq!(error(r#"{"o":{"a":1},"a":2}"#), None);
    }

    #[test]
    fn refuses_one_level_too_many() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(error(&nested(limits::JSON_DEPTH)), None);
        assert_eq!(error(&nested(limits::JSON_DEPTH + 1)), Some(JsonError::Depth));
        assert_eq!(error(&nested(30_000)), Some(JsonError::Depth), "and does not run out of stack");
    }

    #[test]
    fn refuses_one_member_too_many() {
        let list = |count: usize| format!("[{}]", vec!["0"; count].join(","));
        assert_eq!(error(&list(limits::JSON_MEMBERS)), None);
        assert_eq!(error(&list(limits::JSON_MEMBERS + 1)), Some(JsonError::Members));
        let within = |count: usize| parse_within(list(count).as_bytes(), 3).err();
        assert_eq!((within(3), within(4)), (None, Some(JsonError::Members)));
    }

    #[test]
    fn refuses_what_is_not_json() {
        for (body, line, column) in [
            ("{", 1, 1),
            ("nul", 1, 3),
            ("{}x", 1, 3),
            ("{'a':1}", 1, 2),
            ("[1,\n 2,]", 2, 4),
            ("1e999", 1, 5),
            ("\u{feff}{}", 1, 1),
        ] {
            assert_eq!(error(body), Some(JsonError::Syntax { line, column }), "{body:?}");
        }
        for body in ["", " \r\n\t"] {
            assert_eq!(error(body), Some(JsonError::Empty), "{body:?}");
        }
        assert_eq!(parse(b"\"\xff\"").err(), Some(JsonError::Encoding));
    }
}
