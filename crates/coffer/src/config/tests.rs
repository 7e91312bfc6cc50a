//! What a configuration may say, and what it refuses by name.

use std::{fs::Permissions, os::unix::fs::PermissionsExt};

use coffer_crypto::{Ed25519Key, OsEntropy};
use coffer_http::{credentials::Credentials, edge::Origins, jwt::Issuers};
use coffer_types::Timestamp;
use tempfile::TempDir;

use super::*;

mod payroc;

fn config(change: &str) -> Result<(), String> {
    let base =
        "listen = \"127.0.0.1:8080\"\nadmin_listen = \"127.0.0.1:9090\"\ndata = \"data\"\nring = \"ring\"\n";
    let text = format!("{change}\n{base}[root_key]\nfile = \"key\"\n");
    let text =
        if change.starts_with("[[") { format!("{base}{change}\n[root_key]\nfile = \"key\"\n") } else { text };
    let config: Config = toml::from_str(&text).map_err(|error| error.to_string())?;
    config.check().map_err(|error| error.to_string())?;
    config.organizations().map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn takes_what_is_right_and_names_what_is_wrong() {
    assert_eq!(config(""), Ok(()));
    assert_eq!(config("[[tenants]]\nnumber = 7\norganization = \"org_7\""), Ok(()));
    for (change, part) in [
        ("surprise = 1", "unknown field"),
        ("node = 1024", "0 to 1023"),
        ("public_url = \"https://vault.example/\"", "without a slash"),
        ("[[tenants]]\nnumber = 0\norganization = \"a\"", "1 to 16777215"),
        ("[[tenants]]\nnumber = 1\norganization = \"a b\"", "letters, digits"),
        (
            "[[tenants]]\nnumber = 1\norganization = \"a\"\n[[tenants]]\nnumber = 1\norganization = \"b\"",
            "number stands twice",
        ),
    ] {
        let error = config(change).unwrap_err();
        assert!(error.contains(part), "{change}: {error}");
    }
}

#[test]
fn plain_text_stays_on_loopback() {
    let text = |listen: &str, more: &str| {
        format!(
            "{more}\nlisten = \"{listen}\"\nadmin_listen = \"127.0.0.1:1\"\ndata = \"d\"\nring = \"r\"\n\
             [root_key]\nenv = \"K\"\n"
        )
    };
    let check = |text: String| toml::from_str::<Config>(&text).unwrap().check();
    assert!(matches!(check(text("0.0.0.0:80", "")), Err(ConfigError::PlainText(_))));
    // Each of the two words alone is not enough.
    for once in ["behind_tls_proxy = true", "plaintext = \"accepted\""] {
        let refused = check(text("0.0.0.0:80", once)).unwrap_err();
        assert!(matches!(refused, ConfigError::PlainText(_)), "{once}");
        let said = refused.to_string();
        assert!(
            said.contains("behind_tls_proxy = true") && said.contains("plaintext = \"accepted\""),
            "{said}"
        );
    }
    assert!(
        toml::from_str::<Config>(&text("0.0.0.0:80", "plaintext = true")).is_err(),
        "a word, and this one"
    );
    let proxy = "behind_tls_proxy = true\nplaintext = \"accepted\"";
    assert!(matches!(check(text("0.0.0.0:80", proxy)), Err(ConfigError::NoPublicUrl)));
    let proxy = "behind_tls_proxy = true\nplaintext = \"accepted\"\npublic_url = \"https://vault.example\"";
    assert!(matches!(check(text("0.0.0.0:80", proxy)), Err(ConfigError::NoTrustedProxies)));
    let proxy = &format!("{proxy}\ntrusted_proxies = [\"192.0.2.1\"]");
    assert!(check(text("0.0.0.0:80", proxy)).is_ok());
    assert!(check(text("[::1]:80", "")).is_ok());
    let tls = "[tls]\ncertificate = \"c\"\nkey = { file = \"k\" }\n";
    assert!(check(format!("{}{tls}", text("0.0.0.0:80", ""))).is_ok());
    let both = check(format!("{}{tls}", text("0.0.0.0:80", "plaintext = \"accepted\"")));
    assert!(matches!(both, Err(ConfigError::PlainTextAndTls)));
}

#[test]
fn the_ring_lies_outside_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    assert!(is_inside(&data.join("ring"), &data));
    assert!(is_inside(&data.join("..").join("data").join("ring"), &data));
    assert!(!is_inside(&folder.path().join("ring"), &data));
}

