//! `filter`: which rows are taken.

use std::ops::RangeInclusive;

use coffer_types::Timestamp;

use super::{
    Collection, Kind, Row, Value, moment, problem,
    syntax::{self, Literal, SyntaxError},
};
use crate::form::Invalid;

/// What a row must fulfil: every term. No terms take every row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    field: String,
    negated: bool,
    tests: Vec<Test>,
}

/// One value of a term, as its field compares it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    /// In lower case.
    Text(String),
    Id(String),
    Integer(RangeInclusive<i64>),
    Time {
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    },
    Bool(bool),
}

/// What is wrong with one term. The text goes behind its number: `Term 2 names ...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum TermError {
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    #[error("names a field that cannot be filtered.")]
    UnknownField,
    #[error("compares a text with a truth value.")]
    BoolOnText,
    #[error("has a range on a field that has none.")]
    RangeOnText,
    #[error("must have integers.")]
    NotInteger,
    #[error("must have RFC 3339 date-times or dates of the form YYYY-MM-DD.")]
    NotTime,
    #[error("must have true or false.")]
    NotBool,
    #[error("has a range that ends before it begins.")]
    Backwards,
}

impl Filter {
    /// Reads a filter. Each wrong term is one problem.
    pub(super) fn parse(text: &str, collection: &Collection, problems: &mut Vec<Invalid>) -> Self {
        let terms = match syntax::parse(text) {
            Ok(terms) => terms,
            Err(error) => {
                problems.push(problem("filter", error.to_string()));
                return Self::default();
            }
        };
        let mut found = Vec::with_capacity(terms.len());
        for (number, term) in (1..).zip(terms) {
            match term.map_err(TermError::from).and_then(|term| Term::new(&term, collection)) {
                Ok(term) => found.push(term),
                Err(error) => problems.push(problem("filter", format!("Term {number} {error}"))),
            }
        }
        Self { terms: found }
    }

    /// Whether a row is taken. An absent value fulfils every negated term and no other.
    pub(crate) fn takes(&self, row: &dyn Row) -> bool {
        self.terms.iter().all(|term| term.takes(row))
    }

    /// Whether every row is taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// For a planner: the only value that a field of kind [`Kind::Id`] may have. None when there is no such term, or
    /// more than one. Rows found by it must still be asked for the other terms.
    pub(crate) fn exact<'f>(&'f self, field: &str) -> Option<&'f str> {
        let mut terms = self.positive(field);
        match (terms.next()?.tests.as_slice(), terms.next()) {
            ([Test::Id(only)], None) => Some(only),
            _ => None,
        }
    }

    /// For a planner: the earliest and the latest moment, both included, that a row taken may have in a field of kind
    /// [`Kind::Time`]; none where there is no bound. Rows between them must still be asked.
    pub(crate) fn time_bounds(&self, field: &str) -> (Option<Timestamp>, Option<Timestamp>) {
        let mut bounds = (None, None);
        for term in self.positive(field) {
            let span = |test: &Test| match test {
                Test::Time { from, to } => (*from, *to),
                _ => (None, None),
            };
            // Any of the values may match: the widest of them. Each term must: the narrowest of those.
            let widest = term.tests.iter().map(span).reduce(|one, other| {
                (one.0.zip(other.0).map(|(a, b)| a.min(b)), one.1.zip(other.1).map(|(a, b)| a.max(b)))
            });
            let (from, to) = widest.unwrap_or((None, None));
            bounds.0 = bounds.0.max(from);
            bounds.1 = bounds.1.into_iter().chain(to).min();
        }
        bounds
    }

    fn positive<'f>(&'f self, field: &str) -> impl Iterator<Item = &'f Term> {
        self.terms.iter().filter(move |term| term.field == field && !term.negated)
    }
}

