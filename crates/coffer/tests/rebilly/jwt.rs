//! JWTs over the socket (2.2, RFC 8725): what an issuer of the configuration has signed for us and for now is taken,
//! and nothing else. And `coffer sandbox-jwt`, whose tokens a sandbox takes.

use std::{os::unix::fs::PermissionsExt, path::Path};

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{
    credentials::{FOREIGN_SK, SK, config},
    jwts::{AUDIENCE, CUSTOMER, Issuer, Issuers, SHARED, hmac_sha256, message, now},
};
use crate::{
    live::{ALPHA, BETA, Live},
    support::{Client, Node, card, home},
};

/// The status of a list of tokens with this token, without and with an organization in the path.
fn status(client: &mut Client, org: Option<&str>, token: &str) -> u16 {
    let org = org.map(|org| format!("/organizations/{org}")).unwrap_or_default();
    let bearer = format!("Bearer {token}");
    client.call("GET", &format!("/rebilly{org}/tokens"), &[("Authorization", &bearer)], b"").status
}

#[test]
fn times_audience_and_issuer_are_checked() {
    let (live, issuers) = (Live::new(), Issuers::new());
    let node = live.try_start(&config(&live, &issuers)).expect("the node starts");
    let mut client = node.client();
    let at = now();
    let cases = [
        (200, json!({})),
        (200, json!({"aud": [AUDIENCE]})),
        (200, json!({"aud": ["other", AUDIENCE]})),
        (200, json!({"iat": null})),
        (200, json!({"sub": "anybody", "jti": "jwt_1", "userId": "7"})),
        (200, json!({"exp": at + 80_000})),
        // Over, not begun, and neither.
        (401, json!({"exp": at - 1, "nbf": at - 3_600})),
        (401, json!({"exp": at - 3_600, "nbf": at - 7_200})),
        (401, json!({"nbf": at + 3_000})),
        (401, json!({"nbf": at + 3_600})),
        (401, json!({"exp": null})),
        (401, json!({"nbf": null})),
        (401, json!({"exp": (at + 3_600).to_string()})),
        (401, json!({"exp": f64::from(i32::MAX) + 0.5})),
        (401, json!({"exp": true})),
        (401, json!({"exp": -1})),
        (401, json!({"exp": at + 10 * 86_400})),
        (401, json!({"iat": at - 86_400 * 2})),
        // For somebody else.
        (401, json!({"aud": null})),
        (401, json!({"aud": "other"})),
        (401, json!({"aud": []})),
        (401, json!({"aud": ["other"]})),
        (401, json!({"aud": [AUDIENCE, 7]})),
        (401, json!({"aud": format!("{AUDIENCE}/")})),
        (401, json!({"aud": AUDIENCE.to_uppercase()})),
        // From somebody else.
        (401, json!({"iss": null})),
        (401, json!({"iss": "nobody"})),
        (401, json!({"iss": ["merchants"]})),
        (401, json!({"iss": "Merchants"})),
        (401, json!({"iss": "foreign-merchants"})),
        (401, json!({"iss": "merchants-of-both"})),
        (401, json!({"iss": "the merchants"})),
        // A customer's token is no merchant's.
        (401, json!({"customerId": CUSTOMER})),
        (401, json!({"customerId": ""})),
    ];
    for issuer in [&issuers.merchant, &issuers.both] {
        for (expected, claims) in &cases {
            // The issuers' own names are good only for themselves.
            if claims["iss"].as_str() == Some(issuer.name) {
                continue;
            }
            assert_eq!(
                status(&mut client, None, &issuer.token(claims)),
                *expected,
                "{} {claims}",
                issuer.name
            );
        }
    }
    let customer = |claims: Value| issuers.customer.token(&claims);
    for wrong in [
        json!({}),
        json!({"customerId": "a/b"}),
        json!({"customerId": 7}),
        json!({"customerId": "c".repeat(51)}),
    ] {
        assert_eq!(status(&mut client, None, &customer(wrong.clone())), 401, "{wrong}");
    }
}

/// A good token's header, claims and signature.
fn parts(token: &str) -> (String, String, String) {
    let parts: Vec<&str> = token.split('.').collect();
    (parts[0].to_owned(), parts[1].to_owned(), parts[2].to_owned())
}

fn text(json: &Value) -> String {
    BASE64URL_NOPAD.encode(json.to_string().as_bytes())
}