/// A folder with files that entries name, each readable by its owner alone.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        let pem = Ed25519Key::generate_pem(&OsEntropy).unwrap();
        files.write("public.pem", &Ed25519Key::parse_pem(&pem).unwrap().public_pem().unwrap());
        files.write("private.pem", &pem);
        files.write("secret", "0123456789abcdef0123456789abcdef");
        files.write("short", "0123456789abcdef0123456789abcde");
        files.write("dotted", "pk_live.of_three.parts");
        files.write("repeated", &"abcdefg".repeat(8));
        files.write("open.pem", &std::fs::read_to_string(files.0.path().join("public.pem")).unwrap());
        let open = std::fs::Permissions::from_mode(0o664);
        std::fs::set_permissions(files.0.path().join("open.pem"), open).unwrap();
        files
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    }

    /// Everything that is read at a start, of a file with two organizations and this entry; `~` is the folder.
    fn read(&self, entry: &str) -> Result<(Credentials, Issuers), String> {
        let config = self.config(entry)?;
        let say = |error: ConfigError| error.to_string();
        config.check().map_err(say)?;
        let organizations = config.organizations().map_err(say)?;
        let credentials = config.credentials(&organizations).map_err(say)?;
        let issuers = config.issuers(&organizations, &credentials).map_err(say)?;
        Ok((credentials, issuers))
    }

    /// The file itself.
    fn config(&self, entry: &str) -> Result<Config, String> {
        let entry = entry.replace('~', &self.0.path().display().to_string());
        let text = format!(
            "listen = \"127.0.0.1:1\"\nadmin_listen = \"127.0.0.1:2\"\ndata = \"d\"\nring = \"r\"\n\
             root_key = {{ file = \"k\" }}\n[[tenants]]\nnumber = 1\norganization = \"org_1\"\n\
             [[tenants]]\nnumber = 2\norganization = \"org_2\"\n{entry}"
        );
        toml::from_str(&text).map_err(|error| error.to_string())
    }

    /// What is said of an entry that must not be taken.
    fn refusal(&self, entry: &str) -> String {
        self.read(entry).map(|_| ()).expect_err(entry)
    }
}

const CREDENTIAL: &str = "[[credentials]]\nname = \"shop\"\nsecret = { file = \"~/secret\" }\n";

fn credential(kind: &str, more: &str) -> String {
    format!("{CREDENTIAL}kind = \"{kind}\"\norganizations = [\"org_1\"]\n{more}\n")
}

#[test]
fn a_credential_may_be_narrowed() {
    let files = Files::new();
    let read = |more: &str| {
        let (credentials, _) = files.read(&credential("rebilly-publishable", more)).unwrap();
        credentials.find("0123456789abcdef0123456789abcdef").unwrap().clone()
    };
    let (one, two) = (Tenant::new(1).unwrap(), Tenant::new(2).unwrap());
    let plain = read("");
    assert!(plain.permits(one, "PostToken") && !plain.permits(two, "PostToken"));
    assert!(plain.admits("192.0.2.1".parse().unwrap()));
    assert!(!plain.origins.allows("https://shop.example"), "no browser unless it is said");
    let narrow = read(
        "acl = [{ organizations = [\"org_1\"], permissions = [\"PostToken\"] }]\n\
         allowed_ips = [\"192.0.2.0/24\", \"2001:db8::1\"]\norigins = [\"https://shop.example\"]",
    );
    assert!(narrow.permits(one, "PostToken") && !narrow.permits(one, "GetToken"));
    assert!(
        narrow.admits("::ffff:192.0.2.9".parse().unwrap()) && !narrow.admits("192.0.3.1".parse().unwrap())
    );
    assert!(narrow.origins.allows("https://shop.example") && !narrow.origins.allows("https://other.example"));
    assert_eq!(read("origins = [\"*\"]").origins, Origins::Any);
}

