use serde_json::json;

use super::*;
use crate::json::parse;

fn fields(body: &str, check: impl FnOnce(Section<'_, '_>) -> Option<()>) -> Vec<String> {
    let node = parse(body.as_bytes()).unwrap();
    let problems = Problems::default();
    let value = read(&node, &problems, check);
    let invalid = problems.into_result(value).err().unwrap_or_default();
    invalid.into_iter().map(|invalid| format!("{}: {}", invalid.field, invalid.message)).collect()
}

#[test]
fn names_every_problem_in_dot_notation() {
    let body = r#"{"a":{"b":5,"c":"","d":"toolong"},"l":[{"v":1},7],"n":"1","t":{"k":1},"m":[1,2,3]}"#;
    let found = fields(body, |body| {
        body.section("a", |a| {
            a.text("b", up_to(3));
            a.text("c", up_to(3));
            a.text("d", up_to(3));
            a.text("e", up_to(3));
            Some(())
        });
        body.optional_list("l", 2, |element| element.text("v", up_to(3)).map(|_| ()));
        body.integer("n");
        body.optional_texts("t", 1, up_to(3));
        body.optional_text_list("m", 2, up_to(3));
        body.section("missing", |_| Some(()));
        Some(())
    });
    assert_eq!(
        found,
        [
            "a.b: Must be a string.",
            "a.c: Must not be empty.",
            "a.d: Must have at most 3 characters.",
            "a.e: Is required.",
            "l.0.v: Must be a string.",
            "l.1: Must be an object.",
            "n: Must be an integer.",
            "t: Every value must be a string.",
            "m: Must have at most 2 elements.",
            "missing: Is required.",
        ]
    );
}

#[test]
fn takes_what_is_right() {
    let body =
        r#"{"s":"äöü","i":12,"w":-3.0e2,"f":1.5,"b":true,"o":null,"x":{"y":{}},"e":"two","l":["a","b"]}"#;
    let found = fields(body, |body| {
        assert_eq!(body.text("s", up_to(3)), Some("äöü"), "characters count, not bytes");
        assert_eq!(body.integer_within("i", 1, 12), Some(12));
        assert_eq!(body.optional_integer("w"), Some(-300), "a whole number is an integer");
        assert_eq!((body.number("i"), body.optional_number("f")), (Some(12.0), Some(1.5)));
        assert_eq!(body.optional_bool("b"), Some(true));
        assert_eq!(body.optional_text("o", up_to(1)), None);
        assert_eq!(body.one_of("e", &["one", "two"]), Some("two"));
        assert_eq!(body.optional_text_list("l", 2, up_to(1)), Some(vec!["a", "b"]));
        assert!(body.object("x").is_some() && body.optional_object("o").is_none());
        body.section("x", |x| x.section("y", |_| Some(())))
    });
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(fields("[]", |_| Some(())), [": The body must be a JSON object."]);
}

#[test]
fn a_long_list_of_accepted_texts_is_not_repeated() {
    let message = |accepted: &[&str]| {
        fields(r#"{"e":"no"}"#, |body| {
            body.one_of("e", accepted);
            Some(())
        })
    };
    assert_eq!(message(&["a"]), ["e: Must be a."]);
    assert_eq!(message(&["a", "b"]), ["e: Must be one of a, b."]);
    assert_eq!(message(&["x"; 9]), ["e: Is not one of the accepted values."]);
}

#[test]
fn of_a_long_list_those_near_what_was_sent_are_named() {
    let mut accepted = vec!["payment-card", "Gift card", "ach", "echeck", "paypal"];
    accepted.resize(20, "other");
    let message = |sent: &str| {
        fields(&json!({ "e": sent }).to_string(), |body| {
            body.one_of("e", &accepted);
            Some(())
        })
    };
    let near = |list: &str| [format!("e: Is not one of the accepted values; near are {list}.")];
    assert_eq!(message("card"), near("Gift card, payment-card"));
    assert_eq!(message("creditCard"), near("payment-card, Gift card"));
    assert_eq!(message("PAYMENT_CARD"), near("payment-card, Gift card"));
    assert_eq!(message("ach-debit"), near("ach"));
    assert_eq!(message("other!"), near(&["other"; 8].join(", ")), "and no more than eight");
    // Too short to be near anything, or near nothing.
    for sent in ["", "ca", "bitcoin", "4111111111111111"] {
        assert_eq!(message(sent), ["e: Is not one of the accepted values."], "{sent}");
    }
}

const CODE: Shape = Shape {
    pattern: "^[A-Z]+$",
    accepts: |text| text.bytes().all(|byte| byte.is_ascii_uppercase()),
    message: "Must be capital letters.",
};

const WORD: Shape = Shape {
    pattern: "^[A-Z0-9]+$",
    accepts: |text| text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()),
    message: "Must be capital letters and digits.",
};

