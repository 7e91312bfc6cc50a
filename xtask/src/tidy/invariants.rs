//! Every promise of `docs/INVARIANTS.md` has a check in the product and a test that exists.

use super::{Problem, Tree};
use crate::source::{Kind, Source, is_word, words};
use std::collections::BTreeSet;

const PAGE: &str = "docs/INVARIANTS.md";

/// Where the columns of the current table are.
#[derive(Clone, Copy)]
struct Columns {
    check: usize,
    test: usize,
}

/// Each row of a table with the columns "check" and "test" has a number of its own, a check, and a test whose
/// functions, named in backticks, exist.
pub(crate) fn tested(tree: &Tree) -> Vec<Problem> {
    let Some(page) = tree.file(PAGE) else { return Vec::new() };
    let mut problems = Vec::new();
    let mut columns = None;
    let mut numbers = BTreeSet::new();
    let functions = functions(tree);
    for (line, text) in page.lines() {
        let cells = cells(text);
        if cells.is_empty() {
            columns = None;
        } else if let Some(header) = header(&cells) {
            columns = Some(header);
        } else if let (Some(columns), Some(number)) = (columns, number(cells[0])) {
            if !numbers.insert(number) {
                problems.push(page.problem(line, format!("number {number} stands twice")));
            }
            let complaints = complaints(&cells, columns, &functions);
            problems.extend(complaints.into_iter().map(|what| page.problem(line, what)));
        }
    }
    if numbers.is_empty() {
        problems.push(page.problem(0, "no table with the columns number, check and test"));
    }
    problems
}

/// What is wrong with one row.
fn complaints(cells: &[&str], columns: Columns, functions: &BTreeSet<String>) -> Vec<String> {
    let cell = |column: usize| cells.get(column).copied().unwrap_or_default();
    let mut found = Vec::new();
    if cell(columns.check).chars().filter(|c| c.is_alphanumeric()).count() == 0 {
        found.push("no check".to_owned());
    }
    let tests = names(cell(columns.test));
    if tests.is_empty() {
        found.push("no test".to_owned());
    }
    let missing = tests.iter().filter(|test| !functions.contains(**test));
    found.extend(missing.map(|test| format!("there is no test function {test}")));
    found
}

/// The cells of a table row; nothing for any other line.
fn cells(line: &str) -> Vec<&str> {
    let inside = line.trim().strip_prefix('|').and_then(|rest| rest.strip_suffix('|'));
    inside.map(|inside| inside.split('|').map(str::trim).collect()).unwrap_or_default()
}

fn header(cells: &[&str]) -> Option<Columns> {
    let column = |word: &str| cells.iter().position(|cell| cell.to_lowercase().contains(word));
    // The header's first cell holds no digits, the cells of a row may hold any word.
    let (check, test) = (column("check")?, column("test")?);
    (number(cells[0]).is_none() && check != test).then_some(Columns { check, test })
}

/// The number of a row: the digits of its first cell, as in `7`, `I-7` or `**7**`.
fn number(cell: &str) -> Option<u32> {
    let digits: String = cell.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The last parts of the paths in backticks: `a::b::name` gives `name`. Words that are no path are left out.
fn names(cell: &str) -> Vec<&str> {
    let quoted = cell.split('`').skip(1).step_by(2);
    let last = quoted.filter_map(|path| path.trim().trim_end_matches("()").rsplit("::").next());
    last.filter(|name| !name.is_empty() && name.bytes().all(is_word)).collect()
}

/// The names of all functions in the repository.
fn functions(tree: &Tree) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in tree.rust() {
        let code = Source::new(&file.text).only(Kind::Code);
        let names = words(&code, "fn").map(|at| code[at + 2..].trim_start());
        found.extend(
            names.map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# Invariants\n\n| no. | what | check | test |\n| --- | --- | --- | --- |\n";

    fn problems(rows: &str) -> Vec<(usize, String)> {
        let page = format!("{HEAD}{rows}");
        let tree =
            Tree::of(&[(PAGE, &page), ("crates/x/src/a.rs", "fn once() {}\n// fn never()\nfn twice() {}\n")]);
        tested(&tree).into_iter().map(|problem| (problem.line, problem.what)).collect()
    }

    fn lines(rows: &str) -> Vec<usize> {
        problems(rows).into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn rows_with_a_check_and_tests_that_exist_pass() {
        assert_eq!(
            problems("| 1 | a | type `A` | `x::a::once`, `twice()` |\n| I-2 | check b | c | `once` |\n"),
            []
        );
    }

    #[test]
    fn rows_without_them_are_found() {
        assert_eq!(lines("| 1 | a | | `once` |\n"), [5]);
        assert_eq!(lines("| 1 | a | b | |\n| 2 | a | b | once |\n"), [5, 6]);
        assert_eq!(lines("| 1 | a | b | `x::never` |\n"), [5]);
        assert_eq!(lines("| 1 | a | b | `once`, `nowhere` |\n"), [5]);
        assert_eq!(lines("| 1 | a | b |\n"), [5]);
        assert_eq!(lines("| 1 | a | b | `once` |\n| 1 | a | b | `once` |\n"), [6]);
    }

    #[test]
    fn a_page_without_rows_is_no_page_and_no_page_is_fine() {
        assert_eq!(lines(""), [0]);
        assert_eq!(tested(&Tree::of(&[("README.md", "")])), []);
    }
}