#[test]
fn a_narrowed_credential_that_makes_no_sense_is_named() {
    let files = Files::new();
    let publishable = |more: &str| files.refusal(&credential("rebilly-publishable", more));
    for (more, part) in [
        ("acl = []", "allows nothing"),
        ("acl = [{ organizations = [\"org_2\"], permissions = [\"*\"] }]", "not for"),
        ("acl = [{ organizations = [\"org_3\"], permissions = [\"*\"] }]", "no organization org_3"),
        ("acl = [{ organizations = [], permissions = [\"*\"] }]", "no organization"),
        ("acl = [{ organizations = [\"org_1\"], permissions = [] }]", "permissions"),
        (
            "acl = [{ organizations = [\"org_1\"], permissions = [\"PostTokens\"] }]",
            "no operation PostTokens",
        ),
        ("acl = [{ organizations = [\"org_1\"], permissions = [\"*\", \"PostToken\"] }]", "stands alone"),
        ("allowed_ips = []", "admits nobody"),
        ("allowed_ips = [\"10.0.0.1/8\"]", "behind the prefix"),
        ("allowed_ips = [\"shop.example\"]", "no IP address"),
        ("origins = [\"https://shop.example/\"]", "not an origin"),
    ] {
        let said = publishable(more);
        assert!(said.starts_with("credential shop: ") && said.contains(part), "{more}: {said}");
    }
    for more in [
        "acl = [{ organizations = [\"org_1\"], permissions = [\"*\"], scope = 1 }]",
        "acl = [{ organizations = [\"org_1\"] }]",
        "allowed_ips = \"10.0.0.0/8\"",
        "allowedIps = []",
    ] {
        publishable(more);
    }
    let dotted = credential("rebilly-publishable", "").replace("~/secret", "~/dotted");
    let said = files.refusal(&dotted);
    assert!(said.contains("form of a JWT") && !said.contains("of_three"), "{said}");
    for (kind, more) in [
        ("rebilly-secret", "origins = [\"*\"]"),
        ("native-redeem", "origins = []"),
        ("native-redeem", "allowed_ips = [\"10.0.0.0/8\"]"),
        ("native-admin", "acl = [{ organizations = [\"org_1\"], permissions = [\"*\"] }]"),
    ] {
        let said = files.refusal(&credential(kind, more));
        assert!(
            said.contains("for rebilly-") || said.contains("for the kinds of Rebilly"),
            "{kind} {more}: {said}"
        );
    }
}

/// An issuer with one line of it changed.
fn issuer(from: &str, to: &str) -> String {
    let good = "[[jwt_issuers]]\nname = \"login\"\nissuer = \"https://id.example\"\naudience = \"vault\"\n\
                algorithm = \"EdDSA\"\npublic_key_file = \"~/public.pem\"\nkind = \"customer\"\n\
                organizations = [\"org_1\"]\npermissions = [\"*\"]\nleeway_seconds = 60\nlongest_seconds = 600\n";
    assert!(good.contains(from), "{from}");
    good.replacen(from, to, 1)
}

