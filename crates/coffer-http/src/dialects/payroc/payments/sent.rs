//! What of a payment method left in the clear, so that it can be found again in the answer.

use coffer_types::Pan;
use zeroize::Zeroizing;

use super::outgoing::{ClearCard, ClearMethod, ClearReader};
use crate::{detector::is_code, json::Node};

/// Digits from which on a number is looked for inside of other digits. Shorter ones are met by chance.
const LONG: usize = 7;
/// Digits of a number of which the last may be seen, at least.
const SHOWN_MIN: usize = 8;
/// Letters and digits from which on a text is looked for inside of other texts.
const LONG_TEXT: usize = 8;
/// Digits of a track between the card's number and what the issuer put there: month and service code (ISO/IEC 7813).
const TRACK_HEAD: usize = 7;
/// Digits of a verification code, at most.
const CODE_MAX: usize = 4;
/// Secrets of each sort that are looked for. A payment method has three or four; what more a request has are members
/// that nobody documents.
const SECRETS: usize = 16;
/// Digits of a card number at the front that may be seen, at most.
const CARD_FIRST: usize = 6;
/// Digits at the end of a number that may be seen.
const LAST: usize = 4;
/// Digits of a card number that are hidden, at least.
const HIDDEN_MIN: usize = 4;

/// The secrets of one payment. Wiped when it goes.
#[derive(Default)]
pub(crate) struct Sent {
    /// Numbers that are looked for inside of other digits.
    pub(super) numbers: Vec<Number>,
    /// Codes and short account numbers, which are looked for alone.
    pub(super) codes: Vec<Number>,
    /// Tracks, chip data, whatever is encrypted and what names its keys: letters and digits alone, in capitals.
    pub(super) texts: Vec<Zeroizing<String>>,
}

/// Digits, and how many of them may be seen.
pub(super) struct Number {
    pub(super) digits: Zeroizing<String>,
    pub(super) first: usize,
    pub(super) last: usize,
    /// Whether it is the number of an account, and so also met by chance.
    pub(super) is_account: bool,
}

impl Number {
    /// Digits of which none may be seen.
    fn hidden(digits: &str) -> Self {
        Self { digits: Zeroizing::new(digits.to_owned()), first: 0, last: 0, is_account: false }
    }
}

/// How many digits at the front of a card number of this length may be seen: as [`coffer_types::mask`] does it.
pub(super) fn card_first(digits: usize) -> usize {
    digits.saturating_sub(LAST + HIDDEN_MIN).min(CARD_FIRST)
}

impl Sent {
    /// What goes on with a request and its payment method.
    pub(crate) fn of(request: &Node<'_>, method: &ClearMethod<'_>) -> Self {
        let mut sent = Self::default();
        match method {
            ClearMethod::Card(card) => sent.card(card),
            ClearMethod::Reader(reader) => sent.reader(reader),
            ClearMethod::Ach(ach) => sent.account(ach.number.expose()),
            ClearMethod::Pad(pad) => sent.account(pad.number.expose()),
            ClearMethod::AsItCame { pan } => {
                sent.pan(*pan);
            }
        }
        // What has a secret's name goes on wherever it stands.
        sent.members(Some(request));
        sent
    }

    fn card(&mut self, card: &ClearCard<'_>) {
        self.pan(Some(card.pan));
        if let Some(cvv) = card.cvv {
            self.code(cvv.expose());
        }
    }

    fn reader(&mut self, reader: &ClearReader<'_>) {
        self.pan(reader.pan);
        self.members(Some(reader.details));
    }

    fn pan(&mut self, pan: Option<&Pan>) {
        if let Some(pan) = pan {
            self.number(pan.expose());
        }
    }

    /// Everything in a payment method that is written in the clear.
    fn members(&mut self, node: Option<&Node<'_>>) {
        match node {
            Some(Node::Object(members)) => {
                for (name, value) in members {
                    match value {
                        Node::Text(text) => self.member(name.as_str(), text.as_str(), value),
                        Node::Integer(number) if is_code(name.as_str(), value) => {
                            self.code(&Zeroizing::new(number.to_string()));
                        }
                        inner => self.members(Some(inner)),
                    }
                }
            }
            Some(Node::List(nodes)) => nodes.iter().for_each(|node| self.members(Some(node))),
            _ => {}
        }
    }

    fn member(&mut self, name: &str, text: &str, value: &Node<'_>) {
        match name {
            "cardNumber" => self.number(text),
            "accountNumber" => self.account(text),
            "trackData" => self.track(text),
            "rawData" => {
                self.text(text);
                self.track_in(text);
            }
            // Padded at the front, and shown without the padding.
            "dataKsn" | "pinKsn" => {
                self.text(text);
                self.text(text.trim_start_matches(['F', 'f']));
            }
            "iccData" | "encryptedData" | "encryptedPan" | "cvvEncrypted" => self.text(text),
            name if is_code(name, value) => self.code(text),
            _ => {}
        }
    }

    /// A card's number: first six and last four.
    fn number(&mut self, text: &str) {
        self.digits(text, card_first(text.len()), LAST, false);
    }

    /// An account's number: last four.
    fn account(&mut self, text: &str) {
        self.digits(text, 0, LAST, true);
        // As whoever takes it for a number writes it, alone.
        let number = text.trim_start_matches('0');
        if (CODE_MAX + 1..text.len()).contains(&number.len()) && self.codes.len() < SECRETS {
            self.codes.push(Number::hidden(number));
        }
    }

    fn code(&mut self, text: &str) {
        self.digits(text, 0, 0, false);
    }

    /// The whole of it, the card's number in it, and the rest of its digits: expiry, service code and what the issuer
    /// put there.
    fn track(&mut self, text: &str) {
        self.text(text);
        for part in text.split(|letter: char| !letter.is_ascii_digit()) {
            if Pan::parse(part).is_ok() {
                self.number(part);
            } else if part.len() >= LONG {
                self.digits(part, 0, 0, false);
                self.digits(
                    part.get(TRACK_HEAD..).filter(|own| own.len() >= LONG).unwrap_or(""),
                    0,
                    0,
                    false,
                );
            }
        }
    }

    /// The second track in chip data (tags 57 and 9F6B): what stands behind the card's number.
    fn track_in(&mut self, text: &str) {
        let Some(pan) = self.numbers.first().map(|number| number.digits.clone()) else { return };
        let capitals = Zeroizing::new(text.to_ascii_uppercase());
        for (at, _) in capitals.match_indices(pan.as_str()) {
            let Some(behind) = capitals[at + pan.len()..].strip_prefix('D') else { continue };
            let end = behind.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(behind.len());
            self.track(&behind[..end]);
        }
    }

    fn text(&mut self, text: &str) {
        let mut plain = Zeroizing::new(String::with_capacity(text.len()));
        plain.extend(
            text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()),
        );
        if plain.len() >= LONG_TEXT && self.texts.len() < SECRETS && !self.texts.contains(&plain) {
            self.texts.push(plain);
        }
    }

    fn digits(&mut self, text: &str, first: usize, last: usize, is_account: bool) {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return;
        }
        // Of what is short nothing is left to be seen.
        let (first, last) = if text.len() < SHOWN_MIN { (0, 0) } else { (first, last) };
        let found = if text.len() < LONG { &mut self.codes } else { &mut self.numbers };
        if found.len() < SECRETS && found.iter().all(|known| *known.digits != *text) {
            found.push(Number { digits: Zeroizing::new(text.to_owned()), first, last, is_account });
        }
    }
}
