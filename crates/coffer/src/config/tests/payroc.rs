//! `[payroc]` and the API keys of its callers.

use coffer_http::{PayrocSettings, Processor, credentials::CredentialKind};
use rcgen::{CertificateParams, KeyPair};

use super::*;

impl Files {
    /// What a file with this says of the Payroc dialect.
    fn payroc(&self, entry: &str) -> Result<PayrocSettings, String> {
        let config = self.config(entry)?;
        let organizations = config.organizations().map_err(|error| error.to_string())?;
        config.payroc(&organizations).map_err(|error| error.to_string())
    }

    /// The certificate of an authority.
    fn authority(&self) {
        let params = CertificateParams::new(vec!["upstream.example".to_owned()]).unwrap();
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let base64 = data_encoding::BASE64.encode(certificate.der());
        let pem = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
        self.write("authority.pem", &pem);
    }
}

fn terminal(id: &str, organization: &str, more: &str) -> String {
    format!("[[payroc.terminals]]\nid = \"{id}\"\norganization = \"{organization}\"\n{more}\n")
}

/// An upstream with one line of it changed.
fn upstream(from: &str, to: &str) -> String {
    let good = "[payroc.upstream]\nurl = \"https://upstream.example/v1\"\n\
                identity_url = \"https://identity.example\"\nkey = { file = \"~/secret\" }\n\
                authorities = \"~/authority.pem\"\nprivate_networks = [\"10.0.0.0/8\"]\nseconds = 20\n";
    assert!(good.contains(from), "{from}");
    good.replacen(from, to, 1)
}

#[test]
fn terminals_are_read_with_what_they_take() {
    let files = Files::new();
    let nothing = files.payroc("").unwrap();
    assert!(nothing.terminals.is_empty() && matches!(nothing.processor, Processor::None));
    let longest = "t".repeat(50);
    let settings = files
        .payroc(
            &[
                terminal("1234001", "org_1", ""),
                terminal(
                    "T.-_",
                    "org_2",
                    "accepts = [\"card\", \"pad\"]\nexpired_cards = true\ncustom_fields = [\"a\", \"b\"]",
                ),
                terminal(&longest, "org_1", "accepts = [\"ach\"]\ncustom_fields = []"),
            ]
            .concat(),
        )
        .unwrap();
    let seen = |id: &str| {
        let terminal = &settings.terminals[id];
        let takes = &terminal.accepts;
        let takes = (takes.cards, takes.ach, takes.pad, terminal.expired_cards);
        (terminal.tenant.get(), takes, terminal.custom_fields.clone())
    };
    assert_eq!(settings.terminals.len(), 3);
    assert_eq!(seen("1234001"), (1, (true, true, true, false), None));
    let names = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(seen("T.-_"), (2, (true, false, true, true), Some(names)));
    assert_eq!(seen(&longest), (1, (false, true, false, false), Some(Vec::new())));
}

#[test]
fn a_terminal_that_makes_no_sense_is_named() {
    let files = Files::new();
    let one = |more: &str| terminal("1234001", "org_1", more);
    let fields = |count: usize| {
        let names: Vec<String> = (0..count).map(|at| format!("field {at}")).collect();
        one(&format!("custom_fields = {names:?}"))
    };
    assert!(files.payroc(&fields(100)).is_ok());
    for (entry, part) in [
        (terminal("123", "org_1", ""), "payroc.terminals: 123: an id is 4 to 50"),
        (terminal(&"t".repeat(51), "org_1", ""), "an id is 4 to 50"),
        (terminal("12 34", "org_1", ""), "12 34: an id is 4 to 50"),
        (terminal("12/34", "org_1", ""), "letters, digits and - _ ."),
        (terminal("12é4", "org_1", ""), "letters, digits and - _ ."),
        (terminal("1234001", "org_9", ""), "payroc.terminals: 1234001: there is no organization org_9"),
        (one("accepts = []"), "1234001: an empty list accepts nothing"),
        (one("") + &terminal("1234001", "org_2", ""), "payroc.terminals: 1234001 stands twice"),
        (fields(101), "1234001: at most 100 custom fields"),
        (one("custom_fields = [\"a\", \"b\", \"a\"]"), "1234001: a custom field stands twice"),
        (one("accepts = [\"wallet\"]"), "expected one of `card`, `ach`, `pad`"),
        (one("expired_cards = \"yes\""), "invalid type"),
        (one("customFields = []"), "unknown field `customFields`"),
        ("[[payroc.terminals]]\nid = \"1234001\"\n".to_owned(), "missing field `organization`"),
        ("[payroc]\nterminal = []\n".to_owned(), "unknown field `terminal`"),
    ] {
        let said = files.payroc(&entry).expect_err(&entry);
        assert!(said.contains(part), "{entry}: {said}");
    }
}

