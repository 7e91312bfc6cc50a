//! The query of a list call (reference 3.2): which part, in which order, of what. All problems at once.
//!
//! A collection declares its fields once, in a [`Collection`]; its rows show them through [`Row`].

mod filter;
mod moment;
mod page;
mod query;
mod search;
mod sort;
mod syntax;

use std::borrow::Cow;

use coffer_types::Timestamp;

use self::query::Parameters;
pub(crate) use self::query::asks_for;
pub(crate) use self::{
    filter::{Filter, Verdict},
    page::{LIMIT_MAX, OFFSET_MAX, Page},
    search::{CHARACTERS_MAX as SEARCH_CHARACTERS_MAX, Search},
    sort::{Direction, FIELDS_MAX as SORT_FIELDS_MAX, Sort, SortKey},
};
use crate::form::Invalid;

/// What can be asked of a collection.
pub(crate) struct Collection {
    /// The fields that `filter` and `sort` may name. A collection without fields takes `limit` and `offset` only and
    /// ignores the rest, as `GET /tokens` does.
    pub(crate) fields: &'static [Field],
    /// What stands before names that callers choose, `customFields.`: fields of kind [`Kind::Own`], not sortable.
    pub(crate) prefixes: &'static [&'static str],
    /// The names that `expand` may have.
    pub(crate) expand: &'static [&'static str],
}

/// A field of a collection's rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// Dot notation: `billingAddress.country`.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) sortable: bool,
}

/// What the values of a field are, and so how a filter compares them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Whole texts, upper and lower case alike (the full lower case of Unicode).
    Text,
    /// Whole texts, letter by letter: references, which an index finds.
    Id,
    /// Whole numbers and ranges of them.
    Integer,
    /// Moments, days and ranges of them.
    Time,
    /// `true` and `false`.
    Bool,
    /// What a caller keeps there: each value is compared as what it is, a number, a moment or a text.
    Own,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'v> {
    Text(Cow<'v, str>),
    Integer(i64),
    /// Any number, as it is written.
    Number(f64, String),
    Time(Timestamp),
    Bool(bool),
}

/// One element of a collection.
pub(crate) trait Row {
    /// Gives every value of a field to `take`: none when it is absent, several when it is a list.
    fn values(&self, field: &str, take: &mut dyn FnMut(Value<'_>));

    /// Whether this much of the row tells the values of a field.
    fn knows(&self, _field: &str) -> bool {
        true
    }

    /// Gives every text to `take` that stands in a field which a caller named.
    fn own_texts(&self, _take: &mut dyn FnMut(&str)) {}
}

/// Estimates the work of looking at a text, in nanoseconds: as lists count it ([`coffer_types::limits::LIST_WORK`]).
fn text_work(text: &str) -> u64 {
    20 + 2 * u64::try_from(text.len()).unwrap_or(u64::MAX / 4)
}

/// The same of any other value.
const VALUE_WORK: u64 = 20;

/// The query of a list call.
#[derive(Debug)]
pub(crate) struct ListQuery {
    pub(crate) page: Page,
    pub(crate) filter: Filter,
    pub(crate) sort: Sort,
    /// `q`: a text to be found in some text field.
    pub(crate) search: Option<Search>,
    /// The names of `expand` that the collection has. Others are ignored: a client may ask for what only a payment
    /// processor has.
    pub(crate) expand: Vec<&'static str>,
}

impl ListQuery {
    /// Reads the query string, without its question mark; empty when there is none. Unknown parameters are ignored.
    pub(crate) fn parse(query: &str, collection: &Collection) -> Result<Self, Vec<Invalid>> {
        let mut problems = Vec::new();
        let parameters = Parameters::read(query, !collection.fields.is_empty(), &mut problems);
        let page = Page::parse(parameters.get("limit"), parameters.get("offset"), &mut problems);
        let filter = Filter::parse(parameters.get("filter").unwrap_or_default(), collection, &mut problems);
        let sort = Sort::parse(parameters.get("sort").unwrap_or_default(), collection, &mut problems);
        let search = Search::parse(parameters.get("q").unwrap_or_default(), &mut problems);
        let asked: Vec<&str> =
            parameters.get("expand").unwrap_or_default().split(',').map(str::trim).collect();
        let expand = collection.expand.iter().copied().filter(|name| asked.contains(name)).collect();
        if problems.is_empty() { Ok(Self { page, filter, sort, search, expand }) } else { Err(problems) }
    }
}

impl Collection {
    /// The kind of a field by its name; none when the collection has no such field.
    fn kind(&self, name: &str) -> Option<Kind> {
        let custom = |prefix: &&str| name.strip_prefix(*prefix).is_some_and(|rest| !rest.is_empty());
        match self.field(name) {
            Some(field) => Some(field.kind),
            None => self.prefixes.iter().any(custom).then_some(Kind::Own),
        }
    }

    fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

fn problem(field: &str, message: impl Into<String>) -> Invalid {
    Invalid { field: field.to_owned(), message: message.into() }
}

#[cfg(test)]
mod tests;
