//! What a list of instruments can be filtered and sorted by (3.2).

use std::{borrow::Cow, cell::OnceCell};

use coffer_core::{
    Contact, InstrumentView,
    store::{CardFace, InstrumentOutline},
};
use coffer_types::limits;
use serde_json::{Map, Value as Json};

use super::super::{
    collection::{Collection, Field, Kind, Row, Value},
    convert::{
        Extra, Own, Printer, extra_of, instrument_fingerprint, instrument_id, instrument_method,
        instrument_status,
    },
    wire::{BankBody, KhelocardBody},
};

const fn field(name: &'static str, kind: Kind, sortable: bool) -> Field {
    Field { name, kind, sortable }
}

/// The fields of an instrument.
pub(crate) const FIELDS: Collection = Collection { fields: ALL, prefixes: PREFIXES, expand: &["customer"] };

/// Those that its own customer sees as well.
pub(crate) const OWN_FIELDS: Collection =
    Collection { fields: ALL.split_at(ALL.len() - MERCHANTS).0, prefixes: PREFIXES, expand: &[] };

const PREFIXES: &[&str] = &["customFields."];

/// How many of the last fields only the merchant sees.
const MERCHANTS: usize = 2;

const ALL: &[Field] = &[
    field("id", Kind::Id, true),
    field("customerId", Kind::Id, true),
    field("method", Kind::Text, true),
    field("status", Kind::Text, true),
    field("fingerprint", Kind::Text, false),
    field("bin", Kind::Text, true),
    field("last4", Kind::Text, true),
    field("brand", Kind::Text, true),
    field("expYear", Kind::Integer, true),
    field("expMonth", Kind::Integer, true),
    field("bankCountry", Kind::Text, true),
    field("bankName", Kind::Text, true),
    field("routingNumber", Kind::Text, false),
    field("accountType", Kind::Text, false),
    field("useAsBackup", Kind::Bool, false),
    field("createdTime", Kind::Time, true),
    field("updatedTime", Kind::Time, true),
    // A vault sees no payment: it is always absent.
    field("lastPaymentTime", Kind::Time, true),
    field("billingAddress.firstName", Kind::Text, true),
    field("billingAddress.lastName", Kind::Text, true),
    field("billingAddress.organization", Kind::Text, true),
    field("billingAddress.address", Kind::Text, false),
    field("billingAddress.address2", Kind::Text, false),
    field("billingAddress.city", Kind::Text, true),
    field("billingAddress.region", Kind::Text, true),
    field("billingAddress.country", Kind::Text, true),
    field("billingAddress.postalCode", Kind::Text, true),
    field("billingAddress.emails.value", Kind::Text, false),
    field("billingAddress.phoneNumbers.value", Kind::Text, false),
    field("stickyGatewayAccountId", Kind::Text, false),
    field("revision", Kind::Integer, true),
];

/// Deepest name of a caller's own field: as deep as a body of JSON is.
const NAME_DEPTH: usize = limits::JSON_DEPTH;

/// What of an instrument lies in the clear. Of a card that has a number it tells more.
pub(crate) struct OutlineRow<'r> {
    outline: &'r InstrumentOutline,
    printer: Printer<'r>,
}

impl<'r> OutlineRow<'r> {
    /// The fields that it may know.
    pub(crate) fn may_know(field: &str) -> bool {
        matches!(
            field,
            "id" | "bin"
                | "last4"
                | "method"
                | "fingerprint"
                | "createdTime"
                | "updatedTime"
                | "lastPaymentTime"
                | "revision"
        )
    }

    pub(crate) fn of(outline: &'r InstrumentOutline, printer: Printer<'r>) -> Self {
        Self { outline, printer }
    }
}

