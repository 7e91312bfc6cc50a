//! Card ranges: from the first digits of a card number to its issuer.

mod columns;
mod rows;
mod segments;
#[cfg(test)]
mod tests;

use std::path::Path;

use coffer_types::{Brand, Country, Pan};

use self::rows::{Rows, read};
use self::segments::flatten;
use crate::error::TableError;

/// The operator's card ranges, in memory. `docs/TABLES.md` describes the file.
///
/// Ranges are cut into segments that do not overlap, each with the facts of the most specific row that holds it;
/// a look-up is one binary search over their first numbers.
#[derive(Debug)]
pub struct BinTable {
    /// The first eight digits at which each segment begins, rising. A segment ends where the next one begins.
    starts: Box<[u32]>,
    /// The facts of each segment, as an index; [`NO_FACTS`] where no row holds it.
    facts_at: Box<[u32]>,
    facts: Box<[Facts]>,
    banks: Box<[Box<str>]>,
    /// Rows of the file.
    ranges: usize,
}

/// What a row says of the cards in its range. What it leaves empty is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct BinFacts<'a> {
    /// The scheme.
    pub brand: Option<Brand>,
    /// Where the issuer is.
    pub country: Option<Country>,
    /// How the holder pays.
    pub funding: Option<Funding>,
    /// The issuer's name: 1 to [`crate::limits::BANK_CHARS`] characters.
    pub bank: Option<&'a str>,
}

/// How the holder of a card pays what it buys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Funding {
    /// Later, in parts if so wished.
    Credit,
    /// At once, from an account.
    Debit,
    /// Before.
    Prepaid,
    /// Once a month, from an account.
    DeferredDebit,
    /// Once a month, in whole, by bill.
    Charge,
}

impl Funding {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Credit, Self::Debit, Self::Prepaid, Self::DeferredDebit, Self::Charge];

    /// The word of the file: lower case, with hyphens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credit => "credit",
            Self::Debit => "debit",
            Self::Prepaid => "prepaid",
            Self::DeferredDebit => "deferred-debit",
            Self::Charge => "charge",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|funding| funding.as_str() == text)
    }
}

/// [`BinFacts`] as they are kept: the bank is an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Facts {
    brand: Option<Brand>,
    country: Option<Country>,
    funding: Option<Funding>,
    bank: Option<u32>,
}

/// Stands for a segment that no row holds. There are never so many facts.
const NO_FACTS: u32 = u32::MAX;

/// Digits that decide. Every PAN has more.
const LEAD_DIGITS: usize = 8;

impl BinTable {
    /// A table that knows nothing.
    pub fn empty() -> Self {
        Self::of(Rows::default())
    }

    /// Reads a file. All problems of it come at once, as far as [`crate::limits::PROBLEMS`]; a file with any is
    /// not taken.
    pub fn open(path: &Path) -> Result<Self, TableError> {
        read(path).map(Self::of)
    }

    fn of(rows: Rows) -> Self {
        let (starts, facts_at) = flatten(&rows.six, &rows.eight);
        let ranges = rows.six.len() + rows.eight.len();
        Self { starts, facts_at, facts: rows.facts.into(), banks: rows.banks.into(), ranges }
    }

    /// How many ranges the file has.
    pub fn ranges(&self) -> usize {
        self.ranges
    }

    /// What the table says of this card: the row of eight digits that holds it, else that of six. `None` when no
    /// row does.
    pub fn find(&self, pan: &Pan) -> Option<BinFacts<'_>> {
        self.find_lead(pan.expose().get(..LEAD_DIGITS)?.parse().ok()?)
    }

    fn find_lead(&self, lead: u32) -> Option<BinFacts<'_>> {
        let segment = self.starts.partition_point(|start| *start <= lead).checked_sub(1)?;
        let facts = self.facts.get(usize::try_from(*self.facts_at.get(segment)?).ok()?)?;
        let bank = facts.bank.and_then(|bank| self.banks.get(usize::try_from(bank).ok()?));
        Some(BinFacts {
            brand: facts.brand,
            country: facts.country,
            funding: facts.funding,
            bank: bank.map(AsRef::as_ref),
        })
    }
}
