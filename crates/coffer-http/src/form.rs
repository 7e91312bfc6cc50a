//! Reads fields out of a JSON tree and collects every problem on the way; or, with the same reader functions, tells
//! what it would read.
//!
//! A problem names the field in dot notation and the rule; it never repeats the value.
//!
//! # Describing
//!
//! A reader is a function of a [`Section`]. [`read`] runs it over a body. [`describe`] runs it over nothing: every
//! getter then writes down the field that it was asked for, with its rules, and gives none. What comes out is the
//! JSON Schema (draft 2020-12) of exactly what the reader takes. For this to be the whole truth, a reader must
//!
//! - ask for all its fields before it returns early (`let a = ..; let b = ..; Some(T { a: a?, b: b? })`);
//! - leave rules to the getters: a check made by hand after the call is in no schema;
//! - where fields depend on others, branch by [`Section::variant`] or [`Section::when_present`], never by `if`;
//! - not ask for a member again with another need or rule, unless both must hold.

mod nested;
mod record;
mod scalars;
mod shapes;
#[cfg(test)]
mod tests;

use std::{cell::RefCell, fmt};

use serde_json::{Value, json};

use self::record::{Need, Recorder};
pub(crate) use self::scalars::{Length, at_most, up_to};
pub(crate) use self::shapes::DATE;
pub(crate) use self::{nested::Variant, record::Mark, scalars::Shape};
use crate::json::Node;

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    /// Dot notation: `paymentInstrument.expMonth`, `billingAddress.emails.0.value`.
    pub(crate) field: String,
    /// The rule, in a sentence.
    pub(crate) message: String,
}

/// Which rule a field breaks, for dialects whose errors name rules and not sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// It is not there.
    Missing,
    /// It is not of its JSON type.
    Type(Type),
    /// A text has fewer or more characters.
    Length { length: Length, short: bool },
    /// A number is smaller or larger.
    Bounds { min: i64, max: i64, small: bool },
    /// A text does not look as it should.
    Shape,
    /// It is none of the accepted texts.
    Choice,
    /// Anything else; a dialect's own rules have words of its own.
    Other(&'static str),
}

/// The JSON types that a field can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Integer,
    Number,
    Bool,
    Object,
    List,
}

/// All problems of one request.
#[derive(Default)]
pub(crate) struct Problems(RefCell<Vec<(Invalid, Rule)>>);

impl Problems {
    /// Gives the value when nothing was wrong, all problems otherwise.
    pub(crate) fn into_result<T>(self, value: Option<T>) -> Result<T, Vec<Invalid>> {
        match value {
            Some(value) if self.0.borrow().is_empty() => Ok(value),
            _ => Err(self.0.into_inner().into_iter().map(|(invalid, _)| invalid).collect()),
        }
    }

    /// The same, with the rule that each field breaks.
    pub(crate) fn into_ruled<T>(self, value: Option<T>) -> Result<T, Vec<(Invalid, Rule)>> {
        match value {
            Some(value) if self.0.borrow().is_empty() => Ok(value),
            _ => Err(self.0.into_inner()),
        }
    }
}

/// Where in the request we are.
#[derive(Clone, Copy)]
enum Path<'p> {
    Root,
    Name(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parent, write): (&Path<'_>, &dyn fmt::Display) = match self {
            Self::Root => return Ok(()),
            Self::Name(parent, name) => (parent, name),
            Self::Index(parent, index) => (parent, index),
        };
        if !matches!(parent, Path::Root) {
            write!(out, "{parent}.")?;
        }
        write.fmt(out)
    }
}

/// What stands behind a section.
#[derive(Clone, Copy)]
enum Source<'p, 'r> {
    /// An object of the request.
    Json(&'r Node<'r>),
    /// Nothing: what is asked for is written down.
    Describe(&'p Recorder),
}

/// One object of the request. What is read out of it lives as long as the request (`'r`), not as the section.
#[derive(Clone, Copy)]
pub(crate) struct Section<'p, 'r> {
    source: Source<'p, 'r>,
    path: &'p Path<'p>,
    problems: &'p Problems,
}

/// Reads the whole body as an object. Every problem that `read` meets goes into `problems`.
pub(crate) fn read<'r, T>(
    body: &'r Node<'r>,
    problems: &Problems,
    read: impl FnOnce(Section<'_, 'r>) -> Option<T>,
) -> Option<T> {
    let section = Section { source: Source::Json(body), path: &Path::Root, problems };
    if let Node::Object(_) = body {
        return read(section);
    }
    section.report(&Path::Root, "The body must be a JSON object.", Rule::Type(Type::Object));
    None
}

/// The JSON Schema of what `read` takes. See the rules above.
pub(crate) fn describe<'r, T>(read: impl FnOnce(Section<'_, 'r>) -> Option<T>) -> Value {
    let (recorder, problems) = (Recorder::default(), Problems::default());
    // Whatever a reader makes of no values is of no interest.
    let _ = read(Section { source: Source::Describe(&recorder), path: &Path::Root, problems: &problems });
    recorder.into_schema()
}

impl<'r> Section<'_, 'r> {
    /// Whether the member is there and says null. Never so when describing.
    pub(crate) fn is_null(&self, name: &str) -> bool {
        matches!(self.member(name), Some(Node::Null))
    }

    /// Whether the member is there and not null. Never so when describing.
    pub(crate) fn has(&self, name: &str) -> bool {
        !matches!(self.member(name), None | Some(Node::Null))
    }

    /// The object itself, to be kept as it came. None when describing.
    pub(crate) fn node(&self) -> Option<&'r Node<'r>> {
        match self.source {
            Source::Json(node) => Some(node),
            Source::Describe(_) => None,
        }
    }

    /// A member that is not taken here whatever it says: a problem where it is there and not null.
    pub(crate) fn refuse(&self, name: &str, message: &'static str) {
        if self.ask(name, Need::Optional, || json!({ "type": "null" })).is_some() {
            self.invalid::<()>(name, message);
        }
    }

    /// Says more of a member in the schema than a getter does. Changes nothing of what is read.
    pub(crate) fn mark(&self, name: &str, mark: Mark) {
        if let Source::Describe(recorder) = self.source {
            recorder.mark(name, mark);
        }
    }

    /// Reports a problem with a member and gives none.
    pub(crate) fn invalid<T>(&self, name: &str, message: &'static str) -> Option<T> {
        self.breaks(name, message, Rule::Other(message))
    }

    /// Reports a problem with a member by the rule that it breaks, and gives none.
    pub(crate) fn breaks<T>(&self, name: &str, message: &str, rule: Rule) -> Option<T> {
        self.report(&Path::Name(self.path, name), message, rule);
        None
    }

    /// The member if it is there and not null; a problem if it is needed and is not. Every getter begins here.
    fn ask(&self, name: &str, need: Need, schema: impl FnOnce() -> Value) -> Option<&'r Node<'r>> {
        if let Source::Describe(recorder) = self.source {
            recorder.field(name, need, schema());
            return None;
        }
        match (self.member(name), need) {
            (None | Some(Node::Null), Need::Required) => self.breaks(name, "Is required.", Rule::Missing),
            (None | Some(Node::Null), Need::Optional) => None,
            (found, _) => found,
        }
    }

    fn member(&self, name: &str) -> Option<&'r Node<'r>> {
        match self.source {
            Source::Json(node) => node.member(name),
            Source::Describe(_) => None,
        }
    }

    fn report(&self, path: &Path<'_>, message: &str, rule: Rule) {
        let invalid = Invalid { field: path.to_string(), message: message.to_owned() };
        self.problems.0.borrow_mut().push((invalid, rule));
    }
}
