//! What goes on to the upstream: the request as it came, with the clear payment method in place of the token.

use coffer_core::{Clear, Protected, Refused, wiped_json};
use coffer_types::{AccountNumber, Cvv, Expiry, Pan};
use serde::{Serialize, Serializer, ser::SerializeMap};
use zeroize::Zeroizing;

use crate::{
    dialects::payroc::wire::{
        expiry,
        facts::{AccountType, SecCode, SourceFacts},
    },
    json::Node,
};

/// The member that names the token.
const METHOD: &str = "paymentMethod";
/// The member that says what is to be kept.
const ON_FILE: &str = "credentialOnFile";
/// The member of `cardDetails` that tells of benefits.
const BENEFITS: &str = "ebtDetails";

/// What a payment is made with, in the clear. Borrowed from what the vault opened, which wipes it.
pub(crate) enum ClearMethod<'m> {
    /// A card by its number.
    Card(ClearCard<'m>),
    /// What a card reader sent.
    Reader(ClearReader<'m>),
    /// An account in the United States.
    Ach(ClearAch<'m>),
    /// An account in Canada.
    Pad(ClearPad<'m>),
    /// The request itself has it, or a wallet's block that nobody here can open: it goes on as the caller wrote it.
    AsItCame {
        /// The card in it, where there is one and it could be read.
        pan: Option<&'m Pan>,
    },
}

/// A card by its number.
pub(crate) struct ClearCard<'m> {
    pub(crate) pan: &'m Pan,
    pub(crate) expiry: Option<Expiry>,
    pub(crate) cvv: Option<&'m Cvv>,
    /// Empty where nobody told it.
    pub(crate) holder: &'m str,
    pub(crate) account_type: Option<AccountType>,
    /// `ebtDetails`, as the caller wrote them.
    pub(crate) benefits: Option<&'m Node<'m>>,
}

/// What a card reader sent.
pub(crate) struct ClearReader<'m> {
    /// `cardDetails` as it was sent when the token was made.
    pub(crate) details: &'m Node<'m>,
    /// The card in it, where it could be read.
    pub(crate) pan: Option<&'m Pan>,
    pub(crate) account_type: Option<AccountType>,
    /// `ebtDetails`, in place of those in `details`.
    pub(crate) benefits: Option<&'m Node<'m>>,
}

/// An account in the United States.
pub(crate) struct ClearAch<'m> {
    pub(crate) name: &'m str,
    pub(crate) number: &'m AccountNumber,
    pub(crate) routing: &'m str,
    pub(crate) account_type: Option<AccountType>,
    pub(crate) sec_code: Option<SecCode>,
}

/// An account in Canada.
pub(crate) struct ClearPad<'m> {
    pub(crate) name: &'m str,
    pub(crate) number: &'m AccountNumber,
    pub(crate) transit: &'m str,
    pub(crate) institution: &'m str,
    pub(crate) account_type: Option<AccountType>,
}

/// What a request says beside its token. It wins over what was kept with the token.
#[derive(Clone, Copy, Default)]
pub(crate) struct Beside<'m> {
    pub(crate) account_type: Option<AccountType>,
    pub(crate) sec_code: Option<SecCode>,
    /// `ebtDetails`, as the caller wrote them.
    pub(crate) benefits: Option<&'m Node<'m>>,
}

impl<'m> ClearMethod<'m> {
    /// What a token opened to. `reader` is `cardDetails` of a card reader, where the token still has them. None where
    /// there is nothing that a payment could be made with: reader data that nobody here can open dies with its token.
    pub(crate) fn of(
        clear: &'m Clear,
        facts: &'m SourceFacts,
        expiry: Option<Expiry>,
        reader: Option<&'m Node<'m>>,
    ) -> Option<Self> {
        match (facts, &clear.protected, reader) {
            (SourceFacts::Card(card), protected, Some(details)) => Some(Self::Reader(ClearReader {
                details,
                pan: match protected {
                    Protected::Card(pan) => Some(pan),
                    _ => None,
                },
                account_type: card.account_type,
                benefits: None,
            })),
            (SourceFacts::Card(card), Protected::Card(pan), None) => Some(Self::Card(ClearCard {
                pan,
                expiry,
                cvv: clear.cvv.as_ref(),
                holder: &card.cardholder_name,
                account_type: card.account_type,
                benefits: None,
            })),
            (SourceFacts::Ach(ach), Protected::Account(account), _) => Some(Self::Ach(ClearAch {
                name: &ach.name_on_account,
                number: &account.number,
                routing: &ach.routing_number,
                account_type: ach.account_type,
                sec_code: ach.sec_code,
            })),
            (SourceFacts::Pad(pad), Protected::Account(account), _) => Some(Self::Pad(ClearPad {
                name: &pad.name_on_account,
                number: &account.number,
                transit: &pad.transit_number,
                institution: &pad.institution_number,
                account_type: pad.account_type,
            })),
            _ => None,
        }
    }

    /// The same with what the request says beside the token. A word that the method does not have is passed over: a
    /// card has no `secCode`, an account no benefits.
    pub(crate) fn beside(mut self, beside: Beside<'m>) -> Self {
        match &mut self {
            Self::Card(card) => {
                card.account_type = beside.account_type.or(card.account_type);
                card.benefits = beside.benefits.or(card.benefits);
            }
            Self::Reader(reader) => {
                reader.account_type = beside.account_type.or(reader.account_type);
                reader.benefits = beside.benefits.or(reader.benefits);
            }
            Self::Ach(ach) => {
                ach.account_type = beside.account_type.or(ach.account_type);
                ach.sec_code = beside.sec_code.or(ach.sec_code);
            }
            Self::Pad(pad) => pad.account_type = beside.account_type.or(pad.account_type),
            Self::AsItCame { .. } => {}
        }
        self
    }
}

