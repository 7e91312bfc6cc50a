use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::*;
use crate::form::{self, Section, up_to};

/// An answer with everything that our answers have.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Thing")]
struct ThingBody<'r> {
    id: &'r str,
    exp_month: u8,
    used_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brand: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    risk: Option<&'r RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<LinkBody<'r>>,
    #[serde(rename = "_links")]
    links: [LinkBody<'r>; 1],
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Link")]
struct LinkBody<'r> {
    rel: &'static str,
    href: Cow<'r, str>,
}

fn thing(raw: Option<&RawValue>, brand: Option<&'static str>) -> Value {
    let link = || LinkBody { rel: "self", href: Cow::Borrowed("/x") };
    let first = brand.map(|_| link());
    let body = ThingBody { id: "a", exp_month: 12, used_at: None, brand, risk: raw, first, links: [link()] };
    serde_json::to_value(body).unwrap()
}

fn read_thing(body: Section<'_, '_>) -> Option<()> {
    body.text("token", up_to(50)).map(|_| ())
}

fn operation(document: &mut Document) -> Operation {
    let thing = document.answer_schema::<ThingBody<'_>>();
    let request = document.component("ThingRequest", form::describe(read_thing));
    Operation {
        id: "PostThing",
        method: Method::POST,
        path: "/things/{id}",
        summary: "Makes a thing.",
        description: "Out of nothing.",
        security: vec!["Key"],
        media: &["application/json", "application/hal+json"],
        parameters: vec![
            Parameter::path("id", "Which.", "^[a-z]+$", 50),
            Parameter::query("limit", "How many.", json!({ "type": "integer" })),
            Parameter::query_list("sort", "In which order.", json!({ "type": "array" })),
        ],
        request: Some(request),
        answers: vec![
            Answer {
                status: 201,
                description: "Made.",
                media: None,
                others: vec![("application/hal+json", json!({ "type": "object" }))],
                schema: Some(thing),
                headers: vec![Header {
                    name: "Location",
                    description: "Where.",
                    schema: json!({ "type": "string" }),
                }],
            },
            Answer {
                status: 204,
                description: "Nothing.",
                schema: None,
                media: None,
                others: Vec::new(),
                headers: Vec::new(),
            },
        ],
    }
}

fn document() -> Document {
    let mut document = Document::new("Things", "1.0.0", "All of them.");
    document.server("http://localhost/rebilly", "Here.", &[]);
    let variable = ServerVariable { name: "org", default: "org_sandbox".to_owned(), description: "Whose." };
    document.server("http://localhost/rebilly/organizations/{org}", "For one.", &[variable]);
    document.security("Key", &Security::Header("REB-APIKEY"), "A secret key.");
    document.security("Jwt", &Security::Bearer("JWT"), "A session.");
    let operation = operation(&mut document);
    document.operation(operation);
    document
}

/// A validator of one named schema of the document.
fn validator(document: &Value, name: &str) -> jsonschema::Validator {
    let mut schema = json!({ "$ref": format!("#/components/schemas/{name}") });
    schema["components"] = document["components"].clone();
    jsonschema::draft202012::new(&schema).unwrap()
}

#[test]
fn a_document_has_what_it_was_given() {
    let document = document();
    assert_eq!(document.problems(), Vec::<String>::new());
    let value = document.into_value();
    assert_eq!((&value["openapi"], &value["info"]["title"]), (&json!("3.1.0"), &json!("Things")));
    assert_eq!(value["servers"][0], json!({ "url": "http://localhost/rebilly", "description": "Here." }));
    assert_eq!(value["servers"][1]["variables"]["org"]["default"], "org_sandbox");
    let schemes = &value["components"]["securitySchemes"];
    assert_eq!(
        (&schemes["Key"]["name"], &schemes["Jwt"]["scheme"]),
        (&json!("REB-APIKEY"), &json!("bearer"))
    );
    let operation = &value["paths"]["/things/{id}"]["post"];
    assert_eq!(operation["operationId"], "PostThing");
    assert_eq!(operation["security"], json!([{ "Key": [] }]));
    assert_eq!(
        (&operation["parameters"][0]["in"], &operation["parameters"][0]["required"]),
        (&json!("path"), &json!(true))
    );
    assert_eq!(operation["parameters"][1]["required"], false);
    assert_eq!(operation["parameters"][1].get("explode"), None);
    assert_eq!(operation["parameters"][2]["explode"], false);
    assert_eq!(operation["description"], "Out of nothing.");
    let schema = |part: &Value| part["content"]["application/json"]["schema"]["$ref"].clone();
    assert_eq!(schema(&operation["requestBody"]), "#/components/schemas/ThingRequest");
    assert_eq!(schema(&operation["responses"]["201"]), "#/components/schemas/Thing");
    assert_eq!(operation["responses"]["201"]["headers"]["Location"]["schema"]["type"], "string");
    assert_eq!(operation["responses"]["204"], json!({ "description": "Nothing." }));
    let names: Vec<&String> = value["components"]["schemas"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["Link", "Thing", "ThingRequest"], "names of the world, not of the code");
}

