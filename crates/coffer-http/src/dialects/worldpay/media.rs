//! Which version of which API a call speaks (reference 1.1): by its media types, with the leniency that published
//! clients need.

use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap};

use super::error::Problem;
use crate::call::Call;

/// A version of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    V1,
    V2,
    V3,
}

/// An API with media types of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Tokens,
    VerifiedTokens,
    Sessions,
}

/// The media types, each with its version, the newest first.
type Types = &'static [(&'static str, Version)];

impl Family {
    fn types(self) -> Types {
        match self {
            Self::Tokens => &[
                ("application/vnd.worldpay.tokens-v3.hal+json", Version::V3),
                ("application/vnd.worldpay.tokens-v2.hal+json", Version::V2),
                ("application/vnd.worldpay.tokens-v1.hal+json", Version::V1),
            ],
            Self::VerifiedTokens => &[
                ("application/vnd.worldpay.verified-tokens-v3.hal+json", Version::V3),
                ("application/vnd.worldpay.verified-tokens-v2.hal+json", Version::V2),
                ("application/vnd.worldpay.verified-tokens-v1.hal+json", Version::V1),
            ],
            Self::Sessions => &[("application/vnd.worldpay.sessions-v1.hal+json", Version::V1)],
        }
    }

    /// The media type of a version; of the newest where the API has no such version.
    pub(super) fn media_type(self, version: Version) -> &'static str {
        let types = self.types();
        types.iter().find(|(_, known)| *known == version).unwrap_or(&types[0]).0
    }

    fn newest(self) -> Version {
        self.types()[0].1
    }

    fn version(self, media_type: &str) -> Option<Version> {
        self.types()
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(media_type))
            .map(|(_, version)| *version)
    }
}

/// What a call speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Media {
    /// The version of the answer.
    pub(super) answer: Version,
    /// The version of the body.
    pub(super) body: Version,
    /// Whether card numbers are asked for in the clear (`masked=false`).
    pub(super) reveal: bool,
}

/// What was asked for.
struct Accepted {
    versions: Vec<Version>,
    anything: bool,
    reveal: bool,
}

impl Media {
    /// What a call without a body speaks; its `Content-Type` is ignored.
    pub(super) fn of_read(call: &Call, family: Family) -> Result<Self, Problem> {
        let accepted = accepted(call.headers(), family);
        if !accepted.anything && accepted.versions.is_empty() {
            return Err(Problem::NotAcceptable);
        }
        let version = accepted.versions.first().copied().unwrap_or(family.newest());
        Ok(Self { answer: version, body: version, reveal: accepted.reveal })
    }

    /// What a call with a body speaks.
    pub(super) fn of_write(call: &Call, family: Family) -> Result<Self, Problem> {
        let accepted = accepted(call.headers(), family);
        if !accepted.anything && accepted.versions.is_empty() {
            return Err(Problem::NotAcceptable);
        }
        let body = content_version(call.headers(), family).ok_or(Problem::UnsupportedMedia)?;
        if !accepted.versions.is_empty() && !accepted.versions.contains(&body) {
            return Err(Problem::MediaMismatch);
        }
        Ok(Self { answer: body, body, reveal: accepted.reveal })
    }

    /// The media type of whatever is answered, also to a call that speaks nothing known.
    pub(super) fn of_answer(call: &Call, family: Family) -> &'static str {
        family.media_type(named(call.headers(), family).unwrap_or(family.newest()))
    }

    /// The same where the API is not known: the one that the headers name; else that of tokens.
    pub(super) fn of_headers(headers: &HeaderMap) -> &'static str {
        let families = [Family::Tokens, Family::VerifiedTokens, Family::Sessions];
        let found = families.into_iter().find_map(|family| Some((family, named(headers, family)?)));
        let (family, version) = found.unwrap_or((Family::Tokens, Family::Tokens.newest()));
        family.media_type(version)
    }
}

/// The version that the headers name first.
fn named(headers: &HeaderMap, family: Family) -> Option<Version> {
    accepted(headers, family).versions.first().copied().or_else(|| content_version(headers, family))
}

/// None also of two of them.
fn content_version(headers: &HeaderMap, family: Family) -> Option<Version> {
    let mut named = headers.get_all(CONTENT_TYPE).iter();
    let (only, None) = (named.next()?, named.next()) else { return None };
    family.version(essence(only.to_str().ok()?))
}

/// All `Accept` headers are one list (RFC 9110, 5.3). None: anything.
fn accepted(headers: &HeaderMap, family: Family) -> Accepted {
    let headers = headers.get_all(ACCEPT).iter();
    let texts: Vec<&str> = headers.filter_map(|value| value.to_str().ok()).collect();
    let mut accepted = Accepted { versions: Vec::new(), anything: texts.is_empty(), reveal: false };
    for range in texts.iter().flat_map(|text| text.split(',')) {
        let name = essence(range);
        let open = ["*/*", "application/*", "application/json"];
        accepted.anything |= name.is_empty() || open.iter().any(|known| known.eq_ignore_ascii_case(name));
        if let Some(version) = family.version(name) {
            accepted.versions.push(version);
            accepted.reveal |= parameters(range).any(|(key, value)| key == "masked" && value == "false");
        }
    }
    accepted
}

/// A media type without its parameters.
fn essence(text: &str) -> &str {
    text.split_once(';').map_or(text, |(name, _)| name).trim()
}

fn parameters(range: &str) -> impl Iterator<Item = (String, String)> {
    let plain = |text: &str| text.trim().trim_matches('"').to_ascii_lowercase();
    let pairs = range.split(';').skip(1).filter_map(|pair| pair.split_once('='));
    pairs.map(move |(name, value)| (plain(name), plain(value)))
}
