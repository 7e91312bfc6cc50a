//! A second opinion on lists (3.2): what a filter takes, a text finds and a sort orders, said once more over the
//! answers themselves.

use std::cmp::Ordering;

use serde_json::Value;

use super::calls::INSTRUMENTS;
use crate::support::{Answer, Client, SECRET};

/// How the values of a field compare.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Of {
    Text,
    Id,
    Integer,
    Time,
    Bool,
}

/// The fields of an instrument that a filter may name; `customFields.` comes on top.
pub(crate) const FIELDS: [(&str, Of); 31] = [
    ("id", Of::Id),
    ("customerId", Of::Id),
    ("method", Of::Text),
    ("status", Of::Text),
    ("fingerprint", Of::Text),
    ("bin", Of::Text),
    ("last4", Of::Text),
    ("brand", Of::Text),
    ("expYear", Of::Integer),
    ("expMonth", Of::Integer),
    ("bankCountry", Of::Text),
    ("bankName", Of::Text),
    ("routingNumber", Of::Text),
    ("accountType", Of::Text),
    ("useAsBackup", Of::Bool),
    ("stickyGatewayAccountId", Of::Text),
    ("createdTime", Of::Time),
    ("updatedTime", Of::Time),
    ("lastPaymentTime", Of::Time),
    ("revision", Of::Integer),
    ("billingAddress.firstName", Of::Text),
    ("billingAddress.lastName", Of::Text),
    ("billingAddress.organization", Of::Text),
    ("billingAddress.address", Of::Text),
    ("billingAddress.address2", Of::Text),
    ("billingAddress.city", Of::Text),
    ("billingAddress.region", Of::Text),
    ("billingAddress.country", Of::Text),
    ("billingAddress.postalCode", Of::Text),
    ("billingAddress.emails.value", Of::Text),
    ("billingAddress.phoneNumbers.value", Of::Text),
];

/// Those of them that a list is not sorted by.
pub(crate) const UNSORTED: [&str; 9] = [
    "fingerprint",
    "routingNumber",
    "accountType",
    "useAsBackup",
    "stickyGatewayAccountId",
    "billingAddress.address",
    "billingAddress.address2",
    "billingAddress.emails.value",
    "billingAddress.phoneNumbers.value",
];

/// A value in a filter.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    Exact(String),
    Range(Option<String>, Option<String>),
}

#[derive(Clone, Debug)]
pub(crate) struct Term {
    pub(crate) field: String,
    pub(crate) of: Of,
    pub(crate) negated: bool,
    /// With `!` before every value, not only before the first.
    pub(crate) each: bool,
    pub(crate) values: Vec<Wanted>,
}

/// Every value of a field, as text, whatever it is in.
pub(crate) fn values(row: &Value, field: &str) -> Vec<String> {
    if let Some(name) = field.strip_prefix("customFields.") {
        return scalars(&row["customFields"][name]);
    }
    match field.split_once('.') {
        None => scalars(&row[field]),
        Some((name, rest)) => match &row[name] {
            Value::Array(list) => list.iter().flat_map(|one| values(one, rest)).collect(),
            one => values(one, rest),
        },
    }
}

fn scalars(value: &Value) -> Vec<String> {
    match value {
        Value::Null | Value::Object(_) => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().filter(|one| !one.is_array()).flat_map(scalars).collect(),
        other => vec![other.to_string()],
    }
}

/// Whether all terms take a row.
pub(crate) fn takes(terms: &[Term], row: &Value) -> bool {
    terms.iter().all(|term| {
        let values = values(row, &term.field);
        let found =
            values.iter().any(|value| term.values.iter().any(|wanted| matches(term.of, wanted, value)));
        found != term.negated
    })
}

fn matches(of: Of, wanted: &Wanted, value: &str) -> bool {
    match (of, wanted) {
        (Of::Text, Wanted::Exact(text)) => text.to_lowercase() == value.to_lowercase(),
        (Of::Id | Of::Bool, Wanted::Exact(text)) => text == value,
        (Of::Integer, wanted) => within(wanted, |text| text.parse::<i64>().expect("an integer"), value),
        (Of::Time, Wanted::Exact(text)) => value.starts_with(text.trim_end_matches('Z')),
        // Times of one form are in the order of their texts; a day is its first and its last second.
        (Of::Time, Wanted::Range(from, to)) => {
            let end =
                |text: &str, time: &str| if text.len() == 10 { format!("{text}{time}") } else { text.into() };
            from.as_ref().is_none_or(|from| *value >= *end(from, "T00:00:00Z"))
                && to.as_ref().is_none_or(|to| *value <= *end(to, "T23:59:59Z"))
        }
        (_, Wanted::Range(..)) => panic!("no range on {of:?}"),
    }
}

