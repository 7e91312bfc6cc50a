//! The root in a key file changes: the next one is made beside it, the store is told of both, the next takes the place
//! of the file, and then the store forgets the one before. Whoever is killed anywhere in between has a file that opens
//! the store, and goes on by running the command again.

use std::{
    fs::{self, File},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use coffer_crypto::{OsEntropy, RootKey};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::{Place, rotate::Report, server::Server, status::Status};
use crate::{
    custody::{next_of, read_root},
    folder,
    node::NodeError,
};

/// How long the nodes are waited for.
const WAITS: Duration = Duration::from_secs(30);
const WAITS_EVERY: Duration = Duration::from_millis(250);

#[derive(Deserialize)]
struct Finished {
    root: Option<String>,
    missing: Option<u16>,
}

/// Rotates the root, or goes on with a rotation that was cut off.
pub(super) fn rotate(
    place: &Place,
    server: &Server,
    status: &Status,
    report: &mut Report,
) -> Result<(), NodeError> {
    let path = place.key_file()?;
    let next = next_of(&path);
    let before = status.root.clone().unwrap_or_default();
    if !next.exists() && id(&path)? == before {
        let key = RootKey::generate(&OsEntropy)?;
        let text = Zeroizing::new(format!("{}\n", key.to_hex().as_str()));
        let told = |error| format!("{}: {error}", next.display());
        folder::write_new(&next, text.as_bytes()).map_err(told)?;
    }
    if next.exists() {
        if id(&next)? != before {
            begin(server)?;
        }
        replace(&next, &path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    report.root_file = Some(path.clone());
    if id(&path)? == before {
        // The change had come to its end; only the file was not in its place.
        report.rotated.push(json!({"level": "root", "from": before, "to": before}));
        return Ok(());
    }
    let Some(root) = finished(server)? else {
        report.waits(
            "root",
            &format!(
                "a node still has the key file before: copy {} to every host, then run: coffer keys rotate {} \
                 --level root --finish",
                path.display(),
                place.argument()
            ),
        );
        return Ok(());
    };
    report.rotated.push(json!({"level": "root", "from": before, "to": root}));
    Ok(())
}

/// Brings a change to its end that was begun before.
pub(super) fn finish(place: &Place, server: &Server, report: &mut Report) -> Result<(), NodeError> {
    match finished(server)? {
        Some(root) => {
            report.root_file = place.key_file().ok();
            report.rotated.push(json!({"level": "root", "from": "the one before", "to": root}));
        }
        None => report.waits("root", "a node still has the key file before"),
    }
    Ok(())
}

/// A change of the kek ends in a moment: it is waited for.
fn begin(server: &Server) -> Result<(), NodeError> {
    let until = Instant::now() + WAITS;
    loop {
        let answer = server.call("POST", "/admin/keys/root/begin", b"{}")?;
        if answer.status == 200 {
            return Ok(());
        }
        // A store that does not answer for a moment is asked again: an order that was carried out before is done.
        let waits = answer.status == 503 || answer.words().contains("has not come to its end");
        if !waits || Instant::now() >= until {
            return Err(answer.words().into());
        }
        thread::sleep(WAITS_EVERY);
    }
}

/// None: a node would still start with the root before.
fn finished(server: &Server) -> Result<Option<String>, NodeError> {
    let until = Instant::now() + WAITS;
    loop {
        let done: Finished = server.ask("POST", "/admin/keys/root/finish", b"")?;
        if done.root.is_some() {
            return Ok(done.root);
        }
        if done.missing.is_none() || Instant::now() >= until {
            return Ok(None);
        }
        thread::sleep(WAITS_EVERY);
    }
}

/// Whether the file can be read. An error names it, and says why not.
pub(super) fn check(place: &Place) -> Result<(), NodeError> {
    id(&place.key_file()?).map(drop).map_err(|error| format!("the root key: {error}").into())
}

fn id(path: &Path) -> Result<String, NodeError> {
    Ok(read_root(path, None)?.id().to_string())
}

/// One file takes the place of another, on the disk as well.
fn replace(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::rename(from, to)?;
    match to.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}
