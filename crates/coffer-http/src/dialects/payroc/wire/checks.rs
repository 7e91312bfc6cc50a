//! `ipAddress` (6.3) and `threeDSecure` (6.2): looked at, and of no use to a vault. They are neither kept nor shown.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::form::{Length, Mark, Section, Shape, Variant, up_to};

/// Characters of what another company made to prove that a cardholder was asked: texts of 28 to 40.
const PROOF: Length = up_to(255);

/// How sure it is.
const RESULTS: [&str; 2] = ["fullyAuthenticated", "attemptedAuthentication"];

/// The patterns of both are wider than the rules: the formats beside them say the rest.
const IPV4: Shape = Shape {
    pattern: "^[0-9.]+$",
    accepts: |text| text.parse::<Ipv4Addr>().is_ok(),
    message: "Must be an IPv4 address.",
};

const IPV6: Shape = Shape {
    pattern: "^[0-9A-Fa-f:.]+$",
    accepts: |text| text.parse::<Ipv6Addr>().is_ok(),
    message: "Must be an IPv6 address.",
};

/// `ipAddress`, which may be absent or null.
pub(crate) fn check_address(body: Section<'_, '_>) {
    let of = |address: Section<'_, '_>, length: Length, shape: Shape, format: &'static str| {
        address.mark("value", Mark::Format(format));
        address.text_like("value", length, shape).map(|_| ())
    };
    body.optional_section("ipAddress", |address| {
        let forms = [
            Variant { names: &["ipv4"], read: &|address| of(address, up_to(15), IPV4, "ipv4") },
            Variant { names: &["ipv6"], read: &|address| of(address, up_to(45), IPV6, "ipv6") },
        ];
        address.variant("type", &forms).map(|_| ())
    });
}

/// `threeDSecure`, which may be absent or null.
pub(crate) fn check_three_d_secure(body: Section<'_, '_>) {
    body.optional_section("threeDSecure", |proof| {
        let forms = [
            Variant { names: &["gatewayThreeDSecure"], read: &check_own_proof },
            Variant { names: &["thirdPartyThreeDSecure"], read: &check_proof },
        ];
        proof.variant("type", &forms).map(|_| ())
    });
}

/// The proof that the gateway itself has. Payments ask for the same members.
pub(crate) fn check_own_proof(proof: Section<'_, '_>) -> Option<()> {
    proof.text("mpiReference", PROOF).map(|_| ())
}

/// The proof that somebody else has. Payments ask for the same members.
pub(crate) fn check_proof(proof: Section<'_, '_>) -> Option<()> {
    let result = proof.one_of("eci", &RESULTS);
    for name in ["xid", "cavv", "dsTransactionId"] {
        proof.mark(name, Mark::WriteOnly);
        proof.optional_text(name, PROOF);
    }
    result.map(|_| ())
}
