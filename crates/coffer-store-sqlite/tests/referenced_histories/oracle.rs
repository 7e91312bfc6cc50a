//! The oracle: plain values in lists, and a look through all of them for each question.

use std::collections::BTreeMap;

use crate::{common::Random, real::last4};

pub(crate) const START: i64 = 1_800_000_000;
const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;
const UNDERWAY: i64 = 180;
const SINGLE_USE: i64 = 1_800;
pub(crate) const GROUPS: u64 = 3;
pub(crate) const REFERENCES: u64 = 40;
pub(crate) const CARDS: u64 = 20;
/// What no check lets through.
pub(crate) const UNSENT: u64 = 4;
/// How far time goes on at once.
pub(crate) const SPANS: [i64; 9] = [1, 60, UNDERWAY - 1, UNDERWAY, 600, SINGLE_USE, 12 * HOUR, 3 * DAY, WEEK];

/// A group and a reference in it.
pub(crate) type Names = (u64, u64);

/// What clear details come out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    /// They come with the call: a card and words.
    Given(u64, u64),
    /// A single-use token, by its place in the order of creation.
    Single(usize),
    /// The digits of a referenced token, by its place in the order of creation.
    Digits(usize),
}

/// From where a list goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Beginning,
    After(u64),
    Before(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Single {
        card: u64,
        words: u64,
    },
    Create {
        names: Names,
        from: From,
    },
    Update {
        names: Names,
        words: u64,
    },
    Replace {
        names: Names,
        single: usize,
    },
    Forward {
        from: From,
        ends: bool,
    },
    Delete(Names),
    Read(Names),
    ReadDigits(usize),
    Reveal(usize),
    /// Of all, or of those whose words are even.
    List {
        group: u64,
        side: Side,
        at_most: usize,
        even: bool,
    },
}

impl Asked {
    /// Whether it may be asked for again under a key.
    pub(crate) fn takes_a_key(self) -> bool {
        matches!(
            self,
            Self::Single { .. }
                | Self::Create { .. }
                | Self::Update { .. }
                | Self::Replace { .. }
                | Self::Forward { .. }
        )
    }

    /// Something about what may be there: about the newest most often.
    pub(crate) fn random(random: &mut Random, singles: usize, tokens: usize) -> Self {
        let newest = |random: &mut Random, count: usize| {
            let back = random.below(u64::try_from(count.min(30)).unwrap() + 1);
            count.saturating_sub(usize::try_from(back).unwrap())
        };
        let (single, token) = (newest(random, singles), newest(random, tokens));
        let (card, words) = (random.below(CARDS), random.below(UNSENT + 1));
        let names = (random.below(GROUPS), random.below(REFERENCES));
        let given = From::Given(card, words);
        match random.below(100) {
            0..18 => Self::Single { card, words },
            18..36 => Self::Create { names, from: random.pick(&[given, From::Single(single)]) },
            36..46 => Self::Update { names, words },
            46..54 => Self::Replace { names, single },
            54..66 => {
                let from = random.pick(&[given, From::Single(single), From::Digits(token)]);
                Self::Forward { from, ends: random.below(3) > 0 }
            }
            66..70 => Self::Delete(names),
            70..76 => Self::Read(names),
            76..81 => Self::ReadDigits(token),
            81..86 => Self::Reveal(token),
            _ => {
                let side = random.pick(&[Side::Beginning, Side::After(names.1), Side::Before(names.1)]);
                let at_most = usize::try_from(1 + random.below(6)).unwrap();
                Self::List { group: names.0, side, at_most, even: random.below(2) == 0 }
            }
        }
    }
}

struct Single {
    tenant: u32,
    card: u64,
    words: u64,
    made: i64,
    used: bool,
}

struct Token {
    tenant: u32,
    names: Names,
    card: u64,
    words: u64,
    gone: bool,
}

/// What was asked under a key, when, and the answer, where it is known.
struct Reply {
    asked: Asked,
    made: i64,
    answer: Option<String>,
}

pub(crate) struct Oracle {
    pub(crate) now: i64,
    singles: Vec<Single>,
    tokens: Vec<Token>,
    replies: BTreeMap<(u32, u64), Reply>,
}

impl Oracle {
    pub(crate) fn new() -> Self {
        Self { now: START, singles: Vec::new(), tokens: Vec::new(), replies: BTreeMap::new() }
    }

    pub(crate) fn singles(&self) -> usize {
        self.singles.len()
    }

    pub(crate) fn tokens(&self) -> usize {
        self.tokens.len()
    }

    /// The tokens that are there, in the order of creation.
    pub(crate) fn living(&self) -> Vec<usize> {
        (0..self.tokens.len()).filter(|index| !self.tokens[*index].gone).collect()
    }

    pub(crate) fn ask(&mut self, tenant: u32, key: Option<u64>, asked: Asked) -> String {
        let Some(key) = key else { return self.act(tenant, asked) };
        let kept = self.replies.get(&(tenant, key)).filter(|reply| self.now < reply.made + WEEK);
        if let Some(reply) = kept {
            return match &reply.answer {
                _ if reply.asked != asked => "different".to_owned(),
                Some(answer) => answer.clone(),
                None if self.now < reply.made + UNDERWAY => "underway".to_owned(),
                None => "lost".to_owned(),
            };
        }
        let answer = self.act(tenant, asked);
        let ends = !matches!(asked, Asked::Forward { ends: false, .. }) || !answer.starts_with("sent");
        let reply = Reply { asked, made: self.now, answer: ends.then(|| answer.clone()) };
        self.replies.insert((tenant, key), reply);
        answer
    }

