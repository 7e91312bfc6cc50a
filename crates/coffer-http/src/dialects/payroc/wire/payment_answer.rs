//! Payments and bank transfers as they go out (section 7). What is absent is left out, never null.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    customer::{CustomField, Customer},
    payment::StandingInstructions,
    resource::{LinkBody, Status},
    words::SecCode,
};

/// A payment by card.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Payment")]
pub(crate) struct PaymentBody<'v> {
    /// Ten capital letters and digits.
    pub(crate) payment_id: String,
    /// As in the request.
    pub(crate) processing_terminal_id: &'v str,
    /// As it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) operator: Option<&'v str>,
    pub(crate) order: OrderBody<'v>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) customer: Option<&'v Customer<'v>>,
    pub(crate) card: CardBody<'v>,
    pub(crate) transaction_result: CardResult,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) custom_fields: Option<&'v [CustomField<'v>]>,
}

/// A bank transfer.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BankTransferPayment")]
pub(crate) struct BankTransferBody<'v> {
    /// Ten capital letters and digits.
    pub(crate) payment_id: String,
    pub(crate) processing_terminal_id: &'v str,
    pub(crate) order: OrderBody<'v>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) customer: Option<Customer<'v>>,
    pub(crate) bank_account: AccountBody<'v>,
    pub(crate) transaction_result: TransferResult,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) custom_fields: Option<&'v [CustomField<'v>]>,
}

/// What was bought.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymentOrder")]
pub(crate) struct OrderBody<'v> {
    pub(crate) order_id: &'v str,
    #[schemars(extend("format" = "date-time"))]
    pub(crate) date_time: Cow<'v, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<&'v str>,
    /// In minor units of the currency.
    pub(crate) amount: i64,
    /// ISO 4217.
    pub(crate) currency: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) standing_instructions: Option<&'v StandingInstructions<'v>>,
}

/// The card, masked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymentCard")]
pub(crate) struct CardBody<'v> {
    /// The scheme.
    pub(crate) r#type: &'v str,
    pub(crate) entry_method: CardEntry,
    /// Empty where nobody told it.
    pub(crate) cardholder_name: &'v str,
    /// First six and last four digits.
    pub(crate) card_number: &'v str,
    /// Month and year, `MMYY`; empty where nobody told it.
    pub(crate) expiry_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secure_token: Option<SecureTokenSummary<'v>>,
    pub(crate) security_checks: SecurityChecks,
}

/// How the card came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymentCardEntryMethod")]
#[allow(
    dead_code,
    reason = "the whole list of the contract: the sandbox's processor does not tell some apart"
)]
pub(crate) enum CardEntry {
    Icc,
    Keyed,
    Swiped,
    SwipedFallback,
    ContactlessIcc,
    ContactlessMsr,
}

/// The account, masked.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[schemars(rename = "PaymentBankAccount")]
pub(crate) enum AccountBody<'v> {
    /// In the United States.
    Ach {
        #[serde(skip_serializing_if = "Option::is_none")]
        sec_code: Option<SecCode>,
        name_on_account: &'v str,
        /// Last four digits.
        account_number: &'v str,
        routing_number: &'v str,
        #[serde(skip_serializing_if = "Option::is_none")]
        secure_token: Option<SecureTokenSummary<'v>>,
    },
    /// In Canada.
    Pad {
        name_on_account: &'v str,
        /// Last four digits.
        account_number: &'v str,
        transit_number: &'v str,
        institution_number: &'v str,
        #[serde(skip_serializing_if = "Option::is_none")]
        secure_token: Option<SecureTokenSummary<'v>>,
    },
}

/// The secure token that the payment was made with.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SecureTokenSummary")]
pub(crate) struct SecureTokenSummary<'v> {
    pub(crate) secure_token_id: &'v str,
    /// Empty where nobody told it.
    pub(crate) customer_name: String,
    /// 12 to 19 digits: what payments name it by.
    pub(crate) token: Cow<'v, str>,
    pub(crate) status: Status,
    pub(crate) link: LinkBody,
}

