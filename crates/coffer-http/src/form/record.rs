//! What a reader asked for, as JSON Schema (draft 2020-12).

use std::cell::RefCell;

use serde_json::{Map, Value, json};

/// Whether a member must be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Absent and null are problems.
    Required,
    /// Absent and null are the same as nothing.
    Optional,
}

/// What the schema says of a member beyond what its getter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Taken, never given back.
    WriteOnly,
    /// Given back, ignored in a request. The member need not be asked for.
    ReadOnly,
    /// The reader itself takes null for this required member.
    Nullable,
    /// No integer below this one is taken: the reader tells it in words of its own.
    Minimum(i64),
    /// A `format`: an annotation for people and generators.
    Format(&'static str),
    /// The text has one of these formats.
    FormatOf(&'static [&'static str]),
}

/// The fields of one object, while a reader asks for them.
#[derive(Default)]
pub(crate) struct Recorder(RefCell<Asked>);

#[derive(Default)]
struct Asked {
    members: Vec<Member>,
    /// Each entry: the schemas of which an object fulfils exactly one.
    alternatives: Vec<Vec<Value>>,
    marks: Vec<(String, Mark)>,
}

struct Member {
    name: String,
    need: Need,
    schema: Value,
}

impl Recorder {
    pub(super) fn field(&self, name: &str, need: Need, schema: Value) {
        let schema = if need == Need::Optional { nullable(schema) } else { schema };
        let members = &mut self.0.borrow_mut().members;
        match members.iter_mut().find(|member| member.name == name) {
            Some(known) => known.also(need, &schema),
            None => members.push(Member { name: name.to_owned(), need, schema }),
        }
    }

    pub(super) fn alternatives(&self, schemas: Vec<Value>) {
        self.0.borrow_mut().alternatives.push(schemas);
    }

    pub(super) fn mark(&self, name: &str, mark: Mark) {
        self.0.borrow_mut().marks.push((name.to_owned(), mark));
    }

    pub(super) fn into_schema(self) -> Value {
        let asked = self.0.into_inner();
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for member in asked.members {
            if member.need == Need::Required {
                required.push(Value::String(member.name.clone()));
            }
            properties.insert(member.name, member.schema);
        }
        for (name, mark) in asked.marks {
            let schema = properties.entry(name).or_insert_with(|| json!({}));
            apply(schema, mark);
        }
        let mut schema = Map::from_iter([("type".to_owned(), json!("object"))]);
        if !properties.is_empty() {
            schema.insert("properties".to_owned(), Value::Object(properties));
        }
        if !required.is_empty() {
            schema.insert("required".to_owned(), Value::Array(required));
        }
        let mut alternatives = asked.alternatives.into_iter().map(|schemas| json!({ "oneOf": schemas }));
        match (alternatives.next(), alternatives.next()) {
            (Some(Value::Object(only)), None) => schema.extend(only),
            (Some(first), Some(second)) => {
                let all = [first, second].into_iter().chain(alternatives).collect();
                schema.insert("allOf".to_owned(), Value::Array(all));
            }
            _ => {}
        }
        Value::Object(schema)
    }
}

impl Member {
    /// The same member, asked for again: both must hold.
    fn also(&mut self, need: Need, schema: &Value) {
        if need == Need::Required {
            self.need = need;
        }
        if self.schema != *schema {
            self.schema = json!({ "allOf": [self.schema.take(), schema] });
        }
    }
}

fn apply(schema: &mut Value, mark: Mark) {
    let (key, value) = match mark {
        Mark::Nullable => {
            *schema = nullable(schema.take());
            return;
        }
        Mark::WriteOnly => ("writeOnly", json!(true)),
        Mark::ReadOnly => ("readOnly", json!(true)),
        Mark::Minimum(minimum) => ("minimum", json!(minimum)),
        Mark::Format(format) => ("format", json!(format)),
        Mark::FormatOf(formats) => {
            ("anyOf", formats.iter().map(|format| json!({ "format": format })).collect())
        }
    };
    if let Value::Object(schema) = schema {
        schema.insert(key.to_owned(), value);
    }
}

/// The same, or null.
fn nullable(schema: Value) -> Value {
    let Value::Object(mut map) = schema else { return schema };
    // Of alternatives null would fulfil all or none.
    let simple = !["oneOf", "anyOf", "allOf"].iter().any(|key| map.contains_key(*key));
    match map.get("type") {
        Some(Value::String(kind)) if kind == "null" => Value::Object(map),
        Some(Value::String(kind)) if simple => {
            let kinds = json!([kind, "null"]);
            map.insert("type".to_owned(), kinds);
            if let Some(Value::Array(values)) = map.get_mut("enum") {
                values.push(Value::Null);
            }
            Value::Object(map)
        }
        Some(Value::Array(kinds)) if simple && kinds.iter().any(|kind| kind == "null") => Value::Object(map),
        _ => json!({ "anyOf": [map, { "type": "null" }] }),
    }
}
