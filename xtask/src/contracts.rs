//! Holds what the tests of the dialects see against the OpenAPI documents of the companies, which are not ours to hand
//! out: a folder of them is an argument.

use crate::{Failure, cargo};
use std::fs;
use std::path::{Path, PathBuf};

/// The tests of the crate `coffer` that record their answers. None in which chance decides what is answered: a
/// difference that is known must be met in every run.
const TESTS: &[&str] = &[
    "rebilly",
    "rebilly_contract",
    "worldpay",
    "worldpay_contract",
    "payroc",
    "payroc_contract",
    "payroc_forward",
    "payroc_sdk",
];

/// Where the answers go, below the target folder. Emptied first.
const ANSWERS: &str = "contracts/answers";

/// Records the answers of the tests, which send the documents' own examples as well, then lets `coffer-contracts` judge
/// them by each `NAME.openapi.yaml` of a folder.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let documents = documents(arguments)?;
    let answers = target().join(ANSWERS);
    let unable = |what: &str| Failure::because(format!("cannot {what} {}", answers.display()));
    if answers.exists() {
        fs::remove_dir_all(&answers).map_err(|_| unable("empty"))?;
    }
    fs::create_dir_all(&answers).map_err(|_| unable("make"))?;

    let mut tests = cargo::cargo();
    tests.args(["test", "--quiet", "--locked", "--package", "coffer"]);
    for test in TESTS {
        tests.args(["--test", test]);
    }
    cargo::succeed(tests.env("COFFER_RECORD", &answers).env("COFFER_EXAMPLES", &documents))?;

    let mut judge = cargo::cargo();
    judge.args(["run", "--quiet", "--locked", "--package", "coffer-contracts", "--"]);
    judge.arg(documents).arg(&answers).arg("contracts/known");
    if cargo::status(&mut judge)?.success() { Ok(()) } else { Err(Failure::Said) }
}

/// The one argument, as a folder that is found from the root as well.
fn documents(arguments: &[String]) -> Result<PathBuf, Failure> {
    let [folder] = arguments else {
        return Err(Failure::because("one argument: the folder with the companies' OpenAPI documents"));
    };
    let found = Path::new(folder).canonicalize().ok().filter(|path| path.is_dir());
    found.ok_or_else(|| Failure::because(format!("there is no folder {folder}")))
}

/// Cargo's target folder.
fn target() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    // Cargo takes a relative one from where it was started, and this task starts cargo at the root.
    cargo::root().join(named.unwrap_or_else(|| "target".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_folder_that_exists_is_asked_for() {
        let here = env!("CARGO_MANIFEST_DIR").to_owned();
        assert!(documents(std::slice::from_ref(&here)).unwrap().is_absolute());
        let manifest = format!("{here}/Cargo.toml");
        for bad in [vec![], vec![manifest], vec![format!("{here}/nowhere")], vec![here.clone(), here]] {
            assert!(documents(&bad).is_err(), "{bad:?}");
        }
    }
}
