//! Every answer of a company's dialect is held against the OpenAPI document that its node serves, and recorded when
//! `COFFER_RECORD` names a folder: `cargo xtask contracts` holds the recorded ones against the company's own document.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::Write,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, OnceLock},
};

use coffer_contracts::{Contract, Dialect};
use serde_json::Value;

use super::{Answer, Client};

/// The dialects, and where a node serves the document of each. A node without them fails every test that talks to it.
const DOCUMENTS: [(Dialect, &str); 3] = [
    (Dialect::Rebilly, "/rebilly/openapi.json"),
    (Dialect::Worldpay, "/worldpay/openapi.json"),
    (Dialect::Payroc, "/payroc/openapi.json"),
];

/// The documents of all nodes of this process. An operator's door has none.
static KNOWN: Mutex<BTreeMap<SocketAddr, Vec<Arc<Contract>>>> = Mutex::new(BTreeMap::new());

/// Looks at an answer of a node. Panics when it is not as the node's own document says; a door without documents has
/// nothing of the dialects at all.
pub fn observe(address: SocketAddr, method: &str, path: &str, answer: &Answer) {
    // The document is the measure, and not measured.
    let Some((dialect, document)) = DOCUMENTS
        .into_iter()
        .find(|(dialect, document)| Dialect::of(path) == Some(*dialect) && path != *document)
    else {
        return;
    };
    let known = KNOWN.lock().expect("no panic").get(&address).cloned();
    let contracts = known.unwrap_or_else(|| learn(address));
    let Some(contract) = contracts.iter().find(|contract| contract.dialect() == dialect) else {
        return assert_eq!(answer.status, 404, "{address} serves no {document}: {method} {path}");
    };
    let headers = answer.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let answer = coffer_contracts::Answer::new(method, path, answer.status, headers, &answer.body);
    if let Some(recorder) = recorder() {
        recorder.lock().expect("no panic").keep(&answer);
    }
    let verdict =
        contract.check(&answer).expect("a document that can be used").expect("the dialect's own path");
    assert_eq!(verdict.differences, [], "{method} {path} is not as {document} says");
}

/// Asks the node at this address for its documents; none when it has none. A node that has just become ready is asked
/// at once, so that no test can kill it before, and so that what was at this address before is forgotten.
pub fn learn(address: SocketAddr) -> Vec<Arc<Contract>> {
    let of = |(dialect, path)| fetch(address, path).map(|document| contract(dialect, document));
    let contracts: Vec<_> = DOCUMENTS.into_iter().filter_map(of).collect();
    KNOWN.lock().expect("no panic").insert(address, contracts.clone());
    contracts
}

/// How many documents every node has.
pub fn documents() -> usize {
    DOCUMENTS.len()
}

/// The contract of a document. Nodes that differ in nothing but their servers share one.
fn contract(dialect: Dialect, mut document: Value) -> Arc<Contract> {
    static READ: Mutex<Vec<(Value, Arc<Contract>)>> = Mutex::new(Vec::new());
    document["servers"].take();
    let mut read = READ.lock().expect("no panic");
    let same = read.iter().find(|(other, _)| *other == document).map(|(_, contract)| Arc::clone(contract));
    same.unwrap_or_else(|| {
        let contract = Contract::new(dialect, document.clone());
        let contract = Arc::new(contract.expect("a document that can be used"));
        read.push((document, Arc::clone(&contract)));
        contract
    })
}

/// By a connection of its own and by hand.
fn fetch(address: SocketAddr, path: &str) -> Option<Value> {
    let mut client = Client::new(address);
    client.send(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).expect("a request");
    let answer = client.answer().unwrap_or_else(|| panic!("{address} gives no {path}"));
    if answer.status == 404 {
        return None;
    }
    assert_eq!(answer.status, 200, "{address} does not serve {path}");
    let document = coffer_contracts::read(&answer.text());
    Some(document.unwrap_or_else(|error| panic!("{path} of {address}: {error}")))
}

/// The recorder of this process, when answers are to be recorded.
fn recorder() -> Option<&'static Mutex<Recorder>> {
    static RECORDER: OnceLock<Option<Mutex<Recorder>>> = OnceLock::new();
    let folder = || std::env::var_os("COFFER_RECORD");
    RECORDER.get_or_init(|| folder().map(|folder| Mutex::new(Recorder::new(Path::new(&folder))))).as_ref()
}

/// A file of this process, and the lines that it has already.
struct Recorder {
    file: File,
    kept: BTreeSet<String>,
}

impl Recorder {
    fn new(folder: &Path) -> Self {
        fs::create_dir_all(folder).expect("the folder of COFFER_RECORD");
        // A process whose number comes again adds to the file.
        let path = folder.join(format!("{}.jsonl", std::process::id()));
        let file = File::options().create(true).append(true).open(path).expect("a file to record to");
        Self { file, kept: BTreeSet::new() }
    }

    fn keep(&mut self, answer: &coffer_contracts::Answer) {
        let line = answer.line() + "\n";
        if !self.kept.contains(&line) {
            self.file.write_all(line.as_bytes()).expect("room for a line");
            self.kept.insert(line);
        }
    }
}
