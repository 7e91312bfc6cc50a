//! What is read of requests, what is refused of them and in which words, and what goes out.

mod agree;
mod answers;
mod bodies;
mod given;
mod kept;
mod refused;

use coffer_types::Timestamp;
use serde_json::Value;

use super::{
    create::{SecureRequest, SingleUseRequest, Wrong},
    source::{AnySource, GivenSource, Taking},
};
use crate::json::{Node, parse};

/// 2030-03-17, and no terminal that takes cards that have expired.
const TAKING: Taking = Taking { now: Timestamp::from_millis(1_900_000_000_000), allow_expired: false };

/// Reads a body with a reader and looks at what was read; gives the problems as `field: message`.
fn with<T>(body: &Value, read: impl FnOnce(&Node<'_>) -> Result<T, Wrong>) -> Result<T, Vec<String>> {
    let text = body.to_string();
    let node = parse(text.as_bytes()).unwrap();
    let told = |wrong: Wrong| wrong.into_iter().map(|(one, _)| format!("{}: {}", one.field, one.message));
    read(&node).map_err(|wrong| told(wrong).collect())
}

/// The source of a request for a single-use token.
fn single_use(body: &Value) -> Result<GivenSource, Vec<String>> {
    with(body, |node| SingleUseRequest::read(node, TAKING).map(|request| request.source))
}

/// The source of a request for a secure token that brings its own details; none where it brings a token.
fn secure(body: &Value) -> Result<Option<GivenSource>, Vec<String>> {
    with(body, |node| {
        SecureRequest::read(node, TAKING).map(|request| match request.source {
            AnySource::Given(given) => Some(given),
            AnySource::Token(_) => None,
        })
    })
}

/// The problems of a request for a single-use token; there must be some.
fn problems(body: &Value) -> Vec<String> {
    single_use(body).err().unwrap_or_else(|| panic!("taken: {body}"))
}

/// The same body with another value at a place, a JSON pointer; what is not there yet is added.
fn changed(body: &Value, place: &str, value: Value) -> Value {
    let (parent, name) = place.rsplit_once('/').unwrap();
    let mut body = body.clone();
    body.pointer_mut(parent).unwrap()[name] = value;
    body
}
