//! What each method's token is made from (section 5): what is protected, what is shown.

use std::{fmt::Write, sync::LazyLock};

use coffer_core::{Other, Protected};
use coffer_types::{Cvv, Expiry, Timestamp};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use std::borrow::Cow;
use zeroize::Zeroizing;

use super::{
    bank::{BankFields, DIGITS, read_bank},
    card::{CODE, CardFields, FOREIGN, cvv_message, read_card, read_expiry},
    contact::{ContactBody, read_contact},
};
use crate::{
    detector::holds_card,
    dialects::rebilly::methods::{self, Family},
    form::{Length, Mark, Section, Shape, Variant, at_most, up_to},
    json::{Node, wiped_text},
};

/// What a token of any method is made from.
pub(crate) struct Means<'r> {
    pub(crate) protected: Protected,
    pub(crate) cvv: Option<Cvv>,
    pub(crate) expiry: Option<Expiry>,
    /// What the answer shows as `paymentInstrument`; of a card it is made from the card.
    pub(crate) shown: Option<Box<RawValue>>,
    pub(crate) wallet: Option<WalletBody<'r>>,
    pub(crate) billing_address: Option<ContactBody<'r>>,
}

/// The members that a cryptocurrency token has beside its instrument.
#[allow(clippy::struct_field_names, reason = "the definition's names")]
#[derive(Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WalletBody<'r> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) wallet_name: Option<Cow<'r, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) wallet_address: Option<Cow<'r, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) wallet_currency: Option<Cow<'r, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) wallet_network: Option<Cow<'r, str>>,
}

static ALTERNATIVES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    methods::names().filter(|name| methods::family(name) == Some(Family::Alternative)).collect()
});

/// Every method, and what its token is made from.
pub(super) fn read_means<'r>(body: Section<'_, 'r>, now: Timestamp) -> Option<(&'static str, Means<'r>)> {
    let card = |body: Section<'_, 'r>| read_card_token(body, now);
    let khelocard = |body: Section<'_, 'r>| read_khelocard(body, now);
    let forms: [Variant<'_, 'r, Means<'r>>; 9] = [
        Variant { names: &["payment-card"], read: &card },
        Variant { names: &["ach", "echeck"], read: &read_bank_token },
        Variant { names: &["paypal"], read: &read_paypal },
        Variant { names: &["digital-wallet"], read: &read_wallet_payload },
        Variant { names: &["plaid-account"], read: &read_plaid },
        Variant { names: &["Khelocard"], read: &khelocard },
        Variant { names: &["Klarna"], read: &read_klarna },
        Variant { names: &["cryptocurrency"], read: &read_cryptocurrency },
        Variant { names: &ALTERNATIVES, read: &read_alternative },
    ];
    let (method, mut means) = body.variant("method", &forms)?;
    let method = methods::static_name(method)?;
    if methods::family(method) == Some(Family::Alternative) {
        means.protected = other(method, &[], &[])?;
    }
    Some((method, means))
}

fn read_card_token<'r>(body: Section<'_, 'r>, now: Timestamp) -> Option<Means<'r>> {
    let card = body.section("paymentInstrument", |card| read_card(card, now));
    let billing_address = optional_address(body);
    let CardFields { pan, cvv, expiry } = card?;
    Some(Means {
        protected: pan.map_or(Protected::Nothing, Protected::Card),
        cvv,
        expiry: Some(expiry),
        billing_address,
        ..Means::nothing()
    })
}

fn read_bank_token<'r>(body: Section<'_, 'r>) -> Option<Means<'r>> {
    let bank = body.section("paymentInstrument", read_bank);
    let billing_address = address(body);
    let BankFields { account, shown } = bank?;
    Some(Means {
        protected: Protected::Account(account),
        shown: to_raw_value(&shown).ok(),
        billing_address: Some(billing_address?),
        ..Means::nothing()
    })
}

/// What a billing agreement shows.
#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PayPalAgreement")]
pub(crate) struct PayPalBody<'r> {
    paypal_merchant_id: &'r str,
    billing_agreement_token: &'r str,
}

fn read_paypal<'r>(body: Section<'_, 'r>) -> Option<Means<'r>> {
    let fields = body.section("paymentInstrument", |paypal| {
        let merchant = kept(paypal, "paypalMerchantId", up_to(255));
        let agreement = kept(paypal, "billingAgreementToken", FOREIGN);
        let (merchant, agreement) = (merchant?, agreement?);
        let members = [("paypalMerchantId", merchant), ("billingAgreementToken", agreement)];
        let shown = PayPalBody { paypal_merchant_id: merchant, billing_agreement_token: agreement };
        Some((other("paypal", &[merchant, agreement], &members)?, to_raw_value(&shown).ok()))
    });
    let billing_address = optional_address(body);
    let (protected, shown) = fields?;
    Some(Means { protected, shown, billing_address, ..Means::nothing() })
}

const CURRENCY: Shape = Shape {
    pattern: "^[A-Za-z]{3}$",
    accepts: |text| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic()),
    message: "Must be an ISO 4217 code of three letters.",
};

