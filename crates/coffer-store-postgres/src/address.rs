//! Where the database is, and what is asked of the way there: beyond loopback a password and TLS that was checked.

use std::{fmt, net::IpAddr, str::FromStr, sync::Arc};

use tokio_postgres::{
    Config, NoTls,
    config::{Host, SslMode, TargetSessionAttrs},
};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::ClientConfig;
use zeroize::Zeroizing;

/// A database by its address, with what it takes to get in.
#[derive(Clone)]
pub struct Address {
    /// One for each host.
    hosts: Vec<Config>,
    /// None on loopback without TLS.
    tls: Option<Arc<ClientConfig>>,
}

/// Why an address is not taken. No text repeats it: a password may stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It does not read.
    #[error(
        "the store's address is postgres://USER@HOST[:PORT][,HOST[:PORT]]/DATABASE, and behind it at most \
        ?sslmode=require: certificates are always verified, and their authorities named with `store_authorities`"
    )]
    NotAnAddress,
    /// A password stands where it can be seen.
    #[error("the store's address holds a password: name a file with `store_password` instead")]
    PasswordInAddress,
    /// Beyond loopback nobody gets in without one.
    #[error("the store is not on loopback: it needs a password, named with `store_password`")]
    NoPassword,
    /// `sslmode` would allow what may not be.
    #[error("the store is not on loopback: its address cannot switch TLS off (sslmode)")]
    Plaintext,
    /// TLS was asked for and there is nothing to check certificates with.
    #[error("TLS to the store needs certificate authorities")]
    NoTls,
}

/// Whether a password may stand in the address: a sandbox's may, for it opens nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordInAddress {
    /// A sandbox on loopback.
    Allowed,
    /// Everything else.
    Refused,
}

impl Address {
    /// Reads an address. Beyond loopback it needs `password` and `tls`, whose authorities must vouch for the host by
    /// its name; `sslmode=require` asks for the same on loopback.
    pub fn parse(
        text: &str,
        password: Option<&Zeroizing<String>>,
        tls: Option<Arc<ClientConfig>>,
        in_address: PasswordInAddress,
    ) -> Result<Self, AddressError> {
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(AddressError::NotAnAddress);
        }
        // Whoever asks for verification gets what everybody gets.
        let text = ["verify-full", "verify-ca"]
            .iter()
            .fold(text.to_owned(), |text, mode| text.replace(&format!("sslmode={mode}"), "sslmode=require"));
        let mut config = Config::from_str(&text).map_err(|_| AddressError::NotAnAddress)?;
        if config.get_hosts().is_empty() || config.get_dbname().is_none() || config.get_user().is_none() {
            return Err(AddressError::NotAnAddress);
        }
        let local = config.get_hosts().iter().all(is_loopback)
            && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
        let spoken = config.get_password().is_some();
        if spoken && !(local && in_address == PasswordInAddress::Allowed) {
            return Err(AddressError::PasswordInAddress);
        }
        if let Some(password) = password {
            config.password(password.as_bytes());
        }
        if !local && config.get_password().is_none() {
            return Err(AddressError::NoPassword);
        }
        let mode = config.get_ssl_mode();
        if !local && mode == SslMode::Disable {
            return Err(AddressError::Plaintext);
        }
        let tls =
            if local && mode != SslMode::Require { None } else { Some(tls.ok_or(AddressError::NoTls)?) };
        config.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
        Ok(Self { hosts: hosts(&config), tls })
    }

    /// The driver's settings for each host.
    pub(crate) fn hosts(&self) -> &[Config] {
        &self.hosts
    }

    /// Whether the way there is TLS.
    pub(crate) fn tls(&self) -> Option<MakeRustlsConnect> {
        self.tls.as_ref().map(|config| MakeRustlsConnect::new(ClientConfig::clone(config)))
    }

    /// Without TLS.
    pub(crate) fn plain() -> NoTls {
        NoTls
    }
}

