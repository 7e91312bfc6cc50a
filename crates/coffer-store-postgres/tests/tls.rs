//! The way to the database: TLS with a certificate that was checked, and the password from elsewhere.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::{fs, sync::Arc};

use coffer_core::store::{
    Store,
    contract::{block_on, token, unit},
};
use coffer_postgres_fixture::Server;
use coffer_store_postgres::{Address, Options, PasswordInAddress, PostgresStore};
use rcgen::{CertificateParams, Issuer, KeyPair};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::CertificateDer};
use zeroize::Zeroizing;

/// An authority, and a certificate that it gave to a host.
struct Authority {
    root: CertificateDer<'static>,
    certificate: String,
    key: String,
}

fn authority(host: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root = params.self_signed(&key).unwrap().der().clone();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    let certificate = pem("CERTIFICATE", params.signed_by(&key, &issuer).unwrap().der());
    Authority { root, certificate, key: pem("PRIVATE KEY", &key.serialize_der()) }
}

/// RFC 7468.
fn pem(label: &str, der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn trusting(root: &CertificateDer<'static>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = builder.with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_root_certificates(roots).with_no_client_auth())
}

/// A server that lets in who comes by TLS and knows the password.
fn server(own: &Authority) -> (Server, String) {
    let server = Server::start(&[]);
    let url = server.database();
    let (_, name) = url.rsplit_once('/').unwrap();
    let data = server.folder().join("data");
    server.sql(name, "CREATE ROLE guarded LOGIN PASSWORD 's3cr3t-of-the-store' SUPERUSER");
    for (file, text) in [("server.crt", &own.certificate), ("server.key", &own.key)] {
        // The server made files of these names' owner: over one of its own files the owner stays the server's.
        fs::copy(data.join("PG_VERSION"), data.join(file)).unwrap();
        own_as(&data.join("PG_VERSION"), &data.join(file));
        fs::write(data.join(file), text).unwrap();
    }
    let rules = "local all all trust\nhost all postgres 127.0.0.1/32 trust\n\
        hostssl all guarded 127.0.0.1/32 scram-sha-256\n";
    fs::write(data.join("pg_hba.conf"), rules).unwrap();
    server.set("ssl", "on");
    let place = format!("localhost:{}", server.port());
    (server, format!("postgres://guarded@{place}/{name}"))
}

/// Gives a file the owner of another, and mode 0600.
fn own_as(of: &std::path::Path, file: &std::path::Path) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let of = fs::metadata(of).unwrap();
    chown(file, Some(of.uid()), Some(of.gid())).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

fn open(url: &str, password: Option<&str>, root: &CertificateDer<'static>) -> Result<PostgresStore, String> {
    let password = password.map(|text| Zeroizing::new(text.to_owned()));
    let address = Address::parse(url, password.as_ref(), Some(trusting(root)), PasswordInAddress::Refused);
    let address = address.map_err(|error| error.to_string())?;
    let options = Options { make_tables: true, ..Options::new(address, "sandbox") };
    PostgresStore::open(&options).map_err(|error| error.to_string())
}

#[test]
fn tls_is_checked_and_nobody_gets_in_without_it_or_the_password() {
    let own = authority("localhost");
    let (_server, url) = server(&own);
    let tls = format!("{url}?sslmode=require");
    let right = Some("s3cr3t-of-the-store");
    let store = open(&tls, right, &own.root).unwrap();
    block_on(store.commit(unit(100).insert(token(1)).finish())).unwrap();
    let cases = [
        ("plaintext", open(&url, right, &own.root), "28000"),
        ("no password", open(&tls, None, &own.root), "password"),
        ("a wrong password", open(&tls, Some("s3cr3t-of-another"), &own.root), "28P01"),
        ("another authority", open(&tls, right, &authority("localhost").root), "certificate"),
        ("another name", open(&tls.replace("localhost", "127.0.0.1"), right, &own.root), "certificate"),
    ];
    for (case, opened, word) in cases {
        let said = opened.map(drop).expect_err(case);
        assert!(said.contains(word), "{case}: {said}");
        assert!(!said.contains("s3cr3t"), "{case}: {said}");
    }
}
