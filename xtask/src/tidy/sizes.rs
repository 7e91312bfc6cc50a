//! Files that read in one sitting and functions that fit a screen.

use super::{Problem, Tree};
use crate::source::{Kind, Source, line_of, words};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// No Rust file is longer than [`FILE_LINES_MAX`].
pub(crate) fn file_length(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.rust() {
        let lines = file.text.lines().count();
        if lines > FILE_LINES_MAX {
            problems.push(file.problem(0, format!("{lines} lines, at most {FILE_LINES_MAX}: split it")));
        }
    }
    problems
}

/// No function is longer than [`FUNCTION_LINES_MAX`], from the line of its `fn` to its closing brace.
pub(crate) fn function_length(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.rust() {
        let code = Source::new(&file.text).only(Kind::Code);
        for (name, first, last) in functions(&code) {
            let lines = last - first + 1;
            if lines > FUNCTION_LINES_MAX {
                let what = format!("fn {name} has {lines} lines, at most {FUNCTION_LINES_MAX}");
                problems.push(file.problem(first, what));
            }
        }
    }
    problems
}

/// The name, first and last line of every function that has a body.
fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for at in words(code, "fn") {
        let rest = code[at + 2..].trim_start();
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        // `fn(u8) -> u8` is a type.
        if name.is_empty() {
            continue;
        }
        if let Some(end) = body_end(code, at) {
            found.push((name, line_of(code, at), line_of(code, end)));
        }
    }
    found
}

/// The closing brace of the function whose `fn` is at `start`; nothing for a declaration without a body.
fn body_end(code: &str, start: usize) -> Option<usize> {
    let mut parentheses = 0_i32;
    let mut braces = 0_i32;
    for (offset, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'(' | b'[' => parentheses += 1,
            b')' | b']' => parentheses -= 1,
            b';' if parentheses == 0 && braces == 0 => return None,
            b'{' => braces += 1,
            b'}' => {
                braces -= 1;
                if braces <= 0 {
                    return Some(offset);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::lines_of;

    fn function(lines: usize) -> String {
        format!("fn a() {{\n{}}}\n", "    b();\n".repeat(lines - 2))
    }

    #[test]
    fn files_up_to_the_limit_pass() {
        assert!(lines_of(file_length, "a.rs", &"a\n".repeat(FILE_LINES_MAX)).is_empty());
        assert_eq!(lines_of(file_length, "a.rs", &"a\n".repeat(FILE_LINES_MAX + 1)), [0]);
        assert!(lines_of(file_length, "a.md", &"a\n".repeat(FILE_LINES_MAX + 1)).is_empty());
    }

    #[test]
    fn functions_up_to_the_limit_pass() {
        let text = format!("\n{}{}", function(FUNCTION_LINES_MAX), function(FUNCTION_LINES_MAX + 1));
        assert_eq!(lines_of(function_length, "a.rs", &text), [2 + FUNCTION_LINES_MAX]);
    }

    #[test]
    fn bodies_are_found_behind_any_signature() {
        let text = "trait A { fn declared(x: [u8; 3]); fn with(self) -> [u8; 2] {\n\n} }\ntype F = fn(u8) -> u8;\n\
                    const fn c<const N: usize>(f: impl Fn(u8) -> u8) where F: A { f({ 1 }); }";
        let found = functions(text);
        assert_eq!(found, [("with".to_owned(), 1, 3), ("c".to_owned(), 5, 5)]);
    }

    #[test]
    fn braces_in_strings_and_comments_do_not_count() {
        let text = format!("fn a() {{ let b = \"{{\"; /* {{ */ }}\n{}", "// c\n".repeat(100));
        assert!(lines_of(function_length, "a.rs", &text).is_empty());
    }
}
