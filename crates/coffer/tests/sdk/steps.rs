//! What the SDK must give for each step of `steps.mjs`, in the order in which they run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// What the SDK gave, and where it was sent.
pub(crate) struct Told {
    /// Scheme and address.
    pub(crate) server: String,
    /// Where the SDK finds the API, and the storefront.
    pub(crate) prefix: String,
    pub(crate) storefront: String,
    /// A line for each step that ran.
    pub(crate) outcomes: BTreeMap<String, Value>,
}

/// A step and its check.
type Step = (&'static str, fn(&Told));

/// Every step.
pub(crate) const STEPS: &[Step] = &[
    ("create", |told| {
        let token = told.made("create", "tokens");
        assert_eq!(token["paymentInstrument"]["bin"], "411111");
        assert_eq!(token["isUsed"], false);
        told.hides("create", &["4111111111111111", "newsletter", "cvv"]);
    }),
    ("create_secret", |told| {
        let token = told.made("create_secret", "tokens");
        assert_eq!(token["paymentInstrument"]["brand"], "MasterCard");
    }),
    ("create_bank", |told| {
        let token = told.made("create_bank", "tokens");
        assert_eq!(token["method"], "ach");
        let instrument = &token["paymentInstrument"];
        assert_eq!(
            (&instrument["last4"], &instrument["routingNumber"]),
            (&json!("6789"), &json!("021000021"))
        );
        told.hides("create_bank", &["123456789", "accountNumber\""]);
    }),
    ("read", |told| same_token(told, "read")),
    ("read_secret", |told| same_token(told, "read_secret")),
    ("list_tokens", |told| {
        let list = told.list("list_tokens", &format!("{}/tokens?limit=2&offset=1", told.prefix));
        assert_eq!((&list["limit"], &list["offset"], &list["total"]), (&json!(2), &json!(1), &json!(3)));
        assert_eq!(list["items"].as_array().unwrap().len(), 2);
    }),
    ("redeem", |told| {
        let instrument = told.made("redeem", "payment-instruments");
        assert_eq!(instrument["customerId"], "cus_of_the_sdk");
        assert_eq!((&instrument["last4"], &instrument["expYear"]), (&json!("1111"), &json!(2035)));
        told.hides("redeem", &["4111111111111111", "cvv"]);
    }),
    ("read_used", |told| assert_eq!(told.of("read_used")["fields"]["isUsed"], true)),
    ("redeem_used", |told| {
        assert_eq!(told.invalid("redeem_used"), names(&["token"]));
    }),
    ("redeem_same_card", |told| {
        // A 303, which the SDK follows with GET and the same key.
        let outcome = told.of("redeem_same_card");
        let id = told.id("redeem");
        assert_eq!(told.wire("redeem_same_card"), ("GET", told.path(&format!("payment-instruments/{id}"))));
        assert_eq!((&outcome["status"], &outcome["fields"]["id"]), (&json!(200), &json!(id)));
        assert_eq!(outcome["fields"]["expYear"], 2038);
    }),
    ("redeem_other", |told| {
        let instrument = told.made("redeem_other", "payment-instruments");
        assert_eq!(instrument["brand"], "MasterCard");
        assert_ne!(instrument["id"], told.id("redeem"));
    }),
    ("redeem_bank", |told| {
        let instrument = told.made("redeem_bank", "payment-instruments");
        assert_eq!((&instrument["method"], &instrument["last4"]), (&json!("ach"), &json!("6789")));
        told.hides("redeem_bank", &["123456789", "accountNumber\""]);
    }),
    ("get", |told| {
        let instrument = told.got("get", &format!("payment-instruments/{}", told.id("redeem")));
        assert_eq!(*instrument, told.of("redeem_same_card")["fields"]);
    }),
    ("update_token", |told| {
        let instrument = told.updated("update_token");
        assert_eq!((&instrument["expMonth"], &instrument["expYear"]), (&json!(3), &json!(2040)));
        assert_eq!((&instrument["bin"], &instrument["last4"]), (&json!("411111"), &json!("1111")));
        assert_eq!(instrument["fingerprint"], told.of("redeem")["fields"]["fingerprint"]);
    }),
    ("update_fields", |told| {
        let instrument = told.updated("update_fields");
        assert_eq!((&instrument["expMonth"], &instrument["expYear"]), (&json!(4), &json!(2041)));
        assert_eq!(instrument["billingAddress"]["country"], "FR");
    }),
    ("list_instruments", |told| {
        let (method, path) = told.wire("list_instruments");
        assert_eq!(method, "GET");
        assert!(path.starts_with(&told.path("payment-instruments?filter=")), "{path}");
        let list = told.list("list_instruments", &path);
        // Two cards, the newer one first; the bank account is no card.
        assert_eq!((&list["limit"], &list["offset"], &list["total"]), (&json!(1), &json!(0), &json!(2)));
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        assert_eq!(list["items"][0]["id"], told.id("redeem_other"));
    }),
    ("list_bad_filter", |told| {
        told.error("list_bad_filter", "RebillyValidationError", 422);
    }),
    ("deactivate", |told| {
        let outcome = told.of("deactivate");
        let id = told.id("redeem_other");
        assert_eq!(
            told.wire("deactivate"),
            ("POST", told.path(&format!("payment-instruments/{id}/deactivation")))
        );
        assert_eq!((&outcome["status"], &outcome["fields"]["status"]), (&json!(201), &json!("deactivated")));
    }),
    ("deactivate_again", |told| {
        told.error("deactivate_again", "RebillyConflictError", 409);
    }),
    ("customer_create", |told| {
        let outcome = told.of("customer_create");
        assert_eq!(told.wire("customer_create"), ("PUT", told.path("customers/cus_of_the_sdk")));
        let (status, customer) = (&outcome["status"], &outcome["fields"]);
        assert_eq!((status, &customer["id"]), (&json!(201), &json!("cus_of_the_sdk")));
        assert_eq!(customer["defaultPaymentInstrument"]["method"], "payment-card");
        let instrument = customer["defaultPaymentInstrument"]["paymentInstrumentId"].as_str().unwrap();
        assert!(instrument.starts_with("inst_"), "{instrument}");
        told.hides("customer_create", &["paymentToken", "4242424242424242"]);
    }),
    ("customer_create_again", |told| {
        // The SDK's own conflict: it found the customer, and sent nothing more.
        let error = &told.of("customer_create_again")["error"];
        assert_eq!((&error["name"], &error["status"]), (&json!("RebillyConflictError"), &Value::Null));
        assert_eq!(told.wire("customer_create_again"), ("GET", told.path("customers/cus_of_the_sdk")));
    }),
    ("customer_create_unnamed", |told| {
        let outcome = told.of("customer_create_unnamed");
        assert_eq!(told.wire("customer_create_unnamed"), ("POST", told.path("customers/")));
        assert_eq!(outcome["status"], 201);
        assert_ne!(outcome["fields"]["id"], "cus_of_the_sdk");
    }),
    ("customer_get", |told| {
        let customer = told.got("customer_get", "customers/cus_of_the_sdk");
        assert_eq!(customer["primaryAddress"]["lastName"], "Franklin");
        let default = "defaultPaymentInstrument";
        assert_eq!(customer[default], told.of("customer_create")["fields"][default]);
    }),
    ("customer_update", |told| {
        let outcome = told.of("customer_update");
        assert_eq!(told.wire("customer_update"), ("PUT", told.path("customers/cus_of_the_sdk")));
        assert_eq!(outcome["status"], 200);
        assert_eq!(outcome["fields"]["primaryAddress"]["lastName"], "Bache");
    }),
    ("storefront_create", |told| {
        let outcome = told.of("storefront_create");
        let path = format!("{}/payment-instruments", told.storefront);
        assert_eq!(told.wire("storefront_create"), ("POST", path));
        assert_eq!(outcome["status"], 201);
        // Whose it is the customer knows; the definition does not say it at the storefront.
        assert_eq!(
            (&outcome["fields"]["last4"], outcome["fields"].get("customerId")),
            (&json!("1117"), None)
        );
        told.hides("storefront_create", &["6011111111111117", "cvv"]);
    }),
    ("storefront_list", |told| {
        let list = told.list("storefront_list", &format!("{}/payment-instruments?limit=10", told.storefront));
        // The customer's own, and nothing of the other customer's.
        assert_eq!((&list["total"], &list["limit"]), (&json!(1), &json!(10)));
        assert_eq!(list["items"][0]["id"], told.id("storefront_create"));
    }),
    ("storefront_forged", |told| {
        told.error("storefront_forged", "RebillyForbiddenError", 401);
    }),
    ("wrong_key", |told| {
        told.error("wrong_key", "RebillyForbiddenError", 401);
    }),
    ("key_may_not", |told| {
        told.error("key_may_not", "RebillyRequestError", 403);
    }),
    ("unknown_token", |told| {
        told.error("unknown_token", "RebillyNotFoundError", 404);
    }),
    ("unknown_instrument", |told| {
        told.error("unknown_instrument", "RebillyNotFoundError", 404);
    }),
    ("invalid_fields", |told| {
        let expected = names(&["paymentInstrument.pan", "paymentInstrument.expMonth"]);
        assert_eq!(told.invalid("invalid_fields"), expected);
        told.hides("invalid_fields", &["4111111111111112"]);
    }),
];

fn same_token(told: &Told, step: &str) {
    let token = told.got(step, &format!("tokens/{}", told.id("create")));
    assert_eq!(*token, told.of("create")["fields"]);
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|&name| name.to_owned()).collect()
}

