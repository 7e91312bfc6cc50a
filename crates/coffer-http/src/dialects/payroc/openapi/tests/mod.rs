//! The document has every operation, and nothing in it contradicts itself.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

fn served() -> Value {
    document("http://vault.example/payroc").into_value()
}

/// Every operation of the table, as the document has it.
fn each(document: &Value) -> impl Iterator<Item = (&'static Operation, &Value)> {
    ENDPOINTS.iter().map(move |(operation, _)| {
        let method = operation.method.as_str().to_ascii_lowercase();
        (*operation, &document["paths"][operation.path][method])
    })
}

fn names(object: &Value) -> BTreeSet<&str> {
    object.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn every_operation_is_described_and_the_document_is_consistent() {
    let document = document("http://vault.example/payroc");
    assert_eq!(document.problems(), Vec::<String>::new());
    let value = document.into_value();
    let described: usize =
        value["paths"].as_object().unwrap().values().map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(described, ENDPOINTS.len());
    for (operation, _) in ENDPOINTS {
        let method = operation.method.as_str().to_ascii_lowercase();
        assert_eq!(value["paths"][operation.path][&method]["operationId"], operation.id);
    }
}

#[test]
fn callers_show_what_the_table_says() {
    let document = served();
    for (operation, written) in each(&document) {
        let (id, parameters) = (operation.id, written["parameters"].as_array().cloned().unwrap_or_default());
        let shown: Vec<&str> = written["security"].as_array().unwrap().iter().flat_map(names).collect();
        let expected: &[&str] = match operation.shown {
            Shown::Key => &[KEY],
            Shown::Bearer => &[BEARER],
            Shown::Session => &[],
        };
        assert_eq!(shown, expected, "{id}");
        let key = parameters.iter().find(|one| one["name"] == "Idempotency-Key");
        assert_eq!(key.is_some(), is_once(operation), "{id}");
        assert!(key.is_none_or(|key| key["in"] == "header" && key["required"] == true), "{id}");
        let in_path: BTreeSet<&str> = parameters
            .iter()
            .filter(|one| one["in"] == "path")
            .filter_map(|one| one["name"].as_str())
            .collect();
        let parts = operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        assert_eq!(in_path, parts.collect(), "{id}");
    }
}

#[test]
fn every_status_is_there_with_its_headers_and_its_media_type() {
    let document = served();
    for (operation, written) in each(&document) {
        let (id, responses) = (operation.id, &written["responses"]);
        for (status, response) in responses.as_object().unwrap() {
            let headers = names(&response["headers"]);
            let is_located =
                status == "201" && !["createHostedFieldsSession", "finishHostedFields"].contains(&id);
            assert_eq!(headers.contains("Location"), is_located, "{id} {status}");
            assert_eq!(headers.contains("WWW-Authenticate"), status == "401", "{id} {status}");
            let waits = ["409", "429", "503"].contains(&status.as_str());
            assert_eq!(headers.contains("Retry-After"), waits, "{id} {status}");
            let media: &[&str] = match status.as_str() {
                "204" => &[],
                "200" | "201" => &["application/json"],
                _ => &["application/problem+json"],
            };
            assert_eq!(names(&response["content"]), media.iter().copied().collect(), "{id} {status}");
        }
        let found = names(responses);
        let (is_bearer, has_body) = (operation.shown == Shown::Bearer, written["requestBody"].is_object());
        assert!(found.contains("503"), "{id}");
        assert_eq!(found.contains("401"), operation.shown != Shown::Session, "{id}");
        assert_eq!(found.contains("415"), has_body, "{id}");
        assert_eq!(found.contains("404"), operation.path.contains("{secureTokenId}"), "{id}");
        assert_eq!(found.contains("409"), is_once(operation), "{id}");
        assert_eq!(found.contains("429"), is_bearer || (has_body || id == "finishHostedFields"), "{id}");
        assert_eq!(found.contains("500"), operation.path.ends_with("payments"), "{id}");
    }
}

/// What a person reads of a schema: what it is, and in what an answer's member is written.
#[test]
fn every_schema_says_what_it_is() {
    let document = served();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let is_request = ["Request", "AccountUpdate"].iter().any(|end| name.ends_with(end));
        assert!(is_request || schema["description"].is_string(), "{name}");
    }
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["SingleUseToken"]["properties"]["token"]["pattern"], "^[0-9a-f]{128}$");
    assert_eq!(schemas["SecureToken"]["properties"]["token"]["pattern"], "^[0-9]{12,19}$");
    assert_eq!(schemas["SecureTokens"]["properties"]["limit"]["maximum"], 100);
}
