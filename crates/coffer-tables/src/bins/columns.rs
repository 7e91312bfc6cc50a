//! The columns of a file of card ranges, and the fields of a line.

use crate::error::RowFault;

/// Where each column stands, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) low: usize,
    pub(super) high: usize,
    pub(super) brand: Option<usize>,
    pub(super) country: Option<usize>,
    pub(super) funding: Option<usize>,
    pub(super) bank: Option<usize>,
    /// How many fields a line has.
    pub(super) count: usize,
}

const NAMES: [&str; 6] = ["low", "high", "brand", "country", "funding", "bank"];

impl Columns {
    /// Reads the header. An unknown name is refused: a slip of the pen would otherwise lose a column in silence.
    pub(super) fn parse(header: &[String]) -> Result<Self, RowFault> {
        let mut places = [None; NAMES.len()];
        for (place, name) in header.iter().enumerate() {
            let column = NAMES.iter().position(|known| known == name);
            let column = column.ok_or(RowFault::UnknownColumn(place + 1))?;
            if places[column].replace(place).is_some() {
                return Err(RowFault::RepeatedColumn(NAMES[column]));
            }
        }
        let [low, high, brand, country, funding, bank] = places;
        Ok(Self {
            low: low.ok_or(RowFault::MissingColumn("low"))?,
            high: high.ok_or(RowFault::MissingColumn("high"))?,
            brand,
            country,
            funding,
            bank,
            count: header.len(),
        })
    }
}

/// Splits a line at its commas (RFC 4180, but for line breaks within a field, which end the line here). Blanks
/// around a field do not count; a field between quotation marks may hold commas, and a mark as two.
pub(super) fn fields(line: &str) -> Result<Vec<String>, RowFault> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = match rest.trim_start().strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => plain_field(rest)?,
        };
        fields.push(field);
        match after {
            Some(after) => rest = after,
            None => return Ok(fields),
        }
    }
}

/// A field, and what comes after its comma, if there is one.
type Split<'a> = Result<(String, Option<&'a str>), RowFault>;

fn plain_field(text: &str) -> Split<'_> {
    let (field, after) = text.split_once(',').map_or((text, None), |(field, after)| (field, Some(after)));
    if field.contains('"') {
        return Err(RowFault::Quotes);
    }
    Ok((field.trim().to_owned(), after))
}

/// `text` begins behind the opening mark.
fn quoted_field(mut text: &str) -> Split<'_> {
    let mut field = String::new();
    loop {
        let (part, after) = text.split_once('"').ok_or(RowFault::Quotes)?;
        field.push_str(part);
        if let Some(after) = after.strip_prefix('"') {
            field.push('"');
            text = after;
            continue;
        }
        let after = after.trim_start();
        let after = match after.strip_prefix(',') {
            None if after.is_empty() => None,
            None => return Err(RowFault::Quotes),
            next => next,
        };
        return Ok((field.trim().to_owned(), after));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(header: &str) -> Result<Columns, RowFault> {
        Columns::parse(&fields(header).unwrap())
    }

    #[test]
    fn columns_stand_in_any_order_and_most_may_be_missing() {
        let all = parse("bank,funding,country,brand,high,low").unwrap();
        assert_eq!((all.low, all.high, all.count), (5, 4, 6));
        assert_eq!((all.brand, all.country, all.funding, all.bank), (Some(3), Some(2), Some(1), Some(0)));
        let least = parse(" low ,\"high\"").unwrap();
        assert_eq!((least.low, least.high, least.count), (0, 1, 2));
        assert_eq!((least.brand, least.country, least.funding, least.bank), (None, None, None, None));
    }

    #[test]
    fn a_wrong_header_is_refused() {
        assert_eq!(parse("low,brand"), Err(RowFault::MissingColumn("high")));
        assert_eq!(parse("high"), Err(RowFault::MissingColumn("low")));
        assert_eq!(parse("low,high,low"), Err(RowFault::RepeatedColumn("low")));
        assert_eq!(parse("low,high,contry"), Err(RowFault::UnknownColumn(3)));
        assert_eq!(parse("Low,high"), Err(RowFault::UnknownColumn(1)));
        assert_eq!(parse("low,high,"), Err(RowFault::UnknownColumn(3)));
        assert_eq!(parse(""), Err(RowFault::UnknownColumn(1)));
    }

    #[test]
    fn a_line_splits_at_its_commas() {
        let cases: [(&str, &[&str]); 8] = [
            ("", &[""]),
            (",", &["", ""]),
            ("a, b ,c", &["a", "b", "c"]),
            ("\"a,b\",c", &["a,b", "c"]),
            (" \"a\" , \"b\" ", &["a", "b"]),
            ("\"say \"\"hi\"\"\",", &["say \"hi\"", ""]),
            ("\"\",\"\"\"\"", &["", "\""]),
            ("ü,\"é,é\"", &["ü", "é,é"]),
        ];
        for (line, expected) in cases {
            assert_eq!(fields(line).unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn a_mark_without_its_other_half_is_refused() {
        for line in ["\"", "a,\"b", "a\"b", "\"a\"b", "\"a\" \"b\"", "\"a\"\"", "a,b\""] {
            assert_eq!(fields(line), Err(RowFault::Quotes), "{line}");
        }
    }
}
