//! Parameters of paths and queries, with the limits that their readers have.

use serde_json::{Value, json};

use super::super::collection::{Collection, LIMIT_MAX, OFFSET_MAX, SEARCH_CHARACTERS_MAX, SORT_FIELDS_MAX};
use crate::openapi::Parameter;

/// The id of a token.
pub(super) fn token() -> Parameter {
    Parameter::path("token", "The id of the token.", "^[0-9a-z-]+$", 50)
}

/// The id of an instrument.
pub(super) fn instrument() -> Parameter {
    Parameter::path("id", "The id of the payment instrument.", "^[0-9A-Z_a-z]+$", 50)
}

/// The id of a customer, by the definition's alphabet.
pub(super) fn customer() -> Parameter {
    Parameter::path("id", "The id of the customer.", "^[A-Za-z0-9_.~@-]+$", 50)
}

/// Which part of a list.
pub(super) fn paging() -> Vec<Parameter> {
    let number = |max: usize, default: usize| {
        let (minimum, kind) = (0, "integer");
        json!({ "type": kind, "minimum": minimum, "maximum": max, "default": default })
    };
    vec![
        Parameter::query("limit", "How many items at most.", number(LIMIT_MAX, 100)),
        Parameter::query("offset", "How many items before them are left out.", number(OFFSET_MAX, 0)),
    ]
}

/// Which instruments, in which order.
pub(super) fn instruments(fields: &Collection) -> Vec<Parameter> {
    let mut parameters = paging();
    parameters.extend([
        Parameter::query(
            "filter",
            "Terms `field:value`, all of which must hold, with `;` between them. Several values with `,` between \
             them: any of them. `!` before the first or before each value: none of them. `from..to`, `from..` or \
             `..to`: a range, both ends included. Texts are compared whole, upper and lower case alike, references \
             letter by letter. At most 32 terms and 128 values. Fields: see the members of an instrument; \
             `customFields.` with any name, dots lead into objects.",
            json!({ "type": "string" }),
        ),
        Parameter::query_list(
            "sort",
            "Fields to sort by, each once, `-` before a name for descending. Without it the newest comes first.",
            sorting(fields),
        ),
        Parameter::query(
            "q",
            "A text that stands in some text field, upper and lower case alike.",
            json!({ "type": "string", "maxLength": SEARCH_CHARACTERS_MAX }),
        ),
    ]);
    parameters
}

fn sorting(fields: &Collection) -> Value {
    let fields = fields.fields.iter().filter(|field| field.sortable);
    let names = fields.flat_map(|field| [field.name.to_owned(), format!("-{}", field.name)]);
    let items = json!({ "type": "string", "enum": names.collect::<Vec<_>>() });
    json!({ "type": "array", "maxItems": SORT_FIELDS_MAX, "uniqueItems": true, "items": items })
}

/// What to embed.
pub(super) fn expand(name: &'static str) -> Parameter {
    Parameter::query("expand", name, json!({ "type": "string" }))
}

/// Which members to give.
pub(super) fn fields() -> Parameter {
    let description =
        "Names of members with commas between them: the answer has these and the id, no others.";
    Parameter::query("fields", description, json!({ "type": "string" }))
}
