//! Keys and issuers with a list of permissions (2.2): each operation alone allows exactly itself. Keys that are taken
//! from some addresses only, straight and behind a proxy.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{
    credentials::{PK, SK},
    jwts::{CUSTOMER, Issuers},
    operations::{Header, Kind, OPERATIONS, Org, World},
};
use crate::{
    live::{ALPHA, BETA, Live},
    support::{Node, card},
};

/// The secret of the key that may do one operation alone.
fn key_for(kind: Kind, id: &str) -> String {
    let prefix = if kind == Kind::Secret { "sk" } else { "pk" };
    format!("{prefix}_live_only_{id}")
}

/// For each operation a secret key, a publishable key and an issuer of merchants' JWTs whose list has nothing else.
fn config(live: &Live, issuers: &Issuers) -> String {
    let mut text = live.config();
    live.write("merchants-only.pem", &issuers.merchant.public_pem(), 0o644);
    for operation in &OPERATIONS {
        let id = operation.id;
        for (kind, name) in [(Kind::Secret, "rebilly-secret"), (Kind::Publishable, "rebilly-publishable")] {
            let secret = key_for(kind, id);
            live.write(&secret, &secret, 0o600);
            write!(
                text,
                "[[credentials]]\nname = \"{name} {id}\"\nkind = \"{name}\"\norganizations = [\"{ALPHA}\"]\n\
                 secret = {{ file = \"{}\" }}\n\
                 [[credentials.acl]]\norganizations = [\"{ALPHA}\"]\npermissions = [\"{id}\"]\n",
                live.path(&secret).display()
            )
            .unwrap();
        }
        write!(
            text,
            "[[jwt_issuers]]\nname = \"issuer {id}\"\nissuer = \"only-{id}\"\naudience = \"the-vault\"\n\
             algorithm = \"EdDSA\"\npublic_key_file = \"{}\"\nkind = \"merchant\"\n\
             organizations = [\"{ALPHA}\"]\npermissions = [\"{id}\"]\n",
            live.path("merchants-only.pem").display()
        )
        .unwrap();
    }
    format!("{text}{}[card_testing]\nenabled = false\n", issuers.config(live))
}