/// Tokens that somebody makes who has a good one of the issuer and everything that is public.
fn forged(issuer: &Issuer, other: &Issuer) -> Vec<(&'static str, String)> {
    let (header, claims, signature) = parts(&issuer.token(&json!({})));
    let (_, later, _) = parts(&issuer.token(&json!({"exp": now() + 7_200})));
    let raw = BASE64URL_NOPAD.decode(signature.as_bytes()).expect("a signature");
    let mut flipped = raw.clone();
    flipped[7] ^= 1;
    let mut forged = vec![
        ("without a signature", format!("{header}.{claims}")),
        ("with an empty signature", format!("{header}.{claims}.")),
        ("with a signature of zeros", format!("{header}.{claims}.{}", BASE64URL_NOPAD.encode(&[0; 64]))),
        ("with a part of the signature", format!("{header}.{claims}.{}", &signature[..signature.len() - 4])),
        ("with a bit of it flipped", format!("{header}.{claims}.{}", BASE64URL_NOPAD.encode(&flipped))),
        ("with padding", format!("{header}.{claims}.{signature}==")),
        ("with a fourth part", format!("{header}.{claims}.{signature}.{signature}")),
        ("of five parts", format!("{header}.{claims}.{signature}.{claims}.{signature}")),
        ("with other claims", format!("{header}.{later}.{signature}")),
        ("with a blank in it", format!("{header}.{claims} .{signature}")),
    ];
    let of = |alg: Value| json!({"alg": alg, "typ": "JWT"});
    for none in ["none", "None", "NONE", "nOnE", ""] {
        let header = text(&of(json!(none)));
        forged.push(("of no algorithm", format!("{header}.{claims}.")));
        forged.push(("of no algorithm, signed", format!("{header}.{claims}.{signature}")));
    }
    for alg in [
        json!("HS384"),
        json!("RS256"),
        json!("ES256"),
        json!("hs256"),
        json!("eddsa"),
        json!(7),
        Value::Null,
    ] {
        forged.push(("of another algorithm", issuer.token_of(&of(alg), &issuer.claims(&json!({})))));
    }
    // The other algorithm's header over this issuer's claims, by this key and by the other.
    let confused = message(&of(json!(other.algorithm())), &issuer.claims(&json!({})));
    for key in [issuer, other] {
        let signature = BASE64URL_NOPAD.encode(&key.sign(&confused));
        forged.push(("of the other algorithm", format!("{confused}.{signature}")));
    }
    forged.push(("by the other key", other.token(&json!({"iss": issuer.name}))));
    forged.push(("by the other key under this algorithm", {
        let message = message(&of(json!(issuer.algorithm())), &issuer.claims(&json!({})));
        format!("{message}.{}", BASE64URL_NOPAD.encode(&other.sign(&message)))
    }));
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("jwk", json!({"kty": "oct", "k": "AAAA"})),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/cert")),
        ("zip", json!("DEF")),
        ("b64", json!(false)),
        ("typ", json!("secret+jwt")),
    ] {
        let mut header = of(json!(issuer.algorithm()));
        header[name] = value;
        forged.push((
            "with a header that is not understood",
            issuer.token_of(&header, &issuer.claims(&json!({}))),
        ));
    }
    forged
}

/// What is public of an `EdDSA` key, taken as a secret of HMAC.
fn confused_with_public_key(issuer: &Issuer) -> Vec<String> {
    let pem = issuer.public_pem();
    let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = data_encoding::BASE64.decode(lines.as_bytes()).expect("a PEM block");
    let message = message(&json!({"alg": "HS256", "typ": "JWT"}), &issuer.claims(&json!({})));
    let keys = [pem.as_bytes(), pem.trim_end().as_bytes(), &der, &der[der.len() - 32..], b""];
    keys.map(|key| format!("{message}.{}", BASE64URL_NOPAD.encode(&hmac_sha256(key, message.as_bytes()))))
        .into()
}