#[test]
fn an_upstream_is_read_with_its_key_and_its_authorities() {
    let files = Files::new();
    files.authority();
    for (from, to) in [
        ("", ""),
        ("identity_url = \"https://identity.example\"\n", ""),
        ("private_networks = [\"10.0.0.0/8\"]\nseconds = 20\n", ""),
        ("seconds = 20", "seconds = 120"),
        ("https://upstream.example/v1", "https://10.1.2.3:8443"),
    ] {
        let settings = files.payroc(&upstream(from, to)).expect(to);
        let Processor::Upstream(to) = &settings.processor else { panic!("{:?}", settings.processor) };
        let said = format!("{to:?}");
        assert!(said.starts_with("Forwarding(Upstream") && !said.contains("0123456789abcdef"), "{said}");
    }
}

#[test]
fn an_upstream_that_makes_no_sense_is_named_and_its_key_is_not_repeated() {
    let files = Files::new();
    files.authority();
    files.write("empty", "");
    files.write("open", "0123456789abcdef0123456789abcdef");
    std::fs::set_permissions(files.0.path().join("open"), Permissions::from_mode(0o644)).unwrap();
    let url = |url: &str| upstream("https://upstream.example/v1", url);
    let identity = |url: &str| upstream("https://identity.example", url);
    let networks = |list: &str| upstream("[\"10.0.0.0/8\"]", list);
    for (entry, part) in [
        (url("http://upstream.example/v1"), "payroc.upstream.url: the URL does not begin with https://"),
        (url("https://me:0123456789abcdef@upstream.example"), "payroc.upstream.url: the URL names a user"),
        (url("https://upstream.example/v1?key=0123456789abcdef"), "query"),
        (url("https://upstream.example/../v1"), "payroc.upstream.url: the path"),
        (url("https://upstream.example:0"), "payroc.upstream.url: the port"),
        (url("https://127.0.0.1/v1"), "payroc.upstream.url: the URL's address is not public"),
        (url("https://169.254.169.254/v1"), "payroc.upstream.url: the URL's address is not public"),
        (identity("http://identity.example"), "payroc.upstream.identity_url: the URL does not begin with"),
        (identity("https://192.168.0.1"), "payroc.upstream.identity_url: the URL's address is not public"),
        (networks("[\"0.0.0.0/0\"]"), "the named networks hold every address"),
        (networks("[\"10.0.0.1/8\"]"), "payroc.upstream.private_networks: 10.0.0.1/8: bits are set"),
        (networks("[\"upstream.example\"]"), "payroc.upstream.private_networks: upstream.example"),
        (upstream("seconds = 20", "seconds = 0"), "from 1 to 120 seconds"),
        (upstream("seconds = 20", "seconds = 121"), "from 1 to 120 seconds"),
        (upstream("seconds = 20", "seconds = -1"), "invalid value"),
        (upstream("authority.pem", "missing.pem"), "payroc.upstream.authorities: "),
        (upstream("authority.pem", "secret"), "holds something else than certificates"),
        (upstream("~/secret", "~/missing"), "payroc.upstream.key: "),
        (upstream("~/secret", "~/empty"), "payroc.upstream.key: the secret is empty"),
        (upstream("~/secret", "~/open"), "set its mode to 0600"),
        (upstream("{ file = \"~/secret\" }", "\"0123456789abcdef\""), "and never itself"),
        (upstream("{ file = \"~/secret\" }", "{ env = \"COFFER_TEST_NOT_SET\" }"), "is not set"),
        (upstream("key = { file = \"~/secret\" }\n", ""), "missing field `key`"),
        (upstream("url = \"https://upstream.example/v1\"\n", ""), "missing field `url`"),
        (upstream("seconds", "timeout"), "unknown field `timeout`"),
    ] {
        let said = files.payroc(&entry).expect_err(&entry);
        assert!(said.contains(part), "{entry}: {said}");
        let told = said.lines().find(|line| line.contains("payroc.upstream") && line.contains("0123456789"));
        assert_eq!(told, None, "the key is repeated");
    }
}

