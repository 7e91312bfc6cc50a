//! Requests that are right, in every form and with every member that they may have.

use serde_json::{Value, json};

/// The number of the reference's own example (3.2).
pub(super) const NUMBER: &str = "4539858876047062";

/// One object of a chip's data.
pub(super) fn object(tag: &str, hex: &str) -> String {
    format!("{tag}{:02X}{hex}", hex.len() / 2)
}

/// A chip that tells number, expiry and name.
pub(super) fn chip() -> String {
    // HOPPER/SARAH
    let name = "484f505045522f5341524148";
    let card = [object("5A", NUMBER), object("5F24", "301231"), object("5F20", name)].concat();
    object("70", &card)
}

/// A stripe with both tracks.
pub(super) fn tracks() -> String {
    format!("%B{NUMBER}^HOPPER/SARAH^3012101?;{NUMBER}=3012101?")
}

fn plain_device() -> Value {
    json!({ "model": "paxA920", "category": "unattended", "serialNumber": "1850010868", "firmwareVersion": "1.2",
        "config": { "quickChip": true } })
}

fn encrypting_device() -> Value {
    let mut device = plain_device();
    device["dataKsn"] = json!("FFFF9876543210E0012a");
    device
}

fn benefits() -> Value {
    json!({ "benefitCategory": "foodStamp", "withdrawal": false,
        "voucher": { "approvalCode": "1234", "serialNumber": "5678" } })
}

/// `cardDetails` of every form, with every member.
pub(super) fn cards() -> Vec<(&'static str, Value)> {
    let keyed = |data: Value| {
        json!({ "entryMethod": "keyed", "keyedData": data, "cardholderName": "Sarah Hazel Hopper",
            "cardholderSignature": "data:image/png;base64,AAAA", "pinDetails": null, "ebtDetails": benefits() })
    };
    let swiped = |data: Value| {
        json!({ "entryMethod": "swiped", "swipedData": data, "cardholderName": "Sarah Hazel Hopper",
            "cardholderSignature": "s", "downgradeTo": "keyed", "pinDetails": null, "ebtDetails": benefits() })
    };
    vec![
        (
            "keyed",
            keyed(json!({ "dataFormat": "plainText", "device": plain_device(), "cardNumber": NUMBER,
                "expiryDate": "1230", "cvv": "234", "issueNumber": "1" })),
        ),
        (
            "keyed, number encrypted",
            keyed(json!({ "dataFormat": "partiallyEncrypted", "device": encrypting_device(),
                "encryptedPan": "00ffA", "maskedPan": "453985******7062", "expiryDate": "1230", "cvv": "2345",
                "cvvEncrypted": "00FF", "issueNumber": "1" })),
        ),
        (
            "keyed, all encrypted",
            keyed(json!({ "dataFormat": "fullyEncrypted", "device": encrypting_device(),
                "encryptedData": "5A6b", "firstDigitOfPan": "4" })),
        ),
        (
            "swiped",
            swiped(json!({ "dataFormat": "plainText", "device": plain_device(), "trackData": tracks(),
                "fallback": true, "fallbackReason": "repeatFallback" })),
        ),
        (
            "swiped, encrypted",
            swiped(
                json!({ "dataFormat": "encrypted", "device": encrypting_device(), "encryptedData": "5A6b",
                "firstDigitOfPan": "5", "fallback": false, "fallbackReason": "technical" }),
            ),
        ),
        (
            "chip",
            json!({ "entryMethod": "raw", "device": plain_device(), "rawData": chip(), "downgradeTo": "swiped",
                "cardholderSignature": "s" }),
        ),
        (
            "chip, encrypted",
            json!({ "entryMethod": "icc", "device": encrypting_device(), "iccData": "9F2608A1b2",
                "downgradeTo": "keyed", "firstDigitOfPan": "3", "cardholderSignature": "s",
                "ebtDetails": benefits() }),
        ),
    ]
}

pub(super) fn ach() -> Value {
    json!({ "type": "ach", "nameOnAccount": "Sarah Hazel Hopper", "accountNumber": "32183159",
        "routingNumber": "123456789", "accountType": "checking", "secCode": "web" })
}

pub(super) fn pad() -> Value {
    json!({ "type": "pad", "nameOnAccount": "Sarah Hazel Hopper", "accountNumber": "1234567890",
        "transitNumber": "76543", "institutionNumber": "543", "accountType": "savings" })
}

/// A request for a single-use token.
pub(super) fn single_use(source: &Value) -> Value {
    json!({ "channel": "web", "operator": "Jane", "source": source })
}

/// The same of a card.
pub(super) fn of_card(details: &Value) -> Value {
    single_use(&json!({ "type": "card", "accountType": "savings", "cardDetails": details }))
}

/// Requests for single-use tokens of every form.
pub(super) fn all_single_use() -> Vec<Value> {
    let cards = cards().into_iter().map(|(_, details)| of_card(&details));
    cards.chain([single_use(&ach()), single_use(&pad())]).collect()
}

fn address() -> Value {
    json!({ "address1": "1 Example Ave.", "address2": "Example Address Line 2", "address3": "Line 3",
        "city": "Chicago", "state": "Illinois", "country": "US", "postalCode": "60056" })
}

/// A customer with every member.
pub(super) fn customer() -> Value {
    json!({ "firstName": "Sarah", "lastName": "Hopper", "dateOfBirth": "1990-07-15",
        "referenceNumber": "Customer-12", "billingAddress": address(),
        "shippingAddress": { "recipientName": "Sarah Hopper", "address": address() },
        "contactMethods": [
            { "type": "email", "value": "jane.doe@example.com" },
            { "type": "phone", "value": "2025550164" },
            { "type": "mobile", "value": "+12025550164" },
            { "type": "fax", "value": "1" },
        ],
        "notificationLanguage": "en" })
}

