//! The only place that knows both Payroc's words and ours.

use coffer_core::{Details, NewInstrument, NewToken, Protected, ReferencedForms, ReferencedView, Refused};
use coffer_tables::{BinTable, Funding};
use coffer_types::{Brand, Country, Expiry, InstitutionNumber, RoutingNumber, Timestamp, TransitNumber};
use serde_json::value::{RawValue, to_raw_value};

use super::{
    auth::At,
    error::{InvalidField, Problem},
    settings::Terminal,
    wire::{
        customer::CustomField,
        facts::SourceFacts,
        kept::KeptOwn,
        resource::{Named, SecureTokenBody, SourceBody},
        source::{GivenSource, TokenSource},
    },
};
use crate::query::path_segment;

/// The first six digits of every secure token (section 6.1).
const DIGITS_PREFIX: &str = "296753";

/// How secure tokens are named.
pub(super) const FORMS: ReferencedForms = ReferencedForms { reference: generated_id, digits: digits_of };

/// `MREF_` and a UUID of version 4 with two more digits (section 6.1).
fn generated_id(random: &[u8; 17]) -> String {
    let mut bytes = *random;
    bytes[6] = 0x40 | bytes[6] & 0x0f;
    bytes[8] = 0x80 | bytes[8] & 0x3f;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    format!("MREF_{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// 19 digits: the prefix, twelve of the number, and a last one with which the check of card numbers fails, so that no
/// token looks like one (`design.md` section 5).
fn digits_of(number: u64) -> String {
    let body = format!("{DIGITS_PREFIX}{number:012}");
    let passing = (0..10).find(|last| coffer_types::passes_luhn(&format!("{body}{last}"))).unwrap_or(0);
    format!("{body}{}", (passing + 1 + number % 9) % 10)
}

/// A scheme's name (section 5).
fn scheme(brand: Brand) -> Option<&'static str> {
    match brand {
        Brand::Visa => Some("Visa"),
        Brand::Mastercard => Some("MasterCard"),
        Brand::AmericanExpress => Some("American Express"),
        Brand::Discover => Some("Discover"),
        Brand::DinersClub => Some("Diners"),
        Brand::Jcb => Some("JCB"),
        Brand::Maestro => Some("Maestro"),
        Brand::UnionPay => Some("UnionPay"),
        _ => None,
    }
}

/// Fills in what the request did not say of a card: its scheme, and what the operator's tables know.
pub(super) fn complete(facts: &mut SourceFacts, protected: &Protected, bins: &BinTable) {
    let (SourceFacts::Card(card), Protected::Card(pan)) = (facts, protected) else { return };
    let known = bins.find(pan);
    let funding = known.and_then(|known| known.funding);
    card.debit = funding.map(|funding| matches!(funding, Funding::Debit | Funding::DeferredDebit));
    let suffix = match funding {
        Some(Funding::Credit | Funding::Charge) => " Credit",
        Some(Funding::Debit | Funding::DeferredDebit) => " Debit",
        Some(Funding::Prepaid) | None => "",
    };
    card.card_type = pan.brand_by(scheme).map(|scheme| format!("{scheme}{suffix}"));
    card.currency = known.and_then(|known| known.country).and_then(currency).map(str::to_owned);
}

/// The currency of an issuer's cards, where its country has one of its own and Payroc works there.
fn currency(country: Country) -> Option<&'static str> {
    match country.as_str() {
        "US" => Some("USD"),
        "CA" => Some("CAD"),
        "GB" => Some("GBP"),
        "IE" => Some("EUR"),
        _ => None,
    }
}

/// Whether the terminal takes this.
pub(super) fn accepts(terminal: &Terminal, facts: &SourceFacts) -> Result<(), Problem> {
    let (taken, what) = match facts {
        SourceFacts::Card(_) => (terminal.accepts.cards, "cards"),
        SourceFacts::Ach(_) => (terminal.accepts.ach, "ACH"),
        SourceFacts::Pad(_) => (terminal.accepts.pad, "PAD"),
    };
    if taken {
        return Ok(());
    }
    let message = format!("The terminal is not set up to take {what}.");
    Err(Problem::NoCapability(InvalidField::new("source.type", message)))
}

/// What a single-use token is made from.
pub(super) fn new_token(given: GivenSource) -> Result<NewToken, Problem> {
    let GivenSource { protected, cvv, reader, expiry, facts } = given;
    let details = Details { expiry, contact: None, extra: Some(raw(&facts)?) };
    Ok(NewToken { protected, cvv, reader, details })
}

/// What a secure token is made from.
pub(super) fn new_instrument(given: GivenSource) -> Result<NewInstrument, Problem> {
    let GivenSource { protected, expiry, facts, .. } = given;
    if let Protected::Nothing = protected {
        return Err(Problem::not_opened("source.cardDetails"));
    }
    Ok(instrument(protected, expiry, &facts)?)
}