impl Row for OutlineRow<'_> {
    fn knows(&self, field: &str) -> bool {
        match field {
            // Accounts and some other methods show four digits too, and their fingerprint depends on which it is.
            "last4" | "method" => self.outline.face.is_some(),
            "fingerprint" => self.outline.face.is_some() || self.outline.fingerprint.is_none(),
            _ => Self::may_know(field),
        }
    }

    fn values(&self, field: &str, take: &mut dyn FnMut(Value<'_>)) {
        let (outline, face) = (self.outline, self.outline.face.as_ref());
        let value = match field {
            "id" => {
                let locator =
                    self.printer.vault.instrument_locator_of(self.printer.tenant, outline.number).ok();
                locator.map(|locator| Value::Text(Cow::Owned(instrument_id(&locator))))
            }
            "method" => Some(Value::Text(Cow::Borrowed("payment-card"))),
            "bin" => bin(face).map(Value::Text),
            "last4" => last4(face).map(Value::Text),
            "fingerprint" => {
                let shown = instrument_fingerprint(outline.fingerprint, "payment-card");
                shown.map(|fingerprint| Value::Text(Cow::Owned(fingerprint)))
            }
            "createdTime" => Some(Value::Time(outline.created_at)),
            "updatedTime" => Some(Value::Time(outline.updated_at)),
            "revision" => Some(Value::Integer(outline.generation.get().into())),
            _ => None,
        };
        if let Some(value) = value {
            take(value);
        }
    }
}

fn bin(face: Option<&CardFace>) -> Option<Cow<'_, str>> {
    face?.bin.as_ref().map(|bin| Cow::Borrowed(bin.as_str()))
}

fn last4(face: Option<&CardFace>) -> Option<Cow<'_, str>> {
    face.map(|face| Cow::Borrowed(face.last4.as_str()))
}

/// One instrument of a list. What is sealed for this dialect is read once, when the first term asks for it.
pub(crate) struct InstrumentRow<'r> {
    view: &'r InstrumentView,
    printer: Printer<'r>,
    extra: OnceCell<Extra<'r>>,
    bank: OnceCell<Option<BankBody<'r>>>,
    own: OnceCell<Own<'r>>,
    custom: OnceCell<Map<String, Json>>,
}

impl<'r> InstrumentRow<'r> {
    pub(crate) fn of(view: &'r InstrumentView, printer: Printer<'r>) -> Self {
        Self {
            view,
            printer,
            extra: OnceCell::new(),
            bank: OnceCell::new(),
            own: OnceCell::new(),
            custom: OnceCell::new(),
        }
    }

    fn extra(&self) -> &Extra<'r> {
        self.extra.get_or_init(|| extra_of(&self.view.details.details))
    }

    fn own(&self) -> &Own<'r> {
        self.own.get_or_init(|| Own::of(&self.view.details))
    }

    /// What a card or an account shows.
    fn shown(&self, field: &str) -> Option<Value<'_>> {
        let face = self.view.face.as_ref();
        let expiry = self.view.details.details.expiry;
        let text = |text: &Cow<'r, str>| Value::Text(Cow::Owned(text.as_ref().to_owned()));
        match field {
            "bin" => bin(face).map(Value::Text),
            "last4" if face.is_some() => last4(face).map(Value::Text),
            "brand" => self.extra().brand(face).map(|brand| Value::Text(Cow::Borrowed(brand))),
            "expYear" => expiry.map(|expiry| Value::Integer(expiry.year().into())),
            "expMonth" => expiry.map(|expiry| Value::Integer(expiry.month().into())),
            "bankCountry" => self.extra().bank_country.as_ref().map(text),
            "bankName" if self.extra().bank_name.is_some() => self.extra().bank_name.as_ref().map(text),
            "last4" | "bankName" | "routingNumber" | "accountType" => self.bank(field),
            _ => None,
        }
    }

    fn bank(&self, field: &str) -> Option<Value<'_>> {
        let extra = self.extra();
        if extra.method == "Khelocard" && field == "last4" {
            let card: KhelocardBody<'r> = serde_json::from_str(extra.instrument?.get()).ok()?;
            return Some(Value::Text(card.last4));
        }
        if !extra.is_bank() {
            return None;
        }
        let bank = self.bank.get_or_init(|| serde_json::from_str(extra.instrument?.get()).ok()).as_ref()?;
        let value = match field {
            "last4" => &bank.last4,
            "bankName" => &bank.bank_name,
            "routingNumber" => &bank.routing_number,
            _ => &bank.account_type,
        };
        value.as_deref().map(|text| Value::Text(Cow::Borrowed(text)))
    }

    fn custom_fields(&self) -> &Map<String, Json> {
        self.custom.get_or_init(|| {
            let read = self.own().custom_fields.and_then(|raw| serde_json::from_str(raw.get()).ok());
            read.unwrap_or_default()
        })
    }
}

