//! What `coffer import-cards` is told, and what its help teaches.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// The exit code of an import that left rows out, or that did not begin because it would have.
pub(crate) const LEFT_OUT: u8 = 3;

/// Shown behind the options by `--help`.
pub(crate) const HELP: &str = "\
The file is encrypted to a key of this machine, which age-keygen makes:

    (umask 077 && age-keygen -o import.key)        prints the recipient, age1...
    age -r age1... -o cards.csv.age cards.csv      where the cards come from

It is CSV with a header line, or JSON: an array of objects, or objects one after the other.

    pan          digits, without spaces
    reference    what the other provider or the merchant calls the card: at most 200 characters, each once in the file
    expiry       MM/YYYY, MM/YY, MMYY or YYYY-MM; or expMonth and expYear
    name         on the card
    line1, line2, city, region, postalCode, country (two capital letters)
    namespace    Worldpay: what tokens are grouped by (else --namespace, else none)
    customer     Rebilly: whose instrument it is (else the reference)

No other column is taken, and never one of verification codes: nobody may keep them (PCI DSS 3.3.1). A field has no line
breaks.

First look what would become of it, then do it, with the same options:

    coffer import-cards --config coffer.toml --organization NAME --into worldpay \\
        --identity import.key --dry-run cards.csv.age
    coffer import-cards --config coffer.toml --organization NAME --into worldpay \\
        --identity import.key cards.csv.age

The map of references and tokens is written beside the file, row by row as cards are durable. An import that was cut off
is begun again with the same command: it goes on where it was, and no card gets a second token.

Exit codes: 0 every row is good, and imported; 1 it could not go on; 2 wrong options; 3 rows have problems: none was
imported, or with --skip-bad all others were.";

/// The options.
#[derive(Args)]
pub(crate) struct Options {
    /// The configuration file of a live vault.
    #[arg(long, required_unless_present = "data", conflicts_with_all = ["data", "store"])]
    pub(crate) config: Option<PathBuf>,
    /// The folder of a sandbox.
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// The database of the sandbox, where it was started with one.
    #[arg(long, value_name = "URL", requires = "data")]
    pub(crate) store: Option<String>,
    /// Whose cards they are: a Rebilly organization, or the name of a Worldpay or Payroc account.
    #[arg(long, value_name = "NAME")]
    pub(crate) organization: String,
    /// Which company's tokens are made.
    #[arg(long, value_enum)]
    pub(crate) into: Dialect,
    /// Worldpay: the namespace of rows that name none. One has at most 16 tokens.
    #[arg(long)]
    pub(crate) namespace: Option<String>,
    /// Payroc: the terminal that the tokens belong to.
    #[arg(long, value_name = "ID")]
    pub(crate) terminal: Option<String>,
    /// The file of the age identity that opens the input; its mode is 0600.
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: PathBuf,
    /// Read and check everything, and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Leave rows with problems out, and import the others.
    #[arg(long)]
    pub(crate) skip_bad: bool,
    /// Where the map of references and tokens is written; beside the input, if nothing is said.
    #[arg(long, value_name = "FILE")]
    pub(crate) map: Option<PathBuf>,
    /// Print the report as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// The cards: CSV or JSON, encrypted with age.
    #[arg(value_name = "INPUT.age")]
    pub(crate) input: PathBuf,
}

/// A company's dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dialect {
    /// Reusable tokens.
    Worldpay,
    /// Secure tokens, whose secureTokenId is the reference.
    Payroc,
    /// Payment instruments of customers.
    Rebilly,
}

impl Dialect {
    pub(crate) fn company(self) -> &'static str {
        match self {
            Self::Worldpay => "Worldpay",
            Self::Payroc => "Payroc",
            Self::Rebilly => "Rebilly",
        }
    }
}

impl Options {
    /// The map's file.
    pub(crate) fn map(&self) -> PathBuf {
        self.map.clone().unwrap_or_else(|| {
            let mut name = self.input.clone().into_os_string();
            name.push(".map.csv");
            name.into()
        })
    }
}
