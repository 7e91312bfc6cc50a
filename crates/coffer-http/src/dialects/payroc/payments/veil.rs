//! Hides in a text what left in the clear, and card numbers of whomever.
//!
//! A number is found in digits of any script with whatever is no letter between them, also inside of longer ones. A
//! code is three digits that amounts, moments and identifiers have as well: it is found where no digit is beside it,
//! but not in a text that is an amount or a moment as a whole, and behind a letter only where that ends a code's
//! name.

use std::{borrow::Cow, ops::Range};

use coffer_types::limits::PAN_DIGITS_MIN;
use zeroize::Zeroizing;

use super::sent::{Number, Sent, card_first};
use crate::{
    detector::{digit, is_code, text_holds_card},
    json::Node,
};

/// What stands for a text that is hidden whole.
pub(super) const HIDDEN: &str = "****";
/// Digits at the end of a number that may be seen.
const LAST: usize = 4;
/// Characters of a date with its time, at most (RFC 3339 with nanoseconds).
const MOMENT_MAX: usize = 35;

/// What else is known of a text by the member that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    Any,
    /// An identifier or a code of the contract's own: nothing as short as a verification code is hidden in it.
    Named,
    /// The card scheme's name for a transaction, which may look like a card number and must come through.
    Scheme,
    /// A card number, whatever its check digit.
    Card,
    /// An account number.
    Account,
}

/// The text as it may be seen.
pub(super) fn veil<'t>(text: &'t str, kind: Kind, sent: &Sent) -> Cow<'t, str> {
    let mut shown = Cow::Borrowed(text);
    for secret in &sent.texts {
        hide_text(&mut shown, secret);
    }
    let mut hidden = Vec::new();
    for run in runs(&shown) {
        let mut marks = Marks::of(&run);
        sent.numbers.iter().for_each(|number| run.find(number, &mut marks));
        if matches!(kind, Kind::Any | Kind::Account) {
            sent.codes.iter().for_each(|code| run.find_alone(&shown, code, &mut marks));
        }
        match kind {
            Kind::Card if run.at.len() >= PAN_DIGITS_MIN => {
                marks.hide(card_first(run.at.len()), LAST);
            }
            // Four are what a mask shows.
            Kind::Account if run.at.len() > LAST => marks.hide(0, LAST),
            _ => {}
        }
        marks.places(&run, &mut hidden);
    }
    star(&mut shown, hidden);
    if kind != Kind::Scheme && text_holds_card(&shown) {
        hide_cards(&mut shown);
    }
    shown
}

/// Whether a number holds one that left in the clear. That of an account must be the whole of it, and no amount: they
/// have as many digits.
pub(super) fn is_number_sent(text: &str, sent: &Sent, is_amount: bool) -> bool {
    runs(text).iter().any(|run| {
        sent.numbers.iter().any(|number| {
            let (digits, sought) = (run.digits.as_str(), number.digits.as_str());
            if number.is_account { digits == sought && !is_amount } else { digits.contains(sought) }
        })
    })
}

/// Whether a number is a code that left in the clear, whole; of a number nobody sees the zeros at its front. Or the
/// whole of a text that did.
pub(super) fn is_code_sent(text: &str, sent: &Sent) -> bool {
    let number = |text: &str| text.trim_start_matches(['-', '0']).len();
    let is_same =
        |code: &str| number(code) == number(text) && code.ends_with(&text[text.len() - number(text)..]);
    sent.codes.iter().any(|code| is_same(&code.digits)) || sent.texts.iter().any(|secret| **secret == *text)
}

/// Hides every place of a text that is given by its letters and digits alone, in capitals, whatever stands between
/// them.
fn hide_text(shown: &mut Cow<'_, str>, secret: &str) {
    let letters = shown.char_indices().filter(|(_, letter)| letter.is_ascii_alphanumeric());
    let places: Vec<usize> = letters.map(|(at, _)| at).collect();
    let mut plain = Zeroizing::new(String::with_capacity(places.len()));
    plain.extend(
        places.iter().filter_map(|at| shown[*at..].chars().next()).map(|letter| letter.to_ascii_uppercase()),
    );
    let mut out = String::new();
    let mut from = 0;
    for (at, _) in plain.match_indices(secret) {
        out.push_str(&shown[from..places[at]]);
        out.push_str(HIDDEN);
        from = places[at + secret.len() - 1] + 1;
    }
    if from > 0 {
        out.push_str(&shown[from..]);
        *shown = Cow::Owned(out);
    }
}

/// Card numbers of whomever: of every run that holds one no more is seen than of one card number.
fn hide_cards(shown: &mut Cow<'_, str>) {
    let mut hidden = Vec::new();
    for run in runs(shown) {
        if run.at.len() >= PAN_DIGITS_MIN && text_holds_card(&shown[run.place()]) {
            let mut marks = Marks::of(&run);
            marks.hide(card_first(run.at.len()), LAST);
            marks.places(&run, &mut hidden);
        }
    }
    star(shown, hidden);
    // What is found in the whole and in no part of it.
    if text_holds_card(shown) {
        let all: Vec<usize> = runs(shown).into_iter().flat_map(|run| run.at).map(|at| at.start).collect();
        star(shown, all);
    }
}

/// Digits with no letter between them.
struct Run {
    digits: Zeroizing<String>,
    /// The place of each.
    at: Vec<Range<usize>>,
}

