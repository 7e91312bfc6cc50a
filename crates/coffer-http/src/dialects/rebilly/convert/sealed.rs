//! What is sealed for this dialect alone: of a token, in the core's `extra`; of an instrument, in its `own`.

use std::borrow::Cow;

use coffer_core::{Details, InstrumentDetails, Refused, store::CardFace};
use coffer_types::Brand;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::super::wire::{OwnFields, Sticky, WalletBody};

/// What a token has beside what the core knows, read back.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Extra<'r> {
    #[serde(borrow)]
    pub(crate) method: Cow<'r, str>,
    /// A card token without a number: it brings an expiry or a code to a card that is there.
    #[serde(default)]
    pub(crate) partial: bool,
    /// What `paymentInstrument` shows; of a card nothing.
    #[serde(borrow, default)]
    pub(crate) instrument: Option<&'r RawValue>,
    #[serde(borrow, default)]
    pub(crate) wallet: Option<WalletBody<'r>>,
    #[serde(borrow, default)]
    pub(crate) risk: Option<&'r RawValue>,
    /// What the card table knew of the bank.
    #[serde(borrow, default)]
    pub(crate) bank_country: Option<Cow<'r, str>>,
    #[serde(borrow, default)]
    pub(crate) bank_name: Option<Cow<'r, str>>,
    /// The code of the scheme that the card table names; it goes before our own ranges.
    #[serde(default)]
    pub(crate) brand: Option<u8>,
}

/// What the card table knew of a card.
#[derive(Clone, Copy, Default)]
pub(crate) struct BankParts<'a> {
    pub(crate) country: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
    pub(crate) brand: Option<Brand>,
}

impl Extra<'_> {
    /// The scheme of a card in Rebilly's spelling: the card table's word, else that of our own ranges.
    pub(crate) fn brand(&self, face: Option<&CardFace>) -> Option<&'static str> {
        let told = self.brand.and_then(Brand::from_code).and_then(super::brand_name);
        told.or_else(|| face.and_then(super::brand_of))
    }

    /// A payment card.
    pub(crate) fn is_card(&self) -> bool {
        self.method == "payment-card"
    }

    /// A bank account: an e-check is one.
    pub(crate) fn is_bank(&self) -> bool {
        matches!(&*self.method, "ach" | "echeck")
    }

    /// Whether a token can update an instrument.
    pub(crate) fn fits(&self, instrument: &Extra<'_>) -> bool {
        self.method == instrument.method || (self.is_bank() && instrument.is_bank())
    }
}

/// The same, on its way in.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExtraParts<'r, Risk: Serialize> {
    pub(crate) method: &'r str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) partial: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) instrument: Option<&'r RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wallet: Option<&'r WalletBody<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) risk: Option<Risk>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bank_country: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bank_name: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) brand: Option<u8>,
}

impl<Risk: Serialize> ExtraParts<'_, Risk> {
    /// The JSON that is sealed.
    pub(crate) fn to_raw(&self) -> Result<Box<RawValue>, Refused> {
        to_raw_value(self).map_err(|_| Refused::Unavailable)
    }
}

/// Reads back what was sealed. What another dialect sealed has none of it.
pub(crate) fn extra_of(details: &Details) -> Extra<'_> {
    let read = details.extra.as_deref().and_then(|raw| serde_json::from_str(raw.get()).ok());
    read.unwrap_or_default()
}

/// What an instrument has and a token has not.
#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Own<'r> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) custom_fields: Option<&'r RawValue>,
    pub(crate) use_as_backup: bool,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) sticky: Option<Cow<'r, str>>,
    /// Whether the names are others than the customer's, where the customer was known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) has_mismatched_holder_name: Option<bool>,
}

impl<'r> Own<'r> {
    /// What an instrument has.
    pub(crate) fn of(details: &'r InstrumentDetails) -> Self {
        let read = |raw: &'r RawValue| serde_json::from_str(raw.get()).ok();
        details.own.as_deref().and_then(read).unwrap_or_default()
    }

    /// The JSON that is sealed: what was there, with what a request says put over it.
    pub(crate) fn changed(
        mut self,
        fields: &OwnFields<'_>,
        sticky: Option<Sticky<'r>>,
        mismatch: Option<bool>,
    ) -> Option<Box<RawValue>> {
        let custom_fields = fields.custom_fields.and_then(|fields| to_raw_value(fields).ok());
        match sticky {
            Some(Sticky::Set(id)) => self.sticky = Some(Cow::Borrowed(id)),
            Some(Sticky::Removed) => self.sticky = None,
            None => {}
        }
        let own = Own {
            custom_fields: custom_fields.as_deref().or(self.custom_fields),
            use_as_backup: fields.use_as_backup.unwrap_or(self.use_as_backup),
            sticky: self.sticky,
            has_mismatched_holder_name: mismatch,
        };
        to_raw_value(&own).ok()
    }
}
