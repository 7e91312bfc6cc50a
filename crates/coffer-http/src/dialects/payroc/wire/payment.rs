//! `POST /payments` and `POST /bank-transfer-payments` (section 7).
//!
//! Members that the reference does not describe are passed over here and go on to the upstream as they came.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    bank::{read_ach, read_pad},
    card::{HOLDER, read_card},
    checks::{check_address, check_own_proof, check_proof},
    create::{Wrong, read},
    currency::CURRENCIES,
    customer::{CustomField, Customer, read_custom_fields, read_customer},
    fields::{free, optional_free, read_operator, read_secure_token_id},
    moment::MOMENT,
    pins::refuse_pins,
    reader::PIN_REFUSED,
    source::{GivenSource, Taking, TokenSource, read_single_use},
    words::{AccountType, Channel, MitAgreement, SecCode, Word, optional_word, word},
};
use crate::{
    form::{Length, Mark, Section, Variant, up_to},
    json::Node,
};

/// Characters of a terminal's number (section 2).
const TERMINAL: Length = Length { min: 4, max: 50 };
/// Characters of the merchant's number for an order, and of numbers that other systems gave.
const REFERENCE: Length = up_to(100);
/// Characters of what is said of an order.
const DESCRIPTION: usize = 1_000;
/// Characters of a moment, as the shape of one has at most.
const MOMENT_CHARS: Length = up_to(35);
/// The largest amount, in minor units: twelve digits, which is what card networks have room for (ISO 8583, field 4).
const AMOUNT_MAX: i64 = 999_999_999_999;
/// Characters of a secure token's digits. They are looked up and not judged by their form (6.1).
const DIGITS: Length = up_to(64);
/// Characters of what a wallet encrypted: some two thousand, of Apple's with certificates some six thousand.
const WALLET: Length = up_to(32_768);
const WALLETS: [&str; 2] = ["apple", "google"];

/// `POST /payments`.
pub(crate) struct PaymentRequest<'r> {
    #[cfg_attr(not(test), expect(dead_code, reason = "looked at, and of no use to a vault"))]
    pub(crate) channel: Channel,
    pub(crate) terminal: &'r str,
    /// Who was at the terminal.
    pub(crate) operator: Option<&'r str>,
    pub(crate) order: Order<'r>,
    pub(crate) customer: Option<Customer<'r>>,
    pub(crate) method: PaymentMethod<'r>,
    pub(crate) on_file: OnFile<'r>,
    /// Whether the money is to be taken and not only held. True unless it is said.
    pub(crate) auto_capture: bool,
    /// Whether it is to be settled at once. Goes before `autoCapture`.
    pub(crate) process_as_sale: bool,
    pub(crate) custom_fields: Option<Vec<CustomField<'r>>>,
}

/// `POST /bank-transfer-payments`.
pub(crate) struct BankTransferRequest<'r> {
    pub(crate) terminal: &'r str,
    pub(crate) order: Order<'r>,
    pub(crate) customer: Option<Customer<'r>>,
    pub(crate) method: PaymentMethod<'r>,
    pub(crate) on_file: OnFile<'r>,
    pub(crate) custom_fields: Option<Vec<CustomField<'r>>>,
}

/// What is bought.
pub(crate) struct Order<'r> {
    pub(crate) id: &'r str,
    pub(crate) description: Option<&'r str>,
    /// Of a bank transfer only.
    pub(crate) at: Option<&'r str>,
    /// In minor units of the currency.
    pub(crate) amount: i64,
    /// ISO 4217.
    pub(crate) currency: &'static str,
    /// Of a card payment only.
    pub(crate) standing: Option<StandingInstructions<'r>>,
    /// Whether a part of the amount will do.
    pub(crate) accept_partial: bool,
}

/// Where in a series of payments this one stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StandingInstructions<'r> {
    pub(crate) sequence: Sequence,
    /// The same words as an agreement with the customer.
    pub(crate) processing_model: MitAgreement,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reference_data_of_first_txn: Option<FirstTransaction<'r>>,
}

/// `sequence` of standing instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Sequence {
    First,
    Subsequent,
}

impl Word for Sequence {
    const ALL: &'static [(&'static str, Self)] = &[("first", Self::First), ("subsequent", Self::Subsequent)];
}

/// How the first payment of a series is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FirstTransaction<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payment_id: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) card_scheme_reference_id: Option<&'r str>,
}

