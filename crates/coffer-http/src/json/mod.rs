//! Untrusted JSON, read once into a borrowed tree.
//!
//! A tree and not a struct, because a bad request is answered with every problem at once. What two parsers could read
//! differently is refused: duplicate names, too deep a nesting, too many members (`reference/security.md` section 9).

mod read;

use std::borrow::Cow;

pub(crate) use read::{parse, parse_within};
use serde::{Serialize, Serializer, ser::SerializeMap};
use zeroize::{Zeroize, Zeroizing};

/// JSON in one buffer that is wiped, where there are secrets in it.
pub(crate) fn wiped_text<T: Serialize>(value: &T) -> Option<Zeroizing<String>> {
    let mut bytes = coffer_core::wiped_json(value).ok()?;
    String::from_utf8(std::mem::take(&mut *bytes)).ok().map(Zeroizing::new)
}

/// Why a body is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonError {
    /// Nothing but white space.
    #[error("The body is empty.")]
    Empty,
    /// Not JSON: what stands here, counted from one, cannot go on like that.
    #[error("The body is not valid JSON (line {line}, column {column}).")]
    Syntax {
        /// The line.
        line: usize,
        /// The byte in the line; 0 where the line before it ended too early.
        column: usize,
    },
    /// Not UTF-8.
    #[error("The body is not valid UTF-8.")]
    Encoding,
    /// A name stands twice in one object.
    #[error("The body has an object with the same name twice.")]
    Duplicate,
    /// Deeper than `limits::JSON_DEPTH`.
    #[error("The body is nested too deeply.")]
    Depth,
    /// More members and elements than `limits::JSON_MEMBERS`.
    #[error("The body has too many members.")]
    Members,
}

/// One JSON value, borrowed from the body.
pub(crate) enum Node<'b> {
    Null,
    Bool(bool),
    Integer(i64),
    /// A number that is not an integer of 64 bits.
    Number(f64),
    Text(Text<'b>),
    List(Vec<Node<'b>>),
    Object(Vec<(Text<'b>, Node<'b>)>),
}

/// A string of the body. Where it had to be unescaped, the copy is wiped when it is no longer needed.
pub(crate) struct Text<'b>(Cow<'b, str>);

impl Text<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Drop for Text<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(text) = &mut self.0 {
            text.zeroize();
        }
    }
}

impl<'b> Node<'b> {
    /// The members of an object whose values are texts.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let members = match self {
            Self::Object(members) => members.as_slice(),
            _ => &[],
        };
        members.iter().filter_map(|(name, value)| match value {
            Node::Text(text) => Some((name.as_str(), text.as_str())),
            _ => None,
        })
    }

    /// The member of an object; none for anything else.
    pub(crate) fn member(&self, name: &str) -> Option<&Node<'b>> {
        match self {
            Self::Object(members) => {
                members.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i64(*value),
            Self::Number(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value.as_str()),
            Self::List(values) => serializer.collect_seq(values),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name.as_str(), value)?;
                }
                map.end()
            }
        }
    }
}