#[test]
fn every_answer_fits_its_schema_and_nothing_less_does() {
    let value = document().into_value();
    let thing_schema = &value["components"]["schemas"]["Thing"];
    assert_eq!(thing_schema["required"], json!(["id", "expMonth", "usedAt", "_links"]));
    let validator = validator(&value, "Thing");
    let raw = RawValue::from_string(r#"{"score":1}"#.to_owned()).unwrap();
    for body in [thing(None, None), thing(Some(&raw), Some("Visa"))] {
        assert!(validator.is_valid(&body), "{body}");
        for name in ["id", "expMonth", "usedAt", "_links"] {
            let mut short = body.clone();
            short.as_object_mut().unwrap().remove(name);
            assert!(!validator.is_valid(&short), "{name} is always there");
        }
    }
    let with = |name: &str, member: Value| {
        let mut body = thing(None, None);
        body[name] = member;
        validator.is_valid(&body)
    };
    assert!(with("usedAt", json!("now")) && !with("usedAt", json!(5)), "null or a text");
    assert!(!with("brand", json!(null)) && with("brand", json!("x")), "left out, never null");
    assert!(!with("first", json!(null)), "the same for an object");
    assert!(with("first", json!({ "rel": "self", "href": "/" })) && !with("first", json!({ "rel": "self" })));
    assert!(!with("_links", json!([])), "an array of one has one");
}

#[test]
fn a_part_may_lack_all_but_its_own_required_members() {
    let mut document = document();
    let reference = document.part_schema::<ThingBody<'_>>("ThingPart", &["id"]);
    assert_eq!(reference["$ref"], "#/components/schemas/ThingPart");
    assert_eq!(document.problems(), Vec::<String>::new());
    let validator = validator(&document.into_value(), "ThingPart");
    let mut body = thing(None, None);
    assert!(validator.is_valid(&body), "null is still null");
    for name in ["expMonth", "usedAt", "_links"] {
        body.as_object_mut().unwrap().remove(name);
    }
    assert!(validator.is_valid(&body) && !validator.is_valid(&json!({})));
    assert!(!validator.is_valid(&json!({ "id": 1 })));
}

#[test]
fn what_does_not_fit_together_is_told() {
    let mut document = document();
    let again = operation(&mut document);
    document.operation(again);
    let lost = operation(&mut document);
    document.operation(Operation {
        id: "Lost",
        method: Method::GET,
        path: "/things/{other}",
        security: vec!["None"],
        ..lost
    });
    document.component("Thing", json!({}));
    document.component("ThingRequest", json!({}));
    assert_eq!(
        document.problems(),
        [
            "PostThing: the name is taken",
            "PostThing: the path has this method already",
            "Lost: there is no security scheme None",
            "Lost: id is in the path or in the parameters only",
            "Lost: other is in the path or in the parameters only",
            "two schemas have the name ThingRequest",
            "a request and an answer have the name Thing",
        ]
    );
}

#[test]
fn every_media_type_has_its_schema() {
    let mut document = Document::new("Things", "1", "");
    document.security("Key", &Security::Header("Key"), "");
    let operation = operation(&mut document);
    document.operation(operation);
    let value = document.into_value();
    let post = &value["paths"]["/things/{id}"]["post"];
    let (json, hal) = ("application/json", "application/hal+json");
    let made = &post["responses"]["201"]["content"];
    assert!(made[json]["schema"]["$ref"].is_string(), "{made}");
    assert_eq!(made[hal]["schema"], json!({ "type": "object" }), "one of its own");
    let request = &post["requestBody"]["content"];
    assert!(request[json]["schema"]["$ref"].is_string() && request[json] == request[hal], "{request}");
    assert!(post["responses"]["204"].get("content").is_none());
}
