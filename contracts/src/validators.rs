//! The schemas of a document, ready to judge values.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use jsonschema::{
    Draft, Keyword, Registry, RegistryBuilder, ValidationError, Validator, error::ValidationErrorKind,
};
use serde_json::{Value, json};

use crate::{
    BadDocument,
    document::{Version, escaped},
    schema::for_answers,
};

/// The name of the document among the schemas.
const HERE: &str = "urn:coffer:contract";

/// The schemas of one document, for answers.
pub(crate) struct Validators {
    schemas: Registry<'static>,
    /// Built when first asked for, by the JSON pointer of the schema.
    built: Mutex<BTreeMap<String, Arc<Validator>>>,
}

/// Something that a schema refuses; the parts are those of [`crate::Difference`].
pub(crate) struct Refusal {
    pub(crate) pointer: String,
    pub(crate) rule: String,
    pub(crate) said: String,
}

impl Validators {
    pub(crate) fn new(document: &Value, version: Version) -> Result<Self, BadDocument> {
        let document = for_answers(document, version);
        let registry = Registry::new().draft(Draft::Draft202012).add(HERE, document);
        let registry = registry.and_then(RegistryBuilder::prepare);
        let schemas = registry.map_err(|error| unusable("", &error))?;
        Ok(Self { schemas, built: Mutex::default() })
    }

    /// What the schema at a JSON pointer of the document refuses in a value.
    pub(crate) fn refusals(&self, schema: &str, value: &Value) -> Result<Vec<Refusal>, BadDocument> {
        let validator = self.validator(schema)?;
        Ok(validator.iter_errors(value).map(|error| refusal(&error)).collect())
    }

    fn validator(&self, pointer: &str) -> Result<Arc<Validator>, BadDocument> {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(validator) = built.get(pointer) {
            return Ok(Arc::clone(validator));
        }
        let options = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_registry(&self.schemas)
            .should_validate_formats(true)
            .with_keyword("writeOnly", |_, value, _| Ok(Box::new(WriteOnly(value == &Value::Bool(true)))));
        let validator = options.build(&json!({"$ref": format!("{HERE}#{}", in_a_link(pointer))}));
        let validator = Arc::new(validator.map_err(|error| unusable(pointer, &error))?);
        built.insert(pointer.to_owned(), Arc::clone(&validator));
        Ok(validator)
    }
}

fn unusable(place: &str, error: &impl ToString) -> BadDocument {
    BadDocument::Schema { place: place.to_owned(), why: error.to_string() }
}

/// `writeOnly`: whatever has it may not be in an answer.
struct WriteOnly(bool);

impl<'i> Keyword<'i> for WriteOnly {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            Ok(())
        } else {
            Err(ValidationError::custom("write-only, and in an answer"))
        }
    }

    fn is_valid(&self, _: &'i Value) -> bool {
        !self.0
    }
}

/// An error without the values that it speaks of. A missing member is its own place.
fn refusal(error: &ValidationError<'_>) -> Refusal {
    let mut pointer = String::new();
    for segment in error.instance_path().as_str().split('/').skip(1) {
        let number = !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
        pointer.push('/');
        pointer += if number { "*" } else { segment };
    }
    if let ValidationErrorKind::Required { property: Value::String(name) } = error.kind() {
        pointer.push('/');
        pointer += &escaped(name);
    }
    let mut said = error.masked().to_string();
    if let ValidationErrorKind::OneOfNotValid { context } | ValidationErrorKind::AnyOf { context } =
        error.kind()
    {
        for branch in context.iter().filter_map(|errors| errors.first()) {
            let _ = write!(said, "; {} at {}", branch.masked(), branch.instance_path());
        }
    }
    Refusal { pointer, rule: error.kind().keyword().to_owned(), said }
}

