//! Bank accounts: national numbers and IBANs (section 5).

use coffer_core::Account;
use coffer_types::{AccountNumber, AccountTail, BbanError, IbanError, RoutingNumber};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

use crate::form::{Length, Mark, Section, Shape, Variant, at_most, up_to};

/// What a token or an instrument shows of a bank account.
#[derive(Clone, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BankAccount")]
pub(crate) struct BankBody<'r> {
    #[serde(borrow)]
    pub(crate) account_number_type: Cow<'r, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) routing_number: Option<Cow<'r, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) account_type: Option<Cow<'r, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) bic: Option<Cow<'r, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) bank_name: Option<Cow<'r, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) last4: Option<Cow<'r, str>>,
}

/// A bank account as it comes in.
pub(crate) struct BankFields<'r> {
    pub(crate) account: Account,
    pub(crate) shown: BankBody<'r>,
}

const ACCOUNT_TYPES: [&str; 3] = ["checking", "savings", "other"];

/// Digits and nothing else. The definition's pattern has no length: a routing number has at most 34 digits here.
pub(super) const DIGITS: Shape = Shape {
    pattern: "^[0-9]+$",
    accepts: |text| text.bytes().all(|byte| byte.is_ascii_digit()),
    message: "Must contain digits only.",
};

/// An IBAN as people write it, with or without blanks. Its check digits are in no schema.
const IBAN: Shape = Shape {
    pattern: "^ *[A-Za-z] *[A-Za-z] *[0-9] *[0-9][0-9A-Za-z ]*$",
    accepts: |text| {
        let mut letters = text.bytes().filter(|byte| *byte != b' ');
        let country = [letters.next(), letters.next()].into_iter().flatten();
        let is_country = country.filter(u8::is_ascii_alphabetic).count() == 2;
        let check = [letters.next(), letters.next()].into_iter().flatten();
        let is_check = check.filter(u8::is_ascii_digit).count() == 2;
        is_country && is_check && letters.all(|byte| byte.is_ascii_alphanumeric())
    },
    message: "Must be an IBAN: two letters, two digits, then letters and digits.",
};

/// The members of a bank account, in the form that `accountNumberType` chooses.
pub(super) fn read_bank<'r>(bank: Section<'_, 'r>) -> Option<BankFields<'r>> {
    let forms: [Variant<'_, 'r, BankFields<'r>>; 2] =
        [Variant { names: &["BBAN"], read: &read_bban }, Variant { names: &["IBAN"], read: &read_iban }];
    bank.variant("accountNumberType", &forms).map(|(_, fields)| fields)
}

fn read_bban<'r>(bank: Section<'_, 'r>) -> Option<BankFields<'r>> {
    let number = bank.text_like("accountNumber", up_to(34), DIGITS);
    let routing = bank.text_like("routingNumber", up_to(34), DIGITS);
    let account_type = bank.one_of("accountType", &ACCOUNT_TYPES);
    let (bic, bank_name) = read_names(bank);
    let number = match AccountNumber::parse_bban(number?) {
        Ok(number) => number,
        Err(BbanError::Empty | BbanError::NotDigits | BbanError::TooLong) => {
            return bank.invalid("accountNumber", "Must have 1 to 34 digits.");
        }
    };
    let routing = routing?;
    let parsed = RoutingNumber::parse(routing).ok()?;
    let shown = BankBody {
        account_number_type: Cow::Borrowed("BBAN"),
        routing_number: Some(Cow::Borrowed(routing)),
        account_type: Some(Cow::Borrowed(account_type?)),
        bic,
        bank_name,
        last4: tail(&number),
    };
    Some(BankFields { account: Account { number, routing: Some(parsed) }, shown })
}

fn read_iban<'r>(bank: Section<'_, 'r>) -> Option<BankFields<'r>> {
    let number = bank.text_like("accountNumber", Length { min: 15, max: 64 }, IBAN);
    let (bic, bank_name) = read_names(bank);
    let number = match AccountNumber::parse_iban(number?) {
        Ok(number) => number,
        Err(error) => return bank.invalid("accountNumber", iban_message(error)),
    };
    let shown = BankBody {
        account_number_type: Cow::Borrowed("IBAN"),
        routing_number: None,
        account_type: None,
        bic,
        bank_name,
        last4: tail(&number),
    };
    Some(BankFields { account: Account { number, routing: None }, shown })
}

/// `bic` and `bankName`, which both forms have. An empty one is none.
fn read_names<'r>(bank: Section<'_, 'r>) -> (Option<Cow<'r, str>>, Option<Cow<'r, str>>) {
    bank.mark("accountNumber", Mark::WriteOnly);
    bank.mark("last4", Mark::ReadOnly);
    let own = |text: Option<&'r str>| text.filter(|text| !text.is_empty()).map(Cow::Borrowed);
    (own(bank.optional_text("bic", at_most(11))), own(read_bank_name(bank)))
}

fn read_bank_name<'r>(bank: Section<'_, 'r>) -> Option<&'r str> {
    bank.without_card("bankName", bank.optional_text("bankName", at_most(255)))
}

/// What a PATCH without a token may change (section 4.2).
pub(crate) struct BankChange<'r> {
    /// An empty one takes the name away.
    pub(crate) bank_name: Option<&'r str>,
    pub(crate) account_type: Option<&'static str>,
}

/// The members of such a change.
pub(super) fn read_bank_change<'r>(body: Section<'_, 'r>) -> BankChange<'r> {
    BankChange {
        bank_name: read_bank_name(body),
        account_type: body.optional_one_of("accountType", &ACCOUNT_TYPES),
    }
}

fn tail(number: &AccountNumber) -> Option<Cow<'static, str>> {
    number.last4().map(|tail: AccountTail| Cow::Owned(tail.as_str().to_owned()))
}

fn iban_message(error: IbanError) -> &'static str {
    match error {
        IbanError::CheckDigits | IbanError::Checksum => "Is not an IBAN: the check digits are wrong.",
        _ => "Is not an IBAN: 15 to 34 letters and digits, of the length that its country has.",
    }
}
