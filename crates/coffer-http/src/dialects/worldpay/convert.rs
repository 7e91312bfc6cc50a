//! The only place that knows both Worldpay's words and ours.

use coffer_core::{CardFacts, Conflict, Protected, ReusableView, Tokenized};
use coffer_crypto::{LocatorBytes, LocatorKind, ShortName, forms};
use coffer_tables::{BinTable, Funding};
use coffer_types::{Bin, Brand, Expiry, Last4, Pan, mask_four};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::wire::{
    address::AddressBody,
    links::{Curie, Link},
    token::{
        ConflictingInstrument, ConflictsBody, ExpiryBody, InstrumentBody, TokenBody, TokenLinks,
        TokenReference,
    },
};

/// What this dialect keeps of a card when its token is made.
#[derive(Deserialize, Serialize)]
pub(super) struct OwnFields {
    mask: String,
    brand: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    funding: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    country: Option<String>,
}

impl OwnFields {
    /// Of a card; none when its brand has no name here.
    pub(super) fn of(protected: &Protected, bins: &BinTable) -> Option<Box<RawValue>> {
        let Protected::Card(pan) = protected else { return None };
        let brand = pan.brand_by(brand_name)?;
        let facts = bins.find(pan);
        let fields = Self {
            mask: mask_four(pan),
            brand: brand.to_owned(),
            funding: facts.and_then(|facts| facts.funding).map(|funding| funding_type(funding).to_owned()),
            country: facts.and_then(|facts| facts.country).map(|country| country.as_str().to_owned()),
        };
        to_raw_value(&fields).ok()
    }

    fn read(view: &ReusableView) -> Self {
        // What was written was written here.
        serde_json::from_str(view.details.own.get()).unwrap_or(Self {
            mask: String::new(),
            brand: String::new(),
            funding: None,
            country: None,
        })
    }
}

/// Whether a card's brand has a name here.
pub(super) fn is_known(pan: &Pan) -> bool {
    pan.brand_by(brand_name).is_some()
}

/// A scheme's name (4.3, 12). `ECMC` is what the company calls Mastercard.
fn brand_name(brand: Brand) -> Option<&'static str> {
    match brand {
        Brand::Visa => Some("VISA"),
        Brand::Mastercard => Some("ECMC"),
        Brand::AmericanExpress => Some("AMEX"),
        Brand::Jcb => Some("JCB"),
        Brand::Discover => Some("DISCOVER"),
        Brand::DinersClub => Some("DINERS"),
        Brand::Maestro => Some("MAESTRO"),
        _ => None,
    }
}

/// The three that the company knows.
fn funding_type(funding: Funding) -> &'static str {
    match funding {
        Funding::Credit | Funding::Charge => "credit",
        Funding::Debit | Funding::DeferredDebit => "debit",
        Funding::Prepaid => "unknown",
    }
}

/// The links of one node.
#[derive(Clone, Copy)]
pub(super) struct Printer<'a> {
    /// Scheme, host and path before `/tokens`.
    pub(super) base: &'a str,
}

/// A view and what this dialect keeps of its card, from which a body borrows.
pub(super) struct Shown<'v> {
    view: &'v ReusableView,
    own: OwnFields,
}

impl<'v> Shown<'v> {
    pub(super) fn of(view: &'v ReusableView) -> Self {
        Self { view, own: OwnFields::read(view) }
    }

    /// The card's scheme in lower case, and what is known of how it pays.
    pub(super) fn verified(&self) -> (String, Option<&str>, Option<&str>) {
        let brand = match self.own.brand.as_str() {
            "ECMC" => "mastercard".to_owned(),
            other => other.to_ascii_lowercase(),
        };
        (brand, self.own.funding.as_deref(), self.own.country.as_deref())
    }
}