/// What a wallet's payload shows.
#[derive(Serialize, schemars::JsonSchema)]
#[schemars(rename = "DigitalWallet")]
pub(crate) struct WalletShown<'r> {
    #[schemars(extend("enum" = WALLETS))]
    r#type: &'static str,
    amount: f64,
    currency: &'r str,
    descriptor: &'r str,
}

const WALLETS: [&str; 3] = ["Apple Pay", "Google Pay", "Samsung Pay"];

/// The payload is encrypted by the wallet for a processor; Coffer keeps it sealed and never opens it. The billing
/// address of such a token is only ever given back.
fn read_wallet_payload<'r>(body: Section<'_, 'r>) -> Option<Means<'r>> {
    body.mark("billingAddress", Mark::ReadOnly);
    let fields = body.section("paymentInstrument", |wallet| {
        let kind = wallet.one_of("type", &WALLETS);
        let amount = read_amount(wallet);
        let currency = wallet.text_like("currency", up_to(3), CURRENCY);
        let descriptor = kept(wallet, "descriptor", at_most(255));
        let payload = read_payload(wallet);
        wallet.mark("payload", Mark::WriteOnly);
        let shown =
            WalletShown { r#type: kind?, amount: amount?, currency: currency?, descriptor: descriptor? };
        let json = wiped_text(&WalletSecret { shown: &shown, payload: payload? })?;
        let protected = Protected::Other(Other { identity: None, json });
        Some((protected, to_raw_value(&shown).ok()))
    });
    let (protected, shown) = fields?;
    Some(Means { protected, shown, ..Means::nothing() })
}

/// Nobody opens the payload, and it is kept for good: what must not be kept must not come in. A payload that its
/// wallet has encrypted shows nothing of a card.
fn read_payload<'r>(wallet: Section<'_, 'r>) -> Option<&'r Node<'r>> {
    let payload = wallet.object("payload")?;
    if holds_card(payload) {
        return wallet.invalid("payload", "Must not contain a card number, its code, a PIN or a track.");
    }
    Some(payload)
}

/// An amount has no room for a card number.
fn read_amount(wallet: Section<'_, '_>) -> Option<f64> {
    let amount = wallet.number("amount")?;
    if holds_card(&Node::Number(amount)) {
        return wallet.invalid("amount", "Must not be a card number.");
    }
    Some(amount)
}

/// A text of another company's, which is kept: no card number may be in it.
fn kept<'r>(section: Section<'_, 'r>, name: &str, length: Length) -> Option<&'r str> {
    section.without_card(name, section.text(name, length))
}

#[derive(Serialize)]
struct WalletSecret<'r> {
    #[serde(flatten)]
    shown: &'r WalletShown<'r>,
    payload: &'r Node<'r>,
}

/// What an account linked by Plaid shows.
#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PlaidAccount")]
pub(crate) struct PlaidBody<'r> {
    public_token: &'r str,
    account_id: &'r str,
}

fn read_plaid<'r>(body: Section<'_, 'r>) -> Option<Means<'r>> {
    let fields = body.section("paymentInstrument", |plaid| {
        let link = kept(plaid, "linkToken", FOREIGN);
        let (public, account) = (kept(plaid, "publicToken", FOREIGN), kept(plaid, "accountId", up_to(255)));
        plaid.mark("linkToken", Mark::WriteOnly);
        let (link, public, account) = (link?, public?, account?);
        let members = [("linkToken", link), ("publicToken", public), ("accountId", account)];
        let shown = PlaidBody { public_token: public, account_id: account };
        Some((other("plaid-account", &[account, public], &members)?, to_raw_value(&shown).ok()))
    });
    let billing_address = address(body);
    let (protected, shown) = fields?;
    Some(Means { protected, shown, billing_address: Some(billing_address?), ..Means::nothing() })
}

/// What a Khelocard shows.
#[derive(Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Khelocard")]
pub(crate) struct KhelocardBody<'r> {
    pub(crate) last4: Cow<'r, str>,
    pub(crate) exp_month: u8,
    pub(crate) exp_year: u16,
}

/// No rule of its numbers is published: 8 to 19 digits, so that four can be shown. The code is a CVV and lives as one.
fn read_khelocard<'r>(body: Section<'_, 'r>, now: Timestamp) -> Option<Means<'r>> {
    let fields = body.section("paymentInstrument", |card| {
        let number = card.text_like("number", Length { min: 8, max: 19 }, DIGITS);
        let cvv = card.text_like("cvv", CODE, DIGITS).and_then(|text| match Cvv::parse(text) {
            Ok(cvv) => Some(cvv),
            Err(error) => card.invalid("cvv", cvv_message(error)),
        });
        let expiry = read_expiry(card, now);
        card.mark("number", Mark::WriteOnly);
        card.mark("cvv", Mark::WriteOnly);
        card.mark("last4", Mark::ReadOnly);
        let (number, cvv, expiry) = (number?, cvv?, expiry?);
        let shown = KhelocardBody {
            last4: Cow::Borrowed(&number[number.len() - 4..]),
            exp_month: expiry.month(),
            exp_year: expiry.year(),
        };
        let protected = other("Khelocard", &[number], &[("number", number)])?;
        Some((protected, cvv, expiry, to_raw_value(&shown).ok()))
    });
    let billing_address = address(body);
    let (protected, cvv, expiry, shown) = fields?;
    Some(Means {
        protected,
        cvv: Some(cvv),
        expiry: Some(expiry),
        shown,
        billing_address: Some(billing_address?),
        ..Means::nothing()
    })
}

