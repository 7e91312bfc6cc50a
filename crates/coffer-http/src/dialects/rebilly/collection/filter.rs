//! `filter`: which rows are taken.

use std::{
    collections::BTreeSet,
    ops::{Bound, RangeBounds, RangeInclusive},
};

use coffer_types::Timestamp;

use super::{
    Collection, Kind, Row, VALUE_WORK, Value, moment, problem,
    syntax::{self, Literal, SyntaxError},
    text_work,
};
use crate::form::Invalid;

/// What a row must fulfil: every term. No terms take every row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Filter {
    terms: Vec<Term>,
}

/// What a filter says of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Taken,
    PassedOver,
    /// This much of the row does not tell.
    Open,
}

#[derive(Clone, Debug, PartialEq)]
struct Term {
    field: String,
    negated: bool,
    tests: Tests,
}

/// The values of a term, as its field compares them.
#[derive(Clone, Debug, PartialEq)]
enum Tests {
    /// In lower case.
    Text(BTreeSet<String>),
    Id(BTreeSet<String>),
    Integer(Vec<RangeInclusive<i64>>),
    Time(Vec<Span>),
    Bool(Vec<bool>),
    Own {
        /// In lower case.
        texts: BTreeSet<String>,
        numbers: Vec<(Bound<f64>, Bound<f64>)>,
        times: Vec<Span>,
    },
}