/// The values of a caller's own field. Its name may have dots in it, and may lead into objects.
fn custom(fields: &Map<String, Json>, name: &str, take: &mut dyn FnMut(Value<'_>)) {
    let mut one = |value: &Json| match value {
        Json::String(text) => take(Value::Text(Cow::Borrowed(text))),
        Json::Number(number) => {
            take(Value::Number(number.as_f64().unwrap_or(f64::NAN), number.to_string()));
        }
        Json::Bool(value) => take(Value::Text(Cow::Owned(value.to_string()))),
        _ => {}
    };
    match fields.get(name) {
        Some(Json::Array(values)) => values.iter().for_each(one),
        Some(value) => one(value),
        None => {}
    }
    for (at, _) in name.match_indices('.').take(NAME_DEPTH) {
        let (first, rest) = (&name[..at], &name[at + 1..]);
        match fields.get(first) {
            Some(Json::Object(inner)) => custom(inner, rest, take),
            Some(Json::Array(values)) => {
                values.iter().filter_map(Json::as_object).for_each(|inner| custom(inner, rest, take));
            }
            _ => {}
        }
    }
}

/// Every text in a caller's own fields, however deep.
fn texts(value: &Json, take: &mut dyn FnMut(&str)) {
    match value {
        Json::String(text) => take(text),
        Json::Array(values) => values.iter().for_each(|value| texts(value, take)),
        Json::Object(members) => members.values().for_each(|value| texts(value, take)),
        _ => {}
    }
}

impl Row for InstrumentRow<'_> {
    fn values(&self, field: &str, take: &mut dyn FnMut(Value<'_>)) {
        if let Some(name) = field.strip_prefix("customFields.") {
            return custom(self.custom_fields(), name, take);
        }
        if let Some(name) = field.strip_prefix("billingAddress.") {
            return address(self.view.details.details.contact.as_ref(), name, take);
        }
        let text = |text: &'static str| Some(Value::Text(Cow::Borrowed(text)));
        let value = match field {
            "id" => Some(Value::Text(Cow::Owned(instrument_id(&self.view.locator)))),
            "customerId" => Some(Value::Text(Cow::Borrowed(self.view.details.customer.as_str()))),
            "method" => text(instrument_method(self.extra())),
            "status" => text(instrument_status(self.printer, self.view, instrument_method(self.extra()))),
            "fingerprint" => {
                let shown = instrument_fingerprint(self.view.fingerprint, instrument_method(self.extra()));
                shown.map(|fingerprint| Value::Text(Cow::Owned(fingerprint)))
            }
            "useAsBackup" => Some(Value::Bool(self.own().use_as_backup)),
            "stickyGatewayAccountId" => self.own().sticky.as_deref().map(|id| Value::Text(Cow::Borrowed(id))),
            "createdTime" => Some(Value::Time(self.view.created_at)),
            "updatedTime" => Some(Value::Time(self.view.updated_at)),
            "revision" => Some(Value::Integer(self.view.generation.get().into())),
            _ => self.shown(field),
        };
        if let Some(value) = value {
            take(value);
        }
    }

    fn own_texts(&self, take: &mut dyn FnMut(&str)) {
        self.custom_fields().values().for_each(|value| texts(value, take));
    }
}

fn address(contact: Option<&Contact>, name: &str, take: &mut dyn FnMut(Value<'_>)) {
    let Some(contact) = contact else { return };
    let text = match name {
        "firstName" => contact.first_name.as_deref(),
        "lastName" => contact.last_name.as_deref(),
        "organization" => contact.organization.as_deref(),
        "address" => contact.address.as_deref(),
        "address2" => contact.address2.as_deref(),
        "city" => contact.city.as_deref(),
        "region" => contact.region.as_deref(),
        "country" => contact.country.as_deref(),
        "postalCode" => contact.postal_code.as_deref(),
        _ => None,
    };
    if let Some(text) = text {
        take(Value::Text(Cow::Borrowed(text)));
    }
    let points = match name {
        "emails.value" => contact.emails.as_deref(),
        "phoneNumbers.value" => contact.phone_numbers.as_deref(),
        _ => None,
    };
    for point in points.unwrap_or_default() {
        take(Value::Text(Cow::Borrowed(&point.value)));
    }
}
