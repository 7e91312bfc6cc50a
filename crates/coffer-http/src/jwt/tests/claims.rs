//! What a token must say, and what it then may do.

use super::*;
use crate::credentials::{Grant, Permissions};

fn bearer(issuers: &Issuers, claims: &Value) -> Option<Bearer> {
    issuers.check(&signed(claims), now())
}

#[test]
fn a_good_token_carries_what_its_issuer_may() {
    let bearer = bearer(&issuers(settings()), &claims()).unwrap();
    assert_eq!((&*bearer.name, &bearer.kind), ("backend", &BearerKind::Merchant));
    assert_eq!(bearer.tenants, [tenant(1), tenant(2)]);
    assert!(bearer.permits(tenant(1), "PostToken") && bearer.permits(tenant(2), "GetToken"));
    assert!(!bearer.permits(tenant(3), "PostToken"));
    let address = "192.0.2.7".parse().unwrap();
    assert_eq!(bearer.told_origin(address), address);
}

/// Every claim that must be there: missing, null and of every wrong type.
#[test]
fn required_claims_are_there_and_of_their_type() {
    let issuers = issuers(settings());
    assert!(bearer(&issuers, &claims()).is_some());
    for name in ["iss", "aud", "exp", "nbf"] {
        assert!(bearer(&issuers, &with(name, None)).is_none(), "{name} missing");
        let text = claims()[name].to_string();
        let wrong = [json!(null), json!(true), json!({}), json!([]), json!([1]), json!(1.5), json!(text)];
        for value in wrong {
            assert!(bearer(&issuers, &with(name, Some(value.clone()))).is_none(), "{name}: {value}");
        }
    }
    for (name, value) in [
        ("iss", json!("https://id.example/")),
        ("iss", json!("")),
        ("iss", json!(["https://id.example"])),
        ("aud", json!("vault2")),
        ("aud", json!("")),
        ("aud", json!(["other"])),
        ("aud", json!(["vault", 1])),
        ("aud", json!({"vault": true})),
    ] {
        assert!(bearer(&issuers, &with(name, Some(value.clone()))).is_none(), "{name}: {value}");
    }
    for audience in [json!(["vault"]), json!(["other", "vault"])] {
        assert!(bearer(&issuers, &with("aud", Some(audience.clone()))).is_some(), "{audience}");
    }
}