#[test]
fn the_upstreams_files_are_below_the_file_that_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("coffer.toml");
    let text = |authorities: &str| {
        format!(
            "{TOP}root_key = {{ file = \"k\" }}\n[payroc.upstream]\nurl = \"https://upstream.example\"\n\
             key = {{ file = \"keys/upstream\" }}\n{authorities}"
        )
    };
    let refused = |content: String| {
        std::fs::write(&path, content).unwrap();
        let config = Config::read(&path).unwrap();
        config.payroc(&HashMap::new()).unwrap_err().to_string()
    };
    let below = |name: &str| folder.path().join(name).display().to_string();
    assert!(refused(text("")).contains(&below("keys/upstream")));
    let said = refused(text("authorities = \"authorities.pem\"\n"));
    assert!(said.starts_with("payroc.upstream.authorities: ") && said.contains(&below("authorities.pem")));
}

#[test]
fn an_api_key_is_for_one_account() {
    let files = Files::new();
    let read = |more: &str| {
        let (credentials, _) = files.read(&credential("payroc-key", more)).unwrap();
        credentials.find("0123456789abcdef0123456789abcdef").unwrap().clone()
    };
    let plain = read("");
    assert_eq!((plain.kind, &plain.tenants), (CredentialKind::PayrocKey, &vec![Tenant::new(1).unwrap()]));
    assert!(plain.digest.is_some(), "bearer tokens name the key by its hash");
    assert!(plain.admits("198.51.100.1".parse().unwrap()));
    let narrow = read("allowed_ips = [\"192.0.2.0/24\"]");
    assert!(narrow.admits("192.0.2.9".parse().unwrap()) && !narrow.admits("192.0.3.1".parse().unwrap()));

    for (more, part) in [
        ("allowed_ips = []", "admits nobody"),
        ("origins = [\"https://shop.example\"]", "no other key is for browsers"),
        ("acl = [{ organizations = [\"org_1\"], permissions = [\"*\"] }]", "acl is for rebilly-"),
        ("user = \"jane\"", "user is for worldpay-user"),
        ("entities = [\"default\"]", "entities are for worldpay-user"),
    ] {
        let said = files.refusal(&credential("payroc-key", more));
        assert!(said.starts_with("credential shop: ") && said.contains(part), "{more}: {said}");
    }
    let both = credential("payroc-key", "").replace("[\"org_1\"]", "[\"org_1\", \"org_2\"]");
    assert!(files.refusal(&both).contains("is for one account"));
    let none = credential("payroc-key", "").replace("[\"org_1\"]", "[]");
    assert!(files.refusal(&none).contains("for no organization"));
    let short = credential("payroc-key", "").replace("~/secret", "~/few");
    files.write("few", "elevenchars");
    assert!(files.refusal(&short).contains("at least 12 characters"));
}

#[test]
fn an_account_is_one_dialects() {
    let files = Files::new();
    files.write("another", "fedcba9876543210fedcba9876543210");
    let payroc = credential("payroc-key", "");
    let other = |kind: &str, more: &str| {
        let entry = credential(kind, more).replace("\"shop\"", "\"other\"");
        entry.replace("~/secret", "~/another")
    };
    for (kind, more, dialect) in [
        ("rebilly-secret", "", "Rebilly"),
        ("rebilly-publishable", "", "Rebilly"),
        ("worldpay-user", "user = \"u\"\nentities = [\"default\"]", "Worldpay"),
        ("worldpay-reveal", "user = \"u\"", "Worldpay"),
        ("worldpay-checkout", "", "Worldpay"),
    ] {
        let said = files.refusal(&(other(kind, more) + &payroc));
        let part = format!("used by credentials of {dialect} and of Payroc");
        assert!(
            said.starts_with("tenant 1 (organization org_1): ") && said.contains(&part),
            "{kind}: {said}"
        );
        let elsewhere = other(kind, more).replace("org_1", "org_2") + &payroc;
        assert!(files.read(&elsewhere).is_ok(), "{kind} of another organization");
    }
    for kind in ["native-redeem", "native-admin", "payroc-key"] {
        assert!(files.read(&(other(kind, "") + &payroc)).is_ok(), "{kind}");
    }
    let said = files.refusal(&(payroc + &issuer("", "")));
    assert!(said.contains("used by credentials of Payroc and of Rebilly"), "{said}");
}
