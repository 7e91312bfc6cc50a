//! The names of payment methods, and the family of each: what its token is made of (Rebilly reference 5).

use std::sync::LazyLock;

/// What the `paymentInstrument` of a method holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// A card: `payment-card`.
    PaymentCard,
    /// A bank account, national or IBAN: `ach`, `echeck`.
    BankAccount,
    /// A billing agreement: `paypal`.
    PayPal,
    /// The payload of a wallet on a device: `digital-wallet`.
    DigitalWallet,
    /// An account linked by Plaid: `plaid-account`.
    Plaid,
    /// A Khelocard number: `Khelocard`.
    Khelocard,
    /// A Klarna session: `Klarna`.
    Klarna,
    /// A wallet's address, beside the instrument: `cryptocurrency`.
    Cryptocurrency,
    /// Nothing but the address: every other name.
    Alternative,
}

/// The family of a method; `None` when the reference does not name it. Names are case-sensitive, and some have
/// blanks.
pub(super) fn family(method: &str) -> Option<Family> {
    let family = match static_name(method)? {
        "payment-card" => Family::PaymentCard,
        "ach" | "echeck" => Family::BankAccount,
        "paypal" => Family::PayPal,
        "digital-wallet" => Family::DigitalWallet,
        "plaid-account" => Family::Plaid,
        "Khelocard" => Family::Khelocard,
        "Klarna" => Family::Klarna,
        "cryptocurrency" => Family::Cryptocurrency,
        _ => Family::Alternative,
    };
    Some(family)
}

/// The same name out of the table; `None` when the reference does not name it.
pub(super) fn static_name(method: &str) -> Option<&'static str> {
    NAMES.binary_search(&method).ok().map(|place| NAMES[place])
}

/// All names, sorted by their bytes.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().copied()
}

/// The methods whose instruments can be made from nothing but an address (section 4.2): `paypal` and whatever is
/// neither card nor bank account nor Khelocard. Without its payload a wallet would be a card of nothing.
pub(super) fn without_details() -> &'static [&'static str] {
    static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        let has_details = |name: &&str| {
            matches!(
                family(name),
                Some(Family::PaymentCard | Family::BankAccount | Family::Khelocard | Family::DigitalWallet)
            )
        };
        names().filter(|name| !has_details(name)).collect()
    });
    &NAMES
}