impl Told {
    /// The line of a step.
    pub(crate) fn of(&self, step: &str) -> &Value {
        self.outcomes.get(step).unwrap_or_else(|| panic!("{step} did not run"))
    }

    fn id(&self, step: &str) -> &str {
        self.of(step)["fields"]["id"].as_str().unwrap_or_else(|| panic!("no id: {}", self.of(step)))
    }

    fn path(&self, below: &str) -> String {
        format!("{}/{below}", self.prefix)
    }

    /// The method and path that were answered in the end.
    fn wire(&self, step: &str) -> (&str, String) {
        let wire = &self.of(step)["wire"];
        (wire["method"].as_str().expect("a method"), wire["path"].as_str().expect("a path").to_owned())
    }

    /// The fields of a 201 whose `Location` is the way to what was made.
    fn made(&self, step: &str, collection: &str) -> &Value {
        let outcome = self.of(step);
        assert_eq!(self.wire(step), ("POST", self.path(collection)));
        assert_eq!(outcome["status"], 201, "{outcome}");
        let location = format!("{}{}/{}", self.server, self.path(collection), self.id(step));
        assert_eq!(outcome["headers"]["location"], location);
        &outcome["fields"]
    }

    /// The fields of a 200 to GET.
    fn got(&self, step: &str, below: &str) -> &Value {
        let outcome = self.of(step);
        assert_eq!(self.wire(step), ("GET", self.path(below)));
        assert_eq!(outcome["status"], 200, "{outcome}");
        &outcome["fields"]
    }

