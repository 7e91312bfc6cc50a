//! One row: the values of its columns, each wiped when the row is done.

use coffer_http::import::{Column, ForeignAddress, ForeignCard, Wrong, is_forbidden_column, might_hold_card};
use coffer_types::{Expiry, limits};
use zeroize::Zeroizing;

use super::{Dialect, csv};

/// What is wrong with the names of columns, or of members. No name is repeated: a file without a header line has a card
/// in its first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderFault {
    #[error(
        "column {0} is one of verification codes, PINs or tracks: nobody may keep them (PCI DSS 3.3.1). \
         Export the cards without it"
    )]
    Forbidden(usize),
    #[error("column {0} has no name that is known here: {known}", known = known())]
    Unknown(usize),
    #[error("column {0} has the name of another one")]
    Twice(usize),
    #[error("there is no column {0}")]
    Missing(&'static str),
    #[error("there are more than {max} columns", max = limits::IMPORT_COLUMNS)]
    TooMany,
    #[error("the header line is not CSV in UTF-8")]
    NotCsv,
    #[error("column {0} is for --into {1}")]
    OfAnother(&'static str, &'static str),
}

fn known() -> String {
    Column::ALL.map(Column::as_str).join(", ")
}

/// What is wrong with a row as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RowFault {
    #[error("Is not UTF-8.")]
    Encoding,
    #[error("Has a quote that is not closed, or text beside one: a field may have no line break.")]
    Quote,
    #[error("Has more or fewer fields than the header line.")]
    Fields,
    #[error("Is no JSON object of texts and whole numbers, each name once.")]
    Json,
}

/// The columns of a CSV file, in their order.
pub(super) struct Header(Vec<Column>);

impl Header {
    pub(super) fn parse(line: &[u8]) -> Result<Self, HeaderFault> {
        let line = std::str::from_utf8(line).map_err(|_| HeaderFault::NotCsv)?;
        let (mut columns, mut fault) = (Vec::new(), None);
        let count = csv::fields(line.trim_start_matches('\u{feff}'), |place, name| {
            match column(place + 1, name) {
                Ok(column) if columns.contains(&column) => {
                    fault = fault.or(Some(HeaderFault::Twice(place + 1)));
                }
                Ok(column) => columns.push(column),
                // A forbidden one is told before everything else.
                Err(found @ HeaderFault::Forbidden(_)) => fault = Some(found),
                Err(found) => fault = fault.or(Some(found)),
            }
        });
        match (count, fault) {
            (None, _) => Err(HeaderFault::NotCsv),
            (Some(count), _) if count > limits::IMPORT_COLUMNS => Err(HeaderFault::TooMany),
            (_, Some(fault)) => Err(fault),
            _ => {
                let needed = [Column::Pan, Column::Reference].into_iter().find(|one| !columns.contains(one));
                needed.map_or(Ok(Self(columns)), |column| Err(HeaderFault::Missing(column.as_str())))
            }
        }
    }

    pub(super) fn at(&self, place: usize) -> Option<Column> {
        self.0.get(place).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a column is another dialect's.
    pub(super) fn check(&self, dialect: Dialect) -> Result<(), HeaderFault> {
        self.0.iter().try_for_each(|column| fits(*column, dialect))
    }
}

/// Whether a column means anything to a dialect.
pub(super) fn fits(column: Column, dialect: Dialect) -> Result<(), HeaderFault> {
    match column {
        Column::Namespace if dialect != Dialect::Worldpay => {
            Err(HeaderFault::OfAnother(column.as_str(), "worldpay"))
        }
        Column::Customer if dialect != Dialect::Rebilly => {
            Err(HeaderFault::OfAnother(column.as_str(), "rebilly"))
        }
        _ => Ok(()),
    }
}

/// The column with a name, in whatever case and with whatever separators.
pub(super) fn column(place: usize, name: &str) -> Result<Column, HeaderFault> {
    if is_forbidden_column(name) {
        return Err(HeaderFault::Forbidden(place));
    }
    let letters = |text: &str| -> String {
        text.chars().filter(|one| !" _-".contains(*one)).map(|one| one.to_ascii_lowercase()).collect()
    };
    let plain = letters(name);
    let found = Column::ALL.into_iter().find(|column| letters(column.as_str()) == plain);
    found.ok_or(HeaderFault::Unknown(place))
}

/// The values of one card.
#[derive(Default)]
pub(super) struct Row([Option<Zeroizing<String>>; Column::ALL.len()]);

impl Row {
    /// Sets a value. White space around it and an empty one are nothing.
    pub(super) fn set(&mut self, column: Column, value: &str) {
        let value = value.trim();
        if let Some(place) = self.0.get_mut(column as usize) {
            *place = (!value.is_empty()).then(|| Zeroizing::new(value.to_owned()));
        }
    }

