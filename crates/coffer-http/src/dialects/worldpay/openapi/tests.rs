//! The document has every operation, and nothing in it contradicts itself.

use super::*;

#[test]
fn every_operation_is_described_and_the_document_is_consistent() {
    let document = document("http://vault.example/worldpay");
    assert_eq!(document.problems(), Vec::<String>::new());
    let value = document.into_value();
    let described: usize =
        value["paths"].as_object().unwrap().values().map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(described, ENDPOINTS.len());
    for (operation, _) in ENDPOINTS {
        let path = if operation.path.is_empty() { "/" } else { operation.path };
        let method = operation.method.as_str().to_ascii_lowercase();
        assert_eq!(value["paths"][path][&method]["operationId"], operation.id);
    }
}
