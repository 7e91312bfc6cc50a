//! Random histories of everything that a merchant does, with requests that are sent again at any later time, crashes,
//! and a clock that moves: after each step the node is what the model is.

use serde_json::{Value, json};

use crate::{
    Seed,
    asked::{Asked, Told},
    calls::{self, KEY, Shop, TERMINAL, flat, fresh_key, text},
    dice::Dice,
    model::{Model, Patch, Single, Verdict},
    number_from,
    support::{self, Node},
};

const STEPS: u64 = 1_500;
/// Ids that merchants choose: few, so that they meet.
const NAMES: usize = 24;
/// Seconds of a single-use token, and of the answer to a request.
const LIFE: u64 = 1_800;
const WEEK: u64 = 604_800;
/// Seconds after which a bearer token is asked for anew.
const BEARER: u64 = 3_000;

#[test]
fn a_node_is_what_the_model_is() {
    let seed = Seed::choose();
    let home = support::home();
    let mut history = History::new(Node::sandbox(home.path()), Dice::of(seed.0, 0, 0));
    for _ in 0..number_from("COFFER_ONCE_STEPS").unwrap_or(STEPS) {
        history.step();
        if history.dice.below(120) == 0 {
            let History { node, model, dice, asked, done, .. } = history;
            node.kill();
            history = History { model, asked, done, ..History::new(Node::sandbox(home.path()), dice) };
        }
    }
    history.assert_listed();
    for (what, count) in &history.done {
        assert!(*count > 0, "no history of {what}: {:?}", history.done);
    }
    assert_eq!(history.done.len(), 9, "{:?}", history.done);
}

/// A merchant, and what it knows.
struct History {
    node: Node,
    shop: Shop,
    /// When its bearer token was asked for.
    bearer_at: u64,
    model: Model,
    dice: Dice,
    /// Everything that was asked for, and when.
    asked: Vec<(u64, Asked)>,
    done: std::collections::BTreeMap<&'static str, usize>,
}

