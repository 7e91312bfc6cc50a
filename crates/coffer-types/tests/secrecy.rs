//! Secrets lack the abilities by which they could leak.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::fmt::Display;

use coffer_types::{
    AccountNumber, AccountTail, Bin, Cvv, InstitutionNumber, MaskedPan, Pan, ReadCard, RoutingNumber, Secret,
    Timestamp, TransitNumber, read_chip, read_hex, read_masked, read_tracks,
};
use serde::Serialize;

/// Whether a type has a trait, as a constant. An inherent constant, present only when the bound holds, goes
/// before the constant of a trait that every type has.
macro_rules! has {
    ($type:ty, $bound:path) => {{
        #[allow(dead_code, reason = "only one of the two constants is read")]
        struct Probe<T: ?Sized>(std::marker::PhantomData<T>);
        #[allow(dead_code, reason = "only one of the two constants is read")]
        trait Otherwise {
            const HAS: bool = false;
        }
        impl<T: ?Sized> Otherwise for Probe<T> {}
        #[allow(dead_code, reason = "only one of the two constants is read")]
        impl<T: ?Sized + $bound> Probe<T> {
            const HAS: bool = true;
        }
        <Probe<$type>>::HAS
    }};
}

macro_rules! abilities {
    ($type:ty) => {
        [
            has!($type, Clone),
            has!($type, Copy),
            has!($type, Display),
            has!($type, PartialEq),
            has!($type, PartialOrd),
            has!($type, Serialize),
            has!($type, AsRef<str>),
            has!($type, AsRef<[u8]>),
            has!($type, Into<String>),
            has!($type, std::ops::Deref),
            has!($type, std::hash::Hash),
            has!($type, Default),
        ]
    };
}

#[test]
fn secrets_cannot_be_copied_shown_compared_or_serialized() {
    assert_eq!(abilities!(Pan), [false; 12]);
    assert_eq!(abilities!(Cvv), [false; 12]);
    assert_eq!(abilities!(AccountNumber), [false; 12]);
    assert_eq!(abilities!(ReadCard), [false; 12]);
    assert_eq!(abilities!(Secret<String>), [false; 12]);
    assert_eq!(abilities!(Secret<Vec<u8>>), [false; 12]);
    assert_eq!(abilities!(Secret<[u8; 32]>), [false; 12]);
}

/// The probe itself: it must see what is there.
#[test]
fn the_probe_sees_what_is_there() {
    assert_eq!(abilities!(String), [true, false, true, true, true, true, true, true, true, true, true, true]);
    assert!(has!(AccountTail, Copy) && has!(AccountTail, Display) && has!(AccountTail, PartialEq));
    assert!(has!(RoutingNumber, Clone) && has!(RoutingNumber, Serialize) && !has!(RoutingNumber, Display));
    assert!(has!(TransitNumber, Copy) && !has!(TransitNumber, Display));
    assert!(has!(InstitutionNumber, Copy) && !has!(InstitutionNumber, Display));
    assert!(has!(MaskedPan, Clone) && has!(MaskedPan, Display) && has!(MaskedPan, PartialEq));
    assert!(has!(Bin, Copy) && has!(Bin, Display) && has!(Bin, PartialEq));
    assert!(has!(Timestamp, Copy) && has!(Timestamp, Serialize) && !has!(Timestamp, Display));
}

/// A value without drop glue would not be wiped.
#[test]
fn secrets_do_something_when_dropped() {
    assert!(std::mem::needs_drop::<Pan>());
    assert!(std::mem::needs_drop::<Cvv>());
    assert!(std::mem::needs_drop::<AccountNumber>());
    assert!(std::mem::needs_drop::<ReadCard>());
    assert!(std::mem::needs_drop::<Secret<[u8; 32]>>());
    assert!(!std::mem::needs_drop::<Bin>());
}

/// What a careless log line would print.
#[test]
fn debug_of_a_struct_that_holds_secrets_has_no_digit() {
    #[derive(Debug)]
    #[allow(dead_code, reason = "read by Debug alone")]
    struct Card {
        pan: Pan,
        cvv: Option<Cvv>,
        account: AccountNumber,
        bank: RoutingNumber,
        branch: (TransitNumber, InstitutionNumber),
        read: ReadCard,
        key: Secret<[u8; 4]>,
    }
    let card = Card {
        pan: Pan::parse("4111111111111111").unwrap(),
        cvv: Some(Cvv::parse("737").unwrap()),
        account: AccountNumber::parse_iban("DE89370400440532013000").unwrap(),
        bank: RoutingNumber::parse("021000021").unwrap(),
        branch: (TransitNumber::parse("76543").unwrap(), InstitutionNumber::parse("543").unwrap()),
        read: read_tracks("%B4111111111111111^DOE/JANE^3012101?").unwrap(),
        key: Secret::new([7; 4]),
    };
    let shown = format!("{card:?} {card:#?}");
    assert!(
        shown.contains("Pan(..)") && shown.contains("Cvv(..)") && shown.contains("Secret(..)"),
        "{shown}"
    );
    assert!(shown.contains("AccountNumber(..)") && shown.contains("RoutingNumber(..)"), "{shown}");
    assert!(shown.contains("read: ReadCard(..)") && !shown.contains("DOE"), "{shown}");
    assert!(!shown.contains(|c: char| c.is_ascii_digit()), "{shown}");
}

/// Every refusal of what readers send, in every way to print it: two texts that are wrong in the same way are told
/// apart by nothing.
#[test]
fn errors_of_what_readers_send_have_nothing_of_it() {
    fn shown<T>(result: Result<T, impl std::error::Error>) -> String {
        let error = result.err().unwrap();
        format!("{error} {error:?} {error:#?}")
    }
    let chip = |hex: &str| shown(read_chip(&read_hex(hex).unwrap()));
    let tracks = |text: &str| shown(read_tracks(text));
    let pairs = [
        (chip("5A084111111111111112"), chip("5A084242424242424243")),
        (chip("5A0841111111111111115A084242424242424242"), chip("5A0842424242424242425A084111111111111111")),
        (chip("9908241234FFFFFFFFFF"), chip("9908245678FFFFFFFFFF")),
        (chip("5F2403301331"), chip("5F2403991431")),
        (chip("5F2003444F07"), chip("5F20044A4F4507")),
        (chip("5F2008444F45"), chip("5F20084A414E45")),
        (tracks(";4111111111111112=3012101?"), tracks(";4242424242424243=2911101?")),
        (tracks(";4111111111111111=3013101?"), tracks(";4242424242424242=2914101?")),
        (tracks(";4111111111111111=3012101"), tracks(";4242424242424242=2911201")),
        (tracks("4111111111111111"), tracks("4242424242424242")),
        (shown(read_masked("4111111111111111")), shown(read_masked("4242424242424242"))),
        (shown(read_masked("41111111****1111")), shown(read_masked("42424242****4242"))),
        (shown(read_hex("4111111111111111X")), shown(read_hex("4242424242424242X"))),
        (shown(TransitNumber::parse("4111111111111111")), shown(TransitNumber::parse("4242424242424242"))),
        (shown(InstitutionNumber::parse("41x")), shown(InstitutionNumber::parse("42y"))),
    ];
    for (one, other) in pairs {
        assert_eq!(one, other);
        assert!(!one.contains("4111") && !one.contains("4242"), "{one}");
    }
}