    fn act(&mut self, tenant: u32, asked: Asked) -> String {
        match asked {
            Asked::Single { card, words } => {
                self.singles.push(Single { tenant, card, words, made: self.now, used: false });
                format!("single {}", self.singles.len() - 1)
            }
            Asked::Create { names, from } => self.create(tenant, names, from),
            Asked::Update { names, words } => {
                let Some(token) = self.named(tenant, names) else { return "unknown".to_owned() };
                self.tokens[token].words = words;
                self.view(token)
            }
            Asked::Replace { names, single } => {
                let Some(token) = self.named(tenant, names) else { return "unknown".to_owned() };
                let Some((card, words)) = self.usable(tenant, single) else { return "unusable".to_owned() };
                self.singles[single].used = true;
                (self.tokens[token].card, self.tokens[token].words) = (card, words);
                self.view(token)
            }
            Asked::Forward { from, .. } => self.forward(tenant, from),
            Asked::Delete(names) => {
                let Some(token) = self.named(tenant, names) else { return "unknown".to_owned() };
                self.tokens[token].gone = true;
                "deleted".to_owned()
            }
            Asked::Read(names) => self.seen(self.named(tenant, names)),
            Asked::ReadDigits(token) => self.seen(self.there(tenant, token)),
            Asked::Reveal(token) => match self.there(tenant, token) {
                Some(token) => format!("opened {} {}", self.tokens[token].card, self.view(token)),
                None => "unknown".to_owned(),
            },
            Asked::List { group, side, at_most, even } => self.list(tenant, group, side, (at_most, even)),
        }
    }

    fn create(&mut self, tenant: u32, names: Names, from: From) -> String {
        let (card, words) = match from {
            From::Given(card, words) => (card, words),
            From::Single(single) => match self.usable(tenant, single) {
                Some(found) => found,
                None => return "unusable".to_owned(),
            },
            From::Digits(_) => unreachable!("no token is made of a token"),
        };
        if self.tokens.iter().any(|token| (token.tenant, token.names) == (tenant, names)) {
            return "taken".to_owned();
        }
        if let From::Single(single) = from {
            self.singles[single].used = true;
        }
        self.tokens.push(Token { tenant, names, card, words, gone: false });
        self.view(self.tokens.len() - 1)
    }

    fn forward(&mut self, tenant: u32, from: From) -> String {
        let (card, words) = match from {
            From::Given(..) => return "sent as it came".to_owned(),
            From::Single(single) => match self.usable(tenant, single) {
                Some(found) => found,
                None => return "unusable".to_owned(),
            },
            From::Digits(token) => match self.there(tenant, token) {
                Some(token) => (self.tokens[token].card, self.tokens[token].words),
                None => return "unknown".to_owned(),
            },
        };
        if words == UNSENT {
            return "checked".to_owned();
        }
        if let From::Single(single) = from {
            self.singles[single].used = true;
        }
        format!("sent {card} {words}")
    }

    fn list(&self, tenant: u32, group: u64, side: Side, (at_most, even): (usize, bool)) -> String {
        let place = |reference: u64| {
            self.tokens.iter().position(|token| (token.tenant, token.names) == (tenant, (group, reference)))
        };
        let of_group = |index: &usize| {
            let token = &self.tokens[*index];
            token.tenant == tenant && token.names.0 == group && !token.gone
        };
        let all = 0..self.tokens.len();
        let looked: Vec<usize> = match side {
            Side::Beginning => all.rev().filter(of_group).collect(),
            Side::After(reference) => match place(reference) {
                Some(place) => (0..place).rev().filter(of_group).collect(),
                None => return "placeless".to_owned(),
            },
            Side::Before(reference) => match place(reference) {
                Some(place) => all.skip(place + 1).filter(of_group).collect(),
                None => return "placeless".to_owned(),
            },
        };
        let wanted = |index: &usize| !even || self.tokens[*index].words.is_multiple_of(2);
        let mut items: Vec<usize> = looked.iter().copied().filter(wanted).collect();
        let more = items.get(at_most).map(|next| {
            let at = looked.iter().position(|index| index == next).unwrap();
            self.tokens[looked[at - 1]].names.1
        });
        items.truncate(at_most);
        if let Side::Before(_) = side {
            items.reverse();
        }
        let items: Vec<String> = items.into_iter().map(|token| self.view(token)).collect();
        format!("listed {items:?} {more:?}")
    }

    fn named(&self, tenant: u32, names: Names) -> Option<usize> {
        self.tokens.iter().position(|token| (token.tenant, token.names) == (tenant, names) && !token.gone)
    }

    fn there(&self, tenant: u32, token: usize) -> Option<usize> {
        self.tokens.get(token).filter(|found| found.tenant == tenant && !found.gone).map(|_| token)
    }

    fn usable(&self, tenant: u32, single: usize) -> Option<(u64, u64)> {
        let found = self.singles.get(single)?;
        let usable = found.tenant == tenant && !found.used && self.now < found.made + SINGLE_USE;
        usable.then_some((found.card, found.words))
    }

    fn seen(&self, token: Option<usize>) -> String {
        token.map_or_else(|| "unknown".to_owned(), |token| self.view(token))
    }

    fn view(&self, index: usize) -> String {
        let Token { names: (group, reference), card, words, .. } = &self.tokens[index];
        format!("token {index} {group} {reference} {} {words}", last4(*card))
    }
}
