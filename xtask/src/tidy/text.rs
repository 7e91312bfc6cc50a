//! What any text file must look like, and words that must not stay behind.

use super::{Problem, Tree};
use crate::source::{Kind, Source, line_of, words};

/// In characters. rustfmt keeps code shorter; this catches what it leaves alone, comments and strings.
const WIDTH_MAX: usize = 120;

/// Rust lines fit a screen.
pub(crate) fn line_width(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.rust() {
        for (number, line) in file.lines() {
            let width = line.chars().count();
            if width > WIDTH_MAX {
                problems.push(file.problem(number, format!("{width} characters, at most {WIDTH_MAX}")));
            }
        }
    }
    problems
}

/// No trailing white space, and every file ends with exactly one line break.
pub(crate) fn white_space(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.files.iter().filter(|file| !file.text.is_empty()) {
        for (number, line) in (1..).zip(file.text.split('\n')) {
            if line.ends_with([' ', '\t', '\r']) {
                problems.push(file.problem(number, "trailing white space"));
            }
        }
        let last = file.text.lines().count();
        if !file.text.ends_with('\n') {
            problems.push(file.problem(last, "no line break at the end"));
        } else if file.text.ends_with("\n\n") {
            problems.push(file.problem(last, "empty line at the end"));
        }
    }
    problems
}

/// Marks of unfinished work, in any file, and the macros that go with them, in Rust.
pub(crate) fn leftovers(tree: &Tree) -> Vec<Problem> {
    // Put together here, so that this file does not accuse itself.
    let marks = [["FIX", "ME"].concat(), ["TO", "DO"].concat(), "X".repeat(3)];
    let macros = [["db", "g"].concat(), ["to", "do"].concat(), ["unimple", "mented"].concat()];
    let mut problems = Vec::new();
    for file in &tree.files {
        for mark in &marks {
            let found = words(&file.text, mark).map(|at| line_of(&file.text, at));
            problems.extend(found.map(|line| file.problem(line, format!("{mark}: do it or open an issue"))));
        }
    }
    for file in tree.rust() {
        let code = Source::new(&file.text).only(Kind::Code);
        for name in &macros {
            let calls = words(&code, name).filter(|at| code[at + name.len()..].starts_with('!'));
            problems.extend(calls.map(|at| file.problem(line_of(&code, at), format!("{name}! left behind"))));
        }
    }
    problems
}

/// Tests that are switched off, examples that are not compiled, and panics that any bug would satisfy.
pub(crate) fn skipped_tests(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.rust() {
        let source = Source::new(&file.text);
        let code = source.only(Kind::Code);
        let mut refuse = |at: usize, what: &str| problems.push(file.problem(line_of(&code, at), what));
        for (at, attribute) in code.match_indices("#[") {
            let name = attribute_name(&code[at + attribute.len()..]);
            match name.as_str() {
                "ignore" => refuse(at, "a test may not be skipped"),
                "should_panic]" => refuse(at, "say which panic is expected"),
                _ => {}
            }
        }
        let comments = source.only(Kind::Comment);
        for (at, fence) in comments.match_indices("```") {
            let words = comments[at + fence.len()..].lines().next().unwrap_or_default();
            if words.split([',', ' ']).any(|word| word == "ignore") {
                refuse(at, "an example must compile");
            }
        }
    }
    problems
}

/// The word after `#[`, with the bracket when the attribute ends right after it.
fn attribute_name(rest: &str) -> String {
    let rest = rest.trim_start();
    let length = rest.bytes().take_while(|byte| crate::source::is_word(*byte)).count();
    let closed = rest[length..].trim_start().starts_with(']');
    match &rest[..length] {
        "should_panic" if closed => "should_panic]".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::lines_of;

    #[test]
    fn a_line_may_be_as_wide_as_the_limit_and_no_wider() {
        let fits = "é".repeat(WIDTH_MAX);
        assert_eq!(lines_of(line_width, "a.rs", &format!("{fits}\n{fits}x\n")), [2]);
        assert!(lines_of(line_width, "a.md", &format!("{fits}x\n")).is_empty());
    }

    #[test]
    fn white_space_ends_neither_a_line_nor_a_file() {
        assert!(lines_of(white_space, "a", "a\n\n b\n").is_empty());
        assert!(lines_of(white_space, "empty", "").is_empty());
        assert_eq!(lines_of(white_space, "a", "a\nb \nc\t\nd\r\n"), [2, 3, 4]);
        assert_eq!(lines_of(white_space, "a", "a\nb"), [2]);
        assert_eq!(lines_of(white_space, "a", "a\n\n"), [2]);
    }

    #[test]
    fn marks_of_unfinished_work_are_found_as_whole_words() {
        let bad = format!("a\n# {}{}: b\n{}\n", "FIX", "ME", "X".repeat(3));
        assert_eq!(lines_of(leftovers, "a.sh", &bad), [2, 3]);
        assert!(lines_of(leftovers, "a.sh", &format!("m{0}\n{0}X\nTODAY\n", "X".repeat(3))).is_empty());
    }

    #[test]
    fn leftover_macros_are_found_in_code_alone() {
        let call = ["to", "do", "!()"].concat();
        assert_eq!(lines_of(leftovers, "a.rs", &format!("fn a() {{\n    {call}\n}}\n")), [2]);
        assert!(lines_of(leftovers, "a.rs", &format!("// {call}\nlet a = \"{call}\";\n")).is_empty());
    }

    #[test]
    fn skipped_tests_and_vague_panics_are_refused() {
        assert_eq!(lines_of(skipped_tests, "a.rs", "#[test]\n#[ignore]\n#[ignore = \"slow\"]\n"), [2, 3]);
        assert_eq!(lines_of(skipped_tests, "a.rs", "#[should_panic]\n#[ should_panic ]\n"), [1, 2]);
        assert!(
            lines_of(skipped_tests, "a.rs", "#[should_panic(expected = \"x\")]\n// #[ignore]\n").is_empty()
        );
        assert_eq!(lines_of(skipped_tests, "a.rs", "/// ```ignore\n/// ```\n/// ```text\n"), [1]);
    }
}