/// The body to send on, in one wiped buffer. Every member but the payment method is as it came; numbers as far as the
/// tree keeps them, 64 bits. `is_kept`: a secure token is made here, or is one already, and the
/// upstream is to make none.
pub(crate) fn outgoing(
    request: &Node<'_>,
    method: &ClearMethod<'_>,
    is_kept: bool,
) -> Result<Zeroizing<Vec<u8>>, Refused> {
    wiped_json(&Outgoing { request, method, is_kept })
}

/// `credentialOnFile` as the upstream is told it: the details are kept here, and it makes no token of its own.
struct KeptElsewhere<'a>(&'a Node<'a>);

impl Serialize for KeptElsewhere<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Node::Object(members) = self.0 {
            let ours = ["tokenize", "secureTokenId", "externalVault"];
            for (name, value) in members.iter().filter(|(name, _)| !ours.contains(&name.as_str())) {
                map.serialize_entry(name.as_str(), value)?;
            }
        }
        map.serialize_entry("externalVault", &true)?;
        map.end()
    }
}

struct Outgoing<'a> {
    request: &'a Node<'a>,
    method: &'a ClearMethod<'a>,
    is_kept: bool,
}

impl Serialize for Outgoing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Node::Object(members) = self.request else { return self.request.serialize(serializer) };
        let mut map = serializer.serialize_map(Some(members.len()))?;
        for (name, value) in members {
            match MethodBody::of(self.method).filter(|_| name.as_str() == METHOD) {
                Some(method) => map.serialize_entry(METHOD, &method)?,
                None if self.is_kept && name.as_str() == ON_FILE => {
                    map.serialize_entry(ON_FILE, &KeptElsewhere(value))?;
                }
                None => map.serialize_entry(name.as_str(), value)?,
            }
        }
        map.end()
    }
}

/// `paymentMethod` as it goes on (4.1 to 4.3).
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum MethodBody<'a> {
    Card {
        #[serde(skip_serializing_if = "Option::is_none")]
        account_type: Option<AccountType>,
        card_details: CardDetails<'a>,
    },
    Ach {
        #[serde(skip_serializing_if = "Option::is_none")]
        account_type: Option<AccountType>,
        #[serde(skip_serializing_if = "Option::is_none")]
        sec_code: Option<SecCode>,
        name_on_account: &'a str,
        account_number: &'a str,
        routing_number: &'a str,
    },
    Pad {
        #[serde(skip_serializing_if = "Option::is_none")]
        account_type: Option<AccountType>,
        name_on_account: &'a str,
        account_number: &'a str,
        transit_number: &'a str,
        institution_number: &'a str,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
enum CardDetails<'a> {
    Keyed(KeyedCard<'a>),
    Reader(ReaderDetails<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyedCard<'a> {
    entry_method: &'static str,
    keyed_data: KeyedData<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    cardholder_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ebt_details: Option<&'a Node<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyedData<'a> {
    data_format: &'static str,
    card_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cvv: Option<&'a str>,
}

/// `cardDetails` of a reader, with other benefits where the request has some.
struct ReaderDetails<'a> {
    details: &'a Node<'a>,
    benefits: Option<&'a Node<'a>>,
}

impl<'a> MethodBody<'a> {
    /// None where it goes on as it came.
    fn of(method: &'a ClearMethod<'a>) -> Option<Self> {
        Some(match method {
            ClearMethod::Card(card) => {
                Self::Card { account_type: card.account_type, card_details: CardDetails::Keyed(keyed(card)) }
            }
            ClearMethod::Reader(reader) => {
                let details = ReaderDetails { details: reader.details, benefits: reader.benefits };
                Self::Card { account_type: reader.account_type, card_details: CardDetails::Reader(details) }
            }
            ClearMethod::Ach(ach) => Self::Ach {
                account_type: ach.account_type,
                sec_code: ach.sec_code,
                name_on_account: ach.name,
                account_number: ach.number.expose(),
                routing_number: ach.routing,
            },
            ClearMethod::Pad(pad) => Self::Pad {
                account_type: pad.account_type,
                name_on_account: pad.name,
                account_number: pad.number.expose(),
                transit_number: pad.transit,
                institution_number: pad.institution,
            },
            ClearMethod::AsItCame { .. } => return None,
        })
    }
}

fn keyed<'a>(card: &'a ClearCard<'a>) -> KeyedCard<'a> {
    KeyedCard {
        entry_method: "keyed",
        keyed_data: KeyedData {
            data_format: "plainText",
            card_number: card.pan.expose(),
            expiry_date: card.expiry.map(expiry::show),
            cvv: card.cvv.map(Cvv::expose),
        },
        cardholder_name: card.holder,
        ebt_details: card.benefits,
    }
}

impl Serialize for ReaderDetails<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (Node::Object(members), Some(benefits)) = (self.details, self.benefits) else {
            return self.details.serialize(serializer);
        };
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in members.iter().filter(|(name, _)| name.as_str() != BENEFITS) {
            map.serialize_entry(name.as_str(), value)?;
        }
        map.serialize_entry(BENEFITS, benefits)?;
        map.end()
    }
}

#[cfg(test)]
mod tests;
