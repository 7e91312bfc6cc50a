//! The oracle: plain values in lists, and a look through all of them for each question.

use std::collections::BTreeSet;

use coffer_core::{CardFacts, Contact, Lifetime};
use coffer_types::Expiry;

use crate::common::Random;

pub(crate) const START: i64 = 1_800_000_000;
pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 24 * HOUR;
pub(crate) const NAMESPACES: [Option<&str>; 4] = [None, Some("a"), Some("b"), Some("")];
/// More than a namespace has places.
pub(crate) const CARDS: u64 = 20;
pub(crate) const PLACES: usize = 16;
pub(crate) const MONTH: i64 = 30 * DAY;
pub(crate) const UPDATES: usize = 50;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plain {
    pub(crate) holder: Option<u64>,
    pub(crate) expiry: Option<u64>,
    pub(crate) city: Option<u64>,
    pub(crate) reference: Option<u64>,
}

impl Plain {
    pub(crate) fn random(random: &mut Random) -> Self {
        let mut one = || random.pick(&[None, Some(1), Some(1), Some(1), Some(2)]);
        Self { holder: one(), expiry: one(), city: one(), reference: one() }
    }

    pub(crate) fn facts(self) -> CardFacts {
        CardFacts {
            holder: self.holder.map(|value| format!("holder {value}")),
            expiry: self.expiry.map(|value| Expiry::new(2030, i64::try_from(value).unwrap()).unwrap()),
            contact: self
                .city
                .map(|value| Contact { city: Some(format!("city {value}")), ..Contact::default() }),
            scheme_reference: self.reference.map(|value| format!("reference {value}")),
        }
    }

    /// What a vault gave back is one of those that it was given.
    pub(crate) fn of(facts: &CardFacts) -> Self {
        let found = |take: fn(Option<u64>) -> Self| {
            let all = [None, Some(1), Some(2)].map(take);
            let same = |plain: &Self| {
                let (mine, empty) = (plain.facts(), CardFacts::default());
                (mine.holder.is_none() || mine.holder == facts.holder)
                    && (mine.expiry.is_none() || mine.expiry == facts.expiry)
                    && (mine.contact.is_none() || mine.contact == facts.contact)
                    && (mine.scheme_reference.is_none() || mine.scheme_reference == facts.scheme_reference)
                    && mine != empty
            };
            all.into_iter().find(same).unwrap_or_default()
        };
        let plain = Self {
            holder: found(|holder| Self { holder, ..Self::default() }).holder,
            expiry: found(|expiry| Self { expiry, ..Self::default() }).expiry,
            city: found(|city| Self { city, ..Self::default() }).city,
            reference: found(|reference| Self { reference, ..Self::default() }).reference,
        };
        assert!(plain.facts() == *facts, "nothing else came back");
        plain
    }
}

// What acts are asked and what they answer, for the oracle and for the vault.

#[derive(Clone, Debug)]
pub(crate) enum Asked {
    Create { namespace: usize, card: u64, facts: Plain, words: u64, ends: Option<i64> },
    Resolve(usize),
    ReadConflict(usize),
    Describe(usize, u64),
    Change(usize, Plain),
    Delete(usize),
    Read(usize),
    Query(usize),
    Reveal(usize),
}

/// A token as it is seen; its name is its place in the order of creation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) name: usize,
    pub(crate) namespace: usize,
    pub(crate) facts: Plain,
    pub(crate) words: u64,
    pub(crate) ends: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Created(View),
    Matched(View),
    Conflicting(View, Plain, i64),
    Full,
    Done,
    Unknown,
    TooMany,
    Seen(View),
    Listed(Vec<View>),
    Waiting(View, Plain, i64),
    Opened(u64, View),
}

impl Answer {
    pub(crate) const KINDS: usize = 11;

    pub(crate) fn kind(&self) -> usize {
        match self {
            Self::Created(_) => 0,
            Self::Matched(_) => 1,
            Self::Conflicting(..) => 2,
            Self::Full => 3,
            Self::Done => 4,
            Self::Unknown => 5,
            Self::TooMany => 6,
            Self::Seen(_) => 7,
            Self::Listed(_) => 8,
            Self::Waiting(..) => 9,
            Self::Opened(..) => 10,
        }
    }
}

// The oracle: lists, and a look through all of them for each question.

pub(crate) struct Token {
    pub(crate) tenant: u32,
    pub(crate) card: u64,
    pub(crate) view: View,
    pub(crate) since: i64,
    pub(crate) updates: Vec<i64>,
}

pub(crate) struct Waits {
    pub(crate) tenant: u32,
    pub(crate) token: usize,
    pub(crate) facts: Plain,
    pub(crate) ends: i64,
    pub(crate) over: bool,
}

pub(crate) struct Oracle {
    pub(crate) now: i64,
    pub(crate) lifetime: Lifetime,
    pub(crate) tokens: Vec<Token>,
    pub(crate) gone: BTreeSet<usize>,
    pub(crate) conflicts: Vec<Waits>,
}

impl Oracle {
    pub(crate) fn living(&self, tenant: u32, name: usize) -> bool {
        let there =
            self.tokens.get(name).filter(|token| token.tenant == tenant && token.view.ends > self.now);
        there.is_some() && !self.gone.contains(&name)
    }

