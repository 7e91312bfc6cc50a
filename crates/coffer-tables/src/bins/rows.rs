//! Reading the rows of a file of card ranges.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use coffer_types::{Brand, Country};

use super::columns::{Columns, fields};
use super::segments::Range;
use super::{Facts, Funding, LEAD_DIGITS};
use crate::error::{LineProblem, LineProblems, RowFault, TableError};
use crate::limits::{BANK_CHARS, BIN_FILE_BYTES, BIN_LINE_BYTES, BIN_RANGES, PROBLEMS};

/// All rows of a file. The ranges of one length are sorted and do not overlap.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) six: Vec<Range>,
    pub(super) eight: Vec<Range>,
    /// Every combination of facts once.
    pub(super) facts: Vec<Facts>,
    /// Every name once.
    pub(super) banks: Vec<Box<str>>,
}

/// Reads a file of at most [`BIN_FILE_BYTES`].
pub(super) fn read(path: &Path) -> Result<Rows, TableError> {
    let file = crate::file::open(path, BIN_FILE_BYTES)?;
    let mut reading = Reading::with_limit(BIN_RANGES);
    match reading.lines(BufReader::new(file.take(BIN_FILE_BYTES))) {
        Ok(()) => reading.finish(path),
        Err(source) => Err(TableError::Unreadable { file: path.to_owned(), source }),
    }
}

#[derive(Default)]
struct Reading {
    /// How many ranges it takes.
    limit: usize,
    rows: Rows,
    facts_known: HashMap<Facts, u32>,
    banks_known: HashMap<Box<str>, u32>,
    line: u32,
    problems: Vec<LineProblem>,
    /// The lines could not be read to the end.
    cut: bool,
}

impl Reading {
    fn with_limit(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    fn lines(&mut self, mut source: impl BufRead) -> io::Result<()> {
        let mut columns = None;
        let mut line = Vec::new();
        while self.problems.len() < PROBLEMS && !self.cut {
            line.clear();
            // One byte more than a line may have, so that a longer one shows.
            if source.by_ref().take(BIN_LINE_BYTES + 1).read_until(b'\n', &mut line)? == 0 {
                if columns.is_none() {
                    self.line = 1;
                    self.stop(RowFault::NoHeader);
                }
                return Ok(());
            }
            self.line += 1;
            self.one(&line, &mut columns);
        }
        self.cut = true;
        Ok(())
    }

    fn one(&mut self, line: &[u8], columns: &mut Option<Columns>) {
        if line.len() as u64 > BIN_LINE_BYTES {
            return self.stop(RowFault::TooLong);
        }
        let line = if self.line == 1 { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) } else { line };
        let Ok(text) = str::from_utf8(line) else {
            self.cut |= columns.is_none();
            return self.problem(RowFault::NotUtf8);
        };
        let text = text.trim_end_matches(['\r', '\n']);
        match columns {
            None => match fields(text).and_then(|header| Columns::parse(&header)) {
                Ok(header) => *columns = Some(header),
                Err(fault) => self.stop(fault),
            },
            Some(_) if text.trim().is_empty() => {}
            Some(columns) => match fields(text) {
                Ok(fields) if fields.len() == columns.count => self.row(&fields, columns),
                Ok(_) => self.problem(RowFault::FieldCount),
                Err(fault) => self.problem(fault),
            },
        }
    }

    fn row(&mut self, fields: &[String], columns: &Columns) {
        let before = self.problems.len();
        let range = self.range(&fields[columns.low], &fields[columns.high]);
        let field = |column: Option<usize>| column.map_or("", |column| fields[column].as_str());
        let brand = self.optional(field(columns.brand), Brand::from_slug, RowFault::Brand);
        let country =
            self.optional(field(columns.country), |text| Country::parse(text).ok(), RowFault::Country);
        let funding = self.optional(field(columns.funding), Funding::parse, RowFault::Funding);
        let bank = self.optional(field(columns.bank), bank_name, RowFault::Bank);
        let Some((low, high, digits)) = range.filter(|_| self.problems.len() == before) else { return };
        if self.rows.six.len() + self.rows.eight.len() == self.limit {
            return self.stop(RowFault::TooManyRanges);
        }
        let bank = bank.map(|bank| self.bank(bank));
        let facts = self.facts(Facts { brand, country, funding, bank });
        let list = if digits == LEAD_DIGITS { &mut self.rows.eight } else { &mut self.rows.six };
        list.push(Range { low, high, facts, line: self.line });
    }

