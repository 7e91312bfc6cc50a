//! `coffer crypto describe`: the written cryptographic architecture (PCI DSS 3.6.1.1), made from the configuration of a
//! node. It says what this version does, and needs no running node.

use std::{fmt::Write as _, io::Write as _, path::PathBuf, process::ExitCode};

use clap::Subcommand;
use serde_json::{Map, Value, json};

use crate::{
    config::{Config, custody::CustodyEntry},
    node::NodeError,
};

/// See the help of each.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Print the cryptographic architecture of a node, for those who assess it (PCI DSS 3.6.1.1).
    ///
    /// Algorithms and strengths, every kind of key with its purpose and life, custody, devices, TLS, what test and
    /// production share, and retention, as the configuration and this version have it. No secret is read.
    #[command(after_help = EXAMPLES)]
    Describe {
        /// The configuration file of the node.
        #[arg(long)]
        config: PathBuf,
        /// Print it as one JSON object.
        #[arg(long)]
        json: bool,
    },
}

const EXAMPLES: &str = "Example:
  coffer crypto describe --config coffer.toml > architecture.txt

Ends with 0, 1 when the configuration cannot be read, 2 when the options are wrong.";

pub(crate) fn run(command: &Command) -> Result<ExitCode, NodeError> {
    let Command::Describe { config, json } = command;
    let all = sections(&Config::read(config)?)?;
    let mut out = std::io::stdout();
    if *json {
        writeln!(out, "{}", Value::Object(all))?;
    } else {
        out.write_all(text(&all)?.as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn sections(config: &Config) -> Result<Map<String, Value>, NodeError> {
    let mut all = Map::new();
    let mut add = |name: &str, value: Value| all.insert(name.to_owned(), value);
    add("program", json!({"name": "coffer", "version": env!("CARGO_PKG_VERSION"), "environment": "live"}));
    add("algorithms", algorithms());
    add("keys", keys(config));
    add("custody", custody(config));
    add("devices", devices(config)?);
    add("tls", tls(config));
    add(
        "test and production",
        json!({
            "shared": "nothing",
            "why": "the environment is bound into every sealed value, wrapped key, share and export: what a sandbox \
                    made does not open in a live vault, nor the other way",
        }),
    );
    let policy = config.keys.policy();
    add(
        "retention",
        json!({
            "verification codes and other sensitive authentication data": "at most 30 minutes, in no backup",
            "backups of the data, days": policy.data_backup_days,
            "backups of key records, days": policy.key_backup_days,
            "a retired data key": "destroyed when no record needs it and no such backup was made while it was in use",
        }),
    );
    Ok(all)
}

fn algorithms() -> Value {
    json!([
        {"use": "wrapping keys", "algorithm": "AES-256-GCM (NIST SP 800-38D)", "strength": "256 bits"},
        {"use": "sealing records", "algorithm": "AES-256-GCM under a key of each write", "strength": "256 bits"},
        {"use": "keys of writes, derived", "algorithm": "HKDF-SHA-256 (RFC 5869)", "strength": "256 bits"},
        {"use": "fingerprints, indexes, credentials", "algorithm": "HMAC-SHA-256 (RFC 2104)", "strength": "256 bits"},
        {"use": "tokens and ids", "algorithm": "AES-256-GCM-SIV (RFC 8452)", "strength": "256 bits"},
        {"use": "shares of a root", "algorithm": "Shamir over GF(256)", "strength": "of the root, 256 bits"},
        {"use": "keys of codes between nodes", "algorithm": "key agreement on X25519", "strength": "128 bits"},
        {"use": "library", "algorithm": "AWS-LC", "strength": "-"},
    ])
}

fn keys(config: &Config) -> Value {
    let policy = config.keys.policy();
    let days = |days: u32| format!("after {days} days");
    let asked = |days: Option<u32>| {
        days.map_or_else(|| "when asked to".to_owned(), |days| format!("after {days} days"))
    };
    let data = format!("after {} days or {} writes", policy.data_days, policy.seals);
    let in_device = matches!(config.custody, Some(CustodyEntry::Pkcs11(_)));
    let mut keys = Vec::new();
    let mut add = |key: &str, purpose: &str, of: &str, replaced: String| {
        keys.push(json!({"key": key, "purpose": purpose, "of": of, "replaced": replaced}));
    };
    if !in_device {
        add(
            "root",
            "wraps the kek",
            "the deployment",
            format!("due {}, by the operator", days(policy.root_days)),
        );
    }
    let kek = match config.custody {
        Some(CustodyEntry::Shares {}) => format!("due {}, by the custodians", days(policy.kek_days)),
        _ => days(policy.kek_days),
    };
    add("kek", "wraps all keys below", "the deployment", kek);
    add("data, short-lived", "seals single-use tokens", "each tenant", data.clone());
    add("data, durable", "seals instruments, customers, tokens, replies", "each tenant", data);
    add("fingerprint", "by which a number is known again", "each tenant", asked(policy.fingerprint_days));
    add(
        "index",
        "by which names are found",
        "each tenant",
        "never: no card data is derived from it".to_owned(),
    );
    add("locator", "names records as tokens", "the deployment", asked(policy.locator_days));
    add(
        "ring",
        "wraps keys of half minutes",
        "the deployment",
        "never: what it wraps dies in half an hour".to_owned(),
    );
    add(
        "half minute",
        "seals verification codes",
        "each node",
        "every 30 seconds; destroyed after 30 minutes".to_owned(),
    );
    add(
        "export",
        "seals exports and backups",
        "the deployment",
        "never; a key of its own for each export".to_owned(),
    );
    Value::Array(keys)
}

fn custody(config: &Config) -> Value {
    match (&config.root_key, &config.custody) {
        (None, Some(CustodyEntry::Shares {})) => json!({
            "kind": "shares",
            "how": "split knowledge: custodians bring shares at each start, and nobody alone has the root",
        }),
        (None, Some(CustodyEntry::Pkcs11(device))) => json!({
            "kind": "device",
            "how": "the kek is made in the device and never leaves it; keys below are wrapped there",
            "serving on without the device, hours": device.grace_hours(),
        }),
        (Some(crate::secret::SecretSource::File { file }), _) => json!({
            "kind": "key file",
            "how": "for small installs: whoever reads the file and the store has everything",
            "file": file.display().to_string(),
        }),
        _ => {
            json!({"kind": "environment variable", "how": "whoever reads the process's environment has the root"})
        }
    }
}

fn devices(config: &Config) -> Result<Value, NodeError> {
    let Some(CustodyEntry::Pkcs11(device)) = &config.custody else { return Ok(json!([])) };
    Ok(json!([{
        "interface": "PKCS#11",
        "module": device.module.display().to_string(),
        "token": device.token,
        "mechanism": device.mechanism().map_err(|(_, reason)| reason)?.as_str(),
        "keys": "coffer-kek-v1 and later: AES-256, sensitive, never extractable",
    }]))
}

fn tls(config: &Config) -> Value {
    if config.speaks_tls() {
        return json!({
            "spoken by": "the node",
            "versions": ["TLS 1.3", "TLS 1.2"],
            "suites": coffer_http::tls_suites(),
        });
    }
    let by = if config.behind_tls_proxy { "a proxy in front" } else { "nobody: clients are on this machine" };
    json!({"spoken by": by})
}

fn text(all: &Map<String, Value>) -> Result<String, NodeError> {
    let mut text = String::new();
    for (name, value) in all {
        writeln!(text, "{name}")?;
        match value {
            Value::Array(rows) if rows.is_empty() => writeln!(text, "  none")?,
            Value::Array(rows) => rows.iter().try_for_each(|row| line(&mut text, row))?,
            Value::Object(fields) => {
                for (field, value) in fields {
                    writeln!(text, "  {field}: {}", word(value))?;
                }
            }
            other => writeln!(text, "  {}", word(other))?,
        }
        text.push('\n');
    }
    Ok(text)
}

fn line(text: &mut String, row: &Value) -> Result<(), std::fmt::Error> {
    let Value::Object(fields) = row else { return writeln!(text, "  {}", word(row)) };
    let words: Vec<String> =
        fields.iter().map(|(field, value)| format!("{field}: {}", word(value))).collect();
    writeln!(text, "  - {}", words.join("; "))
}

fn word(value: &Value) -> String {
    match value {
        Value::String(word) => word.clone(),
        Value::Array(words) => words.iter().map(word).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
