//! A live node whose log says as much as it can, and whose secrets are all marked.

use std::{
    fmt::Write,
    fs,
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use coffer_core::Clock;
use coffer_crypto::{Ed25519Key, OsEntropy};
use data_encoding::BASE64URL_NOPAD;
use serde_json::json;
use tempfile::TempDir;

use crate::{
    payroc::UPSTREAM_BEARER,
    support::{self, Node, store},
    upstream::{Say, Upstream},
};

pub(crate) const SECRET_KEY: &str = "sk_Wvkmarkedsecret01";
pub(crate) const PUBLISHABLE_KEY: &str = "pk_Wvkmarkedpublishable02";
pub(crate) const REDEEM_KEY: &str = "ck_Wvkmarkedredeem03";
pub(crate) const ADMIN_KEY: &str = "ck_Wvkmarkedadmin04";

/// Passwords of two users of the Worldpay account, and the identity of its checkout.
pub(crate) const USER_PASSWORD: &str = "Wvkmarkedpassword06";
pub(crate) const REVEAL_PASSWORD: &str = "Wvkmarkedreveal07";
pub(crate) const CHECKOUT_IDENTITY: &str = "Wvkmarkedcheckout08";

/// The API key of the Payroc account, and what is shown to its upstream.
pub(crate) const PAYROC_KEY: &str = "Wvkmarkedpayroc09";
pub(crate) const UPSTREAM_KEY: &str = "Wvkmarkedupstream10";

/// The rows of the node's database, where it has one.
pub(crate) const ROWS: &str = "rows";

/// The folder of a node. `key` and `secrets/` are where its secrets may lie; everything else is searched.
pub(crate) struct Place {
    home: TempDir,
    /// 64 hexadecimal digits.
    pub(crate) root: String,
    /// JWTs of a merchant and of one customer.
    pub(crate) merchant: String,
    pub(crate) customer: String,
    /// Who processes the Payroc account's payments.
    pub(crate) upstream: Upstream,
}

/// Whose JWT it is: marked as a person.
pub(crate) const CUSTOMER: &str = "Qzxmarkedjwtcustomer";

impl Place {
    pub(crate) fn new() -> Self {
        let random = RandomState::new();
        let root = (0..4).fold(String::new(), |mut root, part| {
            write!(root, "{:016x}", random.hash_one(part)).expect("a text");
            root
        });
        let key = || Ed25519Key::parse_pem(&Ed25519Key::generate_pem(&OsEntropy).unwrap()).unwrap();
        let (merchants, customers) = (key(), key());
        let merchant = jwt(&merchants, "merchants", None);
        let customer = jwt(&customers, "customers", Some(CUSTOMER));
        let upstream = Upstream::start();
        let place = Self { home: support::home(), root, merchant, customer, upstream };
        fs::write(place.home.path().join("authority.pem"), &place.upstream.authority).unwrap();
        for (name, key) in [("merchants", merchants), ("customers", customers)] {
            fs::write(place.home.path().join(format!("{name}.pem")), key.public_pem().unwrap()).unwrap();
        }
        fs::create_dir(place.home.path().join("secrets")).unwrap();
        place.secret("key", &place.root);
        for (name, key) in [
            ("sk", SECRET_KEY),
            ("pk", PUBLISHABLE_KEY),
            ("redeem", REDEEM_KEY),
            ("admin", ADMIN_KEY),
            ("user", USER_PASSWORD),
            ("reveal", REVEAL_PASSWORD),
            ("checkout", CHECKOUT_IDENTITY),
            ("payroc", PAYROC_KEY),
            ("upstream", UPSTREAM_KEY),
        ] {
            place.secret(&format!("secrets/{name}"), key);
        }
        place
    }

    /// Starts the node.
    pub(crate) fn serve(&self) -> Node {
        let bearer = json!({"access_token": UPSTREAM_BEARER, "expires_in": 3600});
        self.upstream.identity_says(Say::Json(200, bearer));
        Node::on_a_free_port(|| {
            let (clients, operator) = (support::free_address(), support::free_address());
            Node::serve(&self.config(clients, operator), clients, operator)
        })
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Every file but those that hold the secrets, the files of a database's server included. The rows of the database
    /// are a file too: what a page holds may be compressed.
    pub(crate) fn written(&self) -> Vec<PathBuf> {
        if let Some(rows) = store::rows(self.home.path()) {
            fs::write(self.path(ROWS), rows).unwrap();
        }
        let allowed = |path: &Path| {
            path == self.home.path().join("key") || path.starts_with(self.home.path().join("secrets"))
        };
        let files = support::files(self.home.path()).into_iter().chain(store::server_files(self.home.path()));
        files.filter(|path| !allowed(path)).collect()
    }

    fn secret(&self, name: &str, secret: &str) {
        let path = self.home.path().join(name);
        fs::write(&path, secret).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn config(&self, clients: SocketAddr, operator: SocketAddr) -> PathBuf {
        let (home, store) = (self.home.path().display(), store::line(self.home.path()));
        let mut text = format!(
            "trusted_proxies = [\"127.0.0.1\"]\nlisten = \"{clients}\"\nadmin_listen = \"{operator}\"\n\
             log = \"debug\"\n{store}\
             ring = \"{home}/ring\"\n[root_key]\nfile = \"{home}/key\"\n\
             [[tenants]]\nnumber = 7\norganization = \"org_leak\"\n\
             [[tenants]]\nnumber = 8\norganization = \"wp_leak\"\n\
             [[tenants]]\nnumber = 9\norganization = \"pr_leak\"\n\
             [[credentials]]\nname = \"the key of Payroc\"\nkind = \"payroc-key\"\n\
             organizations = [\"pr_leak\"]\nsecret = {{ file = \"{home}/secrets/payroc\" }}\n"
        );
        for (kind, name) in [
            ("rebilly-secret", "sk"),
            ("rebilly-publishable", "pk"),
            ("native-redeem", "redeem"),
            ("native-admin", "admin"),
        ] {
            let origins = if name == "pk" { "origins = [\"https://shop.example\"]\n" } else { "" };
            write!(
                text,
                "[[credentials]]\nname = \"the {name} key\"\nkind = \"{kind}\"\norganizations = [\"org_leak\"]\n\
                 {origins}\
                 [credentials.secret]\nfile = \"{home}/secrets/{name}\"\n"
            )
            .unwrap();
        }
        for (name, own) in [
            ("user", "user = \"shop\"\nentities = [\"default\"]\n"),
            ("reveal", "user = \"auditor\"\n"),
            ("checkout", "origins = [\"https://shop.example\"]\n"),
        ] {
            write!(
                text,
                "[[credentials]]\nname = \"the {name} of Worldpay\"\nkind = \"worldpay-{name}\"\n\
                 organizations = [\"wp_leak\"]\n{own}[credentials.secret]\nfile = \"{home}/secrets/{name}\"\n"
            )
            .unwrap();
        }
        for (name, kind) in [("merchants", "merchant"), ("customers", "customer")] {
            write!(
                text,
                "[[jwt_issuers]]\nname = \"the {name}\"\nissuer = \"{name}\"\naudience = \"leak\"\n\
                 algorithm = \"EdDSA\"\npublic_key_file = \"{home}/{name}.pem\"\nkind = \"{kind}\"\n\
                 organizations = [\"org_leak\"]\n"
            )
            .unwrap();
        }
        let port = self.upstream.address.port();
        write!(
            text,
            "[[payroc.terminals]]\nid = \"7770001\"\norganization = \"pr_leak\"\n\
             [payroc.upstream]\nurl = \"https://localhost:{port}/v1\"\n\
             identity_url = \"https://localhost:{port}\"\nkey = {{ file = \"secrets/upstream\" }}\n\
             authorities = \"authority.pem\"\nprivate_networks = [\"127.0.0.0/8\"]\n"
        )
        .unwrap();
        text.push_str("[card_testing]\nenabled = false\n");
        let path = self.home.path().join("coffer.toml");
        fs::write(&path, text).unwrap();
        path
    }
}

/// A JWT for an hour.
fn jwt(key: &Ed25519Key, issuer: &str, customer: Option<&str>) -> String {
    let now = Clock::system().now().millis().div_euclid(1_000);
    let (from, until) = (now - 600, now + 3_600);
    let mut claims =
        json!({"iss": issuer, "aud": "leak", "nbf": from, "exp": until, "sub": "Wvkmarkedsubject"});
    if let Some(customer) = customer {
        claims["customerId"] = customer.into();
    }
    let part = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let message = format!("{}.{}", part(br#"{"alg":"EdDSA"}"#), part(claims.to_string().as_bytes()));
    format!("{message}.{}", part(&key.sign(message.as_bytes()).unwrap()))
}

/// Waits until the log has a line that the process wrote after everything before: its lines come through a pipe.
pub(crate) fn wait_for_log(node: &Node, line: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !node.said().contains(line) {
        assert!(Instant::now() < deadline, "the log never said {line}");
        thread::sleep(Duration::from_millis(2));
    }
}
