//! Whose signature is believed, by which algorithm, and what a header may say.

use jsonwebtoken::{Header, encode};

use super::*;

/// Every algorithm, with what signs and what is configured.
fn algorithms() -> [(Algorithm, Jws, EncodingKey, IssuerKey); 12] {
    let secret = || (EncodingKey::from_secret(SECRET), IssuerKey::Secret(SECRET.to_vec().into()));
    let pair = |pair: &keys::Pair| (pair.private.clone(), IssuerKey::PublicPem(pair.public.clone()));
    let all = keys();
    [
        (Algorithm::Hs256, Jws::HS256, secret()),
        (Algorithm::Hs384, Jws::HS384, secret()),
        (Algorithm::Hs512, Jws::HS512, secret()),
        (Algorithm::Rs256, Jws::RS256, pair(&all.rsa)),
        (Algorithm::Rs384, Jws::RS384, pair(&all.rsa)),
        (Algorithm::Rs512, Jws::RS512, pair(&all.rsa)),
        (Algorithm::Ps256, Jws::PS256, pair(&all.rsa)),
        (Algorithm::Ps384, Jws::PS384, pair(&all.rsa)),
        (Algorithm::Ps512, Jws::PS512, pair(&all.rsa)),
        (Algorithm::Es256, Jws::ES256, pair(&all.p256)),
        (Algorithm::Es384, Jws::ES384, pair(&all.p384)),
        (Algorithm::EdDsa, Jws::EdDSA, pair(&all.ed25519)),
    ]
    .map(|(algorithm, jws, (private, key))| (algorithm, jws, private, key))
}

/// Every algorithm's tokens against every algorithm's issuer: only its own are taken, though one RSA key and one
/// secret serve several of them.
#[test]
fn an_issuer_takes_its_own_algorithm_and_no_other() {
    let tokens = algorithms().map(|(algorithm, jws, private, _)| {
        (algorithm, encode(&Header::new(jws), &claims(), &private).unwrap())
    });
    for (own, _, _, key) in algorithms() {
        let issuers = issuers(IssuerSettings { algorithm: own, key, ..settings() });
        for (algorithm, token) in &tokens {
            assert_eq!(is_taken(&issuers, token), *algorithm == own, "{algorithm:?} at {own:?}");
        }
    }
}

