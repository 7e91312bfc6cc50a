//! Secrets lack the abilities by which they could leak.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::fmt::Display;

use coffer_types::{AccountNumber, AccountTail, Bin, Cvv, Pan, RoutingNumber, Secret, Timestamp};
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
    assert!(has!(Bin, Copy) && has!(Bin, Display) && has!(Bin, PartialEq));
    assert!(has!(Timestamp, Copy) && has!(Timestamp, Serialize) && !has!(Timestamp, Display));
}

/// A value without drop glue would not be wiped.
#[test]
fn secrets_do_something_when_dropped() {
    assert!(std::mem::needs_drop::<Pan>());
    assert!(std::mem::needs_drop::<Cvv>());
    assert!(std::mem::needs_drop::<AccountNumber>());
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
        key: Secret<[u8; 4]>,
    }
    let card = Card {
        pan: Pan::parse("4111111111111111").unwrap(),
        cvv: Some(Cvv::parse("737").unwrap()),
        account: AccountNumber::parse_iban("DE89370400440532013000").unwrap(),
        bank: RoutingNumber::parse("021000021").unwrap(),
        key: Secret::new([7; 4]),
    };
    let shown = format!("{card:?} {card:#?}");
    assert!(
        shown.contains("Pan(..)") && shown.contains("Cvv(..)") && shown.contains("Secret(..)"),
        "{shown}"
    );
    assert!(shown.contains("AccountNumber(..)") && shown.contains("RoutingNumber(..)"), "{shown}");
    assert!(!shown.contains(|c: char| c.is_ascii_digit()), "{shown}");
}