/// The enum `AlternativePaymentMethods` of the definition (Rebilly/api-definitions at 657cabcf) and the three names
/// that it leaves out: `ach`, `digital-wallet`, `payment-card`. Sorted by bytes.
static NAMES: &[&str] = &[
    "AdvCash",
    "Aera",
    "Affirm",
    "Afterpay",
    "Aircash",
    "Alfa-click",
    "Alipay",
    "AstroPay Card",
    "AstroPay-GO",
    "Baloto",
    "Bancontact",
    "Bancontact-mobile",
    "BankReferenced",
    "Beeline",
    "Belfius-direct-net",
    "Bizum",
    "Boleto",
    "CASHlib",
    "CODVoucher",
    "CashToCode",
    "China UnionPay",
    "Clearpay",
    "Cleo",
    "Conekta-oxxo",
    "Cupon-de-pagos",
    "Directa24Card",
    "EPS",
    "Efecty",
    "FasterPay",
    "Flexepin",
    "Giropay",
    "Google Pay",
    "Gpaysafe",
    "ING-homepay",
    "INOVAPAY-pin",
    "INOVAPAY-wallet",
    "InstaDebit",
    "InstantPayments",
    "Interac",
    "Interac-eTransfer",
    "Interac-online",
    "Jeton",
    "JetonCash",
    "KNOT",
    "KakaoPay",
    "Khelocard",
    "Klarna",
    "MTS",
    "Matrix",
    "MaxiCash",
    "Megafon",
    "MercadoPago",
    "MiFinity-eWallet",
    "MobilePay",
    "Mollie",
    "MuchBetter",
    "MuchBetterVoucher",
    "Multibanco",
    "Neosurf",
    "Netbanking",
    "Neteller",
    "Nordea-Solo",
    "OXXO",
    "OchaPay",
    "Onlineueberweisen",
    "P24",
    "PIX",
    "PIX-Automatico",
    "POLi",
    "Pagadito",
    "PagoEffectivo",
    "Pagsmile-deposit-express",
    "Pagsmile-lottery",
    "Pay4Fun",
    "PayCash",
    "PayTabs",
    "Payco",
    "Payeer",
    "PaymentAsia-crypto",
    "Paymero",
    "Paynote",
    "Paysafecard",
    "Paysafecash",
    "Perfect-money",
    "PhonePe",
    "Piastrix",
    "PinPay",
    "PostFinance-card",
    "PostFinance-e-finance",
    "QIWI",
    "QPay",
    "QQPay",
    "Quickpay",
    "Resurs",
    "SEPA",
    "SMSVoucher",
    "SafetyPay",
    "Samsung Pay",
    "Skrill",
    "Skrill Rapid Transfer",
    "Sofort",
    "SparkPay",
    "Tele2",
    "Terminaly-RF",
    "ToditoCash-card",
    "Trustly",
    "Tupay",
    "UPI",
    "UPayCard",
    "USD-coin",
    "VCreditos",
    "VegaWallet",
    "VenusPoint",
    "Viva",
    "Wallet88",
    "WeChat Pay",
    "Webmoney",
    "Webpay",
    "Webpay Card",
    "Webpay-2",
    "XPay-P2P",
    "XPay-QR",
    "Yandex-money",
    "Zimpler",
    "Zip",
    "Zotapay",
    "ach",
    "bank-transfer",
    "bank-transfer-2",
    "bank-transfer-3",
    "bank-transfer-4",
    "bank-transfer-5",
    "bank-transfer-6",
    "bank-transfer-7",
    "bank-transfer-8",
    "bank-transfer-9",
    "bitcoin",
    "cash",
    "cash-deposit",
    "check",
    "cryptocurrency",
    "digital-wallet",
    "domestic-cards",
    "ePay.bg",
    "eZeeWallet",
    "echeck",
    "ecoPayz",
    "ecoPayzTurkey",
    "ecoVoucher",
    "iDEAL",
    "iDebit",
    "iWallet",
    "instant-bank-transfer",
    "invoice",
    "jpay",
    "loonie",
    "miscellaneous",
    "online-bank-transfer",
    "oriental-wallet",
    "payment-card",
    "paypal",
    "phone",
    "plaid-account",
    "rapyd-checkout",
    "swift-dbt",
    "voucher",
    "voucher-2",
    "voucher-3",
    "voucher-4",
    "wire",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_sorted_and_stand_once() {
        assert!(NAMES.is_sorted_by(|before, after| before < after));
        assert_eq!(names().count(), NAMES.len());
        for name in names() {
            assert_eq!(static_name(name), Some(name));
            assert!(!name.is_empty() && name.trim() == name, "{name:?}");
        }
    }

    #[test]
    fn there_are_as_many_as_in_the_definition() {
        let outside = ["ach", "digital-wallet", "payment-card"];
        assert_eq!(names().filter(|name| !outside.contains(name)).count(), 167);
        assert!(outside.iter().all(|name| static_name(name).is_some()));
        // The reference says that the older mapping lacks these.
        for newer in ["PIX", "Affirm", "Afterpay", "wire", "Zip"] {
            assert_eq!(family(newer), Some(Family::Alternative), "{newer}");
        }
    }

    #[test]
    fn each_name_has_its_family() {
        let own = [
            ("payment-card", Family::PaymentCard),
            ("ach", Family::BankAccount),
            ("echeck", Family::BankAccount),
            ("paypal", Family::PayPal),
            ("digital-wallet", Family::DigitalWallet),
            ("plaid-account", Family::Plaid),
            ("Khelocard", Family::Khelocard),
            ("Klarna", Family::Klarna),
            ("cryptocurrency", Family::Cryptocurrency),
        ];
        for (name, expected) in own {
            assert_eq!(family(name), Some(expected), "{name}");
        }
        let others = || names().filter(|name| own.iter().all(|(known, _)| known != name));
        assert_eq!(others().count(), 161);
        assert!(others().all(|name| family(name) == Some(Family::Alternative)));
    }

    #[test]
    fn names_are_taken_to_the_letter() {
        for name in ["Skrill Rapid Transfer", "ePay.bg", "Alfa-click", "Google Pay", "cash", "iDEAL", "SEPA"]
        {
            assert_eq!(family(name), Some(Family::Alternative), "{name}");
        }
        for name in
            ["", " ", "Cash", "cash ", " cash", "klarna", "KHELOCARD", "PayPal", "payment_card", "card"]
        {
            assert_eq!(static_name(name), None, "{name:?}");
            assert_eq!(family(name), None, "{name:?}");
        }
    }
}