#[test]
fn a_public_key_is_no_secret() {
    for (algorithm, name, pair) in [
        (Algorithm::Rs256, "RS256", &keys().rsa),
        (Algorithm::Es256, "ES256", &keys().p256),
        (Algorithm::EdDsa, "EdDSA", &keys().ed25519),
    ] {
        let key = IssuerKey::PublicPem(pair.public.clone());
        let issuers = issuers(IssuerSettings { algorithm, key, ..settings() });
        for secret in [pair.public.as_bytes(), pair.public.trim().as_bytes(), b"", SECRET] {
            let secret = EncodingKey::from_secret(secret);
            for named in ["HS256", name] {
                let header = format!(r#"{{"alg":"{named}","typ":"JWT"}}"#);
                let token = raw(&header, &claims().to_string(), &secret, Jws::HS256);
                assert!(!is_taken(&issuers, &token), "{named} at {name}");
            }
        }
    }
}

#[test]
fn curves_are_not_confused() {
    let p256 = IssuerKey::PublicPem(keys().p256.public.clone());
    let of_p256 = issuers(IssuerSettings { algorithm: Algorithm::Es256, key: p256, ..settings() });
    let ed25519 = IssuerKey::PublicPem(keys().ed25519.public.clone());
    let of_ed25519 = issuers(IssuerSettings { algorithm: Algorithm::EdDsa, key: ed25519, ..settings() });
    for named in ["ES256", "EdDSA"] {
        let header = format!(r#"{{"alg":"{named}"}}"#);
        let by_ed25519 = raw(&header, &claims().to_string(), &keys().ed25519.private, Jws::EdDSA);
        assert!(!is_taken(&of_p256, &by_ed25519), "{named}");
        assert_eq!(is_taken(&of_ed25519, &by_ed25519), named == "EdDSA");
        let by_p256 = raw(&header, &claims().to_string(), &keys().p256.private, Jws::ES256);
        assert!(!is_taken(&of_ed25519, &by_p256), "{named}");
        assert_eq!(is_taken(&of_p256, &by_p256), named == "ES256");
    }
}

#[test]
fn nothing_is_believed_without_its_signature() {
    let issuers = issuers(settings());
    let good = signed(&claims());
    assert!(is_taken(&issuers, &good));
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let changed = part(&with("sub", Some(json!("other"))).to_string());
    let zeros = BASE64URL_NOPAD.encode(&[0; 32]);
    for token in [
        format!("{message}."),
        message.to_owned(),
        format!("{header}.{changed}.{signature}"),
        format!("{message}.{zeros}"),
        format!("{message}.{}", &signature[..signature.len() - 4]),
        format!("{message}.{signature}="),
        format!("{message}.{signature}AAAA"),
        format!("{message}.{signature}.{signature}"),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{header}={}", &good[header.len()..]),
    ] {
        assert!(!is_taken(&issuers, &token), "{token}");
    }
    // One bit of the signature at a time.
    let bytes = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(!is_taken(&issuers, &format!("{message}.{}", BASE64URL_NOPAD.encode(&bytes))), "bit {bit}");
    }
    for named in ["none", "None", "NONE", "nOnE", "", "hs256", "HS256 "] {
        let header = part(&json!({"alg": named}).to_string());
        for signature in ["", signature, zeros.as_str()] {
            assert!(!is_taken(&issuers, &format!("{header}.{payload}.{signature}")), "{named}");
        }
        let correct = raw(
            &json!({"alg": named}).to_string(),
            &claims().to_string(),
            &EncodingKey::from_secret(SECRET),
            Jws::HS256,
        );
        assert!(!is_taken(&issuers, &correct), "{named}, signed");
    }
}

#[test]
fn a_header_that_asks_for_more_is_refused() {
    let issuers = issuers(settings());
    let secret = EncodingKey::from_secret(SECRET);
    let token = |header: &str| raw(header, &claims().to_string(), &secret, Jws::HS256);
    for header in [
        r#"{"alg":"HS256"}"#,
        r#"{"typ":"jwt","alg":"HS256","kid":"1"}"#,
        r#"{"typ":"at+jwt","alg":"HS256","x5t":"AA"}"#,
    ] {
        assert!(is_taken(&issuers, &token(header)), "{header}");
    }
    for member in [
        r#""crit":["exp"]"#,
        r#""crit":[]"#,
        r#""jku":"https://id.example/keys""#,
        r#""jwk":{"kty":"oct","k":"AAAA"}"#,
        r#""x5u":"https://id.example/cert""#,
        r#""x5c":["AAAA"]"#,
        r#""zip":"DEF""#,
        r#""b64":false"#,
        r#""b64":true"#,
        r#""enc":"A256GCM""#,
        r#""epk":{}"#,
        r#""jku":null"#,
        r#""alg":"HS256""#,
        r#""typ":"JWE""#,
        r#""typ":1"#,
        r#""typ":"JWT","typ":"JWT""#,
        r#""\u006aku":"https://id.example/keys""#,
    ] {
        let header = format!(r#"{{"alg":"HS256",{member}}}"#);
        assert!(!is_taken(&issuers, &token(&header)), "{header}");
    }
    for header in ["{}", r#"{"alg":null}"#, r#"{"alg":["HS256"]}"#, r#""HS256""#, "[]", "null", ""] {
        assert!(!is_taken(&issuers, &token(header)), "{header}");
    }
}

#[test]
fn an_issuer_is_believed_with_its_own_key_only() {
    let rsa = |name: &str, issuer: &str, pair: &keys::Pair| IssuerSettings {
        name: Arc::from(name),
        issuer: issuer.to_owned(),
        algorithm: Algorithm::Rs256,
        key: IssuerKey::PublicPem(pair.public.clone()),
        ..settings()
    };
    let both = vec![rsa("one", "iss-1", &keys().rsa), rsa("two", "iss-2", &keys().other_rsa)];
    let issuers = Issuers::new(both, organizations()).unwrap();
    let token = |issuer: &str, pair: &keys::Pair| {
        let claims = with("iss", Some(json!(issuer)));
        encode(&Header::new(Jws::RS256), &claims, &pair.private).unwrap()
    };
    let name = |token: &str| issuers.check(token, now()).map(|bearer| bearer.name.to_string());
    assert_eq!(name(&token("iss-1", &keys().rsa)).as_deref(), Some("one"));
    assert_eq!(name(&token("iss-2", &keys().other_rsa)).as_deref(), Some("two"));
    assert_eq!(name(&token("iss-1", &keys().other_rsa)), None);
    assert_eq!(name(&token("iss-2", &keys().rsa)), None);
    assert_eq!(name(&token("iss-3", &keys().rsa)), None);
}
