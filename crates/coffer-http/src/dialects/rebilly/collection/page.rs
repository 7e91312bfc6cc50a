//! `limit`, `offset` and the `Pagination-*` headers.

use std::ops::Range;

use hyper::header::HeaderName;

use super::problem;
use crate::{form::Invalid, reply::Reply};

/// Rows of a page when nobody says (the header's example in the definition).
const LIMIT_DEFAULT: usize = 100;
/// Most rows of a page, and most rows before it: bounds of the definition.
pub(crate) const LIMIT_MAX: usize = 1_000;
pub(crate) const OFFSET_MAX: usize = 1_000;

const TOTAL: HeaderName = HeaderName::from_static("pagination-total");
const LIMIT: HeaderName = HeaderName::from_static("pagination-limit");
const OFFSET: HeaderName = HeaderName::from_static("pagination-offset");

/// A part of a list: `limit` rows after the first `offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) limit: usize,
    pub(crate) offset: usize,
}

impl Page {
    pub(super) fn parse(limit: Option<&str>, offset: Option<&str>, problems: &mut Vec<Invalid>) -> Self {
        let mut number = |name: &str, text: Option<&str>, default: usize, max: usize| {
            let Some(text) = text else { return default };
            // Digits only: `parse` alone would take a sign.
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            match text.parse() {
                Ok(value) if digits && value <= max => value,
                _ => {
                    problems.push(problem(name, format!("Must be an integer between 0 and {max}.")));
                    default
                }
            }
        };
        Self {
            limit: number("limit", limit, LIMIT_DEFAULT, LIMIT_MAX),
            offset: number("offset", offset, 0, OFFSET_MAX),
        }
    }

    /// The places of this page in a list of so many rows.
    pub(crate) fn range(self, rows: usize) -> Range<usize> {
        let start = self.offset.min(rows);
        start..start.saturating_add(self.limit).min(rows)
    }

    /// Rows before the page.
    pub(crate) fn skip(self) -> u32 {
        u32::try_from(self.offset).unwrap_or(u32::MAX)
    }

    /// Most rows of the page.
    pub(crate) fn at_most(self) -> u32 {
        u32::try_from(self.limit).unwrap_or(u32::MAX)
    }

    /// The three headers, also when they say 0. `total` counts the rows that the filter takes, of all pages.
    pub(crate) fn headers(self, reply: Reply, total: u64) -> Reply {
        let numbers = [(TOTAL, total), (LIMIT, self.at_most().into()), (OFFSET, self.skip().into())];
        numbers.into_iter().fold(reply, |reply, (name, number)| reply.header(name, &number.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use hyper::StatusCode;

    use super::*;

    fn parse(limit: Option<&str>, offset: Option<&str>) -> Result<(usize, usize), Vec<String>> {
        let mut problems = Vec::new();
        let page = Page::parse(limit, offset, &mut problems);
        if problems.is_empty() {
            return Ok((page.limit, page.offset));
        }
        Err(problems.into_iter().map(|one| format!("{}: {}", one.field, one.message)).collect())
    }

    #[test]
    fn both_numbers_have_bounds_and_defaults() {
        assert_eq!(parse(None, None), Ok((100, 0)));
        assert_eq!(parse(Some("0"), Some("0")), Ok((0, 0)));
        assert_eq!(parse(Some("1000"), Some("1000")), Ok((1000, 1000)));
        for bad in ["", " ", "1001", "-1", "+1", " 1", "1.0", "1e2", "٣", "99999999999999999999999"] {
            let message = "Must be an integer between 0 and 1000.";
            let expected = vec![format!("limit: {message}"), format!("offset: {message}")];
            assert_eq!(parse(Some(bad), Some(bad)), Err(expected), "{bad:?}");
        }
    }

    #[test]
    fn a_page_lies_within_its_list() {
        let range = |limit, offset, rows| Page { limit, offset }.range(rows);
        assert_eq!(range(10, 0, 25), 0..10);
        assert_eq!(range(10, 20, 25), 20..25);
        assert_eq!(range(10, 25, 25), 25..25);
        assert_eq!(range(10, 100, 25), 25..25);
        assert_eq!(range(0, 3, 25), 3..3);
    }

    #[test]
    fn all_three_headers_are_sent_even_for_nothing() {
        let reply = Page { limit: 0, offset: 7 }.headers(Reply::empty(StatusCode::OK), 0);
        let response = reply.into_response("request");
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(header("pagination-total"), Some("0"));
        assert_eq!(header("pagination-limit"), Some("0"));
        assert_eq!(header("pagination-offset"), Some("7"));
    }
}