/// One of every getter.
fn everything(body: Section<'_, '_>) -> Option<()> {
    let text = body.text("text", Length { min: 2, max: 3 });
    body.optional_text("optionalText", Length { min: 0, max: 3 });
    let code = body.text_like("code", up_to(2), CODE);
    body.optional_text_like("optionalCode", up_to(2), CODE);
    let one = body.one_of("one", &["a", "b"]);
    body.optional_one_of("optionalOne", &["a", "b"]);
    let integer = body.integer("integer");
    body.optional_integer("optionalInteger");
    let within = body.integer_within("within", -1, 12);
    body.optional_integer_within("optionalWithin", 1, 12);
    let digits = body.integer_or_digits_within("digits", -1, 12);
    body.optional_text_or_integer("optionalDigits", Length { min: 2, max: 3 }, WORD);
    let number = body.number("number");
    body.optional_number("optionalNumber");
    let truth = body.bool("bool");
    body.optional_bool("optionalBool");
    let section = body.section("section", |inner| inner.text("inner", up_to(1)));
    body.optional_section("optionalSection", |inner| inner.integer("inner"));
    let object = body.object("object");
    body.optional_object("optionalObject");
    body.optional_list("list", 2, |element| element.text("inner", up_to(1)));
    body.optional_text_list("textList", 2, up_to(1));
    body.optional_texts("texts", 1, up_to(1));
    body.refuse("optionalNothing", "Is not taken.");
    body.mark("code", Mark::WriteOnly);
    text.and(code)
        .and(one)
        .and(integer)
        .and(within)
        .and(digits)
        .and(number)
        .and(truth)
        .and(section)
        .and(object)
        .map(|_| ())
}

fn whole() -> Value {
    json!({ "text": "äö", "code": "AB", "one": "a", "integer": 5, "within": 12, "digits": "12", "number": 0.5,
        "bool": false, "section": { "inner": "x" }, "object": {} })
}

/// Whether reader and schema say the same of a body, and what.
fn both(read_body: fn(Section<'_, '_>) -> Option<()>, body: &Value) -> bool {
    let schema = describe(|section| read_body(section));
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let problems = fields(&body.to_string(), read_body);
    assert_eq!(problems.is_empty(), validator.is_valid(body), "{body}\n{problems:?}\n{schema:#}");
    problems.is_empty()
}

#[test]
fn a_reader_and_its_schema_agree() {
    assert!(both(everything, &whole()));
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(12),
        json!(13),
        json!(-1),
        json!(-2),
        json!(12.0),
        json!(1.5),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(i64::MAX as u64 + 1),
        json!(1e300),
        json!(""),
        json!("a"),
        json!("A"),
        json!("ab"),
        json!("AB"),
        json!("ABC"),
        json!("äöüß"),
        json!("A\n"),
        json!([]),
        json!(["a", "b"]),
        json!(["a", "b", "c"]),
        json!(["ab"]),
        json!([null]),
        json!([{ "inner": "x" }, { "inner": "y" }]),
        json!([{ "inner": "x" }, {}]),
        json!([{ "inner": "x" }, { "inner": "y" }, { "inner": "z" }]),
        json!({}),
        json!({ "inner": "x" }),
        json!({ "inner": 1 }),
        json!({ "inner": null }),
    ];
    let schema = describe(everything);
    let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 24, "every getter is described");
    let (mut taken, mut refused) = (0, 0);
    for name in names {
        let mut body = whole();
        body.as_object_mut().unwrap().remove(name);
        let optional = both(everything, &body);
        assert_eq!(
            optional,
            name.starts_with("optional") || ["list", "textList", "texts"].contains(&&**name)
        );
        for value in &values {
            body[name] = value.clone();
            if both(everything, &body) { taken += 1 } else { refused += 1 }
        }
    }
    assert_eq!((taken, refused), (112, 704), "both ways, for every getter");
}

#[test]
fn a_schema_has_the_rules_of_the_getters() {
    let schema = describe(everything);
    let property = |name: &str| &schema["properties"][name];
    assert_eq!(property("text"), &json!({ "type": "string", "minLength": 2, "maxLength": 3 }));
    assert_eq!(
        property("code"),
        &json!({ "type": "string", "minLength": 1, "maxLength": 2, "pattern": "^[A-Z]+$", "writeOnly": true })
    );
    assert_eq!(property("optionalOne"), &json!({ "type": ["string", "null"], "enum": ["a", "b", null] }));
    assert_eq!(property("list")["maxItems"], 2);
    assert_eq!(property("optionalSection")["required"], json!(["inner"]));
    assert_eq!(
        schema["required"],
        json!(["text", "code", "one", "integer", "within", "digits", "number", "bool", "section", "object"])
    );
}

fn forms(body: Section<'_, '_>) -> Option<()> {
    let common = body.text("common", up_to(3));
    let form = body.variant(
        "kind",
        &[
            Variant {
                names: &["card"],
                read: &|card| card.section("card", |card| card.integer("year")).map(|_| ()),
            },
            Variant {
                names: &["cash", "check"],
                read: &|cash| {
                    cash.optional_text("card", up_to(1));
                    Some(())
                },
            },
        ],
    );
    common.and(form.map(|(_, form)| form))
}