/// `credentialOnFile`: what is to be kept for later payments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OnFile<'r> {
    /// Whether the payment also makes a secure token.
    pub(crate) tokenize: bool,
    /// Its name, where the merchant chooses it.
    pub(crate) secure_token_id: Option<&'r str>,
    pub(crate) mit_agreement: Option<MitAgreement>,
    /// Whether the details are kept by somebody else than the gateway.
    pub(crate) external_vault: bool,
}

/// `paymentMethod`.
pub(crate) enum PaymentMethod<'r> {
    /// The details themselves: a card for a payment, an account for a bank transfer.
    Given(GivenSource),
    /// A single-use token, and what is said beside it.
    SingleUse {
        token: TokenSource<'r>,
        /// `ebtDetails`, as they came.
        benefits: Option<&'r Node<'r>>,
    },
    /// A secure token by its digits, and what is said beside it.
    Secure { digits: &'r str, account_type: Option<AccountType>, sec_code: Option<SecCode> },
    /// What a wallet encrypted: it goes on as it came. Payments only.
    Wallet { cardholder_name: Option<&'r str> },
}

impl<'r> PaymentRequest<'r> {
    /// Reads a request, or names every field that is wrong.
    pub(crate) fn read(body: &'r Node<'r>, taking: Taking) -> Result<Self, Wrong> {
        read(body, |body| Self::fields(body, taking))
    }

    /// The fields of the request, which are also its schema.
    pub(crate) fn fields(body: Section<'_, 'r>, taking: Taking) -> Option<Self> {
        let channel = word(body, "channel");
        let terminal = body.text("processingTerminalId", TERMINAL);
        let operator = read_operator(body);
        let order = body.section("order", read_order);
        let customer = body.optional_section("customer", |customer| Some(read_customer(customer)));
        check_address(body);
        check_three_d_secure(body);
        let method = body.section("paymentMethod", |method| read_card_method(method, taking));
        let on_file = read_on_file(body);
        let auto_capture = body.optional_bool("autoCapture").unwrap_or(true);
        let process_as_sale = body.optional_bool("processAsSale").unwrap_or(false);
        let custom_fields = read_custom_fields(body);
        body.optional_object("offlineProcessing");
        Some(Self {
            channel: channel?,
            terminal: terminal?,
            operator,
            order: order?,
            customer,
            method: method?,
            on_file,
            auto_capture,
            process_as_sale,
            custom_fields,
        })
    }
}

impl<'r> BankTransferRequest<'r> {
    /// Reads a request, or names every field that is wrong.
    pub(crate) fn read(body: &'r Node<'r>) -> Result<Self, Wrong> {
        read(body, Self::fields)
    }

    /// The fields of the request, which are also its schema.
    pub(crate) fn fields(body: Section<'_, 'r>) -> Option<Self> {
        let terminal = body.text("processingTerminalId", TERMINAL);
        let order = body.section("order", read_common_order);
        let customer = body.optional_section("customer", |customer| Some(read_customer(customer)));
        let method = body.section("paymentMethod", read_account_method);
        let on_file = read_on_file(body);
        let custom_fields = read_custom_fields(body);
        Some(Self { terminal: terminal?, order: order?, customer, method: method?, on_file, custom_fields })
    }
}

fn read_order<'r>(order: Section<'_, 'r>) -> Option<Order<'r>> {
    let common = read_common_order(order);
    let accept_partial = order.optional_bool("acceptPartialAmount").unwrap_or(false);
    let standing = order.optional_section("standingInstructions", |standing| {
        let sequence = word(standing, "sequence");
        let processing_model = word(standing, "processingModel");
        let first = standing.optional_section("referenceDataOfFirstTxn", |first| {
            let own = |name| first.optional_text(name, REFERENCE);
            let (payment_id, card_scheme_reference_id) = (own("paymentId"), own("cardSchemeReferenceId"));
            Some(FirstTransaction { payment_id, card_scheme_reference_id })
        });
        Some(StandingInstructions {
            sequence: sequence?,
            processing_model: processing_model?,
            reference_data_of_first_txn: first,
        })
    });
    Some(Order { standing, accept_partial, ..common? })
}

/// What the orders of both calls have. The order comes back in the answer, so that no card number may be in its texts.
fn read_common_order<'r>(order: Section<'_, 'r>) -> Option<Order<'r>> {
    let id = free(order, "orderId", REFERENCE);
    let description = optional_free(order, "description", DESCRIPTION);
    let amount = order.integer_within("amount", 0, AMOUNT_MAX);
    let currency = order.one_of("currency", &CURRENCIES);
    order.mark("dateTime", Mark::Format("date-time"));
    let at = order.optional_text_like("dateTime", MOMENT_CHARS, MOMENT);
    order.optional_object("breakdown");
    Some(Order {
        id: id?,
        description,
        at,
        amount: amount?,
        currency: currency?,
        standing: None,
        accept_partial: false,
    })
}

/// `credentialOnFile`, which may be absent or null.
fn read_on_file<'r>(body: Section<'_, 'r>) -> OnFile<'r> {
    let on_file = body.optional_section("credentialOnFile", |on_file| {
        Some(OnFile {
            tokenize: on_file.optional_bool("tokenize").unwrap_or(false),
            secure_token_id: read_secure_token_id(on_file),
            mit_agreement: optional_word(on_file, "mitAgreement"),
            external_vault: on_file.optional_bool("externalVault").unwrap_or(false),
        })
    });
    on_file.unwrap_or_default()
}

/// `threeDSecure` of payments: as that of secure tokens with other words for whose it is.
fn check_three_d_secure(body: Section<'_, '_>) {
    body.optional_section("threeDSecure", |proof| {
        let forms = [
            Variant { names: &["gateway"], read: &check_own_proof },
            Variant { names: &["thirdParty"], read: &check_proof },
        ];
        proof.variant("serviceProvider", &forms).map(|_| ())
    });
}

fn read_card_method<'r>(method: Section<'_, 'r>, taking: Taking) -> Option<PaymentMethod<'r>> {
    let forms = [
        Variant {
            names: &["card"],
            read: &|method: Section<'_, 'r>| read_card(method, taking).map(PaymentMethod::Given),
        },
        Variant { names: &["singleUseToken"], read: &read_single_use_method },
        Variant { names: &["secureToken"], read: &read_secure_method },
        Variant { names: &["digitalWallet"], read: &read_wallet },
    ];
    method.variant("type", &forms).map(|(_, method)| method)
}

fn read_account_method<'r>(method: Section<'_, 'r>) -> Option<PaymentMethod<'r>> {
    let forms = [
        Variant {
            names: &["ach"],
            read: &|method: Section<'_, 'r>| read_ach(method).map(PaymentMethod::Given),
        },
        Variant {
            names: &["pad"],
            read: &|method: Section<'_, 'r>| read_pad(method).map(PaymentMethod::Given),
        },
        Variant { names: &["singleUseToken"], read: &read_single_use_method },
        Variant { names: &["secureToken"], read: &read_secure_method },
    ];
    method.variant("type", &forms).map(|(_, method)| method)
}

fn read_single_use_method<'r>(method: Section<'_, 'r>) -> Option<PaymentMethod<'r>> {
    let token = read_single_use(method)?;
    let benefits = method.node().and_then(|node| node.member("ebtDetails"));
    let benefits = benefits.filter(|node| matches!(node, Node::Object(_)));
    Some(PaymentMethod::SingleUse { token, benefits })
}

fn read_secure_method<'r>(method: Section<'_, 'r>) -> Option<PaymentMethod<'r>> {
    let digits = method.text("token", DIGITS);
    let (account_type, sec_code) = (optional_word(method, "accountType"), optional_word(method, "secCode"));
    method.refuse("pinDetails", PIN_REFUSED);
    refuse_pins(method, "pinDetails");
    Some(PaymentMethod::Secure { digits: digits?, account_type, sec_code })
}

fn read_wallet<'r>(method: Section<'_, 'r>) -> Option<PaymentMethod<'r>> {
    let provider = method.one_of("serviceProvider", &WALLETS);
    optional_word::<AccountType>(method, "accountType");
    let cardholder_name = optional_free(method, "cardholderName", HOLDER.max);
    method.mark("encryptedData", Mark::WriteOnly);
    let data = method.text("encryptedData", WALLET);
    method.refuse("pinDetails", PIN_REFUSED);
    refuse_pins(method, "pinDetails");
    provider.and(data)?;
    Some(PaymentMethod::Wallet { cardholder_name })
}

#[cfg(test)]
mod tests;