impl Printer<'_> {
    /// The link of a token or of a part of it.
    pub(super) fn href(self, kind: LocatorKind, locator: &LocatorBytes) -> String {
        format!("{}/tokens/{}", self.base, forms::segment(kind, locator))
    }

    /// The link of the token itself.
    pub(super) fn token_href(self, view: &ReusableView) -> String {
        self.href(LocatorKind::Reusable, &view.names.token)
    }

    /// The link of what waits.
    pub(super) fn conflict_href(self, conflict: &Conflict) -> String {
        self.href(LocatorKind::Conflict, &conflict.locator)
    }

    /// A token, masked.
    pub(super) fn token<'s>(self, shown: &'s Shown<'_>, conflict: Option<&'s Conflict>) -> TokenBody<'s> {
        self.body(shown, conflict, None)
    }

    /// A token in the clear.
    pub(super) fn revealed<'s>(self, shown: &'s Shown<'_>, pan: &'s Pan) -> TokenBody<'s> {
        self.body(shown, None, Some(pan))
    }

    fn body<'s>(
        self,
        shown: &'s Shown<'_>,
        conflict: Option<&'s Conflict>,
        clear: Option<&'s Pan>,
    ) -> TokenBody<'s> {
        let Shown { view, own } = shown;
        let (details, facts) = (&view.details, &view.details.facts);
        let face = view.face.as_ref();
        TokenBody {
            token_payment_instrument: TokenReference {
                r#type: "card/tokenized",
                href: self.token_href(view),
            },
            token_id: forms::short(&view.names.short),
            description: &details.description,
            token_expiry_date_time: details.ends_at.to_rfc3339(),
            namespace: details.namespace.as_deref(),
            scheme_transaction_reference: facts.scheme_reference.as_deref(),
            payment_instrument: InstrumentBody {
                r#type: if clear.is_some() { "card/front" } else { "card/masked" },
                card_number: clear.map_or(own.mask.as_str(), Pan::expose),
                card_holder_name: facts.holder.as_deref(),
                card_expiry_date: expiry(facts.expiry),
                billing_address: facts.contact.as_ref().map(AddressBody::of),
                bin: face.and_then(|face| face.bin.as_ref()).map(Bin::as_str),
                last4_digits: face.map_or("", |face| Last4::as_str(&face.last4)),
                brand: &own.brand,
                funding_type: own.funding.as_deref(),
                country_code: own.country.as_deref(),
            },
            conflicts: conflict.map(conflicts),
            links: self.links(view, conflict),
        }
    }

    fn links(self, view: &ReusableView, conflict: Option<&Conflict>) -> TokenLinks {
        let names = &view.names;
        let link = |kind, locator| Link::of(self.href(kind, locator));
        TokenLinks {
            token: link(LocatorKind::Reusable, &names.token),
            description: link(LocatorKind::ReusableDescription, &names.description),
            card_holder_name: link(LocatorKind::ReusableHolder, &names.holder),
            card_expiry_date: link(LocatorKind::ReusableExpiry, &names.expiry),
            billing_address: link(LocatorKind::ReusableAddress, &names.address),
            scheme_transaction_reference: Some(link(
                LocatorKind::ReusableSchemeReference,
                &names.scheme_reference,
            )),
            conflicts: conflict.map(|conflict| Link::of(self.conflict_href(conflict))),
            curies: [Curie::of(self.base, "tokens")],
        }
    }
}

/// The token of what became of a card, and what waits beside it.
pub(super) fn outcome(tokenized: &Tokenized) -> (&ReusableView, Option<&Conflict>) {
    match tokenized {
        Tokenized::Created(view) | Tokenized::Matched(view) => (view, None),
        Tokenized::Conflicting(view, conflict) => (view, Some(conflict)),
    }
}

fn conflicts(conflict: &Conflict) -> ConflictsBody<'_> {
    let CardFacts { holder, expiry: date, contact, scheme_reference } = &conflict.facts;
    let of_card = holder.is_some() || date.is_some() || contact.is_some();
    ConflictsBody {
        payment_instrument: of_card.then(|| ConflictingInstrument {
            card_holder_name: holder.as_deref(),
            card_expiry_date: date.map(|date| expiry(Some(date))),
            billing_address: contact.as_ref().map(AddressBody::of),
        }),
        scheme_transaction_reference: scheme_reference.as_deref(),
        conflicts_expiry_date_time: conflict.ends_at.to_rfc3339(),
    }
}

/// Every token has one: each way to make one asks for it.
fn expiry(expiry: Option<Expiry>) -> ExpiryBody {
    let (month, year) = expiry.map_or((0, 0), |expiry| (expiry.month(), expiry.year()));
    ExpiryBody { month, year }
}

/// What the last segment of a link names, whether the client gives the segment or the whole link.
pub(super) fn parse_link(text: &str) -> Option<(LocatorKind, LocatorBytes)> {
    forms::parse_segment(text.rsplit('/').next().unwrap_or(text))
}

/// A `tokenId`.
pub(super) fn parse_token_id(text: &str) -> Option<ShortName> {
    forms::parse_short(text)
}
