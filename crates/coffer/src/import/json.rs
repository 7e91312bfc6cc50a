//! Cards as JSON: an array of objects, or objects one after the other. One object at a time is in memory.

use std::fmt;

use coffer_types::limits;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use zeroize::Zeroizing;

use super::{
    row::{HeaderFault, Row, RowFault, column},
    source::{Content, SourceError},
};

/// Finds objects in a content.
pub(super) struct Objects {
    in_array: bool,
    /// Whether an object came before.
    is_begun: bool,
    is_over: bool,
}

impl Objects {
    pub(super) fn begin(content: &mut Content<'_>) -> Result<Self, SourceError> {
        content.line = 1;
        let in_array = after_blanks(content)? == Some(b'[');
        if in_array {
            content.pass();
        }
        Ok(Self { in_array, is_begun: false, is_over: false })
    }

    /// Reads the next object into the buffer, and gives the line that it begins in.
    pub(super) fn next(&mut self, content: &mut Content<'_>) -> Result<Option<u64>, SourceError> {
        let mut next = after_blanks(content)?;
        if self.in_array && !self.is_over {
            match next {
                Some(b',') if self.is_begun => {
                    content.pass();
                    next = after_blanks(content)?;
                }
                Some(b']') => {
                    content.pass();
                    self.is_over = true;
                    next = after_blanks(content)?;
                }
                Some(b'{') if !self.is_begun => {}
                _ => return Err(SourceError::Json(content.line)),
            }
        }
        match next {
            None if !self.in_array || self.is_over => Ok(None),
            Some(b'{') if !self.is_over => {
                self.is_begun = true;
                let line = content.line;
                object(content)?;
                Ok(Some(line))
            }
            _ => Err(SourceError::Json(content.line)),
        }
    }
}

fn after_blanks(content: &mut Content<'_>) -> Result<Option<u8>, SourceError> {
    loop {
        let next = content.peek()?;
        if !next.is_some_and(|byte| byte.is_ascii_whitespace()) {
            return Ok(next);
        }
        content.line += u64::from(next == Some(b'\n'));
        content.pass();
    }
}

/// Takes one object, to the bracket that ends it.
fn object(content: &mut Content<'_>) -> Result<(), SourceError> {
    content.buffer.clear();
    let (mut depth, mut in_text, mut is_escaped) = (0_u32, false, false);
    loop {
        let byte = content.peek()?.ok_or(SourceError::Json(content.line))?;
        content.take(byte)?;
        content.line += u64::from(byte == b'\n');
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'{' if !in_text => depth += 1,
            b'}' if !in_text => {
                depth -= 1;
                if depth == 0 {
                    return Ok(());
                }
            }
            _ => {}
        }
    }
}

/// The row of an object. The outer error is one of the file's own making: a member that no card may have.
pub(super) fn row(object: &[u8]) -> Result<Result<Row, RowFault>, HeaderFault> {
    let Ok(Members { row, fault }) = serde_json::from_slice(object) else { return Ok(Err(RowFault::Json)) };
    fault.map_or(Ok(Ok(row)), Err)
}

/// An object whose values are texts, whole numbers and null.
struct Members {
    row: Row,
    fault: Option<HeaderFault>,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Members;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Members, A::Error> {
        let (mut row, mut fault, mut seen) = (Row::default(), None, Vec::new());
        let mut place = 0;
        while let Some(Text(Some(name))) = access.next_key()? {
            place += 1;
            let Text(value) = access.next_value()?;
            match column(place, &name) {
                Ok(column) if seen.contains(&column) => return Err(A::Error::custom("twice")),
                Ok(column) => {
                    seen.push(column);
                    row.set(column, value.as_ref().map_or("", |value| value.as_str()));
                }
                Err(found @ HeaderFault::Forbidden(_)) => fault = Some(found),
                Err(found) => fault = fault.or(Some(found)),
            }
            if place > limits::IMPORT_COLUMNS {
                fault = fault.or(Some(HeaderFault::TooMany));
            }
        }
        Ok(Members { row, fault })
    }
}

/// A text, a whole number as its digits, or nothing.
struct Text(Option<Zeroizing<String>>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Value;
        impl Visitor<'_> for Value {
            type Value = Text;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a text or a whole number")
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Text, E> {
                Ok(Text(Some(Zeroizing::new(value.to_owned()))))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Text, E> {
                Ok(Text(Some(Zeroizing::new(value.to_string()))))
            }

            fn visit_unit<E: Error>(self) -> Result<Text, E> {
                Ok(Text(None))
            }
        }
        deserializer.deserialize_any(Value)
    }
}

#[cfg(test)]
mod tests {
    use coffer_http::import::Column;

    use super::*;

    #[test]
    fn an_object_is_texts_and_whole_numbers() {
        let read = |text: &str| row(text.as_bytes());
        let card = read(r#"{"pan": "4111111111111111", "exp_month": 7, "expYear": 2031, "name": null}"#);
        let card = card.unwrap().unwrap();
        assert_eq!(card.get(Column::Pan), Some("4111111111111111"));
        assert_eq!((card.get(Column::ExpMonth), card.get(Column::Name)), (Some("7"), None));
        assert_eq!(read(r#"{"pan": "1", "cvv": "123"}"#).err(), Some(HeaderFault::Forbidden(2)));
        assert_eq!(read(r#"{"zip": "1", "cvv": null}"#).err(), Some(HeaderFault::Forbidden(2)));
        assert_eq!(read(r#"{"zip": "1"}"#).err(), Some(HeaderFault::Unknown(1)));
        for wrong in [r#"{"pan": 1.5}"#, r#"{"pan": ["1"]}"#, r#"{"pan": "1", "PAN": "2"}"#, "{pan}", "{}}"] {
            assert_eq!(read(wrong).unwrap().err(), Some(RowFault::Json), "{wrong}");
        }
    }
}
