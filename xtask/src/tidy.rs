//! House rules that neither the compiler nor clippy knows, as plain functions over the files of the repository.

pub(crate) mod card;
mod crates;
mod dialects;
mod invariants;
mod links;
mod logs;
pub(crate) mod manifest;
mod places;
mod sizes;
mod text;

use crate::{Failure, cargo, no_arguments};
use std::collections::BTreeSet;
use std::process::Command;

/// One file of the repository.
pub(crate) struct File {
    /// Relative to the root, with `/` between its parts.
    pub(crate) path: String,
    /// Empty for a binary file, of which only the path is checked.
    pub(crate) text: String,
}

/// All files that git tracks or would track.
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
}

/// One broken rule.
#[derive(Debug, PartialEq)]
pub(crate) struct Problem {
    pub(crate) path: String,
    /// From 1; 0 when the whole file is meant.
    pub(crate) line: usize,
    pub(crate) what: String,
}

/// A check looks at the whole tree and returns everything that it refuses.
type Check = fn(&Tree) -> Vec<Problem>;

/// Every check: its name and its function.
const CHECKS: &[(&str, Check)] = &[
    ("line width", text::line_width),
    ("white space", text::white_space),
    ("leftovers", text::leftovers),
    ("skipped tests", text::skipped_tests),
    ("file length", sizes::file_length),
    ("function length", sizes::function_length),
    ("links", links::relative_links),
    ("dependency comments", manifest::comments),
    ("dependency count", manifest::count),
    ("inherited dependencies", manifest::inherited),
    ("crate arrows", crates::arrows),
    ("SQL", crates::sql),
    ("dialects", dialects::apart),
    ("log messages", logs::messages),
    ("card numbers", card::numbers),
    ("machine paths", places::paths),
    ("registries", places::registries),
    ("invariants", invariants::tested),
];

/// Runs every check and prints every problem.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    no_arguments(arguments)?;
    let tree = Tree::load()?;
    let mut problems = 0;
    for (name, check) in CHECKS {
        for problem in check(&tree) {
            eprintln!("{}:{}: {name}: {}", problem.path, problem.line, problem.what);
            problems += 1;
        }
    }
    if problems > 0 {
        return Err(Failure::because(format!("{problems} problems")));
    }
    println!("tidy: {} checks over {} files, no problem", CHECKS.len(), tree.files.len());
    Ok(())
}

impl Tree {
    /// Reads what `git ls-files` names, untracked files that are not ignored included.
    fn load() -> Result<Self, Failure> {
        let root = cargo::root();
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(&root);
        let output = git.output().map_err(|error| Failure::because(format!("cannot run git: {error}")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Failure::because(format!("git ls-files failed: {said}")));
        }
        let list = String::from_utf8_lossy(&output.stdout).into_owned();
        let paths: BTreeSet<&str> = list.split('\0').filter(|path| !path.is_empty()).collect();
        let mut files = Vec::new();
        for path in paths {
            // A file that was deleted but is still in the index is no file any more.
            let Ok(bytes) = std::fs::read(root.join(path)) else { continue };
            let binary = bytes.contains(&0);
            let text = if binary { String::new() } else { String::from_utf8(bytes).unwrap_or_default() };
            files.push(File { path: path.to_owned(), text });
        }
        if files.is_empty() {
            return Err(Failure::because("git names no files here"));
        }
        Ok(Self { files })
    }

    /// The Rust files.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.with_suffix(".rs")
    }

    /// The files whose path ends with `suffix`.
    pub(crate) fn with_suffix(&self, suffix: &'static str) -> impl Iterator<Item = &File> {
        self.files.iter().filter(move |file| file.path.ends_with(suffix))
    }

    /// The file at exactly this path.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// A tree for a test.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File { path: (*path).to_owned(), text: (*text).to_owned() };
        Self { files: files.iter().map(file).collect() }
    }
}

impl File {
    /// A problem in this file.
    pub(crate) fn problem(&self, line: usize, what: impl Into<String>) -> Problem {
        Problem { path: self.path.clone(), line, what: what.into() }
    }

    /// The lines with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }
}

/// The lines at which a check complains about one file: what most tests of checks want to know.
#[cfg(test)]
pub(crate) fn lines_of(check: Check, path: &str, text: &str) -> Vec<usize> {
    check(&Tree::of(&[(path, text)])).iter().map(|problem| problem.line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_read_and_holds_this_file() {
        let tree = Tree::load().unwrap();
        assert!(tree.file("xtask/src/tidy.rs").unwrap().text.contains("fn load"));
        assert!(tree.file("Cargo.toml").is_some());
        assert!(tree.rust().all(|file| !file.path.starts_with("target/")));
    }

    #[test]
    fn every_check_is_content_with_an_empty_tree() {
        for (name, check) in CHECKS {
            assert_eq!(check(&Tree::of(&[])), [], "{name}");
        }
    }
}
