//! What a list of instruments can be filtered and sorted by (3.2).

use std::{borrow::Cow, cell::OnceCell};

use coffer_core::{Contact, InstrumentView};
use coffer_types::Bin;
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

/// One instrument of a list.
pub(crate) struct InstrumentRow<'r> {
    view: &'r InstrumentView,
    extra: Extra<'r>,
    own: Own<'r>,
    status: &'static str,
    /// Read once, when the first term asks for one of them.
    custom: OnceCell<Map<String, Json>>,
}

impl<'r> InstrumentRow<'r> {
    pub(crate) fn of(view: &'r InstrumentView, printer: Printer<'_>) -> Self {
        let extra = extra_of(&view.details.details);
        let status = instrument_status(printer, view);
        Self { view, extra, own: Own::of(&view.details), status, custom: OnceCell::new() }
    }

    /// What a card or an account shows.
    fn shown(&self, field: &str) -> Option<Value<'r>> {
        let face = self.view.face.as_ref();
        let expiry = self.view.details.details.expiry;
        let text = |text: &'r str| Value::Text(Cow::Borrowed(text));
        match field {
            "bin" => face.and_then(|face| face.bin.as_ref()).map(Bin::as_str).map(text),
            "last4" if face.is_some() => face.map(|face| text(face.last4.as_str())),
            "brand" => self.extra.brand(face).map(text),
            "expYear" => expiry.map(|expiry| Value::Integer(expiry.year().into())),
            "expMonth" => expiry.map(|expiry| Value::Integer(expiry.month().into())),
            "bankCountry" => self.extra.bank_country.clone().map(Value::Text),
            "bankName" if self.extra.bank_name.is_some() => self.extra.bank_name.clone().map(Value::Text),
            "last4" | "bankName" | "routingNumber" | "accountType" => self.bank(field).map(Value::Text),
            _ => None,
        }
    }

    fn bank(&self, field: &str) -> Option<Cow<'r, str>> {
        if self.extra.method == "Khelocard" && field == "last4" {
            let card: KhelocardBody<'r> = serde_json::from_str(self.extra.instrument?.get()).ok()?;
            return Some(card.last4);
        }
        if !self.extra.is_bank() {
            return None;
        }
        let bank: BankBody<'r> = serde_json::from_str(self.extra.instrument?.get()).ok()?;
        match field {
            "last4" => bank.last4,
            "bankName" => bank.bank_name,
            "routingNumber" => bank.routing_number,
            _ => bank.account_type,
        }
    }

    fn custom(&self, name: &str, take: &mut dyn FnMut(Value<'_>)) {
        let fields = self.custom.get_or_init(|| {
            let read = self.own.custom_fields.and_then(|raw| serde_json::from_str(raw.get()).ok());
            read.unwrap_or_default()
        });
        let mut one = |value: &Json| match value {
            Json::String(text) => take(Value::Text(Cow::Borrowed(text))),
            Json::Number(number) => take(Value::Text(Cow::Owned(number.to_string()))),
            Json::Bool(value) => take(Value::Text(Cow::Owned(value.to_string()))),
            _ => {}
        };
        match fields.get(name) {
            Some(Json::Array(values)) => values.iter().for_each(one),
            Some(value) => one(value),
            None => {}
        }
    }
}

impl Row for InstrumentRow<'_> {
    fn values(&self, field: &str, take: &mut dyn FnMut(Value<'_>)) {
        if let Some(name) = field.strip_prefix("customFields.") {
            return self.custom(name, take);
        }
        if let Some(name) = field.strip_prefix("billingAddress.") {
            return address(self.view.details.details.contact.as_ref(), name, take);
        }
        let text = |text: &'static str| Some(Value::Text(Cow::Borrowed(text)));
        let value = match field {
            "id" => Some(Value::Text(Cow::Owned(instrument_id(&self.view.locator)))),
            "customerId" => Some(Value::Text(Cow::Borrowed(self.view.details.customer.as_str()))),
            "method" => text(instrument_method(&self.extra)),
            "status" => text(self.status),
            "fingerprint" => {
                let shown = instrument_fingerprint(self.view, instrument_method(&self.extra));
                shown.map(|fingerprint| Value::Text(Cow::Owned(fingerprint)))
            }
            "useAsBackup" => Some(Value::Bool(self.own.use_as_backup)),
            "stickyGatewayAccountId" => self.own.sticky.clone().map(Value::Text),
            "createdTime" => Some(Value::Time(self.view.created_at)),
            "updatedTime" => Some(Value::Time(self.view.updated_at)),
            "revision" => Some(Value::Integer(self.view.generation.get().into())),
            _ => self.shown(field),
        };
        if let Some(value) = value {
            take(value);
        }
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
