//! The closed lists of words that more than one request or answer has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::form::Section;

/// A word of a closed list.
pub(crate) trait Word: Copy + 'static {
    /// The whole list in the contract's order, each word as it is spelled.
    const ALL: &'static [(&'static str, Self)];
}

/// A word that must be there.
pub(crate) fn word<T: Word>(section: Section<'_, '_>, name: &str) -> Option<T> {
    find(section.one_of(name, &spellings::<T>())?)
}

/// A word that may be absent or null.
pub(crate) fn optional_word<T: Word>(section: Section<'_, '_>, name: &str) -> Option<T> {
    find(section.optional_one_of(name, &spellings::<T>())?)
}

/// How the words are spelled.
pub(crate) fn spellings<T: Word>() -> Vec<&'static str> {
    T::ALL.iter().map(|(spelling, _)| *spelling).collect()
}

/// The word that is spelled so.
pub(super) fn find<T: Word>(text: &str) -> Option<T> {
    T::ALL.iter().find(|(spelling, _)| *spelling == text).map(|(_, word)| *word)
}

/// `accountType` (4.1, 4.2, 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum AccountType {
    Checking,
    Savings,
}

impl Word for AccountType {
    const ALL: &'static [(&'static str, Self)] = &[("checking", Self::Checking), ("savings", Self::Savings)];
}

/// `secCode`: how a customer authorized a transfer (4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SecCode {
    Web,
    Tel,
    Ccd,
    Ppd,
}

impl Word for SecCode {
    const ALL: &'static [(&'static str, Self)] =
        &[("web", Self::Web), ("tel", Self::Tel), ("ccd", Self::Ccd), ("ppd", Self::Ppd)];
}

/// `entryMethod`: how a card came in (4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum EntryMethod {
    /// Typed.
    Keyed,
    /// Its stripe was read.
    Swiped,
    /// Its chip was read, and what it said is encrypted.
    Icc,
    /// Its chip was read, and what it said is in the clear.
    Raw,
}

/// `channel`: where the merchant was given the details (3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    /// In a shop.
    Pos,
    Web,
    /// By mail or telephone.
    Moto,
}

impl Word for Channel {
    const ALL: &'static [(&'static str, Self)] =
        &[("pos", Self::Pos), ("web", Self::Web), ("moto", Self::Moto)];
}

/// `mitAgreement`: what the customer agreed that the merchant starts (6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum MitAgreement {
    Unscheduled,
    Recurring,
    Installment,
}

impl Word for MitAgreement {
    const ALL: &'static [(&'static str, Self)] = &[
        ("unscheduled", Self::Unscheduled),
        ("recurring", Self::Recurring),
        ("installment", Self::Installment),
    ];
}

/// `notificationLanguage` (6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Language {
    En,
    Fr,
}

impl Word for Language {
    const ALL: &'static [(&'static str, Self)] = &[("en", Self::En), ("fr", Self::Fr)];
}

/// `type` of a way to reach a customer (6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ContactKind {
    Email,
    Phone,
    Mobile,
    Fax,
}

impl Word for ContactKind {
    const ALL: &'static [(&'static str, Self)] =
        &[("email", Self::Email), ("phone", Self::Phone), ("mobile", Self::Mobile), ("fax", Self::Fax)];
}

/// `scenario` of a session (8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// A sale, or a sale that also makes a token.
    Payment,
    /// A token, or new details for one.
    Tokenization,
}

impl Word for Scenario {
    const ALL: &'static [(&'static str, Self)] =
        &[("payment", Self::Payment), ("tokenization", Self::Tokenization)];
}