impl Term {
    fn new(term: &syntax::Term<'_>, collection: &Collection) -> Result<Self, TermError> {
        let kind = collection.kind(term.field).ok_or(TermError::UnknownField)?;
        let tests = term.values.iter().map(|literal| Test::new(kind, literal)).collect::<Result<_, _>>()?;
        Ok(Self { field: term.field.to_owned(), negated: term.negated, tests })
    }

    fn takes(&self, row: &dyn Row) -> bool {
        let mut found = false;
        row.values(&self.field, &mut |value| {
            found = found || self.tests.iter().any(|test| test.matches(&value));
        });
        found != self.negated
    }
}

impl Test {
    fn new(kind: Kind, literal: &Literal<'_>) -> Result<Self, TermError> {
        match (kind, *literal) {
            // "A boolean on a string field will result in an error."
            (Kind::Text | Kind::Id, Literal::Exact("true" | "false")) => Err(TermError::BoolOnText),
            (Kind::Text, Literal::Exact(text)) => Ok(Self::Text(text.to_lowercase())),
            (Kind::Id, Literal::Exact(text)) => Ok(Self::Id(text.to_owned())),
            (Kind::Text | Kind::Id | Kind::Bool, Literal::Range(..)) => Err(TermError::RangeOnText),
            (Kind::Bool, Literal::Exact(text)) => {
                text.parse().map(Self::Bool).map_err(|_| TermError::NotBool)
            }
            (Kind::Integer, Literal::Exact(text)) => integer(text).map(|value| Self::Integer(value..=value)),
            (Kind::Integer, Literal::Range(from, to)) => {
                let (from, to) = (from.map(integer).transpose()?, to.map(integer).transpose()?);
                let (from, to) = in_order(from, to)?;
                Ok(Self::Integer(from.unwrap_or(i64::MIN)..=to.unwrap_or(i64::MAX)))
            }
            (Kind::Time, Literal::Exact(text)) => {
                let (from, to) = time(text)?;
                Ok(Self::Time { from: Some(from), to: Some(to) })
            }
            (Kind::Time, Literal::Range(from, to)) => {
                let (from, to) = (from.map(time).transpose()?, to.map(time).transpose()?);
                let (from, to) = in_order(from.map(|span| span.0), to.map(|span| span.1))?;
                Ok(Self::Time { from, to })
            }
        }
    }

    fn matches(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::Text(wanted), Value::Text(text)) => same_lower_case(text, wanted),
            // A field of the caller's own can be of any type.
            (Self::Text(wanted), Value::Integer(value)) => *wanted == value.to_string(),
            (Self::Id(wanted), Value::Text(text)) => wanted == text,
            (Self::Integer(range), Value::Integer(value)) => range.contains(value),
            (Self::Time { from, to }, Value::Time(value)) => {
                from.is_none_or(|from| from <= *value) && to.is_none_or(|to| *value <= to)
            }
            (Self::Bool(wanted), Value::Bool(value)) => wanted == value,
            _ => false,
        }
    }
}

/// Whether a text in lower case is the wanted one, which is. ASCII, the common case, needs no copy.
fn same_lower_case(text: &str, wanted: &str) -> bool {
    if text.is_ascii() { text.eq_ignore_ascii_case(wanted) } else { text.to_lowercase() == wanted }
}

/// Digits with at most a minus sign: no plus, which a query turns into a blank.
fn integer(text: &str) -> Result<i64, TermError> {
    let digits = !text.starts_with('+');
    text.parse().ok().filter(|_| digits).ok_or(TermError::NotInteger)
}

fn time(text: &str) -> Result<(Timestamp, Timestamp), TermError> {
    moment::span(text).ok_or(TermError::NotTime)
}

fn in_order<T: Ord>(from: Option<T>, to: Option<T>) -> Result<(Option<T>, Option<T>), TermError> {
    match (&from, &to) {
        (Some(first), Some(last)) if first > last => Err(TermError::Backwards),
        _ => Ok((from, to)),
    }
}