#[test]
fn times_are_whole_seconds_that_a_calendar_has() {
    let issuers = issuers(settings());
    let payload = |nbf: &str, exp: &str| {
        format!(r#"{{"iss":"https://id.example","aud":"vault","nbf":{nbf},"exp":{exp}}}"#)
    };
    let taken = |payload: &str| {
        let secret = EncodingKey::from_secret(SECRET);
        is_taken(&issuers, &raw(r#"{"alg":"HS256"}"#, payload, &secret, Jws::HS256))
    };
    let (nbf, exp) = ((NOW - 60).to_string(), (NOW + 60).to_string());
    assert!(taken(&payload(&nbf, &exp)));
    let (text, fraction, zero) = (format!("\"{exp}\""), format!("{exp}.0"), format!("{exp}.5"));
    for wrong in [
        "-1",
        "0",
        "-0",
        "1e400",
        "1e10",
        "1.7e9",
        "NaN",
        "Infinity",
        "\"NaN\"",
        "253402300800",
        "null",
        "true",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551616",
        &text,
        &fraction,
        &zero,
        "",
    ] {
        assert!(!taken(&payload(&nbf, wrong)), "exp {wrong}");
        assert!(!taken(&payload(wrong, &exp)), "nbf {wrong}");
        let iat = payload(&nbf, &exp).replace('}', &format!(r#","iat":{wrong}}}"#));
        // As `iat`, 0 is a moment, but a life from there is too long.
        assert!(!taken(&iat), "iat {wrong}");
    }
    // The same claim twice: which one counts would be a matter of taste.
    for twice in ["exp", "nbf", "iss", "aud"] {
        let value = &claims()[twice];
        for payload in [
            claims().to_string().replace('}', &format!(",\"{twice}\":{value}}}")),
            claims().to_string().replace('{', &format!("{{\"{twice}\":{value},")),
        ] {
            assert!(!taken(&payload), "{payload}");
        }
    }
    assert!(!taken(&payload(&nbf, &exp).replace('}', r#","e\u0078p":1}"#)));
    for payload in ["", "{}", "null", "[]", "\"text\"", "{\"iss\":", "{'iss':1}"] {
        assert!(!taken(payload), "{payload}");
    }
}

#[test]
fn a_token_is_good_from_its_first_second_to_before_its_last() {
    let token = signed(&claims());
    let taken = |leeway_seconds: u32, at: i64| {
        let issuers = issuers(IssuerSettings { leeway_seconds, ..settings() });
        issuers.check(&token, Timestamp::from_millis(at)).is_some()
    };
    let (nbf, exp) = ((NOW - 1_800) * 1_000, (NOW + 1_800) * 1_000);
    for (leeway, milliseconds) in [(0, 0), (60, 60_000)] {
        assert!(!taken(leeway, nbf - milliseconds - 1) && taken(leeway, nbf - milliseconds), "{leeway}");
        assert!(taken(leeway, exp + milliseconds - 1) && !taken(leeway, exp + milliseconds), "{leeway}");
        assert!(!taken(leeway, exp + milliseconds + 1_000), "{leeway}");
    }
    for moment in [i64::MIN, -1, 0, i64::MAX] {
        assert!(!taken(60, moment), "{moment}");
    }
}

#[test]
fn a_life_has_a_beginning_an_end_and_a_longest_length() {
    let taken = |longest_seconds: u32, nbf: i64, exp: i64, iat: Option<i64>| {
        let issuers = issuers(IssuerSettings { longest_seconds, ..settings() });
        let mut claims = claims();
        (claims["nbf"], claims["exp"]) = (json!(nbf), json!(exp));
        if let Some(iat) = iat {
            claims["iat"] = json!(iat);
        }
        bearer(&issuers, &claims).is_some()
    };
    assert!(!taken(60, NOW, NOW, None) && !taken(60, NOW + 1, NOW, None), "it ends after it begins");
    // Leeway moves both ends and does not turn them round.
    let lenient = issuers(IssuerSettings { leeway_seconds: 60, ..settings() });
    for (nbf, exp, right) in [(NOW + 10, NOW + 11, true), (NOW + 10, NOW + 10, false), (NOW + 10, NOW, false)]
    {
        let mut claims = claims();
        (claims["nbf"], claims["exp"]) = (json!(nbf), json!(exp));
        assert_eq!(bearer(&lenient, &claims).is_some(), right, "{nbf} {exp}");
    }
    assert!(taken(60, NOW, NOW + 60, None) && !taken(60, NOW, NOW + 61, None));
    assert!(taken(60, NOW, NOW + 50, Some(NOW - 10)) && !taken(60, NOW, NOW + 51, Some(NOW - 10)));
    assert!(!taken(60, NOW - 30, NOW + 60, Some(NOW)), "a late making does not shorten a life");
    assert!(taken(86_400, NOW, NOW + 86_400, None) && !taken(86_400, NOW, NOW + 86_401, None));
}

#[test]
fn an_organization_narrows_and_never_widens() {
    let issuers = issuers(settings());
    let narrowed = |value: Value| bearer(&issuers, &with("organizationId", Some(value)));
    let second = narrowed(json!("org_2")).unwrap();
    assert_eq!(second.tenants, [tenant(2)]);
    assert!(second.permits(tenant(2), "PostToken") && !second.permits(tenant(1), "PostToken"));
    for foreign in [json!("org_3"), json!("org_9"), json!(""), json!(null), json!(2), json!(["org_2"])] {
        assert!(narrowed(foreign.clone()).is_none(), "{foreign}");
    }
}

#[test]
fn permissions_narrow_and_never_widen() {
    let grants = vec![
        Grant { tenants: vec![tenant(1)], permissions: Permissions::of(["PostToken", "GetToken"]).unwrap() },
        Grant { tenants: vec![tenant(2)], permissions: Permissions::All },
    ];
    let issuers = issuers(IssuerSettings { acl: Acl::Grants(grants), ..settings() });
    let permits = |claim: Option<Value>, number: u32, operation: &str| {
        bearer(&issuers, &with("permissions", claim)).unwrap().permits(tenant(number), operation)
    };
    let (some, none) = (Some(json!(["PostToken", "PutCustomer"])), Some(json!([])));
    for (claim, first, second) in [
        (None, [true, true, false], [true, true, true]),
        (Some(json!("*")), [true, true, false], [true, true, true]),
        (Some(json!(["*"])), [true, true, false], [true, true, true]),
        (some, [true, false, false], [true, false, true]),
        (none, [false; 3], [false; 3]),
    ] {
        for (at, operation) in ["PostToken", "GetToken", "PutCustomer"].into_iter().enumerate() {
            assert_eq!(permits(claim.clone(), 1, operation), first[at], "{claim:?} {operation}");
            assert_eq!(permits(claim.clone(), 2, operation), second[at], "{claim:?} {operation}");
            assert!(!permits(claim.clone(), 3, operation), "{claim:?} {operation}");
        }
    }
    for wrong in [json!(null), json!("PostToken"), json!(""), json!(1), json!({}), json!(["PostToken", 1])] {
        assert!(bearer(&issuers, &with("permissions", Some(wrong.clone()))).is_none(), "{wrong}");
    }
    assert!(bearer(&issuers, &with("permissions", Some(json!(["*", "PostToken"])))).is_none());
}

#[test]
fn customers_and_merchants_are_not_confused() {
    let one =
        |settings: IssuerSettings| IssuerSettings { tenants: settings.tenants[..1].to_vec(), ..settings };
    let several = issuers(customers());
    let (merchants, customers) = (issuers(settings()), issuers(one(customers())));
    let customer = with("customerId", Some(json!("cus_@~-.9")));
    assert!(bearer(&several, &customer).is_none(), "the same id is somebody else in another organization");
    assert!(bearer(&merchants, &customer).is_none(), "a customer's token at a merchants' issuer");
    assert!(bearer(&customers, &claims()).is_none(), "a merchant's token at a customers' issuer");
    let bearer_of = bearer(&customers, &customer).unwrap();
    assert_eq!(bearer_of.kind, BearerKind::Customer { customer: "cus_@~-.9".to_owned() });
    assert_eq!(bearer_of.told_origin("192.0.2.7".parse().unwrap()).to_string(), "192.0.2.0");
    let named = |value: Value| with("customerId", Some(value));
    assert!(bearer(&customers, &named(json!("c".repeat(50)))).is_some());
    for wrong in [
        json!(""),
        json!("c".repeat(51)),
        json!("a b"),
        json!("a/b"),
        json!("a%2Fb"),
        json!("cüs"),
        json!("a\n"),
        json!("a\u{0}"),
        json!(null),
        json!(7),
        json!(["cus_1"]),
    ] {
        assert!(bearer(&customers, &named(wrong.clone())).is_none(), "{wrong}");
        assert!(bearer(&merchants, &named(wrong.clone())).is_none(), "{wrong} for a merchant");
    }
}

#[test]
fn a_fault_has_its_name_and_the_first_one_counts() {
    let issuers = issuers(settings());
    let fault = |token: &str| issuers.examine(token, now()).err();
    let of = |name: &str, value: Value| fault(&signed(&with(name, Some(value))));
    assert_eq!(fault(&signed(&claims())), None);
    for token in ["", "a.b", "a.b.c", "e30.W10.AAAA", &format!("{}.x.y", "e".repeat(TOKEN_BYTES))] {
        assert_eq!(fault(token), Some(TokenFault::Malformed), "{token}");
    }
    assert_eq!(of("iss", json!("nobody")), Some(TokenFault::Issuer));
    let other =
        raw(r#"{"alg":"HS384"}"#, &claims().to_string(), &EncodingKey::from_secret(SECRET), Jws::HS384);
    assert_eq!(fault(&other), Some(TokenFault::Header));
    let body = with("exp", Some(json!(1))).to_string();
    let forged = raw(r#"{"alg":"HS256"}"#, &body, &EncodingKey::from_secret(&[9; 64]), Jws::HS256);
    assert_eq!(fault(&forged), Some(TokenFault::Signature), "what it says is not believed");
    assert_eq!(of("aud", json!("other")), Some(TokenFault::Audience));
    assert_eq!(of("exp", json!("soon")), Some(TokenFault::Times));
    assert_eq!(of("exp", json!(NOW - 1_800)), Some(TokenFault::Times), "it ends where it begins");
    assert_eq!(of("nbf", json!(NOW + 1)), Some(TokenFault::NotYetValid));
    assert_eq!(of("exp", json!(NOW)), Some(TokenFault::Expired));
    assert_eq!(of("exp", json!(NOW + 86_400)), Some(TokenFault::TooLong));
    assert_eq!(of("organizationId", json!("org_3")), Some(TokenFault::Organization));
    assert_eq!(of("permissions", json!(7)), Some(TokenFault::Permissions));
    assert_eq!(of("customerId", json!("cus_1")), Some(TokenFault::Customer));
}

#[test]
fn subject_and_name_are_for_the_audit_log_and_refuse_nobody() {
    let issuers = issuers(settings());
    let of = |name: &str, value: serde_json::Value| {
        let mut claims = claims();
        claims[name] = value;
        bearer(&issuers, &claims).expect("a good token")
    };
    assert_eq!(of("sub", json!("user 7")).subject.as_deref(), Some("user 7"));
    for useless in [json!(""), json!(7), json!("s".repeat(256))] {
        assert_eq!(of("sub", useless).subject, None);
    }
    assert_eq!(of("jti", json!("a-1_b.c:d~e")).id.as_deref(), Some("a-1_b.c:d~e"));
    for useless in
        [json!(""), json!(7), json!("i".repeat(65)), json!("a b"), json!("a\n"), json!("4111111111111111")]
    {
        assert_eq!(of("jti", useless.clone()).id, None, "{useless}");
    }
}