/// All of a text.
fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut is_ended = true;
    for (at, letter) in text.char_indices() {
        let Some(value) = digit(letter) else {
            is_ended |= letter.is_alphanumeric();
            continue;
        };
        if is_ended {
            // Sized once: a text that grows leaves unwiped copies behind.
            let digits = Zeroizing::new(String::with_capacity(digits_of_run(&text[at..])));
            runs.push(Run { digits, at: Vec::new() });
            is_ended = false;
        }
        if let Some(run) = runs.last_mut() {
            run.digits.push(value);
            run.at.push(at..at + letter.len_utf8());
        }
    }
    runs
}

/// How many digits stand before the next letter.
fn digits_of_run(text: &str) -> usize {
    let run = text.chars().map(|letter| (digit(letter).is_some(), letter));
    let run = run.take_while(|(is_digit, letter)| *is_digit || !letter.is_alphanumeric());
    run.filter(|(is_digit, _)| *is_digit).count()
}

impl Run {
    /// From its first digit to its last.
    fn place(&self) -> Range<usize> {
        match (self.at.first(), self.at.last()) {
            (Some(first), Some(last)) => first.start..last.end,
            _ => 0..0,
        }
    }

    /// Every place of a number. What stands right behind a card's number is of its track, or its month and code.
    fn find(&self, number: &Number, marks: &mut Marks) {
        let sought = number.digits.as_str();
        for start in 0..self.digits.len().saturating_sub(sought.len() - 1) {
            if self.digits[start..].starts_with(sought) {
                let end = start + sought.len();
                marks.set(start + number.first, end - number.last);
                if !number.is_account {
                    let behind =
                        self.at[end - 1..].windows(2).take_while(|pair| pair[0].end == pair[1].start);
                    marks.set(end, end + behind.count());
                }
            }
        }
    }

    /// Every place where a code stands alone.
    fn find_alone(&self, text: &str, code: &Number, marks: &mut Marks) {
        let sought = code.digits.as_str();
        for start in 0..self.digits.len().saturating_sub(sought.len() - 1) {
            let places = &self.at[start..start + sought.len()];
            let is_whole = places.windows(2).all(|pair| pair[0].end == pair[1].start);
            if is_whole
                && self.digits[start..].starts_with(sought)
                && let (Some(first), Some(last)) = (places.first(), places.last())
                && is_alone(text, first.start..last.end)
            {
                marks.set(start, start + sought.len());
            }
        }
    }
}

/// Which digits of a run are hidden. However often one is found, it is one mark.
struct Marks(Vec<bool>);

impl Marks {
    fn of(run: &Run) -> Self {
        Self(vec![false; run.at.len()])
    }

    /// Hides the digits from one to before another.
    fn set(&mut self, from: usize, to: usize) {
        if let Some(marks) = self.0.get_mut(from..to) {
            marks.fill(true);
        }
    }

    /// Hides all but so many digits at the front and at the end.
    fn hide(&mut self, first: usize, last: usize) {
        let end = self.0.len().saturating_sub(last);
        if first < end { self.set(first, end) } else { self.0.fill(true) }
    }

    /// Where in the text the hidden digits begin.
    fn places(&self, run: &Run, hidden: &mut Vec<usize>) {
        let marked = self.0.iter().zip(&run.at).filter(|(mark, _)| **mark);
        hidden.extend(marked.map(|(_, at)| at.start));
    }
}

/// Whether digits stand alone: no digit and no letter is beside them, but for the end of a code's name before them.
fn is_alone(text: &str, place: Range<usize>) -> bool {
    let (before, after) = (&text[..place.start], &text[place.end..]);
    if after.starts_with(char::is_alphanumeric) || before.ends_with(|letter| digit(letter).is_some()) {
        return false;
    }
    let name = before.rfind(|letter: char| !letter.is_alphabetic()).map_or(before, |at| {
        let letter = before[at..].chars().next().map_or(1, char::len_utf8);
        &before[at + letter..]
    });
    (name.is_empty() || is_code(name, &Node::Null)) && !is_amount(text) && !is_moment(text)
}

/// Whether a text is nothing but a number with a fraction, or with its thousands apart.
fn is_amount(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let has_joint = text.contains(['.', ',']);
    has_joint
        && (1..=3).contains(&first.len()) | !whole.contains(',')
        && !first.is_empty()
        && is_digits(first)
        && groups.all(|group| group.len() == 3 && is_digits(group))
        && is_digits(fraction)
}

/// Whether a text begins with a date and has nothing else than a time and an offset behind it.
fn is_moment(text: &str) -> bool {
    let is_date = text.get(..10).is_some_and(|date| {
        date.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
    });
    let is_of_time = |byte: u8| byte.is_ascii_digit() || b"Tt:.+-Zz ".contains(&byte);
    is_date && text.len() <= MOMENT_MAX && text.bytes().skip(10).all(is_of_time)
}

/// Puts a star in the place of every letter that begins at one of these.
fn star(shown: &mut Cow<'_, str>, mut starts: Vec<usize>) {
    if starts.is_empty() {
        return;
    }
    starts.sort_unstable();
    let star = |(at, letter)| if starts.binary_search(&at).is_ok() { '*' } else { letter };
    *shown = Cow::Owned(shown.char_indices().map(star).collect());
}

#[cfg(test)]
mod tests;
