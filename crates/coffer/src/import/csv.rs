//! A line of CSV (RFC 4180), without line breaks in its fields: so a row is a line, and its number says where it is.

use zeroize::Zeroizing;

use super::row::{Header, Row, RowFault};

/// Gives every field with its place, and says how many there were; none where quotes are wrong.
pub(super) fn fields(line: &str, mut give: impl FnMut(usize, &str)) -> Option<usize> {
    let (mut rest, mut place) = (line, 0);
    loop {
        let after = if let Some(quoted) = rest.strip_prefix('"') {
            let (field, after) = quoted.split_at(closing(quoted)?);
            // Sized once: a text that grows leaves unwiped copies behind.
            let mut plain = Zeroizing::new(String::with_capacity(field.len()));
            for (part, text) in field.split("\"\"").enumerate() {
                plain.push_str(if part > 0 { "\"" } else { "" });
                plain.push_str(text);
            }
            give(place, &plain);
            &after[1..]
        } else {
            let (field, after) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
            if field.contains('"') {
                return None;
            }
            give(place, field);
            after
        };
        place += 1;
        if after.is_empty() {
            return Some(place);
        }
        rest = after.strip_prefix(',')?;
    }
}

/// Where the quote is that ends a field, of those that are not doubled.
fn closing(quoted: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + quoted[from..].find('"')?;
        if !quoted[at + 1..].starts_with('"') {
            return Some(at);
        }
        from = at + 2;
    }
}

/// A field as it is written.
pub(super) fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) || field.trim() != field {
        return format!("\"{}\"", field.replace('"', "\"\""));
    }
    field.to_owned()
}

/// The row of a line.
pub(super) fn row(line: &[u8], header: &Header) -> Result<Row, RowFault> {
    let line = std::str::from_utf8(line).map_err(|_| RowFault::Encoding)?;
    let mut row = Row::default();
    let count = fields(line, |place, value| {
        if let Some(column) = header.at(place) {
            row.set(column, value);
        }
    });
    match count {
        None => Err(RowFault::Quote),
        Some(count) if count != header.len() => Err(RowFault::Fields),
        Some(_) => Ok(row),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Vec<String>> {
        let mut found = Vec::new();
        let count = fields(line, |_, field| found.push(field.to_owned()))?;
        assert_eq!(count, found.len());
        Some(found)
    }

    #[test]
    fn fields_are_split_as_they_were_joined() {
        for (line, expected) in [
            ("", vec![""]),
            ("a", vec!["a"]),
            ("a,,b,", vec!["a", "", "b", ""]),
            ("\"a,b\",\"\"", vec!["a,b", ""]),
            ("\"say \"\"a\"\"\",ä", vec!["say \"a\"", "ä"]),
            ("\"\"\"\",\"\"\"\"\"\"", vec!["\"", "\"\""]),
        ] {
            assert_eq!(read(line).unwrap(), expected, "{line}");
            let joined: Vec<String> = expected.iter().map(|field| quoted(field)).collect();
            assert_eq!(read(&joined.join(",")).unwrap(), expected, "{line}");
        }
        for wrong in ["\"", "\"a", "\"a\"b", "a\"b", "\"a\"\"", "a,\"b\" ,c", "\"\"\""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