#[test]
fn issuers_are_read_with_their_keys() {
    let files = Files::new();
    for (from, to) in [
        ("", ""),
        ("kind = \"customer\"", "kind = \"merchant\""),
        ("permissions = [\"*\"]", "permissions = [\"PostToken\"]"),
        ("permissions = [\"*\"]\nleeway_seconds = 60\nlongest_seconds = 600\n", ""),
        (
            "algorithm = \"EdDSA\"\npublic_key_file = \"~/public.pem\"",
            "algorithm = \"HS256\"\nkey = { file = \"~/secret\" }",
        ),
    ] {
        let (_, issuers) = files.read(&issuer(from, to)).expect(to);
        assert_eq!(format!("{issuers:?}"), "Issuers(1)");
        assert!(issuers.check("e30.e30.e30", Timestamp::from_millis(0)).is_none());
    }
}

#[test]
fn an_issuer_that_makes_no_sense_is_named() {
    let files = Files::new();
    let key = "public_key_file = \"~/public.pem\"";
    let secret = |name: &str| format!("key = {{ file = \"~/{name}\" }}");
    let hmac = |name: &str| issuer("\"EdDSA\"", "\"HS256\"").replace(key, &secret(name));
    for (entry, part) in [
        (issuer("issuer = \"https://id.example\"", "issuer = \"\""), "1 to 255"),
        (issuer("\"EdDSA\"", "\"none\""), "one of HS256"),
        (issuer("\"EdDSA\"", "\"RS256\""), "not a public key of the kind"),
        (issuer("\"EdDSA\"", "\"HS256\""), "HS256 needs key and no public_key_file"),
        (issuer(key, &secret("secret")), "EdDSA needs public_key_file and no key"),
        (issuer(key, ""), "EdDSA needs public_key_file"),
        (issuer(key, &format!("{key}\n{}", secret("secret"))), "and no key"),
        (issuer("public.pem", "private.pem"), "BEGIN PUBLIC KEY"),
        (issuer("public.pem", "missing.pem"), "missing.pem"),
        (hmac("short"), "at least 32 bytes"),
        (hmac("missing"), "missing"),
        (hmac("repeated"), "repeats itself"),
        (hmac("public.pem"), "repeats itself, or is a PEM"),
        (hmac("secret") + &credential("native-admin", ""), "a credential has the same secret"),
        (
            hmac("secret")
                + &hmac("secret").replace("\"login\"", "\"other\"").replace("id.example", "other.example"),
            "another issuer has the same secret",
        ),
        (
            issuer("", "")
                + &issuer("\"login\"", "\"other\"")
                    .replace("id.example", "other.example")
                    .replace("kind = \"customer\"", "kind = \"merchant\""),
            "other kind has the same key",
        ),
        (issuer("public.pem", "open.pem"), "written by others"),
        (issuer("\"login\"", "\"system\""), "not system"),
        (issuer("\"login\"", "\" unknown \""), "not unknown"),
        (issuer("\"login\"", "\"import-cards\""), "not import-cards"),
        (issuer("[\"org_1\"]", "[\"org_9\"]"), "no organization org_9"),
        (issuer("[\"org_1\"]", "[]"), "no organization"),
        (issuer("permissions = [\"*\"]", "permissions = [\"Everything\"]"), "no operation Everything"),
        (issuer("leeway_seconds = 60", "leeway_seconds = 61"), "at most 60"),
        (issuer("longest_seconds = 600", "longest_seconds = 0"), "at least 1"),
        (issuer("longest_seconds = 600", "longest_seconds = 2678401"), "at most 2678400"),
        (format!("{}{}", issuer("", ""), issuer("https://id.example", "other")), "same name"),
        (format!("{}{}", issuer("", ""), issuer("\"login\"", "\"login\" # second")), "same name"),
        (
            issuer("", "").replace("\"login\"", "\"shop\"") + &credential("native-admin", ""),
            "no credential has",
        ),
    ] {
        let said = files.refusal(&entry);
        assert!(said.starts_with("jwt issuer ") && said.contains(part), "{part}: {said}");
        assert!(!said.contains("0123456789abcdef"), "a secret is in: {said}");
    }
    let second = issuer("", "") + &issuer("\"login\"", "\"other\"");
    assert!(files.refusal(&second).starts_with("jwt issuer other: another entry has the same issuer"));
    for entry in [
        issuer("kind = \"customer\"", "kind = \"both\""),
        issuer("audience = \"vault\"\n", ""),
        issuer("leeway_seconds = 60", "leeway_seconds = -1"),
        issuer("leeway_seconds = 60", "leeway = 60"),
        issuer(key, "key = \"0123456789abcdef0123456789abcdef\""),
    ] {
        assert!(!files.refusal(&entry).is_empty());
    }
}