/// Moments from one to another, both included; no end where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
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
    #[error("has a range of neither numbers nor RFC 3339 date-times or dates.")]
    RangeOfTexts,
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

    /// Whether a row is taken. An absent value fulfils every negated term and no other. `work` grows by what it took.
    pub(crate) fn judge(&self, row: &dyn Row, work: &mut u64) -> Verdict {
        let mut verdict = Verdict::Taken;
        for term in &self.terms {
            if !row.knows(&term.field) {
                verdict = Verdict::Open;
            } else if !term.takes(row, work) {
                return Verdict::PassedOver;
            }
        }
        verdict
    }

    /// The fields that the terms name.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().map(|term| term.field.as_str())
    }

    /// Whether every row is taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// For a planner: the only values that a field of kind [`Kind::Id`] may have. None when no term says so. Rows found
    /// by them must still be asked for all terms.
    pub(crate) fn ids<'f>(&'f self, field: &str) -> Option<Vec<&'f str>> {
        let ids = self.positive(field).filter_map(|term| match &term.tests {
            Tests::Id(ids) => Some(ids),
            _ => None,
        });
        Some(ids.min_by_key(|ids| ids.len())?.iter().map(String::as_str).collect())
    }

    /// For a planner: the earliest and the latest moment, both included, that a row taken may have in a field of kind
    /// [`Kind::Time`]; none where there is no bound. Rows between them must still be asked.
    pub(crate) fn time_bounds(&self, field: &str) -> (Option<Timestamp>, Option<Timestamp>) {
        let mut bounds = (None, None);
        for term in self.positive(field) {
            let Tests::Time(spans) = &term.tests else { continue };
            // Any of the values may match: the widest of them. Each term must: the narrowest of those.
            let widest = spans.iter().map(|span| (span.from, span.to)).reduce(|one, other| {
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
        let tests = Tests::new(kind, &term.values)?;
        Ok(Self { field: term.field.to_owned(), negated: term.negated, tests })
    }

    fn takes(&self, row: &dyn Row, work: &mut u64) -> bool {
        let mut found = false;
        *work += VALUE_WORK;
        row.values(&self.field, &mut |value| {
            if !found {
                *work += self.tests.work(&value);
                found = self.tests.match_one(&value);
            }
        });
        found != self.negated
    }
}

impl Tests {
    fn new(kind: Kind, values: &[Literal<'_>]) -> Result<Self, TermError> {
        match kind {
            Kind::Text => values
                .iter()
                .map(|value| Ok(whole_text(*value)?.to_lowercase()))
                .collect::<Result<_, _>>()
                .map(Self::Text),
            Kind::Id => values
                .iter()
                .map(|value| Ok(whole_text(*value)?.to_owned()))
                .collect::<Result<_, _>>()
                .map(Self::Id),
            Kind::Bool => values.iter().map(|value| truth(*value)).collect::<Result<_, _>>().map(Self::Bool),
            Kind::Integer => {
                values.iter().map(|value| integers(*value)).collect::<Result<_, _>>().map(Self::Integer)
            }
            Kind::Time => values.iter().map(|value| span(*value)).collect::<Result<_, _>>().map(Self::Time),
            Kind::Own => Self::own(values),
        }
    }

    /// What a caller keeps in a field of their own can be anything, and so can what is asked for.
    fn own(values: &[Literal<'_>]) -> Result<Self, TermError> {
        let (mut texts, mut numbers, mut times) = (BTreeSet::new(), Vec::new(), Vec::new());
        for value in values {
            match *value {
                Literal::Exact(text) => {
                    texts.insert(text.to_lowercase());
                }
                Literal::Range(from, to) => match (number_end(from), number_end(to)) {
                    (Some(from), Some(to)) => {
                        in_order(value_of(from), value_of(to))?;
                        numbers.push((from, to));
                    }
                    _ => times.push(span(*value).map_err(|error| match error {
                        TermError::NotTime => TermError::RangeOfTexts,
                        other => other,
                    })?),
                },
            }
        }
        Ok(Self::Own { texts, numbers, times })
    }

    /// Whether a value is one of those that are asked for.
    fn match_one(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::Text(wanted), Value::Text(text)) => has_lower_case(wanted, text),
            (Self::Id(wanted), Value::Text(text)) => wanted.contains(&**text),
            (Self::Integer(ranges), Value::Integer(value)) => {
                ranges.iter().any(|range| range.contains(value))
            }
            (Self::Time(spans), Value::Time(value)) => spans.iter().any(|span| span.contains(*value)),
            (Self::Bool(wanted), Value::Bool(value)) => wanted.contains(value),
            (Self::Own { texts, numbers, .. }, Value::Number(value, text)) => {
                texts.contains(text) || numbers.iter().any(|range| range.contains(value))
            }
            (Self::Own { texts, times, .. }, Value::Text(text)) => {
                let within = || {
                    moment::span(text)
                        .is_some_and(|(moment, _)| times.iter().any(|span| span.contains(moment)))
                };
                has_lower_case(texts, text) || (!times.is_empty() && within())
            }
            _ => false,
        }
    }

    /// Estimates the work of that, in nanoseconds.
    fn work(&self, value: &Value<'_>) -> u64 {
        let ranges = match self {
            Self::Own { numbers, times, .. } => numbers.len() + 10 * times.len().min(1) + times.len(),
            Self::Integer(ranges) => ranges.len(),
            Self::Time(spans) => spans.len(),
            Self::Text(_) | Self::Id(_) | Self::Bool(_) => 0,
        };
        let ranges = u64::try_from(ranges).unwrap_or(u64::MAX / 4);
        match value {
            Value::Text(text) => text_work(text) + 10 * ranges,
            _ => VALUE_WORK + ranges,
        }
    }
}

impl Span {
    fn contains(self, value: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= value) && self.to.is_none_or(|to| value <= to)
    }
}

/// Whether a text in lower case is among the wanted ones, which are. The common cases need no copy.
fn has_lower_case(wanted: &BTreeSet<String>, text: &str) -> bool {
    match (wanted.first(), text.is_ascii()) {
        (None, _) => false,
        (Some(only), true) if wanted.len() == 1 => text.eq_ignore_ascii_case(only),
        (_, true) if !text.bytes().any(|byte| byte.is_ascii_uppercase()) => wanted.contains(text),
        _ => wanted.contains(&text.to_lowercase()),
    }
}

/// "A boolean on a string field will result in an error."
fn whole_text(value: Literal<'_>) -> Result<&str, TermError> {
    match value {
        Literal::Exact("true" | "false") => Err(TermError::BoolOnText),
        Literal::Exact(text) => Ok(text),
        Literal::Range(..) => Err(TermError::RangeOnText),
    }
}

fn truth(value: Literal<'_>) -> Result<bool, TermError> {
    match value {
        Literal::Exact(text) => text.parse().map_err(|_| TermError::NotBool),
        Literal::Range(..) => Err(TermError::RangeOnText),
    }
}

fn integers(value: Literal<'_>) -> Result<RangeInclusive<i64>, TermError> {
    match value {
        Literal::Exact(text) => integer(text).map(|value| value..=value),
        Literal::Range(from, to) => {
            let (from, to) = (from.map(integer).transpose()?, to.map(integer).transpose()?);
            in_order(from, to)?;
            Ok(from.unwrap_or(i64::MIN)..=to.unwrap_or(i64::MAX))
        }
    }
}

fn span(value: Literal<'_>) -> Result<Span, TermError> {
    match value {
        Literal::Exact(text) => {
            let (from, to) = time(text)?;
            Ok(Span { from: Some(from), to: Some(to) })
        }
        Literal::Range(from, to) => {
            let (from, to) = (from.map(time).transpose()?, to.map(time).transpose()?);
            let (from, to) = (from.map(|span| span.0), to.map(|span| span.1));
            in_order(from, to)?;
            Ok(Span { from, to })
        }
    }
}

/// Digits with at most a minus sign: no plus, which a query turns into a blank.
fn integer(text: &str) -> Result<i64, TermError> {
    let digits = !text.starts_with('+');
    text.parse().ok().filter(|_| digits).ok_or(TermError::NotInteger)
}

fn time(text: &str) -> Result<(Timestamp, Timestamp), TermError> {
    moment::span(text).ok_or(TermError::NotTime)
}

/// An end of a range of numbers, as JSON writes them; an end that is not there is open.
fn number_end(text: Option<&str>) -> Option<Bound<f64>> {
    match text {
        None => Some(Bound::Unbounded),
        Some(text) => serde_json::from_str(text).ok().map(Bound::Included),
    }
}

fn value_of(bound: Bound<f64>) -> Option<f64> {
    match bound {
        Bound::Included(value) | Bound::Excluded(value) => Some(value),
        Bound::Unbounded => None,
    }
}

fn in_order<T: PartialOrd>(from: Option<T>, to: Option<T>) -> Result<(), TermError> {
    match (from, to) {
        (Some(first), Some(last)) if first > last => Err(TermError::Backwards),
        _ => Ok(()),
    }
}