    pub(super) fn get(&self, column: Column) -> Option<&str> {
        self.0.get(column as usize)?.as_ref().map(|value| value.as_str())
    }

    /// The columns that have a value.
    pub(super) fn columns(&self) -> impl Iterator<Item = Column> + '_ {
        Column::ALL.into_iter().filter(|column| self.get(*column).is_some())
    }

    /// The card, or all that is wrong with it before a dialect has seen it.
    pub(super) fn card<'r>(&'r self, namespace: Option<&'r str>) -> Result<ForeignCard<'r>, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let mut needed = |column, found: Result<&'r str, &str>| {
            found
                .map_err(|message| wrong.push(Wrong { column, message: message.to_owned() }))
                .unwrap_or_default()
        };
        let pan = needed(Column::Pan, self.get(Column::Pan).ok_or("Is missing."));
        let reference = needed(Column::Reference, self.reference());
        let expiry = self.expiry().map_err(|found| wrong.push(found)).unwrap_or_default();
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(ForeignCard {
            pan,
            expiry,
            name: self.get(Column::Name),
            reference,
            customer: self.get(Column::Customer),
            namespace: self.get(Column::Namespace).or(namespace),
            address: self.address(),
        })
    }

    /// A reference stands in the map, in the clear.
    fn reference(&self) -> Result<&str, &'static str> {
        let reference = self.get(Column::Reference).ok_or("Is missing.")?;
        if reference.chars().count() > limits::IMPORT_REFERENCE_CHARS {
            return Err("Has more than 200 characters.");
        }
        if reference.contains(char::is_control) {
            return Err("Has control characters.");
        }
        if might_hold_card(reference) {
            return Err("Might be a card number, and would stand in the map.");
        }
        Ok(reference)
    }

    fn address(&self) -> Option<ForeignAddress<'_>> {
        let address = ForeignAddress {
            line1: self.get(Column::Line1),
            line2: self.get(Column::Line2),
            city: self.get(Column::City),
            region: self.get(Column::Region),
            postal_code: self.get(Column::PostalCode),
            country: self.get(Column::Country),
        };
        let ForeignAddress { line1, line2, city, region, postal_code, country } = address;
        let parts = [line1, line2, city, region, postal_code, country];
        parts.iter().any(Option::is_some).then_some(address)
    }

    fn expiry(&self) -> Result<Option<Expiry>, Wrong> {
        let wrong = |column, message: &str| Wrong { column, message: message.to_owned() };
        let parts = (self.get(Column::ExpMonth), self.get(Column::ExpYear));
        match (self.get(Column::Expiry), parts) {
            (None, (None, None)) => Ok(None),
            (Some(text), (None, None)) => {
                let said = wrong(Column::Expiry, "Must be MM/YYYY, MM/YY, MMYY or YYYY-MM.");
                parse_expiry(text).map(Some).ok_or(said)
            }
            (None, (Some(month), Some(year))) => {
                let said =
                    wrong(Column::ExpMonth, "Must be a month, and expYear a year of two or four digits.");
                expiry_of(month, year).map(Some).ok_or(said)
            }
            (Some(_), _) => Err(wrong(Column::Expiry, "Stands beside expMonth or expYear: one of the two.")),
            (None, _) => Err(wrong(Column::ExpMonth, "expMonth and expYear go together.")),
        }
    }
}

