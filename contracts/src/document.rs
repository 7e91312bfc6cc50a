//! Reads an OpenAPI document and follows references in it.

use serde_json::Value;

/// Why a document cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadDocument {
    /// Neither JSON nor YAML.
    #[error("the document is neither JSON nor YAML: {0}")]
    Syntax(String),
    /// No OpenAPI 3.0 or 3.1 with paths.
    #[error("no OpenAPI 3.0 or 3.1 document with paths")]
    Version,
    /// A schema that JSON Schema refuses, or a reference to nowhere.
    #[error("the schema at {place} cannot be used: {why}")]
    Schema {
        /// JSON pointer into the document.
        place: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Reads a document, JSON when it begins with `{`, otherwise YAML 1.2. Local references (`#/…`) are the only ones that
/// work later.
pub fn read(text: &str) -> Result<Value, BadDocument> {
    let syntax = |error: String| BadDocument::Syntax(error);
    let document: Value = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| syntax(error.to_string()))?
    } else {
        // By way of YAML's own value, which refuses a name that stands twice and takes a number as a name.
        let value: yaml_serde::Value =
            yaml_serde::from_str(text).map_err(|error| syntax(error.to_string()))?;
        serde_json::to_value(value).map_err(|error| syntax(error.to_string()))?
    };
    version(&document)?;
    Ok(document)
}

/// The versions that differ in how a schema is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// A dialect of its own, with `nullable`.
    V3_0,
    /// JSON Schema 2020-12.
    V3_1,
}

pub(crate) fn version(document: &Value) -> Result<Version, BadDocument> {
    let text = document["openapi"].as_str().unwrap_or_default();
    let version = match text {
        _ if text.starts_with("3.0.") => Version::V3_0,
        _ if text.starts_with("3.1.") => Version::V3_1,
        _ => return Err(BadDocument::Version),
    };
    if document["paths"].is_object() { Ok(version) } else { Err(BadDocument::Version) }
}

/// How many references may follow one another.
const HOPS_MAX: usize = 16;

/// The JSON pointer and the object behind a value that may be a `$ref`. A reference to nowhere gives null.
pub(crate) fn resolve<'a>(document: &'a Value, pointer: &str) -> (String, &'a Value) {
    let mut pointer = pointer.to_owned();
    for _ in 0..HOPS_MAX {
        let value = document.pointer(&pointer).unwrap_or(&Value::Null);
        let Some(next) = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) else {
            return (pointer, value);
        };
        next.clone_into(&mut pointer);
    }
    (pointer, &Value::Null)
}

/// One segment of a JSON pointer, escaped (RFC 6901).
pub(crate) fn escaped(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_and_yaml_are_the_same_document() {
        let yaml = "openapi: 3.1.0\npaths:\n  /a: {}\nx: [NO, yes, 'null', 2026-08-21, 1.0]\ny: {200: 1}\n";
        let json = json!({"openapi": "3.1.0", "paths": {"/a": {}}, "x": ["NO", "yes", "null", "2026-08-21", 1.0],
            "y": {"200": 1}});
        assert_eq!(read(yaml).unwrap(), json);
        assert_eq!(read(&json.to_string()).unwrap(), json);
    }

    #[test]
    fn other_documents_are_refused() {
        for text in ["swagger: '2.0'\npaths: {}", "openapi: 3.1.0", "openapi: 4.0.0\npaths: {}", "a"] {
            assert!(matches!(read(text), Err(BadDocument::Version)), "{text}");
        }
        for text in ["{\"openapi\": ", "a: b: c", "a: 1\na: 2"] {
            assert!(matches!(read(text), Err(BadDocument::Syntax(_))), "{text}");
        }
    }

    #[test]
    fn references_are_followed_to_their_end_and_no_further() {
        let document = json!({"a": {"$ref": "#/b~1c"}, "b/c": {"$ref": "#/d"}, "d": 1, "e": {"$ref": "#/e"}});
        assert_eq!(resolve(&document, "/a"), ("/d".to_owned(), &json!(1)));
        assert_eq!(resolve(&document, "/e").1, &Value::Null);
        assert_eq!(resolve(&document, "/nowhere").1, &Value::Null);
        assert_eq!(escaped("b/c~"), "b~1c~0");
    }
}
