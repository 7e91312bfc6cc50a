mod agree;
mod bodies;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

/// 2030-03-17.
const NOW: Timestamp = Timestamp::from_millis(1_900_000_000_000);

fn place(counts: bool) -> Place<'static> {
    Place { public_url: "https://vault.example", organization: "org_x", counts, now: NOW }
}

fn document() -> Value {
    place(true).document().into_value()
}

/// Every operation with its id in the table, as the document has it.
fn each(document: &Value) -> impl Iterator<Item = (&'static Operation, &Value)> {
    ENDPOINTS.iter().map(move |(operation, _)| {
        let method = operation.method.as_str().to_lowercase();
        (*operation, &document["paths"][operation.path][method])
    })
}

fn names(object: &Value) -> BTreeSet<&str> {
    object.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn every_operation_is_described_and_all_fits_together() {
    assert_eq!(place(true).document().problems(), Vec::<String>::new());
    let document = document();
    for (operation, written) in each(&document) {
        let id = operation.id;
        assert_eq!(written["operationId"], id);
        assert!(written["summary"].as_str().is_some_and(|text| !text.is_empty()), "{id}");
        let schemes: Vec<&str> = operation.may.iter().map(|kind| scheme(*kind).0).collect();
        let security: Vec<&str> =
            written["security"].as_array().unwrap().iter().flat_map(|one| names(one)).collect();
        assert_eq!(security, schemes, "{id}");
        assert_eq!(
            written["requestBody"].is_object(),
            operation.method != "GET" && !id.ends_with("Deactivation")
        );
    }
    let written = document["paths"].as_object().unwrap().values().map(|path| path.as_object().unwrap().len());
    assert_eq!(written.sum::<usize>(), ENDPOINTS.len(), "and nothing else is");
}

#[test]
fn the_servers_are_where_the_node_is() {
    let document = document();
    assert_eq!(document["servers"][0]["url"], "https://vault.example/rebilly");
    let organization = &document["servers"][1];
    assert_eq!(organization["url"], "https://vault.example/rebilly/organizations/{organizationId}");
    assert_eq!(organization["variables"]["organizationId"]["default"], "org_x");
}

#[test]
fn every_status_is_there_with_its_headers() {
    let document = document();
    let counted = ["X-RateLimit-Limit", "X-RateLimit-Remaining"];
    for (operation, written) in each(&document) {
        let (id, changes) = (operation.id, operation.method != "GET");
        let responses = &written["responses"];
        for (status, response) in responses.as_object().unwrap() {
            let headers = names(&response["headers"]);
            assert!(headers.contains("X-Request-Id"), "{id} {status}");
            let is_counted = changes && !["401", "403"].contains(&status.as_str());
            assert_eq!(counted.iter().all(|name| headers.contains(name)), is_counted, "{id} {status}");
            assert_eq!(
                headers.contains("Location"),
                ["201", "303"].contains(&status.as_str()),
                "{id} {status}"
            );
            assert_eq!(headers.contains("X-RateLimit-Retry-After"), status == "429", "{id} {status}");
            assert_eq!(headers.contains("Retry-After"), ["429", "503"].contains(&status.as_str()), "{id}");
            let is_page = status == "200" && id.ends_with("Collection");
            assert_eq!(headers.contains("Pagination-Total"), is_page, "{id} {status}");
            assert!(response["content"]["application/json"]["schema"].is_object(), "{id} {status}");
        }
        let found = names(responses);
        assert!(found.is_superset(&BTreeSet::from(["401", "403", "503"])), "{id}");
        for status in ["400", "408", "413", "429"] {
            assert_eq!(found.contains(status), changes, "{id} {status}");
        }
        let one = operation.path.contains('{') && id != "PutCustomer";
        assert_eq!(found.contains("404"), one, "{id}");
        assert_eq!(found.contains("409"), id.ends_with("Deactivation"), "{id}");
    }
    let of = |id: &str| names(&each(&document).find(|(one, _)| one.id == id).unwrap().1["responses"]);
    assert!(of("PostPaymentInstrument").is_superset(&BTreeSet::from(["201", "303", "422"])));
    assert!(of("PutCustomer").is_superset(&BTreeSet::from(["200", "201", "422"])));
}

#[test]
fn where_nothing_is_counted_no_count_is_promised() {
    let document = place(false).document().into_value();
    for (operation, written) in each(&document) {
        for (status, response) in written["responses"].as_object().unwrap() {
            let headers = names(&response["headers"]);
            assert!(!headers.contains("X-RateLimit-Remaining"), "{} {status}", operation.id);
            assert_eq!(headers.contains("X-RateLimit-Retry-After"), status == "429", "{}", operation.id);
        }
    }
}

#[test]
fn queries_have_the_limits_of_their_readers() {
    let document = document();
    let parameters = document["paths"]["/payment-instruments"]["get"]["parameters"].as_array().unwrap();
    let schema = |name: &str| &parameters.iter().find(|one| one["name"] == name).unwrap()["schema"];
    assert_eq!(*schema("limit"), json!({ "type": "integer", "minimum": 0, "maximum": 1000, "default": 100 }));
    assert_eq!(schema("offset")["maximum"], 1000);
    let sort = &schema("sort")["items"]["enum"];
    assert!(sort.as_array().unwrap().contains(&json!("-createdTime")));
    assert!(!sort.as_array().unwrap().contains(&json!("fingerprint")), "it cannot be sorted by");
    let own = document["paths"]["/storefront/payment-instruments"]["get"]["parameters"].as_array().unwrap();
    let own = &own.iter().find(|one| one["name"] == "sort").unwrap()["schema"]["items"]["enum"];
    let merchants: Vec<_> =
        sort.as_array().unwrap().iter().filter(|name| !own.as_array().unwrap().contains(name)).collect();
    assert_eq!(merchants, ["revision", "-revision"], "what a customer is not shown");
}

/// Whether a schema of the document takes a value.
fn takes(document: &Value, name: &str, value: &Value) -> bool {
    let mut schema = json!({ "$ref": format!("#/components/schemas/{name}") });
    schema["components"] = document["components"].clone();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap().is_valid(value)
}

#[test]
fn an_instrument_has_the_members_of_its_method_and_its_customer() {
    let document = document();
    let body = json!({ "id": "inst_1", "customerId": "c", "method": "payment-card", "status": "inactive",
        "useAsBackup": false, "createdTime": "2030-01-01T00:00:00Z", "updatedTime": "2030-01-01T00:00:00Z",
        "lastPaymentTime": null, "customFields": {}, "stickyGatewayAccountId": null, "revision": 1,
        "_links": [{ "rel": "self", "href": "https://vault.example/x" }] });
    let with = |changes: Value| {
        let mut body = body.clone();
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        takes(&document, "PaymentInstrument", &body)
    };
    assert!(with(json!({})) && with(json!({ "last4": "1111", "brand": "Visa" })));
    assert!(!with(json!({ "brand": "Mir" })) && !with(json!({ "status": "verification-needed" })));
    assert!(!with(json!({ "method": "ach" })), "a bank account says how its number is written");
    assert!(with(json!({ "method": "ach", "accountNumberType": "IBAN" })));
    assert!(!with(json!({ "method": "Khelocard" })) && with(json!({ "method": "cash" })));
    assert!(!with(json!({ "method": "echeck", "accountNumberType": "BBAN" })), "it became an ach");
    let mut own = body.clone();
    for merchants in ["customerId", "stickyGatewayAccountId", "revision"] {
        own.as_object_mut().unwrap().remove(merchants);
        assert!(!takes(&document, "PaymentInstrument", &own), "{merchants}");
        assert!(
            document["components"]["schemas"]["StorefrontPaymentInstrument"]["properties"]
                .get(merchants)
                .is_none()
        );
    }
    assert!(takes(&document, "StorefrontPaymentInstrument", &own));
    assert!(with(json!({ "method": "cash", "referenceData": { "a": "b" } })));
    assert!(!with(json!({ "method": "cash", "referenceData": { "a": 1 } })));
}

/// A year that is over is refused by every reader, and so by every schema.
#[test]
fn the_first_year_of_an_expiry_is_this_one() {
    let document = document().to_string();
    let minimum = |year: u32| document.matches(&format!("\"minimum\":{year}")).count();
    assert_eq!((minimum(2030), minimum(2000), minimum(1000)), (4, 0, 0));
}

#[test]
fn an_invalid_request_has_a_field_that_is_invalid() {
    let document = document();
    let problem = |fields: Value| {
        json!({ "status": 422, "type": "about:blank", "title": "", "detail": "",
        "invalidFields": fields })
    };
    let field = json!({ "field": "token", "message": "Is required." });
    assert!(takes(&document, "InvalidProblem", &problem(json!([field]))));
    assert!(!takes(&document, "InvalidProblem", &problem(json!([]))));
    assert!(!takes(&document, "InvalidProblem", &problem(json!([{ "field": "token" }]))));
}