/// A single-use token as another request names it.
pub(super) fn token() -> String {
    "0123abcd".repeat(16)
}

/// Requests for secure tokens, of every form.
pub(super) fn all_secure() -> Vec<Value> {
    let own = json!({ "secureTokenId": "MREF_abc1de23-f4a5-6789-bcd0-12e345678901fa", "operator": "Jane",
        "mitAgreement": "unscheduled", "customer": customer(),
        "ipAddress": { "type": "ipv4", "value": "104.18.24.203" },
        "threeDSecure": { "type": "thirdPartyThreeDSecure", "eci": "fullyAuthenticated", "xid": "x", "cavv": "c",
            "dsTransactionId": "d" },
        "customFields": [{ "name": "yourCustomField", "value": "abc123" }] });
    let of = |source: Value| {
        let mut body = own.clone();
        body["source"] = source;
        body
    };
    let mut gateway = of(ach());
    gateway["ipAddress"] = json!({ "type": "ipv6", "value": "2001:db8::1" });
    gateway["threeDSecure"] = json!({ "type": "gatewayThreeDSecure", "mpiReference": "m" });
    let single_use = json!({ "type": "singleUseToken", "token": token(), "accountType": "checking",
        "secCode": "ppd", "pinDetails": null, "ebtDetails": benefits() });
    let (_, keyed) = cards().swap_remove(0);
    vec![of(single_use), of(json!({ "type": "card", "cardDetails": keyed })), of(pad()), gateway]
}

fn order(more: &Value) -> Value {
    let mut order = json!({ "orderId": "OrderRef6543", "description": "Large Pepperoni Pizza", "amount": 4999,
        "currency": "USD", "breakdown": {} });
    order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    order
}

/// Requests to pay with every form of payment method.
pub(super) fn all_payments() -> Vec<Value> {
    let order = order(&json!({ "acceptPartialAmount": true,
        "standingInstructions": { "sequence": "subsequent", "processingModel": "recurring",
            "referenceDataOfFirstTxn": { "paymentId": "M2MJOG6O2Y", "cardSchemeReferenceId": "c" } } }));
    let of = |method: Value| {
        json!({ "channel": "web", "processingTerminalId": "1234001", "operator": "Jane", "order": order,
            "customer": customer(), "ipAddress": { "type": "ipv4", "value": "104.18.24.203" },
            "paymentMethod": method,
            "threeDSecure": { "serviceProvider": "thirdParty", "eci": "fullyAuthenticated", "xid": "x",
                "cavv": "c", "dsTransactionId": "d" },
            "credentialOnFile": { "tokenize": true, "secureTokenId": "a b", "mitAgreement": "recurring",
                "externalVault": false },
            "autoCapture": true, "processAsSale": false, "offlineProcessing": {},
            "customFields": [{ "name": "yourCustomField", "value": "abc123" }] })
    };
    let (_, keyed) = cards().swap_remove(0);
    let mut gateway = of(json!({ "type": "secureToken", "token": "2967533455987941786", "pinDetails": null,
        "accountType": "savings", "secCode": "ccd" }));
    gateway["threeDSecure"] = json!({ "serviceProvider": "gateway", "mpiReference": "m" });
    vec![
        of(json!({ "type": "card", "accountType": "savings", "cardDetails": keyed })),
        gateway,
        of(json!({ "type": "singleUseToken", "token": token(), "accountType": "checking", "secCode": "ppd",
            "pinDetails": null, "ebtDetails": benefits() })),
        of(json!({ "type": "digitalWallet", "serviceProvider": "apple", "accountType": "checking",
            "cardholderName": "Sarah Hazel Hopper", "encryptedData": "00ff", "pinDetails": null })),
    ]
}

/// The same from bank accounts.
pub(super) fn all_transfers() -> Vec<Value> {
    let order = order(&json!({ "dateTime": "2026-11-01T10:00:00Z" }));
    let of = |method: Value| {
        json!({ "processingTerminalId": "1234001", "order": order, "customer": customer(),
            "credentialOnFile": { "tokenize": false }, "paymentMethod": method,
            "customFields": [{ "name": "yourCustomField", "value": "" }] })
    };
    let secure = json!({ "type": "secureToken", "token": "2967533455987941786", "secCode": "web" });
    let single_use = json!({ "type": "singleUseToken", "token": token(), "secCode": "web" });
    vec![of(ach()), of(pad()), of(secure), of(single_use)]
}

/// One field of a form, of every kind.
pub(super) fn all_fields() -> Vec<Value> {
    let names = [
        "cardholderName",
        "cardNumber",
        "expiryDate",
        "cvv",
        "nameOnAccount",
        "accountType",
        "secCode",
        "achAccountNumber",
        "routingNumber",
        "padAccountNumber",
        "institutionNumber",
        "transitNumber",
        "padAccountType",
    ];
    names.into_iter().map(|name| json!({ "type": name, name: "value" })).collect()
}

/// Every operation of a patch.
pub(super) fn patch() -> Value {
    json!([
        { "op": "add", "path": "/customFields/-", "value": { "name": "a", "value": "b" } },
        { "op": "replace", "path": "/source/expiryDate", "value": "1131" },
        { "op": "test", "path": "", "value": null },
        { "op": "remove", "path": "/customer/a~1b~0" },
        { "op": "move", "from": "/customer/firstName", "path": "/customer/lastName" },
        { "op": "copy", "from": "/customer/billingAddress", "path": "/customer/shippingAddress/address" },
    ])
}