#[test]
fn what_the_issuer_has_not_signed_is_not_taken() {
    let (live, issuers) = (Live::new(), Issuers::new());
    let node = live.try_start(&config(&live, &issuers)).expect("the node starts");
    let mut client = node.client();
    for (issuer, other) in [(&issuers.merchant, &issuers.both), (&issuers.both, &issuers.merchant)] {
        assert_eq!(
            status(&mut client, None, &issuer.token(&json!({}))),
            200,
            "a good one of {}",
            issuer.name
        );
        for (what, token) in forged(issuer, other) {
            assert_eq!(status(&mut client, None, &token), 401, "{} {what}: {token}", issuer.name);
        }
    }
    for token in confused_with_public_key(&issuers.merchant) {
        assert_eq!(status(&mut client, None, &token), 401, "the public key as a secret");
    }
    // Names that stand twice would be read differently by two readers.
    let twice = format!("{{\"iss\":\"nobody\",{}", &issuers.merchant.claims(&json!({})).to_string()[1..]);
    let header = text(&json!({"alg": "EdDSA"}));
    let signed = format!("{header}.{}", BASE64URL_NOPAD.encode(twice.as_bytes()));
    let signature = BASE64URL_NOPAD.encode(&issuers.merchant.sign(&signed));
    assert_eq!(status(&mut client, None, &format!("{signed}.{signature}")), 401, "a claim twice");
    // Good, but shown in another way.
    let good = issuers.merchant.token(&json!({}));
    let bearer = format!("Bearer {good}");
    for headers in [
        vec![("Authorization", good.as_str())],
        vec![("REB-APIKEY", &good)],
        vec![("Authorization", &bearer), ("Authorization", &bearer)],
        vec![("Authorization", &bearer), ("REB-APIKEY", "sk_nobody")],
    ] {
        assert_eq!(client.call("GET", "/rebilly/tokens", &headers, b"").status, 401, "{headers:?}");
    }
    let large = issuers.merchant.token(&json!({"more": "x".repeat(4_000)}));
    assert_eq!(status(&mut client, None, &large), 401, "longer than any token");
    let said = node.said();
    for secret in [SHARED, &good, "eyJ"] {
        assert!(!said.contains(secret), "a token or a key is in the log");
    }
}

#[test]
fn a_token_may_name_one_of_its_issuers_organizations() {
    let (live, issuers) = (Live::new(), Issuers::new());
    let node = live.try_start(&config(&live, &issuers)).expect("the node starts");
    let mut client = node.client();
    let named = |issuer: &Issuer, org: Value| issuer.token(&json!({"organizationId": org}));
    let both = &issuers.both;
    for (token, statuses) in [
        // Without an organization in the path, in the first and in the second one.
        (both.token(&json!({})), [200, 200, 200]),
        (named(both, json!(ALPHA)), [200, 200, 403]),
        (named(both, json!(BETA)), [200, 403, 200]),
        (named(both, json!("org_nowhere")), [401; 3]),
        (named(both, json!([ALPHA])), [401; 3]),
        (named(both, json!("")), [401; 3]),
        (named(&issuers.merchant, json!(ALPHA)), [200, 200, 403]),
        (named(&issuers.merchant, json!(BETA)), [401; 3]),
    ] {
        let found = [None, Some(ALPHA), Some(BETA)].map(|org| status(&mut client, org, &token));
        assert_eq!(found, statuses, "{token}");
    }
    // What is made without an organization in the path is the named one's, or the issuer's first one's.
    for (token, owner, other) in
        [(named(both, json!(ALPHA)), SK, FOREIGN_SK), (both.token(&json!({})), FOREIGN_SK, SK)]
    {
        let bearer = format!("Bearer {token}");
        let made = client.call(
            "POST",
            "/rebilly/tokens",
            &[("Authorization", &bearer)],
            card().to_string().as_bytes(),
        );
        assert_eq!(made.status, 201, "{}", made.text());
        let path = format!("/rebilly/tokens/{}", made.json()["id"].as_str().unwrap());
        let mut read = |key: &str| client.call("GET", &path, &[("REB-APIKEY", key)], b"").status;
        assert_eq!((read(owner), read(other)), (200, 404));
    }
}

