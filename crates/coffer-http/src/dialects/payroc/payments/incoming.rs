//! What comes back from the upstream, as our caller may see it.
//!
//! The answer of the upstream is the answer of Coffer: status and body, with every clear detail hidden. What is about
//! us and not about the caller's request is no answer: [`Reason`].

use std::borrow::Cow;

use coffer_types::limits;
use hyper::StatusCode;
use serde::{Serialize, Serializer, ser::SerializeMap};
use zeroize::Zeroizing;

use super::veil::{HIDDEN, Kind, is_code_sent, is_number_sent, veil};
pub(crate) use super::{reason::Reason, sent::Sent};
use crate::{
    detector::{is_code, text_holds_card},
    json::{self, Node, Text},
};

/// Members and elements of an answer, at most: four times those of a request.
const ANSWER_MEMBERS: usize = 4_096;
/// How often JSON may stand in a text of JSON.
const JSON_IN_TEXTS: usize = 3;

/// What becomes of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Incoming {
    /// It is the caller's.
    Pass {
        /// 201, 400, 409 or 500. After 500 nobody can tell whether the payment was made.
        status: StatusCode,
        /// JSON with nothing clear in it; of an error the members of a problem (section 9).
        body: Vec<u8>,
    },
    /// It is not: 500 `#api-error` for the caller, the reason for the log.
    Failed(Reason),
}

/// Reads an answer. `sent` is what went out in the clear.
pub(crate) fn incoming(status: u16, body: &[u8], sent: &Sent) -> Incoming {
    match passed(status, body, sent) {
        Ok((status, body)) => Incoming::Pass { status, body },
        Err(reason) => Incoming::Failed(reason),
    }
}

fn passed(status: u16, body: &[u8], sent: &Sent) -> Result<(StatusCode, Vec<u8>), Reason> {
    let shown = match status {
        // The vendor's own examples show 200 where its contract says 201.
        200 | 201 => StatusCode::CREATED,
        400 => StatusCode::BAD_REQUEST,
        409 => StatusCode::CONFLICT,
        500 => StatusCode::INTERNAL_SERVER_ERROR,
        401 | 403 => return Err(Reason::Credential(status)),
        404 | 405 => return Err(Reason::Address(status)),
        406 | 413 | 415 => return Err(Reason::OurRequest(status)),
        300..400 => return Err(Reason::Redirect(status)),
        429 | 501.. => return Err(Reason::Unable(status)),
        _ => return Err(Reason::Status(status)),
    };
    if body.len() > limits::UPSTREAM_ANSWER_BYTES {
        return Err(Reason::TooLong(status));
    }
    let node = json::parse_within(body, ANSWER_MEMBERS).map_err(|_| Reason::NotObject(status))?;
    let Node::Object(_) = node else { return Err(Reason::NotObject(status)) };
    let is_whole = if shown == StatusCode::CREATED { is_payment(&node) } else { is_problem(&node) };
    if !is_whole {
        return Err(Reason::Incomplete(status));
    }
    let veiled = Veiled::root(&node, sent, JSON_IN_TEXTS);
    Ok((shown, serde_json::to_vec(&veiled).map_err(|_| Reason::NotObject(status))?))
}

/// Whether the members are there by which a caller knows what became of a payment.
fn is_payment(node: &Node<'_>) -> bool {
    matches!(node.member("paymentId"), Some(Node::Text(_)))
        && matches!(node.member("transactionResult"), Some(Node::Object(_)))
}

/// Whether the members are there without which clients cannot read an error (section 9).
fn is_problem(node: &Node<'_>) -> bool {
    let is_text = |name| matches!(node.member(name), Some(Node::Text(_)));
    let is_status = matches!(node.member("status"), Some(Node::Integer(_)));
    is_text("type") && is_text("title") && is_text("detail") && is_status
}

/// A value of the answer as it may be seen.
#[derive(Clone, Copy)]
struct Veiled<'a> {
    node: &'a Node<'a>,
    sent: &'a Sent,
    /// How often JSON in a text is still looked into.
    deeper: usize,
    /// What the member that it stands in tells of it.
    kind: Kind,
    /// Whether it is an amount by its name.
    is_amount: bool,
}

impl<'a> Veiled<'a> {
    fn root(node: &'a Node<'a>, sent: &'a Sent, deeper: usize) -> Self {
        Self { node, sent, deeper, kind: Kind::Any, is_amount: false }
    }

    fn of_member(self, name: &str, node: &'a Node<'a>) -> Self {
        let plain = plain(name);
        Self { node, kind: kind_of(&plain), is_amount: plain.ends_with("amount"), ..self }
    }

