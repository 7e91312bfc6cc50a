//! What a secure token keeps beside its source, and what a patch may have changed of all that (6.1, 6.5).

use coffer_types::Expiry;
use serde::{Deserialize, Serialize};

use super::{
    bank::{INSTITUTION, OWNER},
    card::HOLDER,
    create::{Wrong, read},
    customer::{CustomField, Customer, read_custom_fields, read_customer},
    expiry,
    fields::{DIGITS, free},
    source::Taking,
    words::{AccountType, MitAgreement, optional_word},
};
use crate::{
    form::{Section, Variant},
    json::Node,
};

/// What a secure token keeps beside its source.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct KeptOwn<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mit_agreement: Option<MitAgreement>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) customer: Option<Customer<'r>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) custom_fields: Option<Vec<CustomField<'r>>>,
}

impl<'r> KeptOwn<'r> {
    /// Its members, of a request or of a patched resource. What is wrong is reported and absent.
    pub(crate) fn fields(body: Section<'_, 'r>) -> Self {
        Self {
            mit_agreement: optional_word(body, "mitAgreement"),
            customer: body.optional_section("customer", |customer| Some(read_customer(customer))),
            custom_fields: read_custom_fields(body),
        }
    }
}

/// What may be another after a patch.
pub(crate) struct Patched<'r> {
    pub(crate) own: KeptOwn<'r>,
    pub(crate) source: PatchedSource<'r>,
}

/// The same of each kind of source.
pub(crate) enum PatchedSource<'r> {
    Card { cardholder_name: &'r str, expiry: Option<Expiry> },
    Ach { name_on_account: &'r str, account_type: Option<AccountType> },
    Pad { name_on_account: &'r str, institution_number: &'r str, account_type: Option<AccountType> },
}

/// Reads a resource back after a patch was applied to what `SecureTokenBody` says with account types. Members that no
/// patch may change are not looked at: whoever applied it compares them.
///
/// `before` is the expiry that the card had. One that is over is taken where it is still the same, so that an expired
/// card's other members can be changed.
pub(crate) fn read_patched<'r>(
    resource: &'r Node<'r>,
    before: Option<Expiry>,
    taking: Taking,
) -> Result<Patched<'r>, Wrong> {
    read(resource, |resource| patched(resource, before, taking))
}

fn patched<'r>(resource: Section<'_, 'r>, before: Option<Expiry>, taking: Taking) -> Option<Patched<'r>> {
    let own = KeptOwn::fields(resource);
    let source = resource.section("source", |source| {
        let forms = [
            Variant { names: &["card"], read: &|card| patched_card(card, before, taking) },
            Variant { names: &["ach"], read: &patched_ach },
            Variant { names: &["pad"], read: &patched_pad },
        ];
        source.variant("type", &forms).map(|(_, source)| source)
    });
    Some(Patched { own, source: source? })
}

fn patched_card<'r>(
    card: Section<'_, 'r>,
    before: Option<Expiry>,
    taking: Taking,
) -> Option<PatchedSource<'r>> {
    let cardholder_name = free(card, "cardholderName", HOLDER);
    let expiry = expiry::read_changed_expiry(card, before, taking);
    Some(PatchedSource::Card { cardholder_name: cardholder_name?, expiry })
}

fn patched_ach<'r>(ach: Section<'_, 'r>) -> Option<PatchedSource<'r>> {
    let name_on_account = free(ach, "nameOnAccount", OWNER);
    let account_type = optional_word(ach, "accountType");
    Some(PatchedSource::Ach { name_on_account: name_on_account?, account_type })
}

fn patched_pad<'r>(pad: Section<'_, 'r>) -> Option<PatchedSource<'r>> {
    let name_on_account = free(pad, "nameOnAccount", OWNER);
    let institution_number = pad.text_like("institutionNumber", INSTITUTION, DIGITS);
    let account_type = optional_word(pad, "accountType");
    Some(PatchedSource::Pad {
        name_on_account: name_on_account?,
        institution_number: institution_number?,
        account_type,
    })
}