impl<'v> SecureTokenSummary<'v> {
    /// `href` is the absolute address of the secure token.
    pub(crate) fn of(
        secure_token_id: &'v str,
        token: Cow<'v, str>,
        customer: Option<&Customer<'_>>,
        href: String,
    ) -> Self {
        let names = customer.into_iter().flat_map(|customer| [&customer.first_name, &customer.last_name]);
        let names: Vec<&str> = names.flatten().map(AsRef::as_ref).collect();
        let link = LinkBody { rel: "self", method: "GET", href };
        let status = Status::NotValidated;
        Self { secure_token_id, customer_name: names.join(" "), token, status, link }
    }
}

/// What was compared with what the issuer knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecurityChecks {
    pub(crate) cvv_result: CvvResult,
    pub(crate) avs_result: AvsResult,
}

/// Of the code: it matches, does not, was not looked at, is unknown to the issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[allow(dead_code, reason = "the whole list of the contract: the sandbox's processor looks at every code")]
pub(crate) enum CvvResult {
    M,
    N,
    P,
    U,
}

/// Of the billing address: `Y` address and postal code match, `U` nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[allow(dead_code, reason = "the whole list of the contract: the sandbox's processor knows every address")]
pub(crate) enum AvsResult {
    Y,
    A,
    Z,
    N,
    U,
    R,
    G,
    S,
    F,
    W,
    X,
}

/// What became of a payment by card.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymentResult")]
pub(crate) struct CardResult {
    pub(crate) r#type: CardResultType,
    pub(crate) status: CardResultStatus,
    /// Absent where nothing was approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) approval_code: Option<String>,
    /// In minor units of the currency.
    pub(crate) authorized_amount: i64,
    /// ISO 4217.
    pub(crate) currency: &'static str,
    pub(crate) response_code: ResponseCode,
    pub(crate) response_message: &'static str,
    pub(crate) processor_response_code: &'static str,
    /// Absent where nothing was approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) card_scheme_reference_id: Option<String>,
}

/// What kind of payment it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymentResultType")]
#[allow(dead_code, reason = "the whole list of the contract: others are calls of their own")]
pub(crate) enum CardResultType {
    Sale,
    Refund,
    PreAuthorization,
    PreAuthorizationCompletion,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymentResultStatus")]
#[allow(dead_code, reason = "the whole list of the contract: some come later in a payment's life")]
pub(crate) enum CardResultStatus {
    Ready,
    Pending,
    Declined,
    Complete,
    Referral,
    Pickup,
    Reversal,
    Admin,
    Expired,
    Accepted,
}

/// What the processor said: approved, declined, failed, in part, to be asked by telephone, card to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "PaymentResponseCode")]
pub(crate) enum ResponseCode {
    A,
    D,
    E,
    P,
    R,
    C,
}

/// What became of a bank transfer.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BankTransferResult")]
pub(crate) struct TransferResult {
    pub(crate) r#type: TransferType,
    pub(crate) status: TransferStatus,
    /// In minor units of the currency.
    pub(crate) authorized_amount: i64,
    /// ISO 4217.
    pub(crate) currency: &'static str,
    pub(crate) response_code: ResponseCode,
    pub(crate) response_message: &'static str,
    pub(crate) processor_response_code: &'static str,
}

/// What kind of transfer it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BankTransferResultType")]
#[allow(dead_code, reason = "the whole list of the contract: others are calls of their own")]
pub(crate) enum TransferType {
    Payment,
    Refund,
    UnreferencedRefund,
    AccountVerification,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BankTransferResultStatus")]
#[allow(dead_code, reason = "the whole list of the contract: some come later in a transfer's life")]
pub(crate) enum TransferStatus {
    Ready,
    Pending,
    Declined,
    Complete,
    Admin,
    Reversal,
    Returned,
}
