//! What can be wrong with a file. Messages name the file and the line, never the content: a table's line may be
//! licensed, and a wrong file may hold anything.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::TableKind;

/// A file of the configuration that was not taken.
#[derive(Debug, Error)]
#[error("tables.{}: {source}", kind.as_str())]
pub struct RefusedTable {
    /// Where the configuration names it.
    pub kind: TableKind,
    /// Why.
    pub source: TableError,
}

/// Why a file was not taken.
#[derive(Debug, Error)]
pub enum TableError {
    /// The system refused: not there, not readable.
    #[error("{}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder, a pipe, a device.
    #[error("{}: not a regular file", file.display())]
    NotAFile {
        /// The path.
        file: PathBuf,
    },
    /// Over [`crate::limits`].
    #[error("{}: larger than {limit} bytes", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The limit, in bytes.
        limit: u64,
    },
    /// A file of card ranges has lines that break the format.
    #[error("{}: {problems}", file.display())]
    Bins {
        /// The file.
        file: PathBuf,
        /// Where and what.
        problems: LineProblems,
    },
    /// Not a `MaxMind` database, or cut off, or its header and its content disagree.
    #[error("{}: not a MaxMind database, or a damaged one", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
    },
    /// A sound `MaxMind` database, named in the place of another kind.
    #[error("{}: another kind of MaxMind database; {expected} is expected here", file.display())]
    WrongType {
        /// The file.
        file: PathBuf,
        /// The kinds that fit.
        expected: &'static str,
    },
}

/// The broken lines of a file, in the order in which they were found: 1 to [`crate::limits::PROBLEMS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineProblems {
    /// Where and what.
    pub list: Vec<LineProblem>,
    /// The reading ended before the file did: there may be more.
    pub more: bool,
}

impl fmt::Display for LineProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.list.iter().enumerate() {
            let between = if place == 0 { "" } else { "; " };
            write!(f, "{between}{problem}")?;
        }
        f.write_str(if self.more { "; there may be more" } else { "" })
    }
}

/// One thing that is wrong with one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {fault}")]
pub struct LineProblem {
    /// From 1; the header is line 1.
    pub line: u32,
    /// What is wrong with it.
    pub fault: RowFault,
}

/// What can be wrong with a line of card ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RowFault {
    /// No line at all.
    #[error("the header is missing")]
    NoHeader,
    /// The header lacks a column that must be there.
    #[error("the header has no column {0}")]
    MissingColumn(&'static str),
    /// The header names this column twice.
    #[error("the header has two columns {0}")]
    RepeatedColumn(&'static str),
    /// The header names a column that has no meaning here; its place, from 1.
    #[error("column {0} has an unknown name")]
    UnknownColumn(usize),
    /// Longer than [`crate::limits::BIN_LINE_BYTES`].
    #[error("too long")]
    TooLong,
    /// Not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// A quotation mark without its other half, or text beside a quoted field.
    #[error("wrong quotation marks")]
    Quotes,
    /// More or fewer fields than the header.
    #[error("not as many fields as the header")]
    FieldCount,
    /// `low` or `high`: not 6 or 8 ASCII digits.
    #[error("{0} is not 6 or 8 digits")]
    Digits(&'static str),
    /// `low` and `high` have different lengths.
    #[error("low and high differ in length")]
    LengthsDiffer,
    /// `low` is greater than `high`.
    #[error("low is above high")]
    LowAboveHigh,
    /// Not one of our brands.
    #[error("unknown brand")]
    Brand,
    /// Not two capital letters.
    #[error("country is not two capital letters")]
    Country,
    /// Not one of [`crate::Funding`].
    #[error("unknown funding")]
    Funding,
    /// Longer than [`crate::limits::BANK_CHARS`], or with a control character.
    #[error("bank is longer than 255 characters or has a control character")]
    Bank,
    /// A range of the same length of digits, on an earlier line, holds some of the same numbers.
    #[error("overlaps line {0}")]
    Overlap(u32),
    /// Over [`crate::limits::BIN_RANGES`].
    #[error("more ranges than the limit")]
    TooManyRanges,
}
