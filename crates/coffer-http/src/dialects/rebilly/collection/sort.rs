//! `sort`: the order of the rows.

use std::cmp::Reverse;

use coffer_types::Timestamp;

use super::{Collection, Row, Value, problem};
use crate::form::Invalid;

/// Fields of one `sort`.
pub(crate) const FIELDS_MAX: usize = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Small before large, old before new.
    Ascending,
    Descending,
}

/// The order of a list: by these fields, the first one first; rows that are equal in all of them by their record
/// numbers, in the direction of the last field. Without fields the newest record comes first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sort {
    fields: Vec<(&'static str, Direction)>,
}

/// A row's place in the order of one [`Sort`]; smaller comes first. Keys of different sorts do not compare.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SortKey {
    fields: Vec<Place>,
    record: Place,
}

/// The order of the variants matters: what is absent comes last, in both directions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Ascending(Scalar),
    Descending(Reverse<Scalar>),
    Absent,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scalar {
    Record(u64),
    Integer(i64),
    Time(Timestamp),
    Bool(bool),
    /// In lower case, so that `b` stands between `A` and `C`.
    Text(String),
}

impl Sort {
    /// Reads a comma list of names, `-` before a name for descending.
    pub(super) fn parse(text: &str, collection: &Collection, problems: &mut Vec<Invalid>) -> Self {
        let mut sort = Self::default();
        if text.is_empty() {
            return sort;
        }
        if text.split(',').count() > FIELDS_MAX {
            problems.push(problem("sort", format!("Must have at most {FIELDS_MAX} fields.")));
            return sort;
        }
        for (number, name) in (1..).zip(text.split(',').map(str::trim)) {
            let (name, direction) = match name.strip_prefix('-') {
                Some(name) => (name, Direction::Descending),
                None => (name, Direction::Ascending),
            };
            match collection.field(name).filter(|field| field.sortable) {
                None => {
                    problems.push(problem("sort", format!("Field {number} is none that sorts.")));
                }
                Some(field) if sort.fields.iter().any(|(known, _)| *known == field.name) => {
                    problems.push(problem("sort", format!("Field {number} stands there twice.")));
                }
                Some(field) => sort.fields.push((field.name, direction)),
            }
        }
        sort
    }

    /// For a planner: the direction in which records, walked by number, come in the order of this sort, when numbers
    /// rise with the moments of `created`. None when another field comes first.
    pub(crate) fn by_age(&self, created: &str) -> Option<Direction> {
        match self.fields.as_slice() {
            [] => Some(Direction::Descending),
            [(field, direction)] if *field == created => Some(*direction),
            _ => None,
        }
    }

    /// The fields that are compared.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().map(|(field, _)| *field)
    }

    /// Whether this much of a row tells its place.
    pub(crate) fn is_known(&self, row: &dyn Row) -> bool {
        self.fields().all(|field| row.knows(field))
    }

    /// The place of a row. Of a list of values the first one counts.
    pub(crate) fn key(&self, row: &dyn Row, record: u64) -> SortKey {
        let place = |(field, direction): &(&str, Direction)| {
            let mut first = None;
            row.values(field, &mut |value| {
                if first.is_none() {
                    first = Some(Scalar::of(value));
                }
            });
            first.map_or(Place::Absent, |value| direction.place(value))
        };
        let last = self.fields.last().map_or(Direction::Descending, |(_, direction)| *direction);
        SortKey {
            fields: self.fields.iter().map(place).collect(),
            record: last.place(Scalar::Record(record)),
        }
    }
}

impl Direction {
    fn place(self, value: Scalar) -> Place {
        match self {
            Self::Ascending => Place::Ascending(value),
            Self::Descending => Place::Descending(Reverse(value)),
        }
    }
}

impl Scalar {
    fn of(value: Value<'_>) -> Self {
        match value {
            Value::Text(text) => Self::Text(text.to_lowercase()),
            Value::Integer(value) => Self::Integer(value),
            // Fields of callers do not sort.
            Value::Number(_, text) => Self::Text(text),
            Value::Time(value) => Self::Time(value),
            Value::Bool(value) => Self::Bool(value),
        }
    }
}