/// Month and year of what others write.
fn parse_expiry(text: &str) -> Option<Expiry> {
    if let Some((month, year)) = text.split_once('/') {
        return if month.len() == 2 { expiry_of(month, year) } else { None };
    }
    if let Some((year, month)) = text.split_once('-') {
        return if (year.len(), month.len()) == (4, 2) { expiry_of(month, year) } else { None };
    }
    let (month, year) = text.split_at_checked(2).filter(|_| text.len() == 4)?;
    expiry_of(month, year)
}

/// Two digits of a year are of this century.
fn expiry_of(month: &str, year: &str) -> Option<Expiry> {
    let number = |text: &str| -> Option<i64> {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
    };
    let century = match year.len() {
        2 => 2_000,
        4 => 0,
        _ => return None,
    };
    if !(1..=2).contains(&month.len()) {
        return None;
    }
    Expiry::new(century + number(year)?, number(month)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[(Column, &str)]) -> Row {
        let mut row = Row::default();
        for (column, value) in values {
            row.set(*column, value);
        }
        row
    }

    #[test]
    fn expiries_are_read_as_others_write_them() {
        let expected = Expiry::new(2031, 7).unwrap();
        for text in ["07/2031", "07/31", "0731", "2031-07"] {
            assert_eq!(parse_expiry(text), Some(expected), "{text}");
        }
        for text in
            ["7/2031", "13/31", "00/31", "31-07", "2031/07", "07-2031", "731", "07/+31", "07/031", "ä31"]
        {
            assert_eq!(parse_expiry(text), None, "{text}");
        }
        let read = |month, year| row(&[(Column::ExpMonth, month), (Column::ExpYear, year)]).expiry();
        assert_eq!(read("7", "2031"), Ok(Some(expected)));
        assert_eq!(read("07", "31"), Ok(Some(expected)));
        assert!(read("7", "").is_err() && read("", "31").is_err() && read("007", "31").is_err());
        assert!(row(&[(Column::Expiry, "0731"), (Column::ExpYear, "31")]).expiry().is_err());
        assert_eq!(row(&[]).expiry(), Ok(None));
    }

    #[test]
    fn columns_are_known_in_any_writing_and_codes_are_refused() {
        for name in ["postalCode", "postal_code", "POSTAL CODE", "Postal-Code"] {
            assert_eq!(column(1, name), Ok(Column::PostalCode), "{name}");
        }
        for name in
            ["cvv", "CVV2", "cvc", "card_cvc", "security code", "CID", "pin", "track1", "track2data", "csc"]
        {
            assert_eq!(column(4, name), Err(HeaderFault::Forbidden(4)), "{name}");
        }
        assert_eq!(column(2, "4111111111111111"), Err(HeaderFault::Unknown(2)));
        assert!(!HeaderFault::Unknown(2).to_string().contains("4111"));
        let parsed = |line: &str| Header::parse(line.as_bytes()).map(|header| header.0);
        assert_eq!(parsed("\u{feff}pan,\"reference\""), Ok(vec![Column::Pan, Column::Reference]));
        assert_eq!(parsed("pan,zip,cvv"), Err(HeaderFault::Forbidden(3)));
        assert_eq!(parsed("pan,reference,PAN"), Err(HeaderFault::Twice(3)));
        assert_eq!(parsed("pan,name"), Err(HeaderFault::Missing("reference")));
        assert_eq!(parsed("pan,\"reference"), Err(HeaderFault::NotCsv));
    }

    #[test]
    fn every_fault_of_a_row_is_told_at_once() {
        let none = row(&[(Column::Expiry, "x")]);
        let columns: Vec<Column> = none.card(None).unwrap_err().iter().map(|wrong| wrong.column).collect();
        assert_eq!(columns, [Column::Pan, Column::Reference, Column::Expiry]);
        for reference in ["4111 1111 1111 1111", "a\u{7}b", &"x".repeat(201)] {
            let row = row(&[(Column::Pan, "1"), (Column::Reference, reference)]);
            assert_eq!(row.card(None).unwrap_err()[0].column, Column::Reference);
        }
        let row = row(&[(Column::Pan, " 1 "), (Column::Reference, "a"), (Column::Namespace, "own")]);
        let card = row.card(Some("default")).unwrap();
        assert_eq!((card.pan, card.namespace, card.address.is_none()), ("1", Some("own"), true));
    }
}
