//! Objects, lists and maps, and fields that depend on other fields.

use serde_json::{Value, json};

use super::{
    Length, Need, Path, Problems, Recorder, Rule, Section, Source, Type,
    scalars::{not_accepted, text_schema, wrong_length},
};
use crate::{detector::text_holds_card, json::Node};

/// One of the forms that an object can have, chosen by the text of one member.
pub(crate) struct Variant<'v, 'r, T> {
    /// The texts that choose this form.
    pub(crate) names: &'v [&'v str],
    /// Reads the members of this form out of the same object.
    pub(crate) read: &'v dyn Fn(Section<'_, 'r>) -> Option<T>,
}

impl<'r> Section<'_, 'r> {
    /// An object that must be there.
    pub(crate) fn section<T>(
        &self,
        name: &str,
        read: impl FnOnce(Section<'_, 'r>) -> Option<T>,
    ) -> Option<T> {
        self.any_section(name, Need::Required, read)
    }

    /// An object that may be absent or null.
    pub(crate) fn optional_section<T>(
        &self,
        name: &str,
        read: impl FnOnce(Section<'_, 'r>) -> Option<T>,
    ) -> Option<T> {
        self.any_section(name, Need::Optional, read)
    }

    /// A free object that must be there, kept as it is.
    pub(crate) fn object(&self, name: &str) -> Option<&'r Node<'r>> {
        match self.ask(name, Need::Required, || json!({ "type": "object" }))? {
            node @ Node::Object(_) => Some(node),
            _ => self.breaks(name, "Must be an object.", Rule::Type(Type::Object)),
        }
    }

    /// A free object that may be absent or null, kept as it is. An empty list is taken for an empty object: PHP has one
    /// array for both, so Rebilly's PHP client sends back `[]` for the `{}` that it read.
    pub(crate) fn optional_object(&self, name: &str) -> Option<&'r Node<'r>> {
        static EMPTY: Node<'static> = Node::Object(Vec::new());
        match self.ask(
            name,
            Need::Optional,
            || json!({ "type": ["object", "array", "null"], "maxItems": 0 }),
        )? {
            node @ Node::Object(_) => Some(node),
            Node::List(nodes) if nodes.is_empty() => Some(&EMPTY),
            _ => self.breaks(name, "Must be an object.", Rule::Type(Type::Object)),
        }
    }

    /// A list of at most `max` objects that may be absent or null. Elements with problems are reported and left out;
    /// of a list that is too long, none is read.
    pub(crate) fn optional_list<T>(
        &self,
        name: &str,
        max: usize,
        read: impl Fn(Section<'_, 'r>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let nodes = self.list(name, max, || described(self.problems, &read))?;
        let list = Path::Name(self.path, name);
        let element = |(index, node): (usize, &'r Node<'r>)| {
            let path = Path::Index(&list, index);
            let section = Section { source: Source::Json(node), path: &path, problems: self.problems };
            if let Node::Object(_) = node {
                return read(section);
            }
            section.report(&path, "Must be an object.", Rule::Type(Type::Object));
            None
        };
        Some(nodes.iter().enumerate().filter_map(element).collect())
    }

    /// A list of at most `max` texts that may be absent or null. Elements with problems are reported and left out; a
    /// card number is one.
    pub(crate) fn optional_text_list(&self, name: &str, max: usize, length: Length) -> Option<Vec<&'r str>> {
        let nodes = self.list(name, max, || text_schema(length, None))?;
        let list = Path::Name(self.path, name);
        let element = |(index, node): (usize, &'r Node<'r>)| {
            let (problem, rule) = match node {
                Node::Text(text) => match wrong_length(text.as_str(), length) {
                    None if text_holds_card(text.as_str()) => {
                        let message = "Must not contain a card number.";
                        (message.to_owned(), Rule::Other(message))
                    }
                    None => return Some(text.as_str()),
                    Some(problem) => problem,
                },
                _ => ("Must be a string.".to_owned(), Rule::Type(Type::Text)),
            };
            self.report(&Path::Index(&list, index), &problem, rule);
            None
        };
        Some(nodes.iter().enumerate().filter_map(element).collect())
    }

    /// A map of at most `max` members from text to text of such a length that may be absent or null.
    pub(crate) fn optional_texts(&self, name: &str, max: usize, length: Length) -> Option<&'r Node<'r>> {
        let values = || text_schema(length, None);
        let schema = || json!({ "type": "object", "additionalProperties": values(), "maxProperties": max });
        let node = self.ask(name, Need::Optional, schema)?;
        let Node::Object(members) = node else {
            return self.breaks(name, "Must be an object.", Rule::Type(Type::Object));
        };
        if members.len() > max {
            let rule = Rule::Length { length: Length { min: 0, max }, short: false };
            return self.breaks(name, &format!("Must have at most {max} members."), rule);
        }
        // The names are the caller's own text: the problem does not repeat them.
        let problem = members.iter().find_map(|(_, value)| match value {
            Node::Text(text) => wrong_length(text.as_str(), length)
                .map(|(problem, rule)| (format!("A value is wrong: {problem}"), rule)),
            _ => Some(("Every value must be a string.".to_owned(), Rule::Type(Type::Text))),
        });
        match problem {
            Some((problem, rule)) => self.breaks(name, &problem, rule),
            None => Some(node),
        }
    }

    /// The rest of this object, in the form that the text of one member chooses, and the entry that chose it. The
    /// member must be there.
    pub(crate) fn variant<'v, T>(&self, name: &str, variants: &[Variant<'v, 'r, T>]) -> Option<(&'v str, T)> {
        let names = || -> Vec<&str> { variants.iter().flat_map(|variant| variant.names).copied().collect() };
        if let Source::Describe(recorder) = self.source {
            let form = |variant: &Variant<'_, 'r, T>| {
                described(self.problems, |section| {
                    section.one_of(name, variant.names);
                    (variant.read)(section)
                })
            };
            recorder.field(name, Need::Required, json!({ "type": "string", "enum": names() }));
            recorder.alternatives(variants.iter().map(form).collect());
            return None;
        }
        let Node::Text(text) = self.ask(name, Need::Required, || Value::Null)? else {
            return self.breaks(name, "Must be a string.", Rule::Type(Type::Text));
        };
        let entry = |variant: &'_ Variant<'v, 'r, T>| {
            variant.names.iter().find(|entry| **entry == text.as_str()).copied()
        };
        match variants.iter().find_map(|variant| Some((entry(variant)?, variant))) {
            Some((entry, variant)) => Some((entry, (variant.read)(*self)?)),
            None => self.breaks(name, &not_accepted(&names(), text.as_str()), Rule::Choice),
        }
    }

    /// The rest of this object, in one form where a member is there and not null, in another where it is not. `with`
    /// must ask for the member as one that is required.
    pub(crate) fn when_present<T>(
        &self,
        name: &str,
        with: impl FnOnce(Section<'_, 'r>) -> Option<T>,
        without: impl FnOnce(Section<'_, 'r>) -> Option<T>,
    ) -> Option<T> {
        if let Source::Describe(recorder) = self.source {
            let absent = Recorder::default();
            absent.field(name, Need::Optional, json!({ "type": "null" }));
            let section = Section { source: Source::Describe(&absent), ..*self };
            let _ = without(section);
            recorder.alternatives(vec![described(self.problems, with), absent.into_schema()]);
            return None;
        }
        if self.has(name) { with(*self) } else { without(*self) }
    }

    fn any_section<T>(
        &self,
        name: &str,
        need: Need,
        read: impl FnOnce(Section<'_, 'r>) -> Option<T>,
    ) -> Option<T> {
        if let Source::Describe(recorder) = self.source {
            recorder.field(name, need, described(self.problems, read));
            return None;
        }
        let node = self.ask(name, need, || Value::Null)?;
        let Node::Object(_) = node else {
            return self.breaks(name, "Must be an object.", Rule::Type(Type::Object));
        };
        let path = Path::Name(self.path, name);
        read(Section { source: Source::Json(node), path: &path, problems: self.problems })
    }

    fn list(&self, name: &str, max: usize, items: impl FnOnce() -> Value) -> Option<&'r [Node<'r>]> {
        let schema = || json!({ "type": "array", "maxItems": max, "items": items() });
        match self.ask(name, Need::Optional, schema)? {
            Node::List(nodes) if nodes.len() > max => self.breaks(
                name,
                &format!("Must have at most {max} elements."),
                Rule::Length { length: Length { min: 0, max }, short: false },
            ),
            Node::List(nodes) => Some(nodes),
            _ => self.breaks(name, "Must be an array.", Rule::Type(Type::List)),
        }
    }
}

/// The schema of what a reader asks for. The path is of no interest, nobody is told of a problem.
fn described<'r, T>(problems: &Problems, read: impl FnOnce(Section<'_, 'r>) -> Option<T>) -> Value {
    let recorder = Recorder::default();
    let _ = read(Section { source: Source::Describe(&recorder), path: &Path::Root, problems });
    recorder.into_schema()
}
