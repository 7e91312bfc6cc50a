//! What a browser fills in, field by field (section 11), and what it comes to.

use std::collections::BTreeMap;

use coffer_core::{Other, Protected};
use coffer_types::Cvv;
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use super::{
    create::{Wrong, read},
    source::{GivenSource, Taking, read_given},
};
use crate::{
    form::{Mark, Section, Variant, up_to},
    json::{self, Node},
};

/// The fields of all forms, and where each stands in a `source`.
const FIELDS: [(&str, Form, &[&str]); 13] = [
    ("cardholderName", Form::Card, &["cardDetails", "cardholderName"]),
    ("cardNumber", Form::Card, &["cardDetails", "keyedData", "cardNumber"]),
    ("expiryDate", Form::Card, &["cardDetails", "keyedData", "expiryDate"]),
    ("cvv", Form::Card, &["cardDetails", "keyedData", "cvv"]),
    ("nameOnAccount", Form::Bank, &["nameOnAccount"]),
    ("accountType", Form::Bank, &["accountType"]),
    ("secCode", Form::Ach, &["secCode"]),
    ("achAccountNumber", Form::Ach, &["accountNumber"]),
    ("routingNumber", Form::Ach, &["routingNumber"]),
    ("padAccountNumber", Form::Pad, &["accountNumber"]),
    ("institutionNumber", Form::Pad, &["institutionNumber"]),
    ("transitNumber", Form::Pad, &["transitNumber"]),
    ("padAccountType", Form::Pad, &["accountType"]),
];

/// Which form a field is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Card,
    /// Either account.
    Bank,
    Ach,
    Pad,
}

/// Characters of one field.
const VALUE: usize = 64;

/// One field as it was filled in.
pub(crate) struct Field<'r> {
    pub(crate) name: &'static str,
    pub(crate) value: &'r str,
}

impl<'r> Field<'r> {
    /// Reads `{"<field>": value, "type": "<field>"}`, or names every member that is wrong.
    pub(crate) fn read(body: &'r Node<'r>) -> Result<Self, Wrong> {
        read(body, Self::fields)
    }

    /// The fields of the request, which are also its schema.
    pub(crate) fn fields(body: Section<'_, 'r>) -> Option<Self> {
        let readers: Vec<_> = FIELDS.iter().map(|(name, ..)| ([*name], reader(name))).collect();
        let forms: Vec<Variant<'_, 'r, _>> =
            readers.iter().map(|(names, read)| Variant { names, read }).collect();
        body.variant("type", &forms).map(|(_, field)| field)
    }
}

/// Reads the member that has the name of the field. What a shopper fills in is never given back.
fn reader<'r>(name: &'static str) -> impl Fn(Section<'_, 'r>) -> Option<Field<'r>> {
    move |body| {
        body.mark(name, Mark::WriteOnly);
        Some(Field { name, value: body.text(name, up_to(VALUE))? })
    }
}

/// What was filled in so far, without the code: JSON of texts, wiped when it goes.
#[derive(Default)]
pub(crate) struct Filled(BTreeMap<String, String>);

impl Drop for Filled {
    fn drop(&mut self) {
        self.0.values_mut().for_each(Zeroize::zeroize);
    }
}

impl Filled {
    /// Reads back what [`Filled::protected`] made.
    pub(crate) fn of(protected: &Protected) -> Self {
        let Protected::Other(other) = protected else { return Self::default() };
        Self(serde_json::from_str(&other.json).unwrap_or_default())
    }

    /// Puts a field in the place of what it had.
    pub(crate) fn put(&mut self, field: &Field<'_>) {
        if let Some(mut before) = self.0.insert(field.name.to_owned(), field.value.to_owned()) {
            before.zeroize();
        }
    }

    /// What is sealed of it. The code is sealed elsewhere.
    pub(crate) fn protected(&self) -> Option<Protected> {
        let json = json::wiped_text(&self.0)?;
        Some(Protected::Other(Other { identity: None, json }))
    }

    /// The details that it all comes to. Problems name the fields of the form.
    pub(crate) fn source(&self, cvv: Option<&Cvv>, taking: Taking) -> Result<GivenSource, Wrong> {
        let source = self.source_json(cvv).ok_or_else(Vec::new)?;
        // What was just written is read as any other request is.
        let parsed = json::parse(&source).map_err(|_| Vec::new())?;
        let given = read(&parsed, |source| read_given(source, taking));
        given.map_err(|problems| {
            problems.into_iter().map(|(invalid, rule)| (self.renamed(invalid), rule)).collect()
        })
    }

    /// `source`, as a merchant's server would have written it.
    fn source_json(&self, cvv: Option<&Cvv>) -> Option<Zeroizing<Vec<u8>>> {
        let form = self.form();
        let mut source = match form {
            Form::Card => serde_json::json!({ "type": "card", "cardDetails": { "entryMethod": "keyed",
                "keyedData": { "dataFormat": "plainText" } } }),
            Form::Pad => serde_json::json!({ "type": "pad" }),
            Form::Ach | Form::Bank => serde_json::json!({ "type": "ach" }),
        };
        let code = cvv.map(|cvv| ("cvv", cvv.expose()));
        let filled = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in filled.chain(code) {
            let Some((_, of, path)) = FIELDS.iter().find(|(known, ..)| *known == name) else { continue };
            if *of == form || (*of == Form::Bank && form != Form::Card) {
                put(&mut source, path, value);
            }
        }
        let written = coffer_core::wiped_json(&source).ok();
        wipe(&mut source);
        written
    }

    fn form(&self) -> Form {
        let has = |form| FIELDS.iter().any(|(name, of, _)| *of == form && self.0.contains_key(*name));
        if has(Form::Ach) {
            Form::Ach
        } else if has(Form::Pad) {
            Form::Pad
        } else if has(Form::Bank) {
            Form::Bank
        } else {
            Form::Card
        }
    }

    /// A problem by the name of the field that it is about.
    fn renamed(&self, invalid: crate::form::Invalid) -> crate::form::Invalid {
        let form = self.form();
        let named = FIELDS.iter().find(|(_, of, path)| {
            (*of == form || (*of == Form::Bank && form != Form::Card)) && path.join(".") == invalid.field
        });
        let field = named.map_or(invalid.field, |(name, ..)| (*name).to_owned());
        crate::form::Invalid { field, ..invalid }
    }
}

fn put(source: &mut Value, path: &[&str], value: &str) {
    let mut at = source;
    for name in path {
        at = &mut at[*name];
    }
    *at = Value::String(value.to_owned());
}

/// Overwrites every text.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        _ => {}
    }
}