/// What a Klarna session shows.
#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "KlarnaSession")]
pub(crate) struct KlarnaBody<'r> {
    klarna_authorization_token: &'r str,
    klarna_session_id: &'r str,
}

fn read_klarna<'r>(body: Section<'_, 'r>) -> Option<Means<'r>> {
    let fields = body.section("paymentInstrument", |klarna| {
        let token = kept(klarna, "klarnaAuthorizationToken", FOREIGN);
        let session = kept(klarna, "klarnaSessionId", up_to(255));
        let (token, session) = (token?, session?);
        let members = [("klarnaAuthorizationToken", token), ("klarnaSessionId", session)];
        let shown = KlarnaBody { klarna_authorization_token: token, klarna_session_id: session };
        Some((other("Klarna", &[session, token], &members)?, to_raw_value(&shown).ok()))
    });
    let billing_address = optional_address(body);
    let (protected, shown) = fields?;
    Some(Means { protected, shown, billing_address, ..Means::nothing() })
}

fn read_cryptocurrency<'r>(body: Section<'_, 'r>) -> Option<Means<'r>> {
    let text = |name| body.without_card(name, body.optional_text(name, at_most(255))).map(Cow::Borrowed);
    let wallet = WalletBody {
        wallet_name: text("walletName"),
        wallet_address: text("walletAddress"),
        wallet_currency: text("walletCurrency"),
        wallet_network: text("walletNetwork"),
    };
    let parts = [&wallet.wallet_address, &wallet.wallet_currency, &wallet.wallet_network];
    let parts = parts.map(|part| part.as_deref().unwrap_or_default());
    let names = ["walletName", "walletAddress", "walletCurrency", "walletNetwork"];
    let texts =
        [&wallet.wallet_name, &wallet.wallet_address, &wallet.wallet_currency, &wallet.wallet_network];
    let members: Vec<(&str, &str)> =
        names.into_iter().zip(texts).filter_map(|(name, text)| Some((name, text.as_deref()?))).collect();
    let protected = other("cryptocurrency", &parts, &members);
    Some(Means {
        protected: protected?,
        wallet: Some(wallet),
        billing_address: optional_address(body),
        ..Means::nothing()
    })
}

fn read_alternative<'r>(body: Section<'_, 'r>) -> Option<Means<'r>> {
    let billing_address = address(body);
    Some(Means { billing_address: Some(billing_address?), ..Means::nothing() })
}

/// The secrets of a method other than cards and accounts. Method and parts together tell two apart.
pub(super) fn other(method: &str, parts: &[&str], members: &[(&str, &str)]) -> Option<Protected> {
    const LENGTH: usize = 9;
    let length = method.len() + parts.iter().map(|part| LENGTH + part.len()).sum::<usize>();
    // Sized once: a text that grows leaves unwiped copies behind.
    let mut identity = Zeroizing::new(String::with_capacity(length));
    identity.push_str(method);
    for part in parts {
        // With its length before it: whatever stands in the parts, no two lists of them make one text.
        let _ = write!(identity, "\0{:08x}{part}", part.len());
    }
    Some(Protected::Other(Other { identity: Some(identity), json: wiped_text(&Members(members))? }))
}

/// An object of texts.
struct Members<'a>(&'a [(&'a str, &'a str)]);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

/// An address that must be there.
pub(super) fn address<'r>(body: Section<'_, 'r>) -> Option<ContactBody<'r>> {
    body.section("billingAddress", |address| Some(read_contact(address)))
}

/// An address that may be absent or null.
pub(super) fn optional_address<'r>(body: Section<'_, 'r>) -> Option<ContactBody<'r>> {
    body.optional_section("billingAddress", |address| Some(read_contact(address)))
}

impl Means<'_> {
    fn nothing() -> Self {
        Self {
            protected: Protected::Nothing,
            cvv: None,
            expiry: None,
            shown: None,
            wallet: None,
            billing_address: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_an_identity_do_not_run_into_each_other() {
        let identity = |parts: &[&str]| match other("paypal", parts, &[]) {
            Some(Protected::Other(Other { identity: Some(identity), .. })) => identity.to_string(),
            _ => panic!("another method has an identity"),
        };
        let lists: [&[&str]; 7] = [
            &["a\0b", "c"],
            &["a", "b\0c"],
            &["a\0b\0c"],
            &["a", "b", "c"],
            &["", "a\0b\0c"],
            &["a\x00000000001b", "c"],
            &["a", "b", "\0c"],
        ];
        for (place, parts) in lists.iter().enumerate() {
            assert!(lists[..place].iter().all(|others| identity(others) != identity(parts)), "{parts:?}");
        }
    }
}
