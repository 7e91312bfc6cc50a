//! What callers were told, and what each of them may have been told.

use super::search::{Kind, Search};
use crate::support::Answer;

/// What an answer may show, and in the last case must show.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shows {
    /// Nothing of what was sent.
    Nothing,
    /// The caller's personal data, and no card.
    Personal,
    /// Texts of the caller that happen to be card numbers.
    CallersText,
    /// What another method protects, with its code where there is one.
    Protected,
    /// This number, and this code where there is one.
    Clear((&'static str, &'static str)),
    /// This number, as the Worldpay dialect shows it.
    ClearNumber(&'static str),
}

/// The answers of a run.
#[derive(Default)]
pub(crate) struct Evidence {
    answers: Vec<(String, Shows, Vec<u8>)>,
    /// Every token that was given out.
    pub(crate) tokens: Vec<String>,
}

impl Evidence {
    /// Keeps an answer, whose status is known beforehand.
    pub(crate) fn keep(&mut self, what: &str, shows: Shows, status: u16, answer: &Answer) {
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        let headers: Vec<_> =
            answer.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        self.answers.push((
            format!("{what}, {status}"),
            shows,
            [headers.concat().into_bytes(), answer.body.clone()].concat(),
        ));
    }

    /// Holds every answer against what it may show.
    pub(crate) fn judge(&self, search: &Search) {
        for (what, shows, content) in &self.answers {
            let allowed: &[Kind] = match shows {
                Shows::Nothing => &[Kind::Token],
                Shows::Personal => &[Kind::Token, Kind::Personal],
                Shows::CallersText | Shows::ClearNumber(_) => &[Kind::Token, Kind::Personal, Kind::Card],
                Shows::Protected => &[Kind::Token, Kind::Personal, Kind::Protected, Kind::Code],
                Shows::Clear(_) => &[Kind::Token, Kind::Personal, Kind::Card, Kind::Code],
            };
            let hits = search.hits(content);
            let wrong: Vec<_> = hits.iter().filter(|hit| !allowed.contains(&hit.kind)).collect();
            assert!(wrong.is_empty(), "{what}: {wrong:?}");
            let text = String::from_utf8_lossy(content);
            match shows {
                Shows::Nothing => {}
                Shows::Personal | Shows::CallersText => {
                    assert!(hits.iter().any(|hit| hit.kind == Kind::Personal), "{what}");
                }
                Shows::Protected => assert!(hits.iter().any(|hit| hit.kind == Kind::Protected), "{what}"),
                Shows::ClearNumber(pan) => {
                    assert!(text.contains(&format!("\"cardNumber\":\"{pan}\"")), "{what}");
                }
                Shows::Clear((pan, code)) => {
                    assert!(text.contains(&format!("\"pan\":\"{pan}\"")), "{what}");
                    assert_eq!(text.contains("\"cvv\""), !code.is_empty(), "{what}");
                    assert!(code.is_empty() || text.contains(&format!("\"cvv\":\"{code}\"")), "{what}");
                }
            }
        }
    }
}
