//! A token's text, before and after its signature is believed: parts, header, claims. Strict about types.

use data_encoding::BASE64URL_NOPAD;

use super::TOKEN_BYTES;
use crate::{
    credentials::Permissions,
    detector::text_holds_card,
    json::{self, Node},
};

/// Whether a text has the form of a JWT: three parts between dots, none of them empty. Keys are told from tokens by
/// this (`reference/rebilly.md` 2.2).
pub fn looks_like_jwt(text: &str) -> bool {
    text.split('.').count() == 3 && text.split('.').all(|part| !part.is_empty())
}

/// Members of a header that change how a token is to be read or which key is to be believed. Coffer understands none.
const REFUSED_HEADERS: [&str; 9] = ["crit", "jku", "jwk", "x5u", "x5c", "zip", "b64", "enc", "epk"];

/// The last second of the year 9999, the furthest moment that a claim may name.
const LAST_SECOND: i64 = 253_402_300_799;

/// Characters of a customer's id (Rebilly's path parameter).
const CUSTOMER_CHARS: usize = 50;

/// Characters of a subject (`OpenID` Connect Core, 2).
const SUBJECT_CHARS: usize = 255;

/// Characters of a token's own name.
const ID_CHARS: usize = 64;

/// The three parts of a token, taken out of base64url but not believed.
pub(super) struct Parts<'t> {
    /// Header and payload as they were signed.
    pub(super) message: &'t str,
    /// The signature in base64url.
    pub(super) signature: &'t str,
    header: Vec<u8>,
    payload: Vec<u8>,
}

impl<'t> Parts<'t> {
    /// None when the text is too long or not of three parts in base64url without padding.
    pub(super) fn split(token: &'t str) -> Option<Self> {
        if token.len() > TOKEN_BYTES || !looks_like_jwt(token) {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let decode = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).ok();
        Some(Self { message, signature, header: decode(header)?, payload: decode(payload)? })
    }

    pub(super) fn header(&self) -> Option<Header<'_>> {
        object(&self.header).map(Header)
    }

    /// The claims as JSON; an object without a name that stands twice.
    pub(super) fn payload(&self) -> Option<Node<'_>> {
        object(&self.payload)
    }
}

fn object(bytes: &[u8]) -> Option<Node<'_>> {
    json::parse(bytes).ok().filter(|node| matches!(node, Node::Object(_)))
}

/// The JOSE header (RFC 7515, 4).
pub(super) struct Header<'t>(Node<'t>);

impl Header<'_> {
    /// Whether it names exactly this algorithm, says of its type that it is a JWT or nothing, and asks for nothing
    /// that Coffer does not do.
    pub(super) fn is_understood(&self, algorithm: &str) -> bool {
        let typed = match self.0.member("typ") {
            None => true,
            Some(Node::Text(text)) => {
                ["JWT", "at+jwt"].iter().any(|known| text.as_str().eq_ignore_ascii_case(known))
            }
            Some(_) => false,
        };
        let named = matches!(self.0.member("alg"), Some(Node::Text(text)) if text.as_str() == algorithm);
        typed && named && REFUSED_HEADERS.iter().all(|name| self.0.member(name).is_none())
    }
}

/// When a token begins and ends, in seconds since 1970.
pub(super) struct Times {
    pub(super) not_before: i64,
    pub(super) expires: i64,
    /// `iat`, if the token has it.
    pub(super) issued: Option<i64>,
}

/// A claim is there and is not of the form that it must have.
pub(super) struct WrongForm;

/// The claims of a token.
pub(super) struct Claims<'t>(&'t Node<'t>);

impl<'t> Claims<'t> {
    pub(super) fn of(payload: &'t Node<'t>) -> Option<Self> {
        matches!(payload, Node::Object(_)).then_some(Self(payload))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.member(name).is_some()
    }

    /// A claim that must be a text.
    pub(super) fn text(&self, name: &str) -> Option<&'t str> {
        self.0.member(name).and_then(text)
    }

    /// Whether `aud` is this audience, or a list of texts that has it.
    pub(super) fn is_for(&self, audience: &str) -> bool {
        match self.0.member("aud") {
            Some(Node::Text(one)) => one.as_str() == audience,
            Some(Node::List(list)) => texts(list).is_some_and(|list| list.contains(&audience)),
            _ => false,
        }
    }

    /// `nbf`, `exp` and `iat`; none when one of the first two is missing, or one of the three is no whole number of
    /// seconds between 1970 and 9999.
    pub(super) fn times(&self) -> Option<Times> {
        let second = |name: &str| match self.0.member(name) {
            Some(Node::Integer(second)) if (0..=LAST_SECOND).contains(second) => Some(*second),
            _ => None,
        };
        let issued = if self.has("iat") { Some(second("iat")?) } else { None };
        Some(Times { not_before: second("nbf")?, expires: second("exp")?, issued })
    }

    /// `permissions`, if the token has it: names of operations, or `*` for all.
    pub(super) fn permissions(&self) -> Result<Option<Permissions>, WrongForm> {
        match self.0.member("permissions") {
            None => Ok(None),
            Some(Node::Text(word)) if word.as_str() == Permissions::ALL => Ok(Some(Permissions::All)),
            Some(Node::List(list)) => texts(list).and_then(Permissions::of).map(Some).ok_or(WrongForm),
            Some(_) => Err(WrongForm),
        }
    }

    /// `sub`, if it is of use: for the audit log, which refuses nobody.
    pub(super) fn subject(&self) -> Option<&'t str> {
        self.text("sub").filter(|text| (1..=SUBJECT_CHARS).contains(&text.chars().count()))
    }

    /// `jti`, if it can stand in the audit log.
    pub(super) fn id(&self) -> Option<&'t str> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:~-".contains(&byte);
        self.text("jti")
            .filter(|id| (1..=ID_CHARS).contains(&id.len()) && id.bytes().all(fits) && !text_holds_card(id))
    }

    /// `customerId`, if the token has it: 1 to 50 of the characters `A-Za-z0-9_@~.-`.
    pub(super) fn customer(&self) -> Result<Option<&'t str>, WrongForm> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_@~.-".contains(&byte);
        let right = |id: &&str| (1..=CUSTOMER_CHARS).contains(&id.len()) && id.bytes().all(fits);
        match self.0.member("customerId") {
            None => Ok(None),
            Some(node) => text(node).filter(right).map(Some).ok_or(WrongForm),
        }
    }
}

fn text<'t>(node: &'t Node<'t>) -> Option<&'t str> {
    match node {
        Node::Text(text) => Some(text.as_str()),
        _ => None,
    }
}

/// The texts of a list that has nothing else.
fn texts<'t>(list: &'t [Node<'t>]) -> Option<Vec<&'t str>> {
    list.iter().map(text).collect()
}