/// Every way to be allowed one operation alone.
fn callers(issuers: &Issuers, id: &str) -> [(&'static str, Kind, Header); 5] {
    let authorization = |text: String| ("Authorization", text);
    let bearer = |token: String| authorization(format!("Bearer {token}"));
    [
        ("a secret key", Kind::Secret, ("REB-APIKEY", key_for(Kind::Secret, id))),
        ("a publishable key", Kind::Publishable, authorization(key_for(Kind::Publishable, id))),
        ("a merchant's JWT", Kind::Merchant, bearer(issuers.merchant.token(&json!({"permissions": [id]})))),
        (
            "an issuer of merchants' JWTs",
            Kind::Merchant,
            bearer(issuers.merchant.token(&json!({"iss": format!("only-{id}")}))),
        ),
        (
            "a customer's JWT",
            Kind::Customer,
            bearer(issuers.customer.token(&json!({"permissions": [id], "customerId": CUSTOMER}))),
        ),
    ]
}

#[test]
fn each_permission_alone_allows_exactly_its_operation() {
    let (live, issuers) = (Live::new(), Issuers::new());
    let node = live.try_start(&config(&live, &issuers)).expect("the node starts");
    let mut world = World::new(&node, SK);
    let mut succeeded = 0;
    for allowed in &OPERATIONS {
        for (name, kind, header) in callers(&issuers, allowed.id) {
            for operation in &OPERATIONS {
                for path in operation.forms(Org::None).into_iter().chain(operation.forms(Org::Own)) {
                    let answer = world.call(operation, &path, std::slice::from_ref(&header));
                    let may = operation.id == allowed.id && operation.may.contains(&kind);
                    let status = if may { operation.success } else { 403 };
                    let what = format!("{name} for {} at {} {path}", allowed.id, operation.method);
                    assert_eq!(answer.status, status, "{what}: {}", answer.text());
                    if !may && operation.changes() {
                        world.assert_unchanged(&what);
                    }
                    succeeded += usize::from(may);
                }
            }
        }
    }
    // Secret: 11 operations in two forms; publishable: 2 in two and 1 in three; merchants likewise, by claim and by
    // issuer; customers: 5 in three.
    assert_eq!(succeeded, 22 + (4 + 3) + 2 * 22 + 15);
}

/// A list that names one of two organizations opens nothing in the other.
#[test]
fn a_grant_is_for_its_organization() {
    let live = Live::new();
    live.write("granted", "sk_live_granted_0001", 0o600);
    let config = format!(
        "{}[[credentials]]\nname = \"granted\"\nkind = \"rebilly-secret\"\norganizations = [\"{BETA}\", \"{ALPHA}\"]\n\
         secret = {{ file = \"{}\" }}\n\
         [[credentials.acl]]\norganizations = [\"{ALPHA}\"]\npermissions = [\"*\"]\n\
         [[credentials.acl]]\norganizations = [\"{BETA}\"]\npermissions = [\"GetTokenCollection\"]\n",
        live.config(),
        live.path("granted").display()
    );
    let node = live.try_start(&config).expect("the node starts");
    let mut client = node.client();
    let body = card().to_string();
    for (method, prefix, status) in [
        ("POST", String::new(), 403),
        ("GET", String::new(), 200),
        ("POST", format!("/organizations/{BETA}"), 403),
        ("GET", format!("/organizations/{BETA}"), 200),
        ("POST", format!("/organizations/{ALPHA}"), 201),
        ("GET", format!("/organizations/{ALPHA}"), 200),
    ] {
        let path = format!("/rebilly{prefix}/tokens");
        let body = if method == "POST" { body.as_bytes() } else { b"" };
        let answer = client.call(method, &path, &[("REB-APIKEY", "sk_live_granted_0001")], body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
    }
    let tokens = |client: &mut crate::support::Client, key: &str| {
        client.call("GET", "/rebilly/tokens", &[("REB-APIKEY", key)], b"").json().as_array().unwrap().len()
    };
    assert_eq!((tokens(&mut client, "sk_live_beta_0001"), tokens(&mut client, SK)), (0, 1));
}

/// Two keys for some addresses only.
fn limited(live: &Live, allowed_ips: &str) -> String {
    let mut text = String::new();
    for (name, kind, secret) in [
        ("limited-sk", "rebilly-secret", "sk_live_limited_0001"),
        ("limited-pk", "rebilly-publishable", "pk_live_limited_0001"),
    ] {
        live.write(name, secret, 0o600);
        write!(
            text,
            "[[credentials]]\nname = \"{name}\"\nkind = \"{kind}\"\norganizations = [\"{ALPHA}\"]\n\
             allowed_ips = [{allowed_ips}]\nsecret = {{ file = \"{}\" }}\n",
            live.path(name).display()
        )
        .unwrap();
    }
    format!("{}{text}", live.config())
}

/// The statuses of a create by the two limited keys, with these lines of `X-Forwarded-For`; and of a key without a
/// limit, which always succeeds.
fn statuses(node: &Node, forwarded: &[&str]) -> (u16, u16) {
    let mut client = node.client();
    let lines: Vec<_> = forwarded.iter().map(|line| ("X-Forwarded-For", *line)).collect();
    let mut create = |header: (&'static str, &'static str)| {
        let headers = [&[header], lines.as_slice()].concat();
        client.call("POST", "/rebilly/tokens", &headers, card().to_string().as_bytes()).status
    };
    assert_eq!((create(("REB-APIKEY", SK)), create(("Authorization", PK))), (201, 201), "{forwarded:?}");
    (create(("REB-APIKEY", "sk_live_limited_0001")), create(("Authorization", "pk_live_limited_0001")))
}

fn tokens(node: &Node) -> Value {
    let answer = node.client().call("GET", "/rebilly/tokens?limit=0", &[("REB-APIKEY", SK)], b"");
    json!(answer.header("pagination-total").unwrap())
}

#[test]
fn a_key_is_taken_from_its_addresses_behind_a_trusted_proxy() {
    let live = Live::new();
    let limited = limited(&live, "\"198.51.100.0/24\", \"2001:db8:1::/48\"");
    let config = format!("trusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]\n{limited}");
    let node = live.try_start(&config).expect("the node starts");
    for inside in [
        &["198.51.100.7"][..],
        &["198.51.100.255:4711"],
        &["2001:db8:1:2::3"],
        &["::ffff:198.51.100.7"],
        // Whoever calls may write what he likes; the proxy writes to the right of it.
        &["203.0.113.9, 198.51.100.7"],
        &["203.0.113.9", "198.51.100.7"],
        &["nonsense, 198.51.100.7"],
        // Another trusted proxy in between.
        &["198.51.100.7, 10.1.2.3"],
    ] {
        assert_eq!(statuses(&node, inside), (201, 201), "{inside:?}");
    }
    for outside in [
        &[][..],
        &["203.0.113.9"],
        &["198.51.100.7, 203.0.113.9"],
        &["198.51.100.7", "203.0.113.9"],
        &["198.51.101.0"],
        &["198.51.100.7, nonsense"],
        &[""],
        &["2001:db8:2::1"],
        &["10.1.2.3"],
    ] {
        let before = tokens(&node);
        assert_eq!(statuses(&node, outside), (403, 403), "{outside:?}");
        let made = tokens(&node).as_str().unwrap().parse::<u32>().unwrap()
            - before.as_str().unwrap().parse::<u32>().unwrap();
        assert_eq!(made, 2, "by the keys without a limit, and by no other");
    }
    // Other headers that claim an address change nothing.
    let headers = [
        ("REB-APIKEY", "sk_live_limited_0001"),
        ("Forwarded", "for=198.51.100.7"),
        ("X-Real-IP", "198.51.100.7"),
    ];
    assert_eq!(node.client().call("GET", "/rebilly/tokens", &headers, b"").status, 403);
}

#[test]
fn a_peer_that_is_no_trusted_proxy_speaks_for_nobody() {
    for (allowed, proxies, expected) in [
        ("\"198.51.100.0/24\"", "", 403),
        ("\"198.51.100.0/24\"", "trusted_proxies = [\"127.0.0.2\", \"10.0.0.0/8\"]\n", 403),
        ("\"127.0.0.1\"", "", 201),
        ("\"127.0.0.0/8\"", "trusted_proxies = [\"127.0.0.2\"]\n", 201),
    ] {
        let live = Live::new();
        let node = live.try_start(&format!("{proxies}{}", limited(&live, allowed))).expect("the node starts");
        for forwarded in
            [&[][..], &["198.51.100.7"], &["127.0.0.1"], &["203.0.113.9"], &["198.51.100.7, 127.0.0.2"]]
        {
            assert_eq!(statuses(&node, forwarded), (expected, expected), "{allowed} {proxies} {forwarded:?}");
        }
    }
}

/// Of a shopper behind a proxy the token shows the address, for it is the merchant's to judge.
#[test]
fn the_address_of_a_browser_is_the_one_that_the_proxy_names() {
    let live = Live::new();
    let config = format!("trusted_proxies = [\"127.0.0.1\"]\n{}", live.config());
    let node = live.try_start(&config).expect("the node starts");
    let create = |header: (&'static str, &'static str), forwarded: &str| {
        let headers = [header, ("X-Forwarded-For", forwarded)];
        let answer = node.client().call("POST", "/rebilly/tokens", &headers, card().to_string().as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["riskMetadata"]["ipAddress"].clone()
    };
    assert_eq!(create(("Authorization", PK), "9.9.9.9, 203.0.113.9"), "203.0.113.9");
    assert_eq!(create(("REB-APIKEY", SK), "203.0.113.9"), Value::Null, "a server calls for somebody else");
}
