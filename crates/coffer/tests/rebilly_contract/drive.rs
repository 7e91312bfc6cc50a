//! Calls by operation, and what was seen of each.

use std::{collections::BTreeSet, net::SocketAddr, path::Path, process::Command};

use serde_json::Value;

use crate::support::{Answer, Client, Node, PUBLISHABLE, SECRET};

/// Operations as `POST /tokens`, each with a status.
pub(crate) type Seen = BTreeSet<(String, u16)>;

/// One operation of the served document.
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names of security schemes.
    pub(crate) may: Vec<String>,
    pub(crate) statuses: Vec<u16>,
    pub(crate) has_body: bool,
}

impl Operation {
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Somebody who may: a secret key or, where it may not, a customer.
    pub(crate) fn by(&self) -> By {
        if self.may.iter().any(|scheme| scheme == "SecretApiKey") { By::Secret } else { By::Customer }
    }
}

/// All operations that a node says it has.
pub(crate) fn operations(node: &Node) -> Vec<Operation> {
    let document = node.client().call("GET", "/rebilly/openapi.json", &[], b"").json();
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let names = |value: &Value| -> Vec<String> {
                value.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
            };
            found.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                may: operation["security"].as_array().expect("schemes").iter().flat_map(names).collect(),
                statuses: names(&operation["responses"])
                    .iter()
                    .map(|name| name.parse().expect("a status"))
                    .collect(),
                has_body: operation["requestBody"].is_object(),
            });
        }
    }
    assert_eq!(found.len(), 16, "operations");
    found
}

/// Who calls.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum By {
    Nobody,
    Secret,
    Publishable,
    Jwt,
    Customer,
}

/// A connection to a node, and everything that was seen on it.
pub(crate) struct Drive {
    address: SocketAddr,
    client: Client,
    pub(crate) seen: Seen,
    jwt: String,
    pub(crate) customer_jwt: String,
}

/// Whose JWT the drive has.
pub(crate) const CUSTOMER: &str = "cus_contract";

impl Drive {
    pub(crate) fn new(node: &Node, folder: &Path) -> Self {
        Self {
            address: node.clients,
            client: node.client(),
            seen: Seen::new(),
            jwt: jwt(folder, &[]),
            customer_jwt: jwt(folder, &["--customer", CUSTOMER]),
        }
    }

    /// Calls an operation by its path as the document has it; `id` stands for the part that varies.
    pub(crate) fn call(&mut self, by: By, operation: &str, id: &str, body: &[u8]) -> Answer {
        self.ask(by, operation, id, "", body)
    }

    /// The same, with JSON.
    pub(crate) fn send(&mut self, by: By, operation: &str, id: &str, body: &Value) -> Answer {
        self.call(by, operation, id, body.to_string().as_bytes())
    }

    /// The same, with a query.
    pub(crate) fn ask(&mut self, by: By, operation: &str, id: &str, query: &str, body: &[u8]) -> Answer {
        let (method, path) = target(operation, id);
        let header = self.shown(by);
        let header = header.as_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = self.client.call(method, &format!("{path}{query}"), header.as_slice(), body);
        self.seen.insert((operation.to_owned(), answer.status));
        answer
    }

    /// The same, with a body that is announced to be so long, and never comes.
    pub(crate) fn announce(&mut self, by: By, operation: &str, id: &str, bytes: usize) -> Answer {
        let (method, path) = target(operation, id);
        let header = self.shown(by);
        let header = header.as_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = Client::new(self.address).announce(method, &path, header.as_slice(), bytes);
        let answer = answer.expect("an answer");
        self.seen.insert((operation.to_owned(), answer.status));
        answer
    }

    fn shown(&self, by: By) -> Option<(&'static str, String)> {
        let own = |(name, value): (&'static str, &str)| Some((name, value.to_owned()));
        match by {
            By::Nobody => None,
            By::Secret => own(SECRET),
            By::Publishable => own(PUBLISHABLE),
            By::Jwt => own(("Authorization", &format!("Bearer {}", self.jwt))),
            By::Customer => own(("Authorization", &format!("Bearer {}", self.customer_jwt))),
        }
    }

    /// Somebody who may call the operation, calls it.
    pub(crate) fn by_whom_it_may(&mut self, operation: &Operation, id: &str, body: &[u8]) -> Answer {
        self.call(operation.by(), &operation.name(), id, body)
    }
}

/// Method and path of a call.
fn target<'o>(operation: &'o str, id: &str) -> (&'o str, String) {
    let (method, path) = operation.split_once(' ').expect("a method and a path");
    (method, format!("/rebilly{}", path.replace("{token}", id).replace("{id}", id)))
}

/// What the command prints.
fn jwt(folder: &Path, more: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
    let output =
        command.args(["sandbox-jwt", "--data"]).arg(folder).args(more).output().expect("the command runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}
