//! The ceremony: custodians bring the root, and where it changes take shares of the next one.
//!
//! The shares of the root before are void when the command has said so, and not a moment earlier: until the custodians
//! have brought the new ones once, nothing has changed.

use std::{io::Write, thread, time::Duration};

use coffer_crypto::{OsEntropy, RootId, RootKey, custody::split};
use serde_json::{Value, json};

use super::{
    ceremony,
    rotate::{Options, Report},
    server::{Server, secret_body},
    show,
    status::Status,
};
use crate::node::NodeError;

/// Tries to begin while a change of the kek comes to its end.
const TRIES: usize = 60;

/// Rotates the root, the KEK or both.
pub(super) fn rotate(
    options: &Options,
    server: &Server,
    status: &Status,
    (root, kek): (bool, bool),
    report: &mut Report,
) -> Result<(), NodeError> {
    let environment = ceremony::environment(status)?;
    let id = root_id(status)?;
    let scheme = options.scheme()?;
    if root {
        show::check(options.all, options.json)?;
    }
    let mut held = ceremony::gather(environment, &[id], "present")?;
    if root {
        let next = RootKey::generate(&OsEntropy)?;
        let next_id = next.id();
        let shares = split(&next, environment, scheme, &OsEntropy)?;
        show::shares(&shares, options.all, options.json)?;
        drop((shares, next));
        let needed = scheme.threshold();
        writeln!(
            std::io::stderr(),
            "Now {needed} custodians bring their new shares once: until then nothing has changed."
        )?;
        let next = ceremony::gather(environment, &[next_id], "new")?;
        begin(server, &held, &next)?;
        let done: Value = server.ask("POST", "/admin/keys/root/finish", b"")?;
        if done.get("root").is_none() {
            return Err("a node would still start with the root before".into());
        }
        report.rotated.push(json!({"level": "root", "from": id.to_string(), "to": next_id.to_string()}));
        writeln!(std::io::stderr(), "The shares of root {id} are void: destroy them.")?;
        held = next;
    }
    if kek {
        let body = secret_body("{\"levels\":[\"kek\"],\"root\":\"", &held.to_hex(), "\"}");
        let done: Value = server.ask("POST", "/admin/keys/rotate", &body)?;
        let list = |name: &str| done.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        report.rotated.extend(list("rotated"));
        report.waiting.extend(list("waiting"));
    }
    Ok(())
}

fn begin(server: &Server, present: &RootKey, next: &RootKey) -> Result<(), NodeError> {
    let order = secret_body("{\"present\":\"", &present.to_hex(), "\",\"root\":\"");
    let order = std::str::from_utf8(&order)?;
    let body = secret_body(order, &next.to_hex(), "\"}");
    for _ in 0..TRIES {
        let answer = server.call("POST", "/admin/keys/root/begin", &body)?;
        match answer.status {
            200 => return Ok(()),
            409 if answer.words().contains("has not come to its end") => {
                thread::sleep(Duration::from_millis(500));
            }
            _ => return Err(answer.words().into()),
        }
    }
    Err("another change of the root or the kek has not come to its end: bring it there with --finish".into())
}

fn root_id(status: &Status) -> Result<RootId, NodeError> {
    let text = status.root.as_deref().ok_or("the node does not say which root opens it")?;
    let bytes = data_encoding::HEXLOWER.decode(text.as_bytes())?;
    let bytes = <[u8; 8]>::try_from(bytes.as_slice()).map_err(|_| "the id of a root has 16 digits")?;
    Ok(RootId::from_bytes(bytes))
}