/// A JSON pointer as the fragment of a URI (RFC 6901 section 6): what may not stand there is percent-encoded.
fn in_a_link(pointer: &str) -> String {
    let mut text = String::new();
    for byte in pointer.bytes() {
        if byte.is_ascii_alphanumeric() || b"/~-._".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusals(schema: &Value, value: &Value) -> Vec<(String, String)> {
        let document = json!({"components": {"schemas": {
            "Mine {a}": schema,
            "Secret": {"type": "string", "writeOnly": true},
        }}});
        let validators = Validators::new(&document, Version::V3_1).unwrap();
        let found = validators.refusals("/components/schemas/Mine {a}", value).unwrap();
        assert!(found.iter().all(|refusal| !refusal.said.contains("4111")), "{}", found[0].said);
        found.into_iter().map(|refusal| (refusal.pointer, refusal.rule)).collect()
    }

    fn one(pointer: &str, rule: &str) -> Vec<(String, String)> {
        vec![(pointer.to_owned(), rule.to_owned())]
    }

    #[test]
    fn a_write_only_member_is_refused_however_it_is_declared() {
        let secret = json!({"$ref": "#/components/schemas/Secret"});
        for property in [json!({"writeOnly": true}), secret.clone(), json!({"allOf": [secret]})] {
            let schema = json!({"required": ["pan"], "properties": {"pan": property}});
            assert_eq!(refusals(&schema, &json!({"pan": "4111"})), one("/pan", "writeOnly"), "{schema}");
            assert_eq!(refusals(&schema, &json!({})), [], "{schema}");
        }
        let schema = json!({"properties": {"pan": {"writeOnly": false, "readOnly": true}}});
        assert_eq!(refusals(&schema, &json!({"pan": "4111"})), []);
    }

    #[test]
    fn places_in_lists_are_one_place_and_missing_members_have_their_own() {
        let schema = json!({"items": {"required": ["a/b"], "properties": {"c": {"type": "integer"}}}});
        assert_eq!(refusals(&schema, &json!([{"a/b": 1}, {}])), one("/*/a~1b", "required"));
        assert_eq!(refusals(&schema, &json!([{"a/b": 1, "c": "4111"}])), one("/*/c", "type"));
    }

    #[test]
    fn known_formats_are_checked_and_others_are_not() {
        for (format, bad) in [("date-time", "2026-08-21"), ("email", "a"), ("ipv4", "1.2.3"), ("uri", "/a")] {
            assert_eq!(refusals(&json!({"format": format}), &json!(bad)), one("", "format"), "{format}");
        }
        assert_eq!(refusals(&json!({"format": "bin"}), &json!("x")), []);
    }

    #[test]
    fn the_discriminator_decides_and_a_value_without_a_mapping_may_fit_several() {
        let branch = |kinds: &[&str], secret: &str| {
            let properties = json!({"kind": {"enum": kinds}, secret: {"writeOnly": true}});
            json!({"properties": properties, "required": ["kind"]})
        };
        let branches =
            ["Card", "Any", "More"].map(|name| json!({"$ref": format!("#/components/schemas/{name}")}));
        let document = json!({"components": {"schemas": {
            "Card": branch(&["card"], "pan"),
            "Any": branch(&["card", "cash", "pix"], "code"),
            "More": branch(&["pix", "zip"], "zip"),
            "Mine": {
                "discriminator": {"propertyName": "kind", "mapping": {"card": "Card", "cash": "Any"}},
                "oneOf": branches,
            },
        }}});
        let validators = Validators::new(&document, Version::V3_1).unwrap();
        let rules = |value: Value| -> Vec<String> {
            let found = validators.refusals("/components/schemas/Mine", &value).unwrap();
            found.into_iter().map(|refusal| refusal.rule).collect()
        };
        // Two branches fit, which a strict oneOf refuses; one branch lets the secret through, which anyOf would accept.
        assert!(rules(json!({"kind": "card"})).is_empty());
        assert_eq!(rules(json!({"kind": "card", "pan": "4111"})), ["writeOnly"]);
        assert_eq!(rules(json!({"kind": "cash", "code": "4111"})), ["writeOnly"]);
        assert!(rules(json!({"kind": "cash", "pan": "an unknown member"})).is_empty());
        assert!(rules(json!({"kind": "pix"})).is_empty() && rules(json!({"kind": "zip"})).is_empty());
        assert_eq!(rules(json!({"kind": "zip", "zip": "4111"})), ["anyOf"]);
        assert_eq!(rules(json!({"kind": "check"})), ["anyOf"]);
        assert_eq!(rules(json!({})), ["anyOf"]);
    }

    #[test]
    fn a_reference_to_nowhere_is_the_documents_fault() {
        for schema in
            [json!({"$ref": "#/nowhere"}), json!({"$ref": "https://example.com/a"}), json!({"type": "x"})]
        {
            let document = json!({"components": {"schemas": {"Mine": schema}}});
            let built = Validators::new(&document, Version::V3_1)
                .and_then(|validators| validators.refusals("/components/schemas/Mine", &json!(1)).map(drop));
            assert!(matches!(built, Err(BadDocument::Schema { .. })), "{document}");
        }
    }
}