/// The same of what came otherwise.
pub(super) fn instrument(
    protected: Protected,
    expiry: Option<Expiry>,
    facts: &SourceFacts,
) -> Result<NewInstrument, Refused> {
    Ok(NewInstrument { protected, details: Details { expiry, contact: None, extra: Some(raw(facts)?) } })
}

/// What is kept of a single-use token's details, with what is said beside the token in place of what it said.
pub(super) fn kept(details: Details, beside: &TokenSource<'_>) -> Details {
    let Ok(mut facts) = facts_of(&details) else { return details };
    match &mut facts {
        SourceFacts::Card(card) => card.account_type = beside.account_type.or(card.account_type),
        SourceFacts::Ach(ach) => {
            ach.account_type = beside.account_type.or(ach.account_type);
            ach.sec_code = beside.sec_code.or(ach.sec_code);
        }
        SourceFacts::Pad(pad) => pad.account_type = beside.account_type.or(pad.account_type),
    }
    match raw(&facts) {
        Ok(extra) => Details { extra: Some(extra), ..details },
        Err(_) => details,
    }
}

/// What was sealed with a token of where its money comes from.
pub(super) fn facts_of(details: &Details) -> Result<SourceFacts, Refused> {
    let sealed = details.extra.as_deref().ok_or(Refused::Unavailable)?;
    serde_json::from_str(sealed.get()).map_err(|_| Refused::Unavailable)
}

/// What a secure token keeps beside its source.
pub(super) fn own_of(view: &ReferencedView) -> Result<KeptOwn<'_>, Refused> {
    serde_json::from_str(view.details.own.get()).map_err(|_| Refused::Unavailable)
}

/// JSON to be sealed.
pub(super) fn raw<T: serde::Serialize>(value: &T) -> Result<Box<RawValue>, Refused> {
    to_raw_value(value).map_err(|_| Refused::Unavailable)
}

/// Those custom fields that the terminal knows; the others are dropped silently (section 6.1).
pub(super) fn known_fields<'r>(terminal: &Terminal, mut own: KeptOwn<'r>) -> KeptOwn<'r> {
    if let (Some(known), Some(fields)) = (&terminal.custom_fields, &mut own.custom_fields) {
        fields.retain(|field: &CustomField<'_>| known.iter().any(|name| *name == field.name));
    }
    own
}

/// A secure token and what it is shown from.
pub(super) struct Shown<'v> {
    view: &'v ReferencedView,
    facts: SourceFacts,
    own: KeptOwn<'v>,
}

impl<'v> Shown<'v> {
    pub(super) fn of(view: &'v ReferencedView) -> Result<Self, Refused> {
        Ok(Self { view, facts: facts_of(&view.details.details)?, own: own_of(view)? })
    }

    /// As most endpoints show it.
    pub(super) fn body(&self) -> SecureTokenBody<'_> {
        self.body_with(SourceBody::of(&self.facts, self.view.details.details.expiry))
    }

    /// As endpoints 2 and 4 show it.
    pub(super) fn body_with_account_type(&self) -> SecureTokenBody<'_> {
        self.body_with(SourceBody::with_account_type(&self.facts, self.view.details.details.expiry))
    }

    fn body_with<'s>(&'s self, source: SourceBody<'s>) -> SecureTokenBody<'s> {
        let details = &self.view.details;
        let named = Named {
            processing_terminal_id: &details.group,
            secure_token_id: &details.reference,
            token: details.digits.as_str().into(),
        };
        SecureTokenBody::of(named, &self.own, source)
    }

    pub(super) fn facts(&self) -> &SourceFacts {
        &self.facts
    }

    pub(super) fn own(&self) -> &KeptOwn<'v> {
        &self.own
    }
}

/// Where a secure token is.
pub(super) fn secure_href(base: &str, at: At<'_>, id: &str) -> String {
    secure_href_of(base, at.id, id)
}

/// The same of a terminal by its id.
pub(super) fn secure_href_of(base: &str, terminal: &str, id: &str) -> String {
    format!("{base}/processing-terminals/{}/secure-tokens/{}", path_segment(terminal), path_segment(id))
}

/// When a token or session that was made now ends, as clients read it.
pub(super) fn ends(made_at: Timestamp, seconds: i64) -> String {
    made_at.plus_seconds(seconds).to_rfc3339()
}

/// The bank of a Canadian account, as it is sealed.
pub(super) fn canadian_bank(transit: &str, institution: &str) -> Option<RoutingNumber> {
    let institution = InstitutionNumber::parse(institution).ok()?;
    Some(TransitNumber::parse(transit).ok()?.with(&institution))
}

/// A reference that is taken, by the link of whoever has it.
pub(super) fn taken(problem: Problem, href: impl FnOnce() -> String) -> Problem {
    match problem {
        Problem::Exists { .. } => Problem::Exists { href: href() },
        other => other,
    }
}
