//! Reads fields out of a JSON tree and collects every problem on the way.
//!
//! A problem names the field in dot notation and the rule; it never repeats the value.

use std::{cell::RefCell, fmt};

use crate::json::Node;

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    /// Dot notation: `paymentInstrument.expMonth`, `billingAddress.emails.0.value`.
    pub(crate) field: String,
    /// The rule, in a sentence.
    pub(crate) message: String,
}

/// All problems of one request.
#[derive(Default)]
pub(crate) struct Problems(RefCell<Vec<Invalid>>);

impl Problems {
    /// Gives the value when nothing was wrong, all problems otherwise.
    pub(crate) fn into_result<T>(self, value: Option<T>) -> Result<T, Vec<Invalid>> {
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

/// One object of the request. What is read out of it lives as long as the request (`'r`), not as the section.
#[derive(Clone, Copy)]
pub(crate) struct Section<'p, 'r> {
    node: &'r Node<'r>,
    path: &'p Path<'p>,
    problems: &'p Problems,
}

/// How long a text may be, in characters.
#[derive(Clone, Copy)]
pub(crate) struct Length {
    pub(crate) min: usize,
    pub(crate) max: usize,
}

/// At least one character, at most so many.
pub(crate) const fn up_to(max: usize) -> Length {
    Length { min: 1, max }
}

/// Reads the whole body as an object. Every problem that `read` meets goes into `problems`.
pub(crate) fn read<'r, T>(
    body: &'r Node<'r>,
    problems: &Problems,
    read: impl FnOnce(Section<'_, 'r>) -> Option<T>,
) -> Option<T> {
    let section = Section { node: body, path: &Path::Root, problems };
    if let Node::Object(_) = body {
        return read(section);
    }
    section.report(&Path::Root, "The body must be a JSON object.");
    None
}

impl<'r> Section<'_, 'r> {
    /// A text that must be there.
    pub(crate) fn text(&self, name: &str, length: Length) -> Option<&'r str> {
        match self.node.member(name) {
            None | Some(Node::Null) => self.missing(name),
            Some(_) => self.optional_text(name, length),
        }
    }

    /// A text that may be absent or null.
    pub(crate) fn optional_text(&self, name: &str, length: Length) -> Option<&'r str> {
        match self.node.member(name) {
            None | Some(Node::Null) => None,
            Some(Node::Text(text)) => {
                let text = text.as_str();
                let count = text.chars().count();
                if count < length.min {
                    let least = format!("Must have at least {} characters.", length.min);
                    return self.invalid(name, if length.min == 1 { "Must not be empty." } else { &least });
                }
                if count > length.max {
                    return self.invalid(name, &format!("Must have at most {} characters.", length.max));
                }
                Some(text)
            }
            Some(_) => self.invalid(name, "Must be a string."),
        }
    }

    /// An integer that must be there.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        match self.node.member(name) {
            None | Some(Node::Null) => self.missing(name),
            Some(Node::Integer(value)) => Some(*value),
            Some(_) => self.invalid(name, "Must be an integer."),
        }
    }

    /// An integer within bounds that must be there.
    pub(crate) fn integer_within(&self, name: &str, min: i64, max: i64) -> Option<i64> {
        let value = self.integer(name)?;
        if (min..=max).contains(&value) {
            Some(value)
        } else {
            self.invalid(name, &format!("Must be between {min} and {max}."))
        }
    }

    /// A truth value that may be absent or null.
    pub(crate) fn optional_bool(&self, name: &str) -> Option<bool> {
        match self.node.member(name) {
            None | Some(Node::Null) => None,
            Some(Node::Bool(value)) => Some(*value),
            Some(_) => self.invalid(name, "Must be true or false."),
        }
    }

    /// A truth value that must be there.
    pub(crate) fn bool(&self, name: &str) -> Option<bool> {
        if self.has(name) { self.optional_bool(name) } else { self.missing(name) }
    }

    /// Whether the member is there and says null.
    pub(crate) fn is_null(&self, name: &str) -> bool {
        matches!(self.node.member(name), Some(Node::Null))
    }

    /// Whether the member is there and not null.
    pub(crate) fn has(&self, name: &str) -> bool {
        !matches!(self.node.member(name), None | Some(Node::Null))
    }

    /// An object that may be absent or null.
    pub(crate) fn optional_section<T>(
        &self,
        name: &str,
        read: impl FnOnce(Section<'_, 'r>) -> Option<T>,
    ) -> Option<T> {
        match self.node.member(name) {
            None | Some(Node::Null) => None,
            Some(node @ Node::Object(_)) => {
                read(Section { node, path: &Path::Name(self.path, name), problems: self.problems })
            }
            Some(_) => self.invalid(name, "Must be an object."),
        }
    }

    /// An object that must be there.
    pub(crate) fn section<T>(
        &self,
        name: &str,
        read: impl FnOnce(Section<'_, 'r>) -> Option<T>,
    ) -> Option<T> {
        if self.has(name) { self.optional_section(name, read) } else { self.missing(name) }
    }

    /// A list of objects that may be absent or null. Elements with problems are reported and left out.
    pub(crate) fn optional_list<T>(
        &self,
        name: &str,
        read: impl Fn(Section<'_, 'r>) -> Option<T>,
    ) -> Option<Vec<T>> {
        match self.node.member(name) {
            None | Some(Node::Null) => None,
            Some(Node::List(nodes)) => {
                let list = Path::Name(self.path, name);
                let element = |(index, node): (usize, &'r Node<'r>)| {
                    let path = Path::Index(&list, index);
                    let section = Section { node, path: &path, problems: self.problems };
                    if let Node::Object(_) = node {
                        return read(section);
                    }
                    section.report(&path, "Must be an object.");
                    None
                };
                Some(nodes.iter().enumerate().filter_map(element).collect())
            }
            Some(_) => self.invalid(name, "Must be an array."),
        }
    }

    /// A map from text to text that may be absent or null.
    pub(crate) fn optional_texts(&self, name: &str) -> Option<&'r Node<'r>> {
        match self.node.member(name) {
            None | Some(Node::Null) => None,
            Some(node @ Node::Object(members)) => {
                // The names are the caller's own text: the problem does not repeat them.
                if members.iter().any(|(_, value)| !matches!(value, Node::Text(_))) {
                    return self.invalid(name, "Every value must be a string.");
                }
                Some(node)
            }
            Some(_) => self.invalid(name, "Must be an object."),
        }
    }

    /// Reports a problem with a member and gives none.
    pub(crate) fn invalid<T>(&self, name: &str, message: &str) -> Option<T> {
        self.report(&Path::Name(self.path, name), message);
        None
    }

    fn missing<T>(&self, name: &str) -> Option<T> {
        self.invalid(name, "Is required.")
    }

    fn report(&self, path: &Path<'_>, message: &str) {
        self.problems.0.borrow_mut().push(Invalid { field: path.to_string(), message: message.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn fields(body: &str, check: impl FnOnce(Section<'_, '_>) -> Option<()>) -> Vec<String> {
        let node = parse(body.as_bytes()).unwrap();
        let problems = Problems::default();
        let value = read(&node, &problems, check);
        let invalid = problems.into_result(value).err().unwrap_or_default();
        invalid.into_iter().map(|invalid| format!("{}: {}", invalid.field, invalid.message)).collect()
    }

    #[test]
    fn names_every_problem_in_dot_notation() {
        let body = r#"{"a":{"b":5,"c":"","d":"toolong"},"l":[{"v":1},7],"n":"1","t":{"k":1}}"#;
        let found = fields(body, |body| {
            body.section("a", |a| {
                a.text("b", up_to(3));
                a.text("c", up_to(3));
                a.text("d", up_to(3));
                a.text("e", up_to(3));
                Some(())
            });
            body.optional_list("l", |element| element.text("v", up_to(3)).map(|_| ()));
            body.integer("n");
            body.optional_texts("t");
            body.section("missing", |_| Some(()));
            Some(())
        });
        assert_eq!(
            found,
            [
                "a.b: Must be a string.",
                "a.c: Must not be empty.",
                "a.d: Must have at most 3 characters.",
                "a.e: Is required.",
                "l.0.v: Must be a string.",
                "l.1: Must be an object.",
                "n: Must be an integer.",
                "t: Every value must be a string.",
                "missing: Is required.",
            ]
        );
    }

    #[test]
    fn takes_what_is_right() {
        let body = r#"{"s":"äöü","i":12,"b":true,"o":null,"x":{"y":{}}}"#;
        let found = fields(body, |body| {
            assert_eq!(body.text("s", up_to(3)), Some("äöü"), "characters count, not bytes");
            assert_eq!(body.integer_within("i", 1, 12), Some(12));
            assert_eq!(body.optional_bool("b"), Some(true));
            assert_eq!(body.optional_text("o", up_to(1)), None);
            body.section("x", |x| x.section("y", |_| Some(())))
        });
        assert!(found.is_empty(), "{found:?}");
        assert_eq!(fields("[]", |_| Some(())), [": The body must be a JSON object."]);
    }
}