fn within<T: PartialOrd>(wanted: &Wanted, read: impl Fn(&str) -> T, value: &str) -> bool {
    let value = read(value);
    match wanted {
        Wanted::Exact(text) => read(text) == value,
        Wanted::Range(from, to) => {
            from.as_ref().is_none_or(|from| read(from) <= value)
                && to.as_ref().is_none_or(|to| value <= read(to))
        }
    }
}

/// The text of a filter.
pub(crate) fn print(terms: &[Term]) -> String {
    let term = |term: &Term| {
        let value = |(at, wanted): (usize, &Wanted)| {
            let mark = if term.negated && (at == 0 || term.each) { "!" } else { "" };
            match wanted {
                Wanted::Exact(text) => format!("{mark}{text}"),
                Wanted::Range(from, to) => {
                    let end = |end: &Option<String>| end.clone().unwrap_or_default();
                    format!("{mark}{}..{}", end(from), end(to))
                }
            }
        };
        let values: Vec<String> = term.values.iter().enumerate().map(value).collect();
        format!("{}:{}", term.field, values.join(","))
    };
    terms.iter().map(term).collect::<Vec<_>>().join(";")
}

/// Whether `q` finds a row: a text or a reference has it somewhere.
pub(crate) fn finds(text: &str, row: &Value) -> bool {
    let of_text = FIELDS.iter().filter(|(_, of)| matches!(of, Of::Text | Of::Id));
    let all = of_text.flat_map(|(field, _)| values(row, field));
    let mut all = all.chain(texts(&row["customFields"]));
    all.any(|value| value.to_lowercase().contains(&text.to_lowercase()))
}

/// Every text in a value, however deep.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Puts rows, which are in the order of their creation, in the order of a sort: what is absent last, and equal ones as
/// they were made, in the direction of the last field.
pub(crate) fn sorted<'r>(mut rows: Vec<&'r Value>, sort: &[(&str, bool)]) -> Vec<&'r Value> {
    if sort.last().is_none_or(|(_, descending)| *descending) {
        rows.reverse();
    }
    rows.sort_by(|one, other| {
        sort.iter()
            .map(|(field, descending)| order(one, other, field, *descending))
            .fold(Ordering::Equal, Ordering::then)
    });
    rows
}

fn order(one: &Value, other: &Value, field: &str, descending: bool) -> Ordering {
    let of = FIELDS.iter().find(|(name, _)| *name == field).expect("a field").1;
    let first = |row: &Value| values(row, field).into_iter().next();
    match (first(one), first(other)) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(one), Some(other)) => {
            let order = match of {
                Of::Integer => one.parse::<i64>().unwrap().cmp(&other.parse::<i64>().unwrap()),
                _ => one.to_lowercase().cmp(&other.to_lowercase()),
            };
            if descending { order.reverse() } else { order }
        }
    }
}

/// A value of a query string.
pub(crate) fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Lists by these parameters.
pub(crate) fn list(client: &mut Client, parameters: &[(&str, &str)]) -> Answer {
    client.call("GET", &path(parameters), &[SECRET], b"")
}

/// The same, one of very many: that a list has the right form is seen in a few of them.
pub(crate) fn list_unseen(client: &mut Client, parameters: &[(&str, &str)]) -> Answer {
    let (path, (name, key)) = (path(parameters), SECRET);
    // Links do not follow a name that is not this machine's.
    let request = format!("GET {path} HTTP/1.1\r\nHost: vault\r\n{name}: {key}\r\n\r\n");
    client.send(request.as_bytes()).expect("a request");
    client.answer().expect("an answer")
}

fn path(parameters: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    format!("{INSTRUMENTS}?{}", pairs.join("&"))
}

/// The numbers of the three headers.
pub(crate) fn pagination(answer: &Answer) -> [usize; 3] {
    ["total", "limit", "offset"].map(|name| {
        let header = answer.header(&format!("pagination-{name}")).unwrap_or_else(|| panic!("no {name}"));
        header.parse().expect("an integer")
    })
}

/// The ids of a list that succeeds.
pub(crate) fn listed(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    body.as_array().expect("an array").iter().map(|row| super::kinds::id(row).to_owned()).collect()
}

pub(crate) fn ids(rows: &[&Value]) -> Vec<String> {
    rows.iter().map(|row| super::kinds::id(row).to_owned()).collect()
}
