//! Where the nodes under test keep what they keep: in their folders, or, when `COFFER_TEST_STORE` is `postgres`, each
//! in a database of its own of a server that this process starts.
//!
//! A node belongs to a folder, and so does its database: whoever starts again in the same folder finds it again.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, OnceLock},
};

use coffer_core::store::Store;
use coffer_postgres_fixture::shared;
use coffer_store_postgres::{Address, Options, PasswordInAddress, PostgresStore};

/// Names the store: `sqlite`, also when it is not set, or `postgres`.
const VARIABLE: &str = "COFFER_TEST_STORE";

/// Whether the nodes keep their rows on a PostgreSQL server.
pub fn is_postgres() -> bool {
    static CHOSEN: OnceLock<bool> = OnceLock::new();
    *CHOSEN.get_or_init(|| match std::env::var_os(VARIABLE) {
        None => false,
        Some(name) if name == "sqlite" => false,
        Some(name) if name == "postgres" => true,
        Some(name) => panic!("{VARIABLE} is {}, and neither sqlite nor postgres", name.display()),
    })
}

/// The database of the nodes of a folder, made when it is first asked for; none when they keep files.
pub fn url(folder: &Path) -> Option<String> {
    static DATABASES: Mutex<BTreeMap<PathBuf, String>> = Mutex::new(BTreeMap::new());
    is_postgres().then(|| {
        let mut databases = DATABASES.lock().expect("no panic");
        databases.entry(folder.to_owned()).or_insert_with(|| shared().database()).clone()
    })
}

/// The options by which a sandbox of this folder is started.
pub fn options(folder: &Path) -> Vec<String> {
    url(folder).map(|url| vec!["--store".to_owned(), url]).unwrap_or_default()
}

/// `coffer sandbox-jwt` for the sandbox of this folder.
pub fn sandbox_jwt(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
    command.arg("sandbox-jwt").args(options(folder)).arg("--data").arg(folder);
    command
}

/// The line of a configuration that says where a live node of this folder keeps everything. A database has its tables
/// then.
pub fn line(folder: &Path) -> String {
    let database = url(folder).map(|url| line_of(&url));
    database.unwrap_or_else(|| format!("data = \"{}/data\"\n", folder.display()))
}

/// The same of nodes that share this database.
pub fn line_of(url: &str) -> String {
    PostgresStore::migrate(&options_of(url, "live")).expect("tables");
    format!("store = \"{url}\"\n")
}

fn options_of(url: &str, environment: &'static str) -> Options {
    let address = Address::parse(url, None, None, PasswordInAddress::Refused).expect("an address");
    Options::new(address, environment)
}

/// Opens the database of a node that has ended, to read in it. The one place of the tests that opens it.
pub fn open(url: &str, environment: &'static str) -> Box<dyn Store> {
    Box::new(PostgresStore::open(&options_of(url, environment)).expect("a store that opens"))
}

/// Whether these bytes lie in what the nodes of a folder keep: in its files, or in a row of its database.
pub fn holds(folder: &Path, wanted: &[u8]) -> bool {
    assert!(wanted.len() >= 16, "a few bytes may lie anywhere by chance");
    let lies_in =
        |content: &[u8], wanted: &[u8]| content.windows(wanted.len()).any(|window| window == wanted);
    let in_rows = || {
        let hex = data_encoding::HEXLOWER.encode(wanted);
        rows(folder).is_some_and(|rows| lies_in(&rows, wanted) || lies_in(&rows, hex.as_bytes()))
    };
    super::files(folder).iter().any(|file| lies_in(&super::bytes(file), wanted)) || in_rows()
}

/// Every row of the database of a folder, as text: bytes are hexadecimal digits. None when it keeps files.
pub fn rows(folder: &Path) -> Option<Vec<u8>> {
    let url = url(folder)?;
    Some(shared().rows(&url).into_bytes())
}

/// The files of a server that hold something of the database of a folder: its pages, what was written ahead, and the
/// server's log. None when the nodes keep files of their own.
pub fn server_files(folder: &Path) -> Vec<PathBuf> {
    let Some(url) = url(folder) else { return Vec::new() };
    let (_, name) = url.rsplit_once('/').expect("the URL of a database");
    let number = shared().sql(name, "SELECT oid FROM pg_database WHERE datname = current_database()");
    let data = shared().folder().join("data");
    let mut files = super::files(&data.join("base").join(number));
    files.extend(super::files(&data.join("pg_wal")));
    files.push(shared().folder().join("log"));
    files
}