#[test]
fn the_claim_permissions_narrows_and_never_widens() {
    let (live, issuers) = (Live::new(), Issuers::new());
    let node = live.try_start(&config(&live, &issuers)).expect("the node starts");
    let mut client = node.client();
    let cases = [
        // (issuer, permissions, list tokens, create a token)
        (&issuers.merchant, Value::Null, 200, 201),
        (&issuers.merchant, json!("*"), 200, 201),
        (&issuers.merchant, json!(["*"]), 200, 201),
        (&issuers.merchant, json!(["GetTokenCollection"]), 200, 403),
        (&issuers.merchant, json!(["PostToken"]), 403, 201),
        (&issuers.merchant, json!(["PostToken", "GetTokenCollection"]), 200, 201),
        (&issuers.merchant, json!(["posttoken", "GetTokenCollection "]), 403, 403),
        (&issuers.merchant, json!([]), 403, 403),
        (&issuers.merchant, json!(["*", "PostToken"]), 401, 401),
        (&issuers.merchant, json!("PostToken"), 401, 401),
        (&issuers.merchant, json!([7]), 401, 401),
        (&issuers.merchant, json!({"PostToken": true}), 401, 401),
        (&issuers.narrow, Value::Null, 200, 403),
        (&issuers.narrow, json!("*"), 200, 403),
        (&issuers.narrow, json!(["PostToken", "GetTokenCollection"]), 200, 403),
        (&issuers.narrow, json!(["PostToken"]), 403, 403),
    ];
    for (issuer, permissions, list, create) in cases {
        let bearer = format!("Bearer {}", issuer.token(&json!({"permissions": permissions})));
        let headers = [("Authorization", bearer.as_str())];
        let listed = client.call("GET", "/rebilly/tokens", &headers, b"").status;
        let made = client.call("POST", "/rebilly/tokens", &headers, card().to_string().as_bytes()).status;
        assert_eq!((listed, made), (list, create), "{} {permissions}", issuer.name);
    }
}

/// Runs `coffer sandbox-jwt`, which must succeed, and gives the token.
fn sandbox_jwt(folder: &Path, more: &[&str]) -> String {
    let output = crate::support::store::sandbox_jwt(folder).args(more).output().expect("the binary runs");
    assert!(output.status.success() && output.stderr.is_empty(), "{more:?}");
    let said = String::from_utf8(output.stdout).expect("text");
    let token = said.strip_suffix('\n').expect("one line");
    assert_eq!(token.split('.').count(), 3, "{said:?}");
    token.to_owned()
}

#[test]
fn a_sandbox_takes_the_tokens_of_its_own_folder_until_they_are_over() {
    let folder = home();
    // The key stays over a restart.
    drop(Node::sandbox(folder.path()));
    let early = sandbox_jwt(folder.path(), &[]);
    let key = folder.path().join("jwt-key");
    assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let merchant = sandbox_jwt(folder.path(), &["--organization", "org_sandbox"]);
    let customer = sandbox_jwt(folder.path(), &["--customer", CUSTOMER]);
    let other = home();
    drop(Node::sandbox(other.path()));
    for (token, list, own) in [
        (early.clone(), 200, 403),
        (merchant.clone(), 200, 403),
        (customer.clone(), 403, 200),
        (sandbox_jwt(folder.path(), &["--organization", "org_other"]), 401, 401),
        (sandbox_jwt(other.path(), &[]), 401, 401),
        (sandbox_jwt(other.path(), &["--customer", CUSTOMER]), 401, 401),
    ] {
        let bearer = format!("Bearer {token}");
        let mut get = |path: &str| client.call("GET", path, &[("Authorization", &bearer)], b"").status;
        let found = (get("/rebilly/tokens"), get("/rebilly/storefront/payment-instruments"));
        assert_eq!(found, (list, own), "{token}");
    }
    let long = sandbox_jwt(folder.path(), &["--seconds", "7200"]);
    assert_eq!(status(&mut client, None, &merchant), 200);
    node.advance(3_600);
    assert_eq!(status(&mut client, None, &merchant), 401, "an hour has passed");
    assert_eq!(status(&mut client, None, &long), 200);
    node.advance(3_600);
    assert_eq!(status(&mut client, None, &long), 401, "two hours have passed");
    // The command knows by how much the clock was moved, whether the sandbox runs or not.
    node.advance(400 * 86_400);
    let moved = sandbox_jwt(folder.path(), &[]);
    assert_eq!(status(&mut client, None, &moved), 200, "made by the sandbox's clock");
    let mut said = node.said();
    drop(node);
    let rested = sandbox_jwt(folder.path(), &["--seconds", "600"]);
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    assert_eq!(status(&mut client, None, &rested), 200, "the clock stays moved");
    // Neither the tokens nor the key are written anywhere else.
    let secret = std::fs::read_to_string(&key).unwrap();
    let secret = secret.lines().find(|line| !line.starts_with('-')).expect("the key itself").to_owned();
    for file in crate::support::files(folder.path()) {
        let content = crate::support::bytes(&file);
        let has = |text: &str| content.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(file == key || !has(&secret), "{} has the key", file.display());
        for token in [&early, &merchant, &customer, &long] {
            let (_, claims, signature) = parts(token);
            assert!(!has(&claims) && !has(&signature), "{} has a token", file.display());
        }
    }
    said.push_str(&node.said());
    assert!(!said.contains("eyJ") && !said.contains(&secret), "{said}");
}