    /// The fields of a 200 to PATCH of the first instrument.
    fn updated(&self, step: &str) -> &Value {
        let (outcome, id) = (self.of(step), self.id("redeem"));
        assert_eq!(self.wire(step), ("PATCH", self.path(&format!("payment-instruments/{id}"))));
        assert_eq!((&outcome["status"], &outcome["fields"]["id"]), (&json!(200), &json!(id)));
        &outcome["fields"]
    }

    /// A collection, which the SDK makes of a list and its `Pagination-*`.
    fn list(&self, step: &str, path: &str) -> &Value {
        let outcome = self.of(step);
        assert_eq!(self.wire(step), ("GET", path.to_owned()));
        assert_eq!(outcome["status"], 200, "{outcome}");
        outcome
    }

    /// An error of the SDK's own class, with words for a person.
    fn error(&self, step: &str, class: &str, status: u16) -> &Value {
        let error = &self.of(step)["error"];
        assert_eq!((&error["name"], &error["status"]), (&json!(class), &json!(status)), "{}", self.of(step));
        assert!(error["kinds"].as_array().unwrap().contains(&json!(class)), "{error}");
        assert!(error["message"].as_str().is_some_and(|message| message.len() > 3), "{error}");
        error
    }

    /// The fields that a validation error names, each with a message.
    fn invalid(&self, step: &str) -> BTreeSet<String> {
        let fields =
            self.error(step, "RebillyValidationError", 422)["invalidFields"].as_array().expect("fields");
        let name = |field: &Value| {
            assert!(field["message"].as_str().is_some_and(|message| !message.is_empty()), "{field}");
            field["field"].as_str().expect("a field").to_owned()
        };
        fields.iter().map(name).collect()
    }

    /// Nothing of this is in what came.
    fn hides(&self, step: &str, secrets: &[&str]) {
        let text = self.of(step).to_string();
        for secret in secrets {
            assert!(!text.contains(secret), "{step} shows {secret}");
        }
    }
}
