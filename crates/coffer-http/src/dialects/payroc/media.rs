//! What is spoken: JSON both ways (section 1.2).

use hyper::header::{ACCEPT, CONTENT_TYPE};

use super::error::Problem;
use crate::call::Call;

/// The media types of bodies. The second is for patches, whose own type some clients send.
const BODIES: [&str; 2] = ["application/json", "application/json-patch+json"];
/// What an answer may be called.
const ANSWERS: [&str; 4] = ["application/json", "application/problem+json", "application/*", "*/*"];

/// Whether a call that has a body may go on: 415, then 406.
pub(super) fn of_write(call: &Call) -> Result<(), Problem> {
    let sent = call.header(CONTENT_TYPE.as_str()).map(essence);
    if !sent.is_some_and(|sent| BODIES.iter().any(|known| known.eq_ignore_ascii_case(sent))) {
        return Err(Problem::UnsupportedMedia);
    }
    of_read(call)
}

/// Whether a call without a body may go on.
pub(super) fn of_read(call: &Call) -> Result<(), Problem> {
    let texts: Vec<&str> =
        call.headers().get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let takes = |range: &str| {
        let name = essence(range);
        name.is_empty() || ANSWERS.iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    // All `Accept` headers are one list (RFC 9110, 5.3). None: anything.
    if texts.is_empty() || texts.iter().flat_map(|text| text.split(',')).any(takes) {
        return Ok(());
    }
    Err(Problem::NotAcceptable)
}

/// A media type without its parameters.
fn essence(text: &str) -> &str {
    text.split_once(';').map_or(text, |(name, _)| name).trim()
}
