//! Turns the schemas of an OpenAPI document into JSON Schemas for answers.
//!
//! The document keeps its shape, so that its own references still lead to the right place.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::document::{Version, resolve};

/// The document with every schema made ready for answers.
pub(crate) fn for_answers(document: &Value, version: Version) -> Value {
    Reader { document, version }.outside(document)
}

struct Reader<'a> {
    document: &'a Value,
    version: Version,
}

/// The names that `required` may list in vain.
type Names = BTreeSet<String>;

impl Reader<'_> {
    /// Everything that is no schema: looks for the places where one begins.
    fn outside(&self, value: &Value) -> Value {
        match value {
            Value::Array(list) => list.iter().map(|value| self.outside(value)).collect(),
            Value::Object(map) => {
                map.iter().map(|(name, value)| (name.clone(), self.member(name, value))).collect()
            }
            other => other.clone(),
        }
    }

    fn member(&self, name: &str, value: &Value) -> Value {
        match (name, value) {
            ("example" | "examples", _) => value.clone(),
            ("schema", _) => self.schema(value, &Names::new()),
            ("schemas", Value::Object(map)) => self.each(map, &Names::new()),
            _ => self.outside(value),
        }
    }

    /// A schema. `outer` are the write-only names of the schemas that this one is a part of.
    fn schema(&self, schema: &Value, outer: &Names) -> Value {
        let Value::Object(map) = schema else { return schema.clone() };
        let mut names = outer.clone();
        self.write_only_names(schema, &mut names, 0);
        let none = Names::new();
        let mut out = Map::new();
        for (keyword, value) in map {
            let value = match (keyword.as_str(), value) {
                ("required", Value::Array(list)) => list
                    .iter()
                    .filter(|name| !name.as_str().is_some_and(|n| names.contains(n)))
                    .cloned()
                    .collect(),
                ("properties" | "patternProperties" | "$defs" | "dependentSchemas", Value::Object(map)) => {
                    self.each(map, &none)
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(list)) => {
                    list.iter().map(|schema| self.schema(schema, &names)).collect()
                }
                ("prefixItems", Value::Array(list)) => {
                    list.iter().map(|schema| self.schema(schema, &none)).collect()
                }
                ("if" | "then" | "else" | "not", _) => self.schema(value, &names),
                (
                    "items"
                    | "contains"
                    | "additionalProperties"
                    | "propertyNames"
                    | "unevaluatedItems"
                    | "unevaluatedProperties",
                    _,
                ) => self.schema(value, &none),
                _ => value.clone(),
            };
            out.insert(keyword.clone(), value);
        }
        if self.version == Version::V3_0 {
            without_3_0(&mut out);
        }
        by_discriminator(out)
    }

    fn each(&self, schemas: &Map<String, Value>, outer: &Names) -> Value {
        schemas.iter().map(|(name, schema)| (name.clone(), self.schema(schema, outer))).collect()
    }

    /// Collects the properties of a schema, and of what it consists of, that are write-only.
    fn write_only_names(&self, schema: &Value, names: &mut Names, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        let schema = self.target(schema);
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if self.is_write_only(property, 0) {
                names.insert(name.clone());
            }
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.write_only_names(part, names, depth + 1);
        }
    }

    fn is_write_only(&self, schema: &Value, depth: usize) -> bool {
        let target = self.target(schema);
        let mut parts = target["allOf"].as_array().into_iter().flatten();
        depth <= DEPTH_MAX
            && (schema["writeOnly"] == true
                || target["writeOnly"] == true
                || parts.any(|part| self.is_write_only(part, depth + 1)))
    }

    fn target<'b>(&'b self, schema: &'b Value) -> &'b Value {
        match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
            Some(pointer) => resolve(self.document, pointer).1,
            None => schema,
        }
    }
}

/// How deep `allOf` may be nested before a schema is taken for one that contains itself.
const DEPTH_MAX: usize = 16;

/// Replaces `discriminator` and the `oneOf` or `anyOf` beside it: each value of the mapping gets its branch, every
/// other value may fit any branch.
fn by_discriminator(mut schema: Map<String, Value>) -> Value {
    let property =
        schema.get("discriminator").and_then(|value| value["propertyName"].as_str()).map(str::to_owned);
    let keyword =
        ["oneOf", "anyOf"].into_iter().find(|keyword| schema.get(*keyword).is_some_and(Value::is_array));
    let (Some(property), Some(keyword)) = (property, keyword) else { return Value::Object(schema) };
    let Some(Value::Array(branches)) = schema.remove(keyword) else { return Value::Object(schema) };
    let discriminator = schema.remove("discriminator").unwrap_or_default();
    let is_one_of =
        |values: &[&String]| json!({"properties": {&property: {"enum": values}}, "required": [&property]});

    let mapping = mapping(&discriminator, &branches);
    let mut targets: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
    for (value, target) in &mapping {
        targets.entry(target).or_default().push(value);
    }
    let mut parts: Vec<Value> = targets
        .iter()
        .map(|(target, values)| json!({"if": is_one_of(values), "then": {"$ref": target}}))
        .collect();
    let mapped: Vec<&String> = mapping.keys().collect();
    parts.push(json!({"if": is_one_of(&mapped), "else": {"anyOf": branches}}));
    match schema.get_mut("allOf") {
        Some(Value::Array(list)) => list.append(&mut parts),
        _ => drop(schema.insert("allOf".to_owned(), Value::Array(parts))),
    }
    Value::Object(schema)
}

