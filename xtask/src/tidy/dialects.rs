//! A dialect never imports another: what two share lives outside both.

use super::{Problem, Tree};
use crate::source::{Kind, Source, line_of, words};
use std::collections::BTreeSet;

/// The dialect that a file belongs to: the name after `dialects/`, of a folder or of a file.
fn dialect(path: &str) -> Option<&str> {
    let (_, inside) = path.split_once("/dialects/")?;
    let name = inside.split('/').next()?.trim_end_matches(".rs");
    (name != "mod").then_some(name)
}

/// No file of a dialect names another dialect in a path.
pub(crate) fn apart(tree: &Tree) -> Vec<Problem> {
    let known: BTreeSet<&str> = tree.rust().filter_map(|file| dialect(&file.path)).collect();
    let mut problems = Vec::new();
    for file in tree.rust() {
        let Some(own) = dialect(&file.path) else { continue };
        let code = Source::new(&file.text).only(Kind::Code);
        for other in known.iter().filter(|other| **other != own) {
            for at in words(&code, other).filter(|at| imports(&code[..*at])) {
                problems.push(file.problem(line_of(&code, at), format!("{own} imports {other}")));
            }
        }
    }
    problems
}

/// Whether the text before a name makes it the name of a dialect's module: `dialects::`, `super::` or one of
/// them with an open brace, `dialects::{a, `.
fn imports(before: &str) -> bool {
    let statement = before.rsplit([';', '}']).next().unwrap_or_default();
    let path = statement.rfind('{').filter(|at| statement[..*at].trim_end().ends_with("::"));
    let path = path.map_or(statement, |at| &statement[..at]).trim_end();
    path.ends_with("dialects::") || path.ends_with("super::")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let other = ("crates/coffer-http/src/dialects/rebilly/mod.rs", "");
        let tree = Tree::of(&[other, ("crates/coffer-http/src/dialects/native/tokens.rs", text)]);
        apart(&tree).iter().map(|problem| problem.line).collect()
    }

    #[test]
    fn imports_of_another_dialect_are_found() {
        assert_eq!(lines("use crate::dialects::rebilly::wire;\n"), [1]);
        assert_eq!(lines("use super::super::rebilly;\n"), [1]);
        assert_eq!(lines("use crate::dialects::{native, rebilly};\n"), [1]);
        assert_eq!(lines("fn a() {\n    dialects::rebilly::wire::b();\n}\n"), [2]);
    }

    #[test]
    fn a_dialect_may_name_itself_and_mention_others() {
        assert_eq!(lines("use crate::dialects::native::wire;\nuse super::wire;\n"), []);
        assert_eq!(
            lines("// unlike dialects::rebilly\nlet a = \"dialects::rebilly\";\nlet rebilly = 1;\n"),
            []
        );
    }

    #[test]
    fn the_parent_knows_them_all() {
        let path = "crates/coffer-http/src/dialects/mod.rs";
        assert_eq!(dialect(path), None);
        assert_eq!(dialect("crates/coffer-http/src/dialects/payroc.rs"), Some("payroc"));
        assert_eq!(dialect("crates/coffer-http/src/lib.rs"), None);
    }
}
