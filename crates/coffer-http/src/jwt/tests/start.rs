//! What a configuration may say of an issuer, and which texts are tokens at all.

use coffer_crypto::PublicKeyError;

use super::*;

fn fault(settings: IssuerSettings) -> IssuerFault {
    match Issuers::new(vec![settings], organizations()) {
        Err(IssuersError::Issuer { name, fault }) => {
            assert_eq!(name, "backend");
            fault
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_backend_signs_and_verifies() {
    assert_eq!(issuer::test_backend(), Ok(()));
    assert_eq!(format!("{:?}", issuers(settings())), "Issuers(1)");
    let none = Issuers::new(Vec::new(), organizations()).unwrap();
    assert!(!is_taken(&none, &signed(&claims())), "nobody's tokens are taken");
}

#[test]
fn settings_that_cannot_hold_are_refused() {
    let long = "i".repeat(256);
    for (settings, expected) in [
        (IssuerSettings { issuer: String::new(), ..settings() }, IssuerFault::Identity),
        (IssuerSettings { issuer: long.clone(), ..settings() }, IssuerFault::Identity),
        (IssuerSettings { audience: String::new(), ..settings() }, IssuerFault::Identity),
        (IssuerSettings { audience: long, ..settings() }, IssuerFault::Identity),
        (IssuerSettings { tenants: Vec::new(), ..settings() }, IssuerFault::NoTenants),
        (IssuerSettings { leeway_seconds: 61, ..settings() }, IssuerFault::Leeway),
        (IssuerSettings { longest_seconds: 0, ..settings() }, IssuerFault::Longest),
    ] {
        assert_eq!(fault(settings), expected);
    }
    let other = || IssuerSettings { name: Arc::from("other"), issuer: "other".to_owned(), ..settings() };
    assert!(Issuers::new(vec![settings(), other()], organizations()).is_ok());
    for (second, expected) in [
        (IssuerSettings { name: Arc::from("backend"), ..other() }, IssuerFault::SameName),
        (IssuerSettings { issuer: settings().issuer, ..other() }, IssuerFault::SameIssuer),
    ] {
        let name = second.name.to_string();
        let error = Issuers::new(vec![settings(), second], organizations()).unwrap_err();
        assert_eq!(error, IssuersError::Issuer { name, fault: expected });
    }
}

/// Every algorithm with every kind of key: it takes its own and says what it wants otherwise.
#[test]
fn an_algorithm_takes_its_own_kind_of_key() {
    let all = keys();
    let publics = [&all.rsa.public, &all.p256.public, &all.p384.public, &all.ed25519.public];
    for algorithm in Algorithm::ALL {
        assert_eq!(algorithm.name().parse(), Ok(algorithm));
        let least = match algorithm {
            Algorithm::Hs256 => Some(32),
            Algorithm::Hs384 => Some(48),
            Algorithm::Hs512 => Some(64),
            _ => None,
        };
        assert_eq!(algorithm.has_secret(), least.is_some());
        let with_key = |key| IssuerSettings { algorithm, key, ..settings() };
        let secret = |bytes: usize| with_key(IssuerKey::Secret(SECRET[..bytes].to_vec().into()));
        let own = match algorithm {
            Algorithm::Es256 => &all.p256.public,
            Algorithm::Es384 => &all.p384.public,
            Algorithm::EdDsa => &all.ed25519.public,
            _ => &all.rsa.public,
        };
        for public in publics {
            let settings = with_key(IssuerKey::PublicPem(public.clone()));
            if least.is_some() {
                assert_eq!(fault(settings), IssuerFault::WantsSecret);
            } else if public == own {
                assert!(Issuers::new(vec![settings], organizations()).is_ok(), "{algorithm:?}");
            } else {
                assert_eq!(fault(settings), IssuerFault::PublicKey(PublicKeyError::Kind), "{algorithm:?}");
            }
        }
        match least {
            Some(least) => {
                assert!(Issuers::new(vec![secret(least)], organizations()).is_ok());
                assert_eq!(fault(secret(least - 1)), IssuerFault::ShortSecret(least));
            }
            None => assert_eq!(fault(secret(64)), IssuerFault::WantsPublicKey),
        }
    }
    let damaged = IssuerKey::PublicPem("-----BEGIN PUBLIC KEY-----".to_owned());
    let damaged = IssuerSettings { algorithm: Algorithm::EdDsa, key: damaged, ..settings() };
    assert_eq!(fault(damaged), IssuerFault::PublicKey(PublicKeyError::Pem));
    for name in ["none", "", "hs256", "ES512", "RS1"] {
        assert!(name.parse::<Algorithm>().is_err(), "{name}");
    }
    assert_eq!(format!("{:?}", IssuerKey::Secret(SECRET.to_vec().into())), "IssuerKey(..)");
}

#[test]
fn only_three_full_parts_look_like_a_token() {
    for text in ["a.b.c", "e30.e30.e30", "a b.c d.e"] {
        assert!(looks_like_jwt(text), "{text}");
    }
    let others =
        ["", "a", "a.b", "a.b.", ".b.c", "a..c", "..", ".", "a.b.c.", ".a.b.c", "a.b.c.d", "sk_live_abc"];
    for text in others {
        assert!(!looks_like_jwt(text), "{text}");
        assert!(!is_taken(&issuers(settings()), text), "{text}");
    }
    for text in ["a.b.c", "e30.e30.e30", "....", "ä.ö.ü", "e30=.e30=.AA=="] {
        assert!(!is_taken(&issuers(settings()), text), "{text}");
    }
}

#[test]
fn a_token_has_4096_bytes_at_most() {
    let issuers = issuers(settings());
    let padded = |count: usize| signed(&with("pad", Some(json!("p".repeat(count)))));
    let longest = (0..TOKEN_BYTES).rev().find(|count| padded(*count).len() <= TOKEN_BYTES).unwrap();
    assert!(padded(longest).len() >= TOKEN_BYTES - 1 && padded(longest + 1).len() > TOKEN_BYTES);
    assert!(is_taken(&issuers, &padded(longest)));
    assert!(!is_taken(&issuers, &padded(longest + 1)));
    assert!(!is_taken(&issuers, &padded(1_000_000)));
}
