//! What is sealed with every token of where its money comes from: enough to show the masked `source` (section 5)
//! without opening what is protected.

use serde::{Deserialize, Serialize};

pub(crate) use super::words::{AccountType, EntryMethod, SecCode};

/// Card, account of the United States or account of Canada.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(crate) enum SourceFacts {
    Card(CardSource),
    Ach(AchSource),
    Pad(PadSource),
}

/// A card.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CardSource {
    /// Empty where nobody told it.
    pub(crate) cardholder_name: String,
    /// The mask of the number. Of data that only a reader's owner can open: the mask that came with it, or its first
    /// digit, or none.
    pub(crate) number: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account_type: Option<AccountType>,
    /// The scheme in Payroc's words. Not of the request: whoever knows brands and tables fills it in, as the next two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) card_type: Option<String>,
    /// ISO 4217.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) currency: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) debit: Option<bool>,
    pub(crate) entry_method: EntryMethod,
}

/// An account in the United States.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AchSource {
    pub(crate) name_on_account: String,
    /// The mask of the number.
    pub(crate) number: String,
    pub(crate) routing_number: String,
    /// Whether that has the checksum of the American Bankers Association. A warning for whoever opens the token:
    /// nothing is refused for it.
    #[serde(default)]
    pub(crate) aba_checksum: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account_type: Option<AccountType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sec_code: Option<SecCode>,
}

/// An account in Canada.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PadSource {
    pub(crate) name_on_account: String,
    /// The mask of the number.
    pub(crate) number: String,
    pub(crate) transit_number: String,
    pub(crate) institution_number: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account_type: Option<AccountType>,
}
