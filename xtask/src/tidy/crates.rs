//! What a crate may depend on and hold.

use super::manifest::{entries, members};
use super::{Problem, Tree};
use crate::source::{Kind, Source, line_of};

/// Our crates from the bottom up. A crate may depend only on crates of a lower row.
const LAYERS: &[&[&str]] = &[
    &["coffer-types"],
    &["coffer-crypto", "coffer-tables"],
    &["coffer-core"],
    &["coffer-store-sqlite", "coffer-store-postgres", "coffer-export", "coffer-http"],
    &["coffer"],
];

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&name))
}

/// The arrows between our crates point down. What only tests need may point anywhere.
pub(crate) fn arrows(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in members(tree).filter(|file| file.path.starts_with("crates/")) {
        let name = file.path.split('/').nth(1).unwrap_or_default();
        let Some(own) = layer(name) else {
            problems.push(file.problem(0, format!("{name} has no layer yet: give it one in xtask")));
            continue;
        };
        for entry in entries(&file.text) {
            let ours = entry.name == "coffer" || entry.name.starts_with("coffer-");
            let tests_only = entry.table.contains("dev-dependencies");
            if ours && !tests_only && layer(&entry.name).is_none_or(|other| other >= own) {
                problems.push(file.problem(0, format!("{name} may not depend on {}", entry.name)));
            }
        }
    }
    problems
}

/// SQL is found in the store crates only.
pub(crate) fn sql(tree: &Tree) -> Vec<Problem> {
    let words = [["SEL", "ECT "].concat(), ["INSERT", " INTO"].concat()];
    let mut problems = Vec::new();
    for file in tree.rust().filter(|file| file.path.starts_with("crates/") && file.path.contains("/src/")) {
        if file.path.starts_with("crates/coffer-store-") {
            continue;
        }
        let literals = Source::new(&file.text).only(Kind::Literal);
        for word in &words {
            let found = literals.match_indices(word.as_str()).map(|(at, _)| line_of(&literals, at));
            problems.extend(found.map(|line| file.problem(line, "SQL outside a store")));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::lines_of;

    fn refused(name: &str, table: &str, dependency: &str) -> bool {
        let manifest = format!("[package]\nname = \"{name}\"\n[{table}]\n{dependency}.workspace = true\n");
        !lines_of(arrows, &format!("crates/{name}/Cargo.toml"), &manifest).is_empty()
    }

    #[test]
    fn arrows_down_pass() {
        assert!(!refused("coffer-crypto", "dependencies", "coffer-types"));
        assert!(!refused("coffer-http", "dependencies", "coffer-core"));
        assert!(!refused("coffer", "dependencies", "coffer-store-sqlite"));
        assert!(!refused("coffer-types", "dependencies", "serde"));
        assert!(!refused("coffer-http", "dev-dependencies", "coffer-store-sqlite"));
    }

    #[test]
    fn arrows_up_sideways_and_to_nowhere_are_refused() {
        assert!(refused("coffer-types", "dependencies", "coffer-crypto"));
        assert!(refused("coffer-core", "build-dependencies", "coffer-http"));
        assert!(refused("coffer-http", "dependencies", "coffer-store-sqlite"));
        assert!(refused("coffer-store-sqlite", "target.'cfg(unix)'.dependencies", "coffer-http"));
        assert!(refused("coffer-core", "dependencies", "coffer-unheard-of"));
        assert!(refused("coffer-unheard-of", "dependencies", "serde"));
    }

    #[test]
    fn sql_belongs_to_the_stores() {
        let text =
            format!("// {0}* in a comment\nlet a = 1;\nlet q = \"{0}a FROM b\";\n", ["SEL", "ECT "].concat());
        assert_eq!(lines_of(sql, "crates/coffer-core/src/a.rs", &text), [3]);
        assert!(lines_of(sql, "crates/coffer-store-sqlite/src/a.rs", &text).is_empty());
        assert!(lines_of(sql, "crates/coffer-core/tests/a.rs", &text).is_empty());
    }
}