    pub(crate) fn in_namespace(&self, tenant: u32, namespace: usize) -> Vec<usize> {
        let names = (0..self.tokens.len()).filter(|name| self.living(tenant, *name));
        names.filter(|name| self.tokens[*name].view.namespace == namespace).collect()
    }

    pub(crate) fn used(&mut self, name: usize) {
        let (now, token) = (self.now, &mut self.tokens[name]);
        let (had, left) = (token.view.ends - token.since, token.view.ends - now);
        let ends = now + self.lifetime.seconds;
        if self.lifetime.extends && left * 2 < had && ends > token.view.ends {
            (token.since, token.view.ends) = (now, ends);
        }
    }

    pub(crate) fn update(&mut self, tenant: u32, name: usize, change: impl FnOnce(&mut View)) -> Answer {
        if !self.living(tenant, name) {
            return Answer::Unknown;
        }
        let (now, token) = (self.now, &mut self.tokens[name]);
        if token.updates.iter().filter(|at| now - **at < MONTH).count() >= UPDATES {
            return Answer::TooMany;
        }
        token.updates.push(now);
        change(&mut token.view);
        Answer::Done
    }

    pub(crate) fn ask(&mut self, tenant: u32, asked: &Asked) -> Answer {
        match asked.clone() {
            Asked::Create { namespace, card, facts, words, ends } => {
                self.create(tenant, namespace, card, facts, words, ends)
            }
            Asked::Resolve(index) => match self.conflict(tenant, index) {
                None => Answer::Unknown,
                Some((token, facts)) => {
                    let answer = self.update(tenant, token, |view| lay_over(&mut view.facts, facts));
                    self.conflicts[index].over = answer == Answer::Done;
                    answer
                }
            },
            Asked::ReadConflict(index) => match self.conflict(tenant, index) {
                None => Answer::Unknown,
                Some((token, facts)) => {
                    Answer::Waiting(self.tokens[token].view.clone(), facts, self.conflicts[index].ends)
                }
            },
            Asked::Describe(name, words) => self.update(tenant, name, |view| view.words = words),
            Asked::Change(name, facts) => self.update(tenant, name, |view| lay_over(&mut view.facts, facts)),
            Asked::Delete(name) if self.living(tenant, name) => {
                self.gone.insert(name);
                Answer::Done
            }
            Asked::Read(name) if self.living(tenant, name) => Answer::Seen(self.tokens[name].view.clone()),
            Asked::Reveal(name) if self.living(tenant, name) => {
                self.used(name);
                Answer::Opened(self.tokens[name].card, self.tokens[name].view.clone())
            }
            Asked::Delete(_) | Asked::Read(_) | Asked::Reveal(_) => Answer::Unknown,
            Asked::Query(namespace) => {
                let names = self.in_namespace(tenant, namespace).into_iter().rev();
                Answer::Listed(names.map(|name| self.tokens[name].view.clone()).collect())
            }
        }
    }

    pub(crate) fn conflict(&self, tenant: u32, index: usize) -> Option<(usize, Plain)> {
        let conflict = self.conflicts.get(index)?;
        let waits = conflict.tenant == tenant && !conflict.over && conflict.ends > self.now;
        (waits && self.living(tenant, conflict.token)).then_some((conflict.token, conflict.facts))
    }

    pub(crate) fn create(
        &mut self,
        tenant: u32,
        namespace: usize,
        card: u64,
        facts: Plain,
        words: u64,
        ends: Option<i64>,
    ) -> Answer {
        let there = self.in_namespace(tenant, namespace);
        if let Some(name) = there.iter().find(|name| self.tokens[**name].card == card) {
            self.used(*name);
            let view = self.tokens[*name].view.clone();
            let other = |stored: Option<u64>, offered: Option<u64>| offered.filter(|_| offered != stored);
            let differing = Plain {
                holder: other(view.facts.holder, facts.holder),
                expiry: other(view.facts.expiry, facts.expiry),
                city: other(view.facts.city, facts.city),
                reference: other(view.facts.reference, facts.reference),
            };
            if differing == Plain::default() {
                return Answer::Matched(view);
            }
            let ends = self.now + 1_800;
            self.conflicts.push(Waits { tenant, token: *name, facts: differing, ends, over: false });
            return Answer::Conflicting(view, differing, ends);
        }
        if NAMESPACES[namespace].is_some() && there.len() == PLACES {
            return Answer::Full;
        }
        let ends = ends.unwrap_or(self.now + self.lifetime.seconds);
        let view = View { name: self.tokens.len(), namespace, facts, words, ends };
        self.tokens.push(Token { tenant, card, view: view.clone(), since: self.now, updates: Vec::new() });
        Answer::Created(view)
    }
}

pub(crate) fn lay_over(stored: &mut Plain, offered: Plain) {
    stored.holder = offered.holder.or(stored.holder);
    stored.expiry = offered.expiry.or(stored.expiry);
    stored.city = offered.city.or(stored.city);
    stored.reference = offered.reference.or(stored.reference);
}
