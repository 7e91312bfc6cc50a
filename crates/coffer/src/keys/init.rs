//! `coffer keys init`: a new root, before the first start.

use std::{
    io::{ErrorKind, Write},
    path::PathBuf,
    process::ExitCode,
};

use coffer_crypto::{Environment, KeyVersion, OsEntropy, RootKey, custody::split};
use serde_json::json;
use zeroize::Zeroizing;

use super::{ceremony, show};
use crate::{
    Place,
    config::{Config, custody::CustodyEntry},
    folder,
    node::NodeError,
    place,
    secret::SecretSource,
};

pub(super) const EXAMPLES: &str = "Example:
  coffer keys init --config coffer.toml                            [custody] kind = \"shares\": 3 of 5
  coffer keys init --config coffer.toml --shares 7 --threshold 4
  coffer keys init --config coffer.toml                            root_key = { file = … }: writes the file, mode 0600

On a terminal shares are shown to one custodian after the other; without one only with --all or --json, at once. The
node then starts sealed, and custodians open it with coffer keys unseal.
Ends with 0, 1 on an error, 2 when the options are wrong.";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The configuration file of the node.
    #[arg(long)]
    config: PathBuf,
    /// How many shares there are, 2 to 16.
    #[arg(long, default_value_t = 5)]
    shares: u8,
    /// How many of them open the vault, at least 2.
    #[arg(long, default_value_t = 3)]
    threshold: u8,
    /// Show all shares at once.
    #[arg(long)]
    all: bool,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(options: &Options) -> Result<ExitCode, NodeError> {
    let config = Config::read(&options.config)?;
    let place = Place { config: Some(options.config.clone()), data: None, store: None };
    if place::find(place)?.holds_keys()? {
        return Err(
            "this store has a vault, which another root would not open: nothing was made. To change its root or keys: \
             coffer keys rotate (docs/KEYS.md)"
                .into(),
        );
    }
    match (&config.root_key, &config.custody) {
        (Some(SecretSource::File { file }), _) => key_file(options, file)?,
        (Some(SecretSource::Env { .. }), _) => {
            return Err("the root key is in a variable: set it to 64 hexadecimal digits of your own".into());
        }
        (None, Some(CustodyEntry::Pkcs11(device))) => {
            let source = device.open()?;
            source.device().generate_kek(Environment::Live, KeyVersion::FIRST)?;
            let mechanism = device.mechanism().map_err(|(_, reason)| reason)?.as_str();
            let label = "coffer-kek-v1";
            if options.json {
                let told = json!({"label": label, "token": device.token, "mechanism": mechanism});
                writeln!(std::io::stdout(), "{told}")?;
            } else {
                writeln!(
                    std::io::stdout(),
                    "made in the device, token {}: {label}, AES-256, {mechanism}; sensitive, never extractable, made \
                     there",
                    device.token
                )?;
            }
        }
        (None, _) => shares(options)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn key_file(options: &Options, file: &std::path::Path) -> Result<(), NodeError> {
    let key = RootKey::generate(&OsEntropy)?;
    let text = Zeroizing::new(format!("{}\n", key.to_hex().as_str()));
    folder::write_new(file, text.as_bytes()).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => format!(
            "{} is there already, and may be the root key of a vault: nothing was written over it. To make another, \
             name a file that is not there (root_key)",
            file.display()
        ),
        _ => format!("{}: {error}", file.display()),
    })?;
    let id = key.id();
    let file = file.display();
    if options.json {
        writeln!(std::io::stdout(), "{}", json!({"file": file.to_string(), "root": id.to_string()}))?;
    } else {
        writeln!(
            std::io::stdout(),
            "{file}: a new root key, root {id}. Keep a copy under lock, apart from every backup of the data."
        )?;
    }
    Ok(())
}

fn shares(options: &Options) -> Result<(), NodeError> {
    let scheme = ceremony::scheme(options.threshold, options.shares)?;
    show::check(options.all, options.json)?;
    let root = RootKey::generate(&OsEntropy)?;
    let shares = split(&root, Environment::Live, scheme, &OsEntropy)?;
    let id = root.id();
    drop(root);
    show::shares(&shares, options.all, options.json)?;
    if !options.json {
        let (count, threshold) = (scheme.count(), scheme.threshold());
        writeln!(
            std::io::stdout(),
            "root {id}, {count} shares, any {threshold} open it; now start the node"
        )?;
    }
    Ok(())
}
