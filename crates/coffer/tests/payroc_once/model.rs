//! The dialect's acts on plain values: what a merchant's tokens must be after any history.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::asked::FIRST;

/// A single-use token.
#[derive(Clone, Debug)]
pub(crate) struct Single {
    pub(crate) token: String,
    /// What a secure token of it shows as its source.
    pub(crate) source: Value,
    /// Seconds of the model's clock at which it ends.
    pub(crate) ends: u64,
    pub(crate) used: bool,
}

/// A secure token.
#[derive(Clone, Debug)]
pub(crate) struct Secure {
    pub(crate) digits: String,
    pub(crate) source: Value,
    pub(crate) agreement: Option<&'static str>,
    pub(crate) fields: Vec<(String, String)>,
}

/// What must be done, and answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Carried out, with this status.
    Done(u16),
    /// Refused: status and fragment.
    Refused(u16, &'static str),
}

/// A merchant's terminal.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) now: u64,
    pub(crate) singles: Vec<Single>,
    /// None: deleted, and its id is burned.
    pub(crate) secures: BTreeMap<String, Option<Secure>>,
    /// Ids in the order in which they were made.
    pub(crate) order: Vec<String>,
}

impl Model {
    pub(crate) fn is_live(&self, at: usize) -> bool {
        self.singles.get(at).is_some_and(|single| !single.used && self.now < single.ends)
    }

    /// Makes a secure token of a source. `id`: as the merchant wants it.
    pub(crate) fn create(&self, id: &str, of: Option<usize>) -> Verdict {
        if of.is_some_and(|at| !self.is_live(at)) {
            return Verdict::Refused(400, "bad-request");
        }
        if self.secures.contains_key(id) {
            return Verdict::Refused(409, "resource-already-exists");
        }
        Verdict::Done(201)
    }

    pub(crate) fn created(&mut self, id: &str, digits: String, source: Value) {
        let secure =
            Secure { digits, source, agreement: None, fields: vec![(FIRST.to_owned(), "there".to_owned())] };
        self.secures.insert(id.to_owned(), Some(secure));
        self.order.push(id.to_owned());
    }

    pub(crate) fn secure(&self, id: &str) -> Option<&Secure> {
        self.secures.get(id)?.as_ref()
    }

    pub(crate) fn secure_mut(&mut self, id: &str) -> Option<&mut Secure> {
        self.secures.get_mut(id)?.as_mut()
    }

    /// Puts what a single-use token has in place of what a secure token has.
    pub(crate) fn update_account(&self, id: &str, of: usize) -> Verdict {
        match (self.secure(id), self.is_live(of)) {
            (None, _) => Verdict::Refused(404, "not-found"),
            (_, false) => Verdict::Refused(400, "bad-request"),
            _ => Verdict::Done(200),
        }
    }

    pub(crate) fn patch(&self, id: &str, patch: &Patch) -> Verdict {
        let Some(secure) = self.secure(id) else { return Verdict::Refused(404, "not-found") };
        let is_wrong = match patch {
            Patch::Field(..) => secure.fields.len() >= 50,
            // Where there is none, there is nothing to compare with.
            Patch::Remove => secure.agreement.is_none(),
            Patch::Half(_) => true,
            Patch::Agree(_) | Patch::Name(_) | Patch::Test(_) => false,
        };
        match patch {
            _ if is_wrong => Verdict::Refused(400, "bad-request"),
            Patch::Test(agreement) if secure.agreement != Some(agreement) => {
                Verdict::Refused(409, "cannot-be-modified")
            }
            _ => Verdict::Done(200),
        }
    }

    pub(crate) fn patched(&mut self, id: &str, patch: &Patch) {
        let secure = self.secure_mut(id).expect("it is there");
        match patch {
            Patch::Field(name, value) => secure.fields.push((name.clone(), value.clone())),
            Patch::Agree(agreement) => secure.agreement = Some(agreement),
            Patch::Name(name) => {
                let member = if secure.source["type"] == "card" { "cardholderName" } else { "nameOnAccount" };
                secure.source[member] = json!(name);
            }
            Patch::Remove => secure.agreement = None,
            Patch::Test(_) | Patch::Half(_) => {}
        }
    }

    /// The resource as every answer shows it.
    pub(crate) fn resource(&self, id: &str, terminal: &str) -> Value {
        let secure = self.secure(id).expect("it is there");
        let mut resource = json!({
            "secureTokenId": id, "processingTerminalId": terminal, "source": secure.source,
            "token": secure.digits, "status": "notValidated",
        });
        if let Some(agreement) = secure.agreement {
            resource["mitAgreement"] = json!(agreement);
        }
        if !secure.fields.is_empty() {
            let field = |(name, value): &(String, String)| json!({"name": name, "value": value});
            resource["customFields"] = secure.fields.iter().map(field).collect();
        }
        resource
    }
}

/// A patch of a secure token.
#[derive(Clone, Debug)]
pub(crate) enum Patch {
    /// Adds a custom field.
    Field(String, String),
    /// Sets the agreement.
    Agree(&'static str),
    /// Another name of the holder.
    Name(String),
    /// Takes the agreement away.
    Remove,
    /// Asks whether the agreement is this.
    Test(&'static str),
    /// Adds a custom field, and then does what may not be done: nothing of it is.
    Half(String),
}

impl Patch {
    pub(crate) fn body(&self, source: &Value) -> Value {
        let add = |name: &str, value: &str| {
            let field = json!({ "name": name, "value": value });
            json!({ "op": "add", "path": "/customFields/-", "value": field })
        };
        match self {
            Self::Field(name, value) => json!([add(name, value)]),
            Self::Agree(agreement) => json!([{"op": "add", "path": "/mitAgreement", "value": agreement}]),
            Self::Name(name) => {
                let member = if source["type"] == "card" { "cardholderName" } else { "nameOnAccount" };
                json!([{"op": "replace", "path": format!("/source/{member}"), "value": name}])
            }
            Self::Remove => json!([{"op": "remove", "path": "/mitAgreement"}]),
            Self::Test(agreement) => json!([{"op": "test", "path": "/mitAgreement", "value": agreement}]),
            Self::Half(name) => {
                json!([add(name, "half"), {"op": "replace", "path": "/status", "value": "cvvValidated"}])
            }
        }
    }
}