    /// Both ends, written out to eight digits, and how many they had.
    fn range(&mut self, low: &str, high: &str) -> Option<(u32, u32, usize)> {
        let (first, last) = (self.digits(low, "low"), self.digits(high, "high"));
        let (first, last) = (first?, last?);
        if low.len() != high.len() {
            self.problem(RowFault::LengthsDiffer);
            return None;
        }
        if first > last {
            self.problem(RowFault::LowAboveHigh);
            return None;
        }
        let (scale, rest) = if low.len() == LEAD_DIGITS { (1, 0) } else { (100, 99) };
        Some((first * scale, last * scale + rest, low.len()))
    }

    fn digits(&mut self, text: &str, column: &'static str) -> Option<u32> {
        let digits = matches!(text.len(), 6 | LEAD_DIGITS) && text.bytes().all(|byte| byte.is_ascii_digit());
        let value = text.parse().ok().filter(|_| digits);
        if value.is_none() {
            self.problem(RowFault::Digits(column));
        }
        value
    }

    /// An empty field says nothing.
    fn optional<'a, T>(
        &mut self,
        text: &'a str,
        parse: impl Fn(&'a str) -> Option<T>,
        fault: RowFault,
    ) -> Option<T> {
        let value = if text.is_empty() { return None } else { parse(text) };
        if value.is_none() {
            self.problem(fault);
        }
        value
    }

    fn bank(&mut self, name: &str) -> u32 {
        if let Some(index) = self.banks_known.get(name) {
            return *index;
        }
        let index = index(self.rows.banks.len());
        self.rows.banks.push(name.into());
        self.banks_known.insert(name.into(), index);
        index
    }

    fn facts(&mut self, facts: Facts) -> u32 {
        *self.facts_known.entry(facts).or_insert_with(|| {
            self.rows.facts.push(facts);
            index(self.rows.facts.len() - 1)
        })
    }

    fn problem(&mut self, fault: RowFault) {
        if self.problems.len() < PROBLEMS {
            self.problems.push(LineProblem { line: self.line, fault });
        }
    }

    /// A problem after which the lines that follow mean nothing.
    fn stop(&mut self, fault: RowFault) {
        self.problem(fault);
        self.cut = true;
    }

    fn finish(mut self, path: &Path) -> Result<Rows, TableError> {
        for list in [&mut self.rows.six, &mut self.rows.eight] {
            list.sort_unstable_by_key(|range| (range.low, range.line));
            find_overlaps(list, &mut self.problems);
        }
        if self.problems.is_empty() {
            return Ok(self.rows);
        }
        let more = self.cut || self.problems.len() > PROBLEMS;
        self.problems.truncate(PROBLEMS);
        Err(TableError::Bins { file: path.to_owned(), problems: LineProblems { list: self.problems, more } })
    }
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Rows and names are at most [`BIN_RANGES`].
fn index(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(super::NO_FACTS)
}

fn bank_name(text: &str) -> Option<&str> {
    let fits = text.chars().count() <= BANK_CHARS && !text.chars().any(char::is_control);
    fits.then_some(text)
}

/// Adds a problem for every range that begins inside one before it; the later line of the two is at fault. Stops
/// one past the limit, which tells that there are more.
fn find_overlaps(sorted: &[Range], problems: &mut Vec<LineProblem>) {
    let mut reach: Option<&Range> = None;
    for range in sorted {
        if let Some(reach) = reach.filter(|reach| range.low <= reach.high) {
            let (other, line) = (reach.line.min(range.line), reach.line.max(range.line));
            if problems.len() <= PROBLEMS {
                problems.push(LineProblem { line, fault: RowFault::Overlap(other) });
            }
        }
        if reach.is_none_or(|reach| reach.high < range.high) {
            reach = Some(range);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(limit: usize) -> Result<Rows, TableError> {
        let mut reading = Reading::with_limit(limit);
        reading
            .lines(&b"low,high,bank\n400000,400000,A\n40000000,40000000,A\n400001,400001,B\n"[..])
            .unwrap();
        reading.finish(Path::new("ranges.csv"))
    }

    #[test]
    fn ranges_of_both_lengths_count_against_the_limit() {
        let error = read(2).unwrap_err().to_string();
        assert_eq!(error, "ranges.csv: line 4: more ranges than the limit; there may be more");
        let rows = read(3).unwrap();
        assert_eq!((rows.six.len(), rows.eight.len()), (2, 1));
    }

    #[test]
    fn equal_names_and_facts_are_kept_once() {
        let rows = read(3).unwrap();
        assert_eq!((rows.banks.len(), rows.facts.len()), (2, 2));
        assert_eq!(rows.six[0].facts, rows.eight[0].facts);
        assert_ne!(rows.six[0].facts, rows.six[1].facts);
    }
}