#[test]
fn the_form_of_an_object_can_depend_on_a_text() {
    let taken = [
        r#"{"common":"x","kind":"card","card":{"year":1}}"#,
        r#"{"common":"x","kind":"cash"}"#,
        r#"{"common":"x","kind":"check","card":"1"}"#,
    ];
    let refused = [
        r#"{"common":"x","kind":"card","card":"1"}"#,
        r#"{"common":"x","kind":"card"}"#,
        r#"{"common":"x","kind":"cash","card":{"year":1}}"#,
        r#"{"common":"x","kind":"gold"}"#,
        r#"{"common":"x","kind":7}"#,
        r#"{"common":"x"}"#,
        r#"{"kind":"cash"}"#,
    ];
    for body in taken {
        assert!(both(forms, &serde_json::from_str(body).unwrap()), "{body}");
    }
    for body in refused {
        assert!(!both(forms, &serde_json::from_str(body).unwrap()), "{body}");
    }
    assert_eq!(
        fields(r#"{"kind":"gold"}"#, forms),
        ["common: Is required.", "kind: Must be one of card, cash, check."]
    );
}

#[expect(clippy::unnecessary_wraps, reason = "every reader gives an option")]
fn presence(body: Section<'_, '_>) -> Option<()> {
    body.optional_section("inner", |inner| {
        inner.when_present(
            "token",
            |with| {
                let token = with.text("token", up_to(3));
                with.optional_bool("backup");
                token.map(|_| ())
            },
            |without| without.text("number", up_to(3)).map(|_| ()),
        )
    });
    Some(())
}

#[test]
fn the_form_of_an_object_can_depend_on_a_member_that_is_there() {
    let taken = [
        "{}",
        r#"{"inner":null}"#,
        r#"{"inner":{"token":"abc","number":7}}"#,
        r#"{"inner":{"number":"1"}}"#,
        r#"{"inner":{"token":null,"number":"1","backup":7}}"#,
    ];
    let refused = [
        r#"{"inner":{}}"#,
        r#"{"inner":{"token":null}}"#,
        r#"{"inner":{"token":7,"number":"1"}}"#,
        r#"{"inner":{"token":"abc","backup":7}}"#,
        r#"{"inner":7}"#,
    ];
    for body in taken {
        assert!(both(presence, &serde_json::from_str(body).unwrap()), "{body}");
    }
    for body in refused {
        assert!(!both(presence, &serde_json::from_str(body).unwrap()), "{body}");
    }
}

#[test]
fn marks_and_second_askings_are_kept() {
    let schema = describe(|body| {
        body.mark("hash", Mark::ReadOnly);
        body.text("born", up_to(10));
        body.mark("born", Mark::Format("date"));
        body.mark("born", Mark::Nullable);
        body.optional_integer_within("year", 1_000, 9_999);
        body.mark("year", Mark::Minimum(2_030));
        body.optional_text("address", up_to(45));
        body.mark("address", Mark::FormatOf(&["ipv4", "ipv6"]));
        body.optional_text("twice", up_to(5));
        body.text("twice", up_to(3));
        body.text("twice", up_to(3));
        Some(())
    });
    assert_eq!(schema["properties"]["hash"], json!({ "readOnly": true }));
    assert_eq!(
        schema["properties"]["born"],
        json!({ "type": ["string", "null"], "minLength": 1, "maxLength": 10, "format": "date" })
    );
    assert_eq!(schema["required"], json!(["born", "twice"]));
    let year = &schema["properties"]["year"];
    assert_eq!((&year["minimum"], &year["maximum"]), (&json!(2_030), &json!(9_999)));
    assert_eq!(
        schema["properties"]["address"],
        json!({ "type": ["string", "null"], "minLength": 1, "maxLength": 45,
            "anyOf": [{ "format": "ipv4" }, { "format": "ipv6" }] })
    );
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let accepts = |twice: Value| validator.is_valid(&json!({ "born": null, "twice": twice }));
    assert!(accepts(json!("abc")) && !accepts(json!("abcd")) && !accepts(json!(null)));
}

#[test]
fn what_is_refused_is_refused_whatever_it_says() {
    let refused = |body| {
        fields(body, |body| {
            body.refuse("pin", "Is not taken.");
            Some(())
        })
    };
    for body in [r#"{"pin":{}}"#, r#"{"pin":""}"#, r#"{"pin":false}"#] {
        assert_eq!(refused(body), ["pin: Is not taken."], "{body}");
    }
    for body in ["{}", r#"{"pin":null}"#, r#"{"pins":1}"#] {
        assert!(refused(body).is_empty(), "{body}");
    }
}

#[test]
fn an_object_can_be_kept_as_it_came() {
    let body = r#"{"a":{"b":[1,null],"c":"\u00e9"},"d":2}"#;
    let found = fields(body, |body| {
        let kept = body.section("a", |a| serde_json::to_string(a.node()?).ok());
        assert_eq!(kept.as_deref(), Some(r#"{"b":[1,null],"c":"é"}"#));
        Some(())
    });
    assert!(found.is_empty(), "{found:?}");
    describe(|body| {
        assert!(body.node().is_none(), "there is none to describe");
        Some(())
    });
}