#[test]
fn limits_tables_and_risk_are_read() {
    let text = "trusted_proxies = [\"10.0.0.0/8\", \"::1\"]\nlisten = \"127.0.0.1:1\"\n\
                admin_listen = \"127.0.0.1:2\"\ndata = \"d\"\nring = \"r\"\nroot_key = { file = \"k\" }\n";
    let read = |more: &str| toml::from_str::<Config>(&format!("{text}{more}")).unwrap();
    let plain = read("");
    plain.check().unwrap();
    plain.trusted_proxies().unwrap();
    assert_eq!((plain.rate_limit, plain.card_testing), (None, CardTesting::default()));
    assert_eq!((plain.tables, plain.risk), (Tables::default(), Risk::default()));
    let full = read(
        "[rate_limit]\nrequests = 100\nseconds = 10\n[card_testing]\ncards_per_hour = 20\n[tables]\n\
         bins = \"bins.csv\"\n[risk]\nhigh_risk_countries = [\"XX\", \"YY\"]\n[risk.weights]\nisTor = -100\n",
    );
    full.check().unwrap();
    assert_eq!(full.rate_limit, Some(RateLimit { requests: 100, seconds: 10 }));
    assert_eq!(full.card_testing, CardTesting { cards_per_hour: Some(20), ..CardTesting::default() });
    assert_eq!(full.tables.bins.as_deref(), Some(Path::new("bins.csv")));
    assert_eq!(full.risk.weights.get("isTor"), Some(&-100));
    assert_ne!(read("[card_testing]\nenabled = false\n").card_testing, CardTesting::default());
}

#[test]
fn limits_tables_and_risk_that_make_no_sense_are_named() {
    for (change, part) in [
        ("trusted_proxies = [\"10.0.0.1/8\"]", "trusted_proxies: 10.0.0.1/8"),
        ("rate_limit = { requests = 0, seconds = 1 }", "rate_limit.requests: it is 1 to"),
        ("rate_limit = { requests = 1, seconds = 86401 }", "rate_limit.seconds"),
        ("rate_limit = { requests = 1 }", "seconds"),
        ("card_testing = { refused_cards = 0 }", "card_testing.refused_cards"),
        ("card_testing = { bin_requests_per_minute = 1000001 }", "card_testing.bin_requests_per_minute"),
        ("card_testing = { cards_per_hour = -1 }", "invalid value"),
        ("card_testing = { cards_per_day = 1 }", "unknown field"),
        ("tables = { asn = \"\" }", "tables.asn"),
        ("tables = { country = \"a\" }", "unknown field"),
        ("risk = { high_risk_countries = [\"xx\"] }", "risk.high_risk_countries: xx"),
        ("risk = { high_risk_countries = [\"XYZ\"] }", "two capital letters"),
        ("risk = { high_risk_countries = [\"XX\", \"XX\"] }", "stands once"),
        ("risk = { weights = { a = 101 } }", "risk.weights: a"),
        ("risk = { weights = { a = -9223372036854775808 } }", "risk.weights: a"),
        ("risk = { weights = { \"a b\" = 1 } }", "risk.weights: a b"),
        ("risk = { weights = { a = 1.5 } }", "invalid type"),
    ] {
        let error = config(change).unwrap_err();
        assert!(error.contains(part), "{change}: {error}");
    }
}

/// What is said of a file with this content.
fn said(content: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("coffer.toml");
    std::fs::write(&path, content).unwrap();
    let error = Config::read(&path).unwrap_err().to_string();
    error.strip_prefix(&format!("{}: ", path.display())).unwrap_or(&error).to_owned()
}

