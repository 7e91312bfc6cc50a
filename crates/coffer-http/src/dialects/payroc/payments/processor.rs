//! The processor of the sandbox: no money moves, and the same payment always has the same fate.
//!
//! A payment is approved unless its amount says otherwise. Amounts below 10,000 minor units (100.00) are always
//! approved, so that nobody meets a rule by chance with a small one. From there on the last four digits decide:
//!
//! | card, `…` | answer |
//! | --- | --- |
//! | `0001` | `referral`, code `R`, processor `01` |
//! | `0005` | `declined`, code `D`, processor `05` |
//! | `0010` | with `acceptPartialAmount` one half, rounded down, code `P`, processor `10`; otherwise as `0051` |
//! | `0041`, `0043` | `pickup`, code `C`, processor the last two digits |
//! | `0051` | `declined`, code `D`, processor `51` |
//! | `0054` | `declined`, code `D`, processor `54` |
//! | `0082` | `declined`, code `D`, processor `82`, and a code that came does not match |
//! | `0091` | `declined`, code `E`, processor `91` |
//!
//! | bank account, `…` | answer |
//! | --- | --- |
//! | `0051` | `declined`, code `D`, processor `R01` |
//! | `0002`, `0003`, `0004` | `declined`, code `D`, processor `R02`, `R03`, `R04` |
//!
//! What is approved is `ready` to settle; `complete` with `processAsSale`, which settles at once; a `preAuthorization`
//! that is `pending` with `autoCapture` false, for its capture has yet to come. A code is right (`M`) where one came
//! and unknown (`U`) where none did; an address is right (`Y`) where one came and unknown (`U`) where none did.

use std::borrow::Cow;

use coffer_types::{Expiry, Timestamp};

use crate::dialects::payroc::wire::{
    customer::Customer,
    expiry,
    facts::{AchSource, CardSource, EntryMethod, PadSource, SecCode},
    payment::{BankTransferRequest, Order, PaymentRequest},
    payment_answer::{
        AccountBody, AvsResult, BankTransferBody, CardBody, CardEntry, CardResult, CardResultStatus,
        CardResultType, CvvResult, OrderBody, PaymentBody, ResponseCode, SecureTokenSummary, SecurityChecks,
        TransferResult, TransferStatus, TransferType,
    },
};

/// The smallest amount that the rules look at.
const RULED_FROM: i64 = 10_000;
/// What a card is called whose scheme nobody knows.
const UNKNOWN_SCHEME: &str = "Unknown";
/// The mask of a card that a wallet encrypted.
const WALLET_MASK: &str = "****************";
/// What a processor says of a code that does not match.
const WRONG_CODE: &str = "82";
/// Letters of the names that are given to payments.
const LETTERS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Bytes of randomness for one payment: what it is called, by us and by others.
pub(crate) type Randomness = [u8; 32];

/// The card that a payment is made with, masked.
pub(crate) struct UsedCard<'v> {
    pub(crate) facts: &'v CardSource,
    pub(crate) expiry: Option<Expiry>,
    /// Whether a code came with it.
    pub(crate) has_cvv: bool,
    /// The secure token that stood for it.
    pub(crate) secure_token: Option<SecureTokenSummary<'v>>,
}

/// The account that a transfer is made from, masked.
pub(crate) struct UsedAccount<'v> {
    pub(crate) facts: AccountFacts<'v>,
    /// The secure token that stood for it.
    pub(crate) secure_token: Option<SecureTokenSummary<'v>>,
}