/// Which reference each value stands for. A branch of the components that the mapping leaves out goes by its own name
/// (OpenAPI 3.1, Discriminator Object).
fn mapping(discriminator: &Value, branches: &[Value]) -> BTreeMap<String, String> {
    const COMPONENTS: &str = "#/components/schemas/";
    let mut found = BTreeMap::new();
    for (value, target) in discriminator["mapping"].as_object().into_iter().flatten() {
        let target = target.as_str().unwrap_or_default();
        let target =
            if target.contains(['#', '/']) { target.to_owned() } else { [COMPONENTS, target].concat() };
        found.insert(value.clone(), target);
    }
    for reference in branches.iter().filter_map(|branch| branch["$ref"].as_str()) {
        if let Some(name) = reference.strip_prefix(COMPONENTS)
            && !found.values().any(|target| target == reference)
        {
            found.entry(name.to_owned()).or_insert_with(|| reference.to_owned());
        }
    }
    found
}

/// OpenAPI 3.0 in the words of JSON Schema 2020-12.
fn without_3_0(schema: &mut Map<String, Value>) {
    for (exclusive, limit) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        match schema.get(exclusive) {
            Some(Value::Bool(true)) => {
                let limit = schema.remove(limit).unwrap_or_default();
                schema.insert(exclusive.to_owned(), limit);
            }
            Some(Value::Bool(false)) => drop(schema.remove(exclusive)),
            _ => {}
        }
    }
    if schema.remove("nullable") != Some(Value::Bool(true)) {
        return;
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    if let Some(kind @ Value::String(_)) = schema.get_mut("type") {
        *kind = json!([kind.take(), "null"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(schema: &Value, version: Version) -> Value {
        let document = json!({"components": {"schemas": {
            "Secret": {"type": "string", "writeOnly": true},
            "Base": {"properties": {"pan": {"$ref": "#/components/schemas/Secret"}, "last4": {}}},
            "Self": {"allOf": [{"$ref": "#/components/schemas/Self"}]},
            "Mine": schema,
        }}});
        for_answers(&document, version)["components"]["schemas"]["Mine"].clone()
    }

    #[test]
    fn write_only_properties_are_not_required_wherever_they_are_declared() {
        let base = json!({"$ref": "#/components/schemas/Base"});
        let own = json!({"required": ["cvv", "bin"], "properties": {"cvv": {"writeOnly": true}, "bin": {}}});
        assert_eq!(ready(&own, Version::V3_1)["required"], json!(["bin"]));
        let sibling = json!({"allOf": [base, {"required": ["pan", "last4"]}]});
        assert_eq!(ready(&sibling, Version::V3_1)["allOf"][1]["required"], json!(["last4"]));
        let nested = json!({"properties": {"card": {"required": ["pan"], "allOf": [base]}}});
        assert_eq!(ready(&nested, Version::V3_1)["properties"]["card"]["required"], json!([]));
        // The name is write-only outside and an ordinary one inside.
        let other = json!({"properties": {"cvv": {"writeOnly": true}, "x": {"required": ["cvv"]}}});
        assert_eq!(ready(&other, Version::V3_1)["properties"]["x"]["required"], json!(["cvv"]));
    }

    #[test]
    fn a_schema_of_itself_ends() {
        let schema = json!({"allOf": [{"$ref": "#/components/schemas/Self"}], "required": ["a"]});
        assert_eq!(ready(&schema, Version::V3_1)["required"], json!(["a"]));
    }

    #[test]
    fn a_discriminator_becomes_one_condition_for_each_target() {
        let reference = |name: &str| format!("#/components/schemas/{name}");
        let schema = json!({
            "discriminator": {"propertyName": "kind", "mapping": {"a": reference("A"), "b": "A", "c": reference("C")}},
            "oneOf": [{"$ref": reference("A")}, {"$ref": reference("C")}, {"$ref": reference("D")}],
        });
        let out = ready(&schema, Version::V3_1);
        assert_eq!(out.get("oneOf"), None);
        let parts = out["allOf"].as_array().unwrap();
        let values = |part: &Value| part["if"]["properties"]["kind"]["enum"].clone();
        assert_eq!(values(&parts[0]), json!(["a", "b"]));
        assert_eq!(parts[0]["then"], json!({"$ref": reference("A")}));
        assert_eq!(values(&parts[1]), json!(["c"]));
        assert_eq!(values(&parts[2]), json!(["D"]));
        assert_eq!(parts[3]["else"]["anyOf"].as_array().unwrap().len(), 3);
        assert_eq!(parts.len(), 4);
    }

    #[test]
    fn a_discriminator_without_branches_is_no_condition() {
        let schema =
            json!({"discriminator": {"propertyName": "kind"}, "properties": {"kind": {"type": "string"}}});
        assert_eq!(ready(&schema, Version::V3_1), schema);
    }

    #[test]
    fn version_3_0_is_read_in_its_own_words() {
        let schema = json!({"type": "string", "nullable": true, "enum": ["a"]});
        assert_eq!(ready(&schema, Version::V3_0), json!({"type": ["string", "null"], "enum": ["a", null]}));
        let schema = json!({"minimum": 1, "exclusiveMinimum": true, "maximum": 2, "exclusiveMaximum": false});
        assert_eq!(ready(&schema, Version::V3_0), json!({"exclusiveMinimum": 1, "maximum": 2}));
        assert_eq!(ready(&json!({"nullable": true}), Version::V3_1), json!({"nullable": true}));
    }

    #[test]
    fn examples_and_properties_with_the_names_of_keywords_stay_as_they_are() {
        let schema = json!({"properties": {"required": {"type": "array"}, "nullable": {"type": "string"}},
            "example": {"required": ["pan"], "nullable": true}});
        assert_eq!(ready(&schema, Version::V3_0), schema);
    }
}