const TOP: &str = "listen = \"127.0.0.1:1\"\nadmin_listen = \"127.0.0.1:2\"\ndata = \"d\"\nring = \"r\"\n";

#[test]
fn a_line_of_the_top_that_stands_in_a_table_is_told_where_it_belongs() {
    let tables = "[root_key]\nfile = \"k\"\n[[credentials]]\nname = \"a\"\nkind = \"rebilly-secret\"\n\
                  organizations = [\"o\"]\nsecret = { file = \"s\" }\n";
    for line in
        ["behind_tls_proxy = true", "public_url = \"https://a.example\"", "trusted_proxies = [\"::1\"]"]
    {
        let (name, _) = line.split_once(' ').unwrap();
        let told = said(&format!("{TOP}{tables}{line}\n"));
        let expected = format!("{name} belongs to the top of the file");
        assert!(told.starts_with("line 12: ") && told.contains(&expected), "{told}");
    }
    let told = said(&format!("{TOP}{tables}surprise = 1\n"));
    assert!(told.contains("unknown field `surprise`"), "{told}");
    // What is told to belong to the top is known there.
    let all = said(&format!("surprise = 1\n{TOP}"));
    assert!(faults::TOP.iter().all(|name| all.contains(&format!("`{name}`"))), "{all}");
}

#[test]
fn a_wrong_word_is_named_by_its_key_and_never_repeated() {
    let credential = "[root_key]\nfile = \"k\"\n[[credentials]]\nname = \"a\"\nkind = \"s3cr3t\"\n\
                      organizations = [\"o\"]\nsecret = { file = \"s\" }\n";
    let told = said(&format!("{TOP}{credential}"));
    assert!(told.starts_with("line 9: kind: unknown value, expected one of `rebilly-secret`"), "{told}");
    let told = said(&format!("log = \"s3cr3t\"\n{TOP}[root_key]\nfile = \"k\"\n"));
    assert!(told.starts_with("line 1: log: unknown value, expected one of `error`"), "{told}");
    for line in ["node = \"s3cr3t\"", "node = -5313373", "listen = \"s3cr3t\""] {
        let told = said(&format!("{line}\n{}", TOP.replace("listen = \"127.0.0.1:1\"\nadmin", "admin")));
        assert!(!told.contains("s3cr3t") && !told.contains("5313373"), "{told}");
    }
}

#[test]
fn relative_paths_are_below_the_file_that_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("coffer.toml");
    let text = format!(
        "{TOP}root_key = {{ file = \"keys/root\" }}\n[tables]\nbins = \"bins.csv\"\ncity = \"/city.mmdb\"\n\
         [[credentials]]\nname = \"shop\"\nkind = \"rebilly-secret\"\norganizations = [\"org_1\"]\n\
         secret = {{ file = \"secret\" }}\n[[tenants]]\nnumber = 1\norganization = \"org_1\"\n"
    );
    std::fs::write(&path, text).unwrap();
    let config = Config::read(&path).unwrap();
    let below = |name: &str| folder.path().join(name);
    assert_eq!((&config.data, &config.ring), (&Some(below("d")), &below("r")));
    assert_eq!(config.tables.bins, Some(below("bins.csv")));
    assert_eq!(config.tables.city.as_deref(), Some(Path::new("/city.mmdb")), "a whole path stays");
    let said = config.root_key.as_ref().unwrap().read().unwrap_err().to_string();
    assert!(said.starts_with(&below("keys/root").display().to_string()), "{said}");
    let said = config.credentials(&config.organizations().unwrap()).unwrap_err().to_string();
    assert!(said.contains(&below("secret").display().to_string()), "{said}");
    let said = config.tables.open().err().unwrap().to_string();
    assert!(said.starts_with(&format!("tables.bins: {}: ", below("bins.csv").display())), "{said}");
}