    fn text(self, text: &str) -> Cow<'_, str> {
        match self.json_in(text) {
            Some(json) => Cow::Owned(veil(&json, self.kind, self.sent).into_owned()),
            None => veil(text, self.kind, self.sent),
        }
    }

    /// A text that is JSON, where something in it had to be hidden.
    fn json_in(self, text: &str) -> Option<String> {
        let deeper = self.deeper.checked_sub(1)?;
        if !text.trim_start().starts_with(['{', '[']) {
            return None;
        }
        let node = json::parse_within(text.as_bytes(), ANSWER_MEMBERS).ok()?;
        let veiled = serde_json::to_string(&Veiled::root(&node, self.sent, deeper)).ok()?;
        let clear = Zeroizing::new(serde_json::to_string(&node).ok()?);
        (veiled != *clear).then_some(veiled)
    }

    /// What is shown in place of a number, where it must not be: one of its writings that is hidden in part.
    fn number(self, writings: &[Zeroizing<String>]) -> Option<String> {
        let is_secret = |text: &&Zeroizing<String>| {
            is_number_sent(text, self.sent, self.is_amount)
                || matches!(self.kind, Kind::Card | Kind::Account)
                || (self.kind != Kind::Scheme && text_holds_card(text))
        };
        if self.kind == Kind::Any
            && !self.is_amount
            && writings.iter().any(|text| is_code_sent(text, self.sent))
        {
            return Some(HIDDEN.to_owned());
        }
        let mut secret = writings.iter().filter(is_secret);
        secret.find_map(|text| match veil(text, self.kind, self.sent) {
            Cow::Owned(hidden) => Some(hidden),
            Cow::Borrowed(_) => None,
        })
    }

    fn object<S: Serializer>(
        self,
        members: &'a [(Text<'a>, Node<'a>)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        // Of names that are the same when a number in them is hidden, the first one stays.
        let mut changed: Vec<String> = Vec::new();
        let is_secret_tag = has_secret_tag(members);
        for (name, value) in members {
            if is_removed(name.as_str(), value) {
                continue;
            }
            let shown = veil(name.as_str(), Kind::Named, self.sent);
            if let Cow::Owned(shown) = &shown {
                let is_taken = members.iter().any(|(other, _)| other.as_str() == shown);
                if is_taken || changed.contains(shown) {
                    continue;
                }
                changed.push(shown.clone());
            }
            if is_secret_tag && name.as_str() == "value" {
                map.serialize_entry("value", HIDDEN)?;
                continue;
            }
            map.serialize_entry(shown.as_ref(), &self.of_member(name.as_str(), value))?;
        }
        map.end()
    }
}

impl Serialize for Veiled<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let hidden = match self.node {
            Node::Text(text) => return serializer.serialize_str(&self.text(text.as_str())),
            Node::List(nodes) => {
                return serializer.collect_seq(nodes.iter().map(|node| Self { node, ..*self }));
            }
            Node::Object(members) => return self.object(members, serializer),
            Node::Integer(number) => self.number(&[Zeroizing::new(number.to_string())]),
            // As it is written, and as whoever drops the fraction writes it.
            Node::Number(number) => {
                self.number(&[format!("{:.0}", number.trunc()), number.to_string()].map(Zeroizing::new))
            }
            Node::Null | Node::Bool(_) => None,
        };
        match hidden {
            Some(hidden) => serializer.serialize_str(&hidden),
            None => self.node.serialize(serializer),
        }
    }
}

/// A name without case and separators.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// What a member tells of its value by its name.
fn kind_of(plain: &str) -> Kind {
    match plain {
        "cardnumber" | "pan" | "primaryaccountnumber" => Kind::Card,
        "accountnumber" | "iban" => Kind::Account,
        "cardschemereferenceid" => Kind::Scheme,
        "paymentid"
        | "processingterminalid"
        | "orderid"
        | "securetokenid"
        | "token"
        | "approvalcode"
        | "responsecode"
        | "processorresponsecode"
        | "routingnumber"
        | "transitnumber"
        | "institutionnumber"
        | "expirydate"
        | "datetime"
        | "dateofbirth"
        | "postalcode"
        | "href"
        | "instance" => Kind::Named,
        _ => Kind::Any,
    }
}

/// Whether this is a tag of chip data, `{hex, value}`, with the card's number or track in it.
fn has_secret_tag(members: &[(Text<'_>, Node<'_>)]) -> bool {
    /// Tracks, number and PIN block (EMV book 3, annex A).
    const TAGS: [&str; 7] = ["56", "57", "5A", "99", "9F1F", "9F20", "9F6B"];
    let is_secret = |text: &str| TAGS.iter().any(|tag| text.eq_ignore_ascii_case(tag));
    members.iter().any(|(name, value)| {
        name.as_str() == "hex" && matches!(value, Node::Text(text) if is_secret(text.as_str()))
    })
}

/// Whether a member must not come back, whatever is in it: codes, PINs, tracks, chip data, encrypted blocks and what
/// names their keys (section 5). Single tags of a chip come back: a terminal needs the issuer's.
fn is_removed(name: &str, value: &Node<'_>) -> bool {
    const NAMES: [&str; 12] = [
        "cvvencrypted",
        "dataksn",
        "encrypteddata",
        "encryptedpan",
        "iccdata",
        "issuenumber",
        "ksn",
        "pindetails",
        "pinksn",
        "rawdata",
        "swipeddata",
        "keyeddata",
    ];
    is_code(name, value) || NAMES.contains(&plain(name).as_str())
}

#[cfg(test)]
mod tests;
