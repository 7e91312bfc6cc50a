//! An answer, and the lines in which answers are recorded.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The headers that documents speak of, in small letters. A recorded answer holds no others.
pub const RECORDED_HEADERS: [&str; 14] = [
    "allow",
    "content-language",
    "content-type",
    "location",
    "pagination-limit",
    "pagination-offset",
    "pagination-total",
    "rate-limit-limit",
    "retry-after",
    "wp-correlationid",
    "www-authenticate",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-retry-after",
];

/// What a node answered to a request. The request's body is no part of it: it holds secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// In capitals.
    pub method: String,
    /// As sent, with its query.
    pub path: String,
    /// The HTTP status.
    pub status: u16,
    /// [`RECORDED_HEADERS`] of the answer, names in small letters.
    pub headers: BTreeMap<String, String>,
    /// What came.
    pub body: Body,
}

/// The body of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Body {
    /// No byte.
    Empty,
    /// JSON, whatever the `Content-Type` says.
    Json(Value),
    /// Something else. Not kept.
    Other,
}

impl Body {
    /// The body of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        match serde_json::from_slice(bytes) {
            _ if bytes.is_empty() => Self::Empty,
            Ok(value) => Self::Json(value),
            Err(_) => Self::Other,
        }
    }
}

impl Answer {
    /// An answer as it came over the wire; of its headers, [`RECORDED_HEADERS`] are kept.
    pub fn new<'a>(
        method: &str,
        path: &str,
        status: u16,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: &[u8],
    ) -> Self {
        let small = headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            status,
            headers: small.filter(|(name, _)| RECORDED_HEADERS.contains(&name.as_str())).collect(),
            body: Body::of(body),
        }
    }

    /// One line of JSON, without the line break.
    pub fn line(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

/// Why a folder of recorded answers cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The folder or a file of it.
    #[error("cannot read {0}")]
    File(PathBuf),
    /// A line that is no recorded answer.
    #[error("{0}:{1}: not a recorded answer")]
    Line(PathBuf, usize),
}

/// The answers of all `*.jsonl` files of a folder, each once. A folder that does not exist holds none.
pub fn read_folder(folder: &Path) -> Result<Vec<Answer>, Unreadable> {
    let mut lines = BTreeMap::new();
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let unreadable = |path: &Path| Unreadable::File(path.to_owned());
    for entry in fs::read_dir(folder).map_err(|_| unreadable(folder))? {
        let path = entry.map_err(|_| unreadable(folder))?.path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|_| unreadable(&path))?;
        for (number, line) in (1..).zip(text.lines()) {
            let answer: Answer =
                serde_json::from_str(line).map_err(|_| Unreadable::Line(path.clone(), number))?;
            lines.insert(answer.line(), answer);
        }
    }
    Ok(lines.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_back_and_keeps_only_documented_headers() {
        let headers = [("Location", "http://x/y"), ("Set-Cookie", "a=b"), ("Date", "today")];
        for body in [&b"{\"a\": [null]}"[..], b"", b"<html>"] {
            let answer = Answer::new("GET", "/rebilly/tokens?limit=1", 200, headers, body);
            assert_eq!(answer.headers.keys().collect::<Vec<_>>(), ["location"]);
            assert!(!answer.line().contains('\n') && !answer.line().contains("html"));
            assert_eq!(serde_json::from_str::<Answer>(&answer.line()).unwrap(), answer);
        }
    }

    #[test]
    fn null_is_a_body_and_nothing_is_none() {
        assert_eq!(Body::of(b"null"), Body::Json(Value::Null));
        assert_eq!(Body::of(b""), Body::Empty);
        assert_eq!(Body::of(b"{"), Body::Other);
    }

    #[test]
    fn headers_are_known_by_their_small_names() {
        assert!(RECORDED_HEADERS.iter().all(|name| *name == name.to_ascii_lowercase()));
        assert!(RECORDED_HEADERS.is_sorted());
    }
}
