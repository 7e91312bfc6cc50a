//! Every way to break the fields of a request, for the property tests of the dialects.

#![allow(dead_code, reason = "each dialect uses its part")]

use serde_json::{Value, json};

/// A member, by its place.
pub(crate) struct Field {
    pub(crate) path: String,
    pub(crate) need: Need,
    pub(crate) rule: Rule,
    /// Values that are wrong for a reason of their own.
    pub(crate) more: Vec<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Need {
    Optional,
    Required,
    /// Must be there, and may be null.
    There,
}

#[derive(Clone, Copy)]
pub(crate) enum Rule {
    /// Least and most characters.
    Text(usize, usize),
    /// The same of a text that may be written as an integer.
    Digits(usize, usize),
    /// Least and most.
    Integer(i64, i64),
    /// The same of an integer that may be written as a text.
    Whole(i64, i64),
    Number,
    Bool,
    Object,
    List,
    /// One of some texts.
    Choice,
}

impl Rule {
    /// The same, where an integer may be written as a text.
    pub(crate) fn or_digits(self) -> Self {
        match self {
            Self::Integer(min, max) => Self::Whole(min, max),
            other => other,
        }
    }
}

/// What is wrong with a field: another value, or none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wrong {
    Value(Value),
    Absent,
}

impl Field {
    pub(crate) fn new(path: &str, need: Need, rule: Rule, more: &[&str]) -> Self {
        let more = more.iter().map(|text| json!(text)).collect();
        Self { path: path.to_owned(), need, rule, more }
    }

    /// Every way to break it that the tests know.
    pub(crate) fn wrongs(&self) -> Vec<Wrong> {
        let (text, whole, half, truth) = (json!("x"), json!(7), json!(1.5), json!(true));
        let (list, object) = (json!([]), json!({}));
        let mut values = match self.rule {
            Rule::Text(min, max) | Rule::Digits(min, max) => {
                let mut values = vec![whole, half, truth, list, object, json!("x".repeat(max + 1))];
                values.extend((min > 0).then(|| json!("x".repeat(min - 1))));
                let is_digits = matches!(self.rule, Rule::Digits(..));
                values.retain(|value| !is_digits || !value.is_i64());
                values
            }
            Rule::Integer(min, max) => {
                vec![text, half, truth, list, object, json!(min - 1), json!(max + 1), json!(1e30), json!("7")]
            }
            Rule::Whole(min, max) => {
                vec![text, half, truth, list, object, json!(min - 1), json!(max + 1), json!(""), json!("1.5")]
            }
            Rule::Number => vec![text, truth, list, object, json!("7")],
            Rule::Bool => vec![text, whole, half, list, object, json!("true"), json!(0)],
            // An empty list is an empty object to some clients, and is taken for one where the object is free.
            Rule::Object => vec![text, whole, truth, json!([1]), json!([{}])],
            Rule::List => {
                vec![text, whole, truth, object, json!(vec![json!({"label": "l", "value": "v@w"}); 65])]
            }
            Rule::Choice => vec![whole, truth, list, object, json!("Wrong"), json!("")],
        };
        values.extend(self.more.iter().cloned());
        let mut wrongs: Vec<Wrong> = values.into_iter().map(Wrong::Value).collect();
        match self.need {
            Need::Optional => {}
            Need::Required => wrongs.extend([Wrong::Absent, Wrong::Value(Value::Null)]),
            Need::There => wrongs.push(Wrong::Absent),
        }
        wrongs
    }
}

/// Breaks a field. False where what it is in was broken before.
pub(crate) fn break_at(body: &mut Value, path: &str, wrong: &Wrong) -> bool {
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
    let pointer = if parent.is_empty() { String::new() } else { format!("/{}", parent.replace('.', "/")) };
    let place = name.parse::<usize>().ok();
    match (body.pointer_mut(&pointer), place, wrong) {
        (Some(Value::Object(members)), None, Wrong::Absent) => members.remove(name).is_some(),
        (Some(Value::Object(members)), None, Wrong::Value(value)) => {
            members.insert(name.to_owned(), value.clone());
            true
        }
        (Some(Value::Array(list)), Some(place), Wrong::Value(value)) => {
            list.get_mut(place).map(|element| *element = value.clone()).is_some()
        }
        _ => false,
    }
}

pub(crate) fn fields(prefix: &str, list: &[(&str, Need, Rule, &[&str])]) -> Vec<Field> {
    let path = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
    list.iter().map(|(name, need, rule, more)| Field::new(&path(name), *need, *rule, more)).collect()
}