/// Whose account it is.
pub(crate) enum AccountFacts<'v> {
    /// In the United States, and how the owner authorized it.
    Ach(&'v AchSource, Option<SecCode>),
    /// In Canada.
    Pad(&'v PadSource),
}

/// The card of a wallet: nobody here can open what was encrypted.
pub(crate) fn wallet_facts(cardholder_name: Option<&str>) -> CardSource {
    CardSource {
        cardholder_name: cardholder_name.unwrap_or_default().to_owned(),
        number: WALLET_MASK.to_owned(),
        account_type: None,
        card_type: None,
        currency: None,
        debit: None,
        entry_method: EntryMethod::Keyed,
    }
}

/// Answers a payment by card.
pub(crate) fn payment<'v>(
    request: &'v PaymentRequest<'v>,
    card: UsedCard<'v>,
    random: &Randomness,
    now: Timestamp,
) -> PaymentBody<'v> {
    let verdict = CardVerdict::of(request);
    let names = Names::of(random);
    let has_address = request.customer.as_ref().is_some_and(|customer| customer.billing_address.is_some());
    let cvv_result = match (card.has_cvv, verdict.processor) {
        (true, WRONG_CODE) => CvvResult::N,
        (true, _) => CvvResult::M,
        (false, _) => CvvResult::U,
    };
    PaymentBody {
        payment_id: names.payment.clone(),
        processing_terminal_id: request.terminal,
        operator: request.operator,
        order: order(&request.order, now),
        customer: request.customer.as_ref(),
        card: CardBody {
            r#type: card.facts.card_type.as_deref().unwrap_or(UNKNOWN_SCHEME),
            entry_method: match card.facts.entry_method {
                EntryMethod::Keyed => CardEntry::Keyed,
                EntryMethod::Swiped => CardEntry::Swiped,
                EntryMethod::Icc | EntryMethod::Raw => CardEntry::Icc,
            },
            cardholder_name: &card.facts.cardholder_name,
            card_number: &card.facts.number,
            expiry_date: card.expiry.map(expiry::show).unwrap_or_default(),
            secure_token: card.secure_token,
            security_checks: SecurityChecks {
                cvv_result,
                avs_result: if has_address { AvsResult::Y } else { AvsResult::U },
            },
        },
        transaction_result: verdict.result(request, names),
        custom_fields: request.custom_fields.as_deref(),
    }
}

/// Answers a bank transfer.
pub(crate) fn transfer<'v>(
    request: &'v BankTransferRequest<'v>,
    account: UsedAccount<'v>,
    random: &Randomness,
    now: Timestamp,
) -> BankTransferBody<'v> {
    let UsedAccount { facts, secure_token } = account;
    let bank_account = match facts {
        AccountFacts::Ach(ach, sec_code) => AccountBody::Ach {
            sec_code,
            name_on_account: &ach.name_on_account,
            account_number: &ach.number,
            routing_number: &ach.routing_number,
            secure_token,
        },
        AccountFacts::Pad(pad) => AccountBody::Pad {
            name_on_account: &pad.name_on_account,
            account_number: &pad.number,
            transit_number: &pad.transit_number,
            institution_number: &pad.institution_number,
            secure_token,
        },
    };
    // The contract's customer of a transfer has these two members.
    let customer = request.customer.as_ref().map(|customer| Customer {
        contact_methods: customer.contact_methods.clone(),
        notification_language: customer.notification_language,
        ..Customer::default()
    });
    BankTransferBody {
        payment_id: Names::of(random).payment,
        processing_terminal_id: request.terminal,
        order: order(&request.order, now),
        customer,
        bank_account,
        transaction_result: transfer_result(&request.order),
        custom_fields: request.custom_fields.as_deref(),
    }
}

fn order<'v>(order: &'v Order<'v>, now: Timestamp) -> OrderBody<'v> {
    OrderBody {
        order_id: order.id,
        date_time: order.at.map_or_else(|| Cow::Owned(now.to_rfc3339()), Cow::Borrowed),
        description: order.description,
        amount: order.amount,
        currency: order.currency,
        standing_instructions: order.standing.as_ref(),
    }
}

/// What the rules look at.
fn ending(amount: i64) -> Option<i64> {
    (amount >= RULED_FROM).then_some(amount % RULED_FROM)
}

/// What becomes of a card payment.
struct CardVerdict {
    /// None where it is approved: the request says then how it stands.
    refused: Option<CardResultStatus>,
    code: ResponseCode,
    processor: &'static str,
    message: &'static str,
    authorized: i64,
}

