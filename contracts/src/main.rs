//! `coffer-contracts DOCUMENTS ANSWERS KNOWN`: holds the recorded answers of the folder ANSWERS against each
//! `NAME.openapi.yaml` of the folder DOCUMENTS whose name is a dialect. `KNOWN/NAME.toml` lists the known differences;
//! without the file there are none. `cargo xtask contracts` records the answers and calls this.
//!
//! Exit code 1: a difference that is not known, a known one that was not met, or no answer checked at all. 2: an
//! argument, a file or a document that cannot be used.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a check talks to the person at the terminal")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use coffer_contracts::{Answer, Contract, Dialect, Known, Report, read, read_folder};

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [documents, answers, known] = arguments.as_slice() else {
        eprintln!("coffer-contracts DOCUMENTS ANSWERS KNOWN");
        return ExitCode::from(2);
    };
    match run(documents, answers, known) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(reason) => {
            eprintln!("coffer-contracts: {reason}");
            ExitCode::from(2)
        }
    }
}

/// Whether everything is as the documents say.
fn run(documents: &Path, answers: &Path, known: &Path) -> Result<bool, String> {
    let answers = read_folder(answers).map_err(|error| error.to_string())?;
    let (mut checked, mut good) = (0, true);
    for dialect in Dialect::ALL {
        let path = documents.join(format!("{}.openapi.yaml", dialect.name()));
        if !path.exists() {
            println!("{}: no document {}", dialect.name(), path.display());
            continue;
        }
        let report = report(dialect, &path, &answers, &known.join(format!("{}.toml", dialect.name())))?;
        print!("{}", report.text(dialect.name()));
        checked += report.checked();
        good &= report.is_good();
    }
    if checked == 0 {
        eprintln!("coffer-contracts: no answer was checked");
    } else if !good {
        eprintln!("coffer-contracts: not as the documents say, see above");
    }
    Ok(good && checked > 0)
}

fn report(dialect: Dialect, document: &Path, answers: &[Answer], known: &Path) -> Result<Report, String> {
    let wrong = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = fs::read_to_string(document).map_err(|error| wrong(document, &error))?;
    let contract = read(&text).and_then(|value| Contract::new(dialect, value));
    let contract = contract.map_err(|error| wrong(document, &error))?;
    let list = if known.exists() {
        fs::read_to_string(known).map_err(|error| wrong(known, &error))?
    } else {
        String::new()
    };
    let list = Known::read(&list).map_err(|error| wrong(known, &error))?;
    Report::of(&contract, answers, list).map_err(|error| wrong(document, &error))
}
