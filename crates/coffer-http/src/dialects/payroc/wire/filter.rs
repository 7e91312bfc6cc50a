//! The query of a list of secure tokens (6.4).

use std::{collections::HashSet, fmt::Write};

use coffer_core::ReferencedView;

use super::{
    super::error::{InvalidField, Problem},
    facts::SourceFacts,
    kept::KeptOwn,
    words::ContactKind,
};
use crate::query::{decode, path_segment};

/// Tokens of a page where nothing is said, and at most.
const LIMIT: usize = 10;
pub(crate) const LIMIT_MAX: usize = 100;

/// What is asked for. All of it must hold.
#[derive(Debug, Default)]
pub(crate) struct ListQuery {
    pub(crate) limit: usize,
    pub(crate) cursor: Cursor,
    pub(crate) secure_token_id: Option<String>,
    pub(crate) token: Option<String>,
    customer_name: Option<String>,
    phone: Option<String>,
    email: Option<String>,
    first6: Option<String>,
    last4: Option<String>,
}

/// Where a page begins.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// At the newest.
    #[default]
    None,
    /// Behind the token with this id.
    After(String),
    /// Before the token with this id.
    Before(String),
}

impl ListQuery {
    /// Reads a query, or names every parameter that is wrong. Unknown ones are passed over.
    pub(crate) fn read(query: &str) -> Result<Self, Problem> {
        let (mut read, mut problems) = (Self { limit: LIMIT, ..Self::default() }, Vec::new());
        let (mut before, mut after) = (None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(name) = decode(name) else { continue };
            let Some((length, is_digits, field)) = read.field(&name, &mut before, &mut after) else {
                if name == "limit" {
                    match decode(value).as_deref().and_then(limit) {
                        Some(limit) => read.limit = limit,
                        None => problems.push(InvalidField::new("limit", "Must be between 1 and 100.")),
                    }
                }
                continue;
            };
            let Some(value) = decode(value) else {
                problems.push(InvalidField::new(name, "Is not valid percent-encoded UTF-8."));
                continue;
            };
            let chars = value.chars().count();
            let digits = !is_digits || value.bytes().all(|byte| byte.is_ascii_digit());
            if !length.contains(&chars) || !digits {
                let what = if is_digits { "digits" } else { "characters" };
                let message = if length.start() == length.end() {
                    format!("Must have {} {what}.", length.end())
                } else {
                    format!("Must have {} to {} {what}.", length.start(), length.end())
                };
                problems.push(InvalidField::new(name, message));
            }
            *field = Some(value);
        }
        match (before, after) {
            (Some(_), Some(_)) => {
                problems.push(InvalidField::new("before", "Must not be given together with after."));
            }
            (Some(id), None) => read.cursor = Cursor::Before(id),
            (None, Some(id)) => read.cursor = Cursor::After(id),
            (None, None) => {}
        }
        let mut named = HashSet::new();
        problems.retain(|problem| named.insert(problem.parameter.clone()));
        if problems.is_empty() { Ok(read) } else { Err(Problem::Invalid(problems)) }
    }

    /// Length of a parameter, whether it is digits, and where its value goes.
    fn field<'f>(
        &'f mut self,
        name: &str,
        before: &'f mut Option<String>,
        after: &'f mut Option<String>,
    ) -> Option<(std::ops::RangeInclusive<usize>, bool, &'f mut Option<String>)> {
        Some(match name {
            "secureTokenId" => (1..=200, false, &mut self.secure_token_id),
            "customerName" => (1..=50, false, &mut self.customer_name),
            "phone" => (1..=15, false, &mut self.phone),
            "email" => (1..=100, false, &mut self.email),
            "token" => (12..=19, false, &mut self.token),
            "first6" => (6..=6, true, &mut self.first6),
            "last4" => (4..=4, true, &mut self.last4),
            "before" => (1..=200, false, before),
            "after" => (1..=200, false, after),
            _ => return None,
        })
    }

    /// Whether a token is one of those that are asked for.
    pub(crate) fn takes(&self, view: &ReferencedView, facts: &SourceFacts, own: &KeptOwn<'_>) -> bool {
        let is = |wanted: &Option<String>, has: &str| wanted.as_deref().is_none_or(|wanted| wanted == has);
        is(&self.secure_token_id, &view.details.reference)
            && is(&self.token, &view.details.digits)
            && self.first6.as_deref().is_none_or(|first6| starts(facts, first6))
            && self.last4.as_deref().is_none_or(|last4| number(facts).ends_with(last4))
            && self.customer_name.as_deref().is_none_or(|name| is_called(facts, own, name))
            && self.phone.as_deref().is_none_or(|phone| is_reached(own, phone, is_phone))
            && self.email.as_deref().is_none_or(|email| is_reached(own, email, is_email))
    }

    /// The same query for another page.
    pub(crate) fn with_cursor(&self, parameter: &str, id: &str) -> String {
        let filters = [
            ("secureTokenId", &self.secure_token_id),
            ("customerName", &self.customer_name),
            ("phone", &self.phone),
            ("email", &self.email),
            ("token", &self.token),
            ("first6", &self.first6),
            ("last4", &self.last4),
        ];
        let mut query = format!("limit={}", self.limit);
        for (name, value) in filters {
            if let Some(value) = value {
                // Writing into a string cannot fail.
                let _ = write!(query, "&{name}={}", path_segment(value));
            }
        }
        let _ = write!(query, "&{parameter}={}", path_segment(id));
        query
    }
}

fn limit(text: &str) -> Option<usize> {
    text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit))
}

/// The masked number.
fn number(facts: &SourceFacts) -> &str {
    match facts {
        SourceFacts::Card(card) => &card.number,
        SourceFacts::Ach(ach) => &ach.number,
        SourceFacts::Pad(pad) => &pad.number,
    }
}

/// Whether a card's number begins so. Of an account nothing in front is known.
fn starts(facts: &SourceFacts, first6: &str) -> bool {
    matches!(facts, SourceFacts::Card(card) if card.number.starts_with(first6))
}

/// Whether the customer, the card holder or the account's owner has this name, in whatever case (section 12, point 5).
fn is_called(facts: &SourceFacts, own: &KeptOwn<'_>, name: &str) -> bool {
    let is = |other: &str| other.trim().to_lowercase() == name.trim().to_lowercase();
    let holder = match facts {
        SourceFacts::Card(card) => &card.cardholder_name,
        SourceFacts::Ach(ach) => &ach.name_on_account,
        SourceFacts::Pad(pad) => &pad.name_on_account,
    };
    let of_customer = own.customer.as_ref().is_some_and(|customer| {
        let parts = [customer.first_name.as_deref(), customer.last_name.as_deref()];
        is(&parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
    });
    is(holder) || of_customer
}

fn is_reached(own: &KeptOwn<'_>, wanted: &str, is: fn(ContactKind, &str, &str) -> bool) -> bool {
    let contacts = own.customer.as_ref().and_then(|customer| customer.contact_methods.as_ref());
    contacts.into_iter().flatten().any(|contact| is(contact.r#type, &contact.value, wanted))
}

/// A number, whatever stands between its digits.
fn is_phone(kind: ContactKind, value: &str, wanted: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let wanted = digits(wanted);
    // What has no digits is no number, and is not another one without digits.
    matches!(kind, ContactKind::Phone | ContactKind::Mobile) && !wanted.is_empty() && digits(value) == wanted
}

/// An address, in whatever case.
fn is_email(kind: ContactKind, value: &str, wanted: &str) -> bool {
    kind == ContactKind::Email && value.eq_ignore_ascii_case(wanted)
}