impl CardVerdict {
    fn of(request: &PaymentRequest<'_>) -> Self {
        use CardResultStatus::{Declined, Pickup, Referral};
        let Order { amount, accept_partial, .. } = request.order;
        let approved = |code, processor, message, authorized| Self {
            refused: None,
            code,
            processor,
            message,
            authorized,
        };
        let refused = |status, code, processor, message| Self {
            refused: Some(status),
            code,
            processor,
            message,
            authorized: 0,
        };
        match ending(amount) {
            Some(1) => refused(Referral, ResponseCode::R, "01", "Ask the issuer"),
            Some(5) => refused(Declined, ResponseCode::D, "05", "Declined by the issuer"),
            Some(10) if accept_partial => approved(ResponseCode::P, "10", "Approved in part", amount / 2),
            Some(10 | 51) => refused(Declined, ResponseCode::D, "51", "Insufficient funds"),
            Some(41) => refused(Pickup, ResponseCode::C, "41", "Lost card"),
            Some(43) => refused(Pickup, ResponseCode::C, "43", "Stolen card"),
            Some(54) => refused(Declined, ResponseCode::D, "54", "Expired card"),
            Some(82) => refused(Declined, ResponseCode::D, WRONG_CODE, "Wrong verification code"),
            Some(91) => refused(Declined, ResponseCode::E, "91", "The issuer does not answer"),
            _ => approved(ResponseCode::A, "00", "Approved", amount),
        }
    }

    fn result(self, request: &PaymentRequest<'_>, names: Names) -> CardResult {
        let is_held = !request.auto_capture && !request.process_as_sale;
        let approved = match (request.process_as_sale, is_held) {
            (true, _) => CardResultStatus::Complete,
            (false, true) => CardResultStatus::Pending,
            (false, false) => CardResultStatus::Ready,
        };
        let is_approved = self.refused.is_none();
        CardResult {
            r#type: if is_held { CardResultType::PreAuthorization } else { CardResultType::Sale },
            status: self.refused.unwrap_or(approved),
            approval_code: is_approved.then_some(names.approval),
            authorized_amount: self.authorized,
            currency: request.order.currency,
            response_code: self.code,
            response_message: self.message,
            processor_response_code: self.processor,
            card_scheme_reference_id: is_approved.then_some(names.scheme),
        }
    }
}

fn transfer_result(order: &Order<'_>) -> TransferResult {
    let declined = match ending(order.amount) {
        Some(51) => Some(("R01", "Insufficient funds")),
        Some(2) => Some(("R02", "Account closed")),
        Some(3) => Some(("R03", "No such account")),
        Some(4) => Some(("R04", "Not an account number")),
        _ => None,
    };
    let (processor_response_code, response_message) = declined.unwrap_or(("00", "Accepted"));
    let is_declined = declined.is_some();
    TransferResult {
        r#type: TransferType::Payment,
        status: if is_declined { TransferStatus::Declined } else { TransferStatus::Ready },
        authorized_amount: if is_declined { 0 } else { order.amount },
        currency: order.currency,
        response_code: if is_declined { ResponseCode::D } else { ResponseCode::A },
        response_message,
        processor_response_code,
    }
}

/// What a payment is called.
struct Names {
    payment: String,
    approval: String,
    scheme: String,
}

impl Names {
    fn of(random: &Randomness) -> Self {
        let (payment, rest) = random.split_at(16);
        let (approval, scheme) = rest.split_at(8);
        // A letter first: it never looks like a number of a card.
        Self {
            payment: name(payment, 10),
            approval: name(approval, 6),
            scheme: format!("T{}", name(scheme, 11)),
        }
    }
}

/// So many letters and digits, as the bytes say. What they can be is far beyond 36 to the power of their number: each
/// name is as likely as any other.
fn name(bytes: &[u8], letters: usize) -> String {
    let mut number = bytes.iter().fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    let mut letter = || {
        let digit = usize::try_from(number % 36).unwrap_or_default();
        number /= 36;
        char::from(LETTERS[digit])
    };
    (0..letters).map(|_| letter()).collect()
}

#[cfg(test)]
mod tests;
