//! A request that may be sent again, and what was answered.

use serde_json::{Value, json};

use crate::{
    calls::{API, TERMINAL, card, card_of, encoded, flat, fresh_key, judge, text},
    support::{Answer, Client},
};

/// Published numbers that are no example of the dialect's own.
const NUMBERS: [&str; 4] = ["4000060000000006", "5001650000000000", "6011000000000004", "3528000000000007"];

/// The custom field that secure tokens are made with.
pub(crate) const FIRST: &str = "first";

pub(crate) fn first_field() -> Value {
    json!({"name": FIRST, "value": "there"})
}

/// A secure token of the example's card with a name.
pub(crate) fn named(id: &str) -> Value {
    json!({"secureTokenId": id, "source": card(), "customFields": [first_field()]})
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    SingleUse,
    /// Of details.
    Secure,
    /// Of a single-use token.
    SecureOfToken,
    Patch,
    UpdateAccount,
    Session,
    Payment,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) kind: Kind,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) key: String,
    pub(crate) body: Value,
    /// None: nobody was told.
    pub(crate) told: Option<Told>,
}

/// An answer, as far as it has to be the same again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) media: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) text: String,
}

impl Told {
    pub(crate) fn of(answer: &Answer) -> Self {
        let header = |name| answer.header(name).map(str::to_owned);
        Self {
            status: answer.status,
            media: header("content-type"),
            location: header("location"),
            text: answer.text(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub(crate) fn is_underway(&self) -> bool {
        self.status == 409 && self.text.contains("is being processed")
    }
}

impl Asked {
    fn new(kind: Kind, method: &'static str, below: &str, body: Value) -> Self {
        let path = format!("{API}/processing-terminals/{TERMINAL}/{below}");
        Self { kind, method, path, key: fresh_key(), body, told: None }
    }

    /// A card with its code. `which` chooses the card and the code.
    pub(crate) fn single_use(which: usize, operator: &str) -> Self {
        let mut source = card_of(NUMBERS[which % NUMBERS.len()]);
        source["cardDetails"]["keyedData"]["cvv"] = format!("{:03}", which % 1_000).into();
        let body = json!({"channel": "web", "operator": operator, "source": source});
        Self::new(Kind::SingleUse, "POST", "single-use-tokens", body)
    }

    /// A secure token of the example's card, with a custom field: others can be added behind it.
    pub(crate) fn secure(operator: &str) -> Self {
        let body = json!({"operator": operator, "source": card(), "customFields": [first_field()]});
        Self::new(Kind::Secure, "POST", "secure-tokens", body)
    }

    pub(crate) fn secure_of(token: &str, operator: &str) -> Self {
        let body = json!({"operator": operator, "source": flat(token), "customFields": [first_field()]});
        Self::new(Kind::SecureOfToken, "POST", "secure-tokens", body)
    }

    /// Adds a custom field that is named as the key.
    pub(crate) fn patch(id: &str) -> Self {
        let mut asked = Self::new(Kind::Patch, "PATCH", &format!("secure-tokens/{}", encoded(id)), json!([]));
        let field = json!({"name": asked.key, "value": "added"});
        asked.body = json!([{"op": "add", "path": "/customFields/-", "value": field}]);
        asked
    }

    pub(crate) fn update_account(id: &str, token: &str) -> Self {
        let below = format!("secure-tokens/{}/update-account", encoded(id));
        Self::new(Kind::UpdateAccount, "POST", &below, flat(token))
    }

    pub(crate) fn session() -> Self {
        let body = json!({"libVersion": "1.7.0.261457", "scenario": "payment"});
        Self::new(Kind::Session, "POST", "hosted-fields-sessions", body)
    }

    /// A payment of the sandbox's processor, which approves it.
    pub(crate) fn payment(method: &Value, order: &str) -> Self {
        let body = json!({"channel": "web", "processingTerminalId": TERMINAL, "paymentMethod": method,
            "order": {"orderId": order, "amount": 4999, "currency": "USD"}});
        let mut asked = Self::new(Kind::Payment, "POST", "", body);
        asked.path = format!("{API}/payments");
        asked
    }

    /// Sends it; none when the connection breaks first.
    pub(crate) fn send(&self, client: &mut Client, bearer: &str) -> Option<Told> {
        self.send_body(client, bearer, &self.body)
    }

    /// The same with another body.
    pub(crate) fn send_body(&self, client: &mut Client, bearer: &str, body: &Value) -> Option<Told> {
        let shown = format!("Bearer {bearer}");
        let headers = [
            ("Authorization", shown.as_str()),
            ("Content-Type", "application/json"),
            ("Idempotency-Key", self.key.as_str()),
        ];
        let answer = client.try_call(self.method, &self.path, &headers, body.to_string().as_bytes())?;
        judge(&answer);
        Some(Told::of(&answer))
    }

    /// Sends it, which must be answered, and keeps the answer.
    pub(crate) fn ask(&mut self, client: &mut Client, bearer: &str) -> Told {
        let told = self.send(client, bearer).expect("an answer");
        self.told.get_or_insert(told).clone()
    }

    /// The status of its success.
    pub(crate) fn success(&self) -> u16 {
        if matches!(self.kind, Kind::Patch | Kind::UpdateAccount) { 200 } else { 201 }
    }

    /// A member of its answer, which must be a success.
    pub(crate) fn made(&self, name: &str) -> String {
        let told = self.told.as_ref().expect("it was answered");
        assert_eq!(told.status, self.success(), "{}", told.text);
        text(&told.json(), name)
    }
}