/// A choice of one part of a history.
type Step = (&'static str, fn(&mut History));

const STEPS_OF: [Step; 9] = [
    ("single-use tokens", History::make_single),
    ("secure tokens of details", History::make_secure),
    ("secure tokens of tokens", History::make_secure_of_token),
    ("patches", History::patch),
    ("updates", History::update_account),
    ("deletions", History::delete),
    ("payments", History::pay),
    ("retries", History::again),
    ("times", History::wait),
];

impl History {
    fn new(node: Node, dice: Dice) -> Self {
        let shop = Shop::of(&node);
        Self {
            node,
            shop,
            bearer_at: 0,
            model: Model::default(),
            dice,
            asked: Vec::new(),
            done: std::collections::BTreeMap::new(),
        }
    }

    fn step(&mut self) {
        // Retries are half of it.
        const WEIGHTS: [usize; 9] = [5, 2, 5, 6, 3, 1, 3, 24, 1];
        let mut place = self.dice.below(WEIGHTS.iter().sum());
        let which = WEIGHTS.iter().position(|weight| {
            let here = place < *weight;
            place = place.saturating_sub(*weight);
            here
        });
        let (name, step) = STEPS_OF[which.expect("one of them")];
        step(self);
        *self.done.entry(name).or_default() += 1;
    }

    /// Asks for something, whose fate is known beforehand. Gives the answer where it was carried out.
    #[track_caller]
    fn ask(&mut self, mut asked: Asked, verdict: &Verdict) -> Option<Value> {
        let told = asked.ask(&mut self.shop.client, &self.shop.bearer);
        assert_verdict(&told, verdict, &asked);
        self.asked.push((self.model.now, asked));
        matches!(verdict, Verdict::Done(_)).then(|| told.json())
    }

    fn operator(&self) -> String {
        format!("operator {}", self.asked.len())
    }

    fn name(&mut self) -> String {
        format!("name-{}", self.dice.below(NAMES))
    }

    fn make_single(&mut self) {
        let mut asked = Asked::single_use(self.dice.below(4_000), &self.operator());
        if self.dice.below(3) == 0 {
            asked.body["source"] = if self.dice.below(2) == 0 { calls::ach() } else { calls::pad() };
        }
        let made = self.ask(asked, &Verdict::Done(201)).expect("it is made");
        let (token, source) = (text(&made, "token"), made["source"].clone());
        assert!(self.model.singles.iter().all(|single| single.token != token));
        let ends = self.model.now + LIFE;
        self.model.singles.push(Single { token, source, ends, used: false });
    }

    fn make_secure(&mut self) {
        let (mut asked, id) = (Asked::secure(&self.operator()), self.name());
        asked.body["secureTokenId"] = json!(id);
        let verdict = self.model.create(&id, None);
        if let Some(made) = self.ask(asked, &verdict) {
            self.model.created(&id, text(&made, "token"), made["source"].clone());
            self.assert_resource(&id, &made, false);
        }
    }

    /// Some single-use token, of the last ones most of all.
    fn some_single(&mut self) -> Option<usize> {
        let count = self.model.singles.len();
        let back = self.dice.below(count.min(12));
        count.checked_sub(1 + back)
    }

    fn make_secure_of_token(&mut self) {
        let Some(at) = self.some_single() else { return };
        let id = self.name();
        let mut asked = Asked::secure_of(&self.model.singles[at].token, &self.operator());
        asked.body["secureTokenId"] = json!(id);
        let verdict = self.model.create(&id, Some(at));
        if let Some(made) = self.ask(asked, &verdict) {
            self.model.singles[at].used = true;
            let source = self.model.singles[at].source.clone();
            self.model.created(&id, text(&made, "token"), source);
            self.assert_resource(&id, &made, false);
        }
    }

    fn patch(&mut self) {
        let id = self.name();
        let number = self.dice.below(1_000);
        let patch = match self.dice.below(7) {
            0 | 1 => Patch::Field(format!("field {}", self.asked.len()), format!("value {number}")),
            2 => Patch::Agree(["unscheduled", "recurring"][number % 2]),
            3 => Patch::Name(format!("Sarah {}", ["Hopper", "Smith", "Jones"][number % 3])),
            4 => Patch::Remove,
            5 => Patch::Test(["unscheduled", "recurring"][number % 2]),
            _ => Patch::Half(format!("half {number}")),
        };
        let mut asked = Asked::patch(&id);
        let source = self.model.secure(&id).map_or(Value::Null, |secure| secure.source.clone());
        asked.body = patch.body(&source);
        let verdict = self.model.patch(&id, &patch);
        if let Some(changed) = self.ask(asked, &verdict) {
            self.model.patched(&id, &patch);
            self.assert_resource(&id, &changed, false);
        }
        self.assert_read(&id);
    }

    fn update_account(&mut self) {
        let Some(at) = self.some_single() else { return };
        let id = self.name();
        let asked = Asked::update_account(&id, &self.model.singles[at].token);
        let verdict = self.model.update_account(&id, at);
        if let Some(changed) = self.ask(asked, &verdict) {
            self.model.singles[at].used = true;
            let source = self.model.singles[at].source.clone();
            self.model.secure_mut(&id).expect("it is there").source = source;
            self.assert_resource(&id, &changed, false);
        }
        self.assert_read(&id);
    }

    fn delete(&mut self) {
        let id = self.name();
        let status = self.shop.delete(&id).status;
        if self.model.secure(&id).is_some() {
            assert_eq!(status, 204);
            self.model.secures.insert(id.clone(), None);
        } else {
            assert_eq!(status, 404);
        }
        self.assert_read(&id);
    }

    fn pay(&mut self) {
        let id = self.name();
        let (method, is_card, verdict) = if self.dice.below(2) == 0 {
            let Some(at) = self.some_single() else { return };
            let (single, is_live) = (&self.model.singles[at], self.model.is_live(at));
            let is_card = single.source["type"] == "card";
            let method = flat(&single.token);
            self.model.singles[at].used |= is_live && is_card;
            (method, is_card, is_live)
        } else {
            let Some(secure) = self.model.secure(&id) else { return };
            let method = json!({"type": "secureToken", "token": secure.digits});
            (method, secure.source["type"] == "card", true)
        };
        let verdict =
            if is_card && verdict { Verdict::Done(201) } else { Verdict::Refused(400, "bad-request") };
        let asked = Asked::payment(&method, &fresh_key());
        self.ask(asked, &verdict);
    }

    /// Something is asked for again: it is told the same, for seven days, and another body is refused.
    fn again(&mut self) {
        let Some((at, asked)) = self.asked.get(self.dice.below(self.asked.len())) else { return };
        if self.model.now >= at + WEEK - 60 {
            return;
        }
        let (told, is_other) = (asked.told.as_ref(), self.dice.below(4) == 0);
        let mut body = asked.body.clone();
        if is_other {
            match &mut body {
                Value::Array(operations) => operations.push(json!({"op": "remove", "path": "/customer"})),
                object => object["other"] = json!(1),
            }
        }
        let again = asked.send_body(&mut self.shop.client, &self.shop.bearer, &body).expect("an answer");
        if is_other {
            assert_verdict(&again, &Verdict::Refused(409, "idempotency-key-in-use"), asked);
        } else {
            assert_eq!(Some(&again), told, "{asked:?}");
        }
    }

    fn wait(&mut self) {
        let seconds = [60, 600, 900, 1_700, 100_000][self.dice.below(5)];
        self.node.advance(seconds);
        self.model.now += seconds;
        if self.model.now >= self.bearer_at + BEARER {
            self.shop.bearer = calls::bearer(&self.node, KEY);
            self.bearer_at = self.model.now;
        }
        if self.dice.below(2) == 0 {
            self.assert_listed();
        }
    }

    /// The resource as it is read now.
    fn assert_read(&mut self, id: &str) {
        let path = self.shop.secure_path(id);
        let answer = self.shop.get(&path);
        if self.model.secure(id).is_some() {
            assert_eq!(answer.status, 200, "{}", answer.text());
            self.assert_resource(id, &answer.json(), true);
        } else {
            assert_eq!(answer.status, 404, "{}", answer.text());
        }
    }

    /// Endpoints 2 and 4 show the type of an account beside the rest, of which the model knows nothing.
    fn assert_resource(&self, id: &str, shown: &Value, with_account_type: bool) {
        let mut shown = shown.clone();
        let members = shown["source"].as_object_mut().expect("a source");
        assert!(members.remove("accountType").is_none() || with_account_type);
        assert_eq!(shown, self.model.resource(id, TERMINAL));
    }

    fn assert_listed(&mut self) {
        let path = self.shop.path("secure-tokens?limit=100");
        let page = self.shop.get(&path).json();
        let listed: Vec<String> =
            page["data"].as_array().unwrap().iter().map(|one| text(one, "secureTokenId")).collect();
        let mut expected: Vec<String> =
            self.model.order.iter().filter(|id| self.model.secure(id).is_some()).cloned().collect();
        let mut sorted = listed.clone();
        sorted.sort_unstable();
        expected.sort_unstable();
        assert_eq!(sorted, expected);
        for resource in page["data"].as_array().unwrap() {
            self.assert_resource(&text(resource, "secureTokenId"), resource, true);
        }
    }
}

#[track_caller]
fn assert_verdict(told: &Told, verdict: &Verdict, asked: &Asked) {
    let (status, fragment) = match verdict {
        Verdict::Done(status) => (*status, ""),
        Verdict::Refused(status, fragment) => (*status, *fragment),
    };
    assert_eq!(told.status, status, "{asked:?}: {}", told.text);
    let is_of_kind = fragment.is_empty() || told.text.contains(&format!("#{fragment}\""));
    assert!(is_of_kind, "{asked:?}: {}", told.text);
}