/// The same for each host by itself: one that is silent must not take the time of the others.
fn hosts(all: &Config) -> Vec<Config> {
    let ports = all.get_ports();
    let port_of = |place: usize| ports.get(place).or(ports.first()).copied().unwrap_or(5432);
    let of = |(place, host): (usize, &Host)| {
        let mut one = Config::new();
        match host {
            Host::Tcp(name) => one.host(name),
            Host::Unix(path) => one.host_path(path),
        };
        one.port(port_of(place)).ssl_mode(all.get_ssl_mode()).channel_binding(all.get_channel_binding());
        // A standby answers too, but takes no writes: of several hosts the primary is the one.
        one.target_session_attrs(TargetSessionAttrs::ReadWrite).application_name("coffer");
        if let Some(address) = all.get_hostaddrs().get(place) {
            one.hostaddr(*address);
        }
        if let Some(user) = all.get_user() {
            one.user(user);
        }
        if let Some(name) = all.get_dbname() {
            one.dbname(name);
        }
        if let Some(password) = all.get_password() {
            one.password(password);
        }
        if let Some(options) = all.get_options() {
            one.options(options);
        }
        one
    };
    all.get_hosts().iter().enumerate().map(of).collect()
}

impl fmt::Debug for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Address").field("tls", &self.tls.is_some()).finish_non_exhaustive()
    }
}

/// By its address or the one name that is always its own.
fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Tcp(name) if name == "localhost" => true,
        Host::Tcp(name) => name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
        Host::Unix(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(
        text: &str,
        password: Option<&str>,
        in_address: PasswordInAddress,
    ) -> Result<Address, AddressError> {
        let password = password.map(|text| Zeroizing::new(text.to_owned()));
        Address::parse(text, password.as_ref(), None, in_address)
    }

    fn live(text: &str) -> Option<AddressError> {
        parse(text, None, PasswordInAddress::Refused).err()
    }

    #[test]
    fn loopback_needs_neither_password_nor_tls() {
        for host in ["127.0.0.1", "127.0.0.9:5433", "[::1]", "localhost", "127.0.0.1:1,127.0.0.1:2"] {
            assert_eq!(live(&format!("postgres://coffer@{host}/vault")), None, "{host}");
        }
        assert_eq!(
            live("postgres://coffer@%2Fvar%2Frun%2Fpostgresql/vault"),
            None,
            "a socket is on this machine"
        );
        let address = parse("postgres://coffer@127.0.0.1/vault", None, PasswordInAddress::Refused).unwrap();
        assert!(address.tls().is_none());
        let asked = live("postgres://coffer@127.0.0.1/vault?sslmode=require");
        assert_eq!(asked, Some(AddressError::NoTls), "who asks for it gets it there too");
        let asked = live("postgres://coffer@127.0.0.1/vault?sslmode=verify-full");
        assert_eq!(asked, Some(AddressError::NoTls), "and by the name that other programs have for it");
    }

    #[test]
    fn beyond_loopback_a_password_and_tls_are_needed() {
        let far = "postgres://coffer@db.example.com/vault";
        assert_eq!(live(far), Some(AddressError::NoPassword));
        let with = |text: &str| parse(text, Some("s3cr3t"), PasswordInAddress::Refused).err();
        assert_eq!(with(far), Some(AddressError::NoTls));
        assert_eq!(with(&format!("{far}?sslmode=disable")), Some(AddressError::Plaintext));
        assert_eq!(with(&format!("{far}?sslmode=prefer")), Some(AddressError::NoTls), "there is no maybe");
        assert_eq!(
            with("postgres://coffer@127.0.0.1,db.example.com/vault"),
            Some(AddressError::NoTls),
            "one host that is elsewhere is enough"
        );
        assert_eq!(with("postgres://coffer@127.0.0.1/vault?hostaddr=10.0.0.9"), Some(AddressError::NoTls));
    }

    #[test]
    fn a_password_in_an_address_is_a_sandboxs_alone_and_no_error_repeats_it() {
        let text = "postgres://coffer:s3cr3t@127.0.0.1/vault";
        assert_eq!(live(text), Some(AddressError::PasswordInAddress));
        assert!(parse(text, None, PasswordInAddress::Allowed).is_ok());
        let far = "postgres://coffer:s3cr3t@db.example.com/vault";
        assert_eq!(parse(far, None, PasswordInAddress::Allowed).err(), Some(AddressError::PasswordInAddress));
        let shown = format!("{:?}", parse(text, None, PasswordInAddress::Allowed).unwrap());
        assert!(!shown.contains("s3cr3t") && !shown.contains("vault"), "{shown}");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in [
            "",
            "coffer",
            "mysql://coffer@127.0.0.1/vault",
            "postgres://127.0.0.1/vault",
            "postgres://coffer@127.0.0.1",
            "postgres://coffer@/vault",
            "postgres://coffer@127.0.0.1:port/vault",
            "host=127.0.0.1 user=coffer dbname=vault",
        ] {
            assert_eq!(live(wrong), Some(AddressError::NotAnAddress), "{wrong}");
        }
    }
}
