//! What is sealed for this dialect alone: of a token, in the core's `extra`; of an instrument, in its `own`.

use std::borrow::Cow;

use coffer_core::{Details, InstrumentDetails, Refused, store::CardFace};
use coffer_types::Brand;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::super::wire::{BankBody, OwnFields, Sticky, WalletBody};
use crate::json::Node;

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

impl<'r> ExtraParts<'r, &'r RawValue> {
    /// What was read, to be sealed again.
    pub(crate) fn of(extra: &'r Extra<'_>) -> Self {
        Self {
            method: &extra.method,
            partial: extra.partial,
            instrument: extra.instrument,
            wallet: extra.wallet.as_ref(),
            risk: extra.risk,
            bank_country: extra.bank_country.as_deref(),
            bank_name: extra.bank_name.as_deref(),
            brand: extra.brand,
        }
    }
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

/// The part of a bank account that comes again, with the names of the bank that were there and did not come; none where
/// nothing is missing in it.
pub(crate) fn with_bank_names(came: &Details, before: &Details) -> Option<Box<RawValue>> {
    fn bank<'r>(extra: &Extra<'r>) -> Option<BankBody<'r>> {
        let shown = extra.instrument.filter(|_| extra.is_bank())?;
        serde_json::from_str(shown.get()).ok()
    }
    let extra = extra_of(came);
    let (new, old) = (bank(&extra)?, bank(&extra_of(before))?);
    let lost = |new: &Option<Cow<'_, str>>, old: &Option<Cow<'_, str>>| new.is_none() && old.is_some();
    if !lost(&new.bic, &old.bic) && !lost(&new.bank_name, &old.bank_name) {
        return None;
    }
    let bank = BankBody { bic: new.bic.or(old.bic), bank_name: new.bank_name.or(old.bank_name), ..new };
    let shown = to_raw_value(&bank).ok()?;
    ExtraParts { instrument: Some(&shown), ..ExtraParts::of(&extra) }.to_raw().ok()
}

/// What an instrument has and a token has not.
#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Own<'r> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) custom_fields: Option<&'r RawValue>,
    pub(crate) use_as_backup: bool,
    /// What an alternative method was made with.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) reference_data: Option<&'r RawValue>,
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
        let raw = |fields: Option<&Node<'_>>| fields.and_then(|fields| to_raw_value(fields).ok());
        let (custom_fields, reference_data) = (raw(fields.custom_fields), raw(fields.reference_data));
        match sticky {
            Some(Sticky::Set(id)) => self.sticky = Some(Cow::Borrowed(id)),
            Some(Sticky::Removed) => self.sticky = None,
            None => {}
        }
        let own = Own {
            // None and an empty one are shown alike.
            custom_fields: custom_fields.as_deref().or(self.custom_fields).filter(|raw| raw.get() != "{}"),
            reference_data: reference_data.as_deref().or(self.reference_data),
            use_as_backup: fields.use_as_backup.unwrap_or(self.use_as_backup),
            sticky: self.sticky,
            has_mismatched_holder_name: mismatch,
        };
        to_raw_value(&own).ok()
    }
}
