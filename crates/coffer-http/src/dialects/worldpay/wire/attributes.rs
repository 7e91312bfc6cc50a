//! `PUT` on an attribute's link: the bare value (section 6). An object with the attribute's own name around the value
//! is taken as well: the definition declares it, against its own examples.

use coffer_core::{CardFacts, ReusableChange};
use coffer_crypto::LocatorKind;

use super::{
    address::read_address,
    card::read_expiry,
    create::{DESCRIPTION_RULE, REFERENCE_RULE},
    fields::{self, Words, own},
};
use crate::{
    detector::is_known_card,
    dialects::worldpay::error::Problem,
    form::{self, Length, Problems, Rule, Section, Shape, Type, up_to},
    json::Node,
};

/// Any text.
const ANY: Shape = Shape { pattern: "^[^]*$", accepts: |_| true, message: "" };

/// What a link's kind changes; none for a link of no attribute.
pub(crate) fn read_change(kind: LocatorKind, body: &Node<'_>) -> Result<ReusableChange, Problem> {
    let facts = |facts| Ok(ReusableChange::Facts(facts));
    match kind {
        LocatorKind::ReusableDescription => {
            read_text(body, "description", DESCRIPTION_RULE).map(ReusableChange::Description)
        }
        LocatorKind::ReusableHolder => {
            let holder = read_text(body, "cardHolderName", (up_to(255), ANY))?;
            facts(CardFacts { holder: Some(holder), ..CardFacts::default() })
        }
        LocatorKind::ReusableSchemeReference => {
            let reference = read_text(body, "schemeTransactionReference", REFERENCE_RULE)?;
            facts(CardFacts { scheme_reference: Some(reference), ..CardFacts::default() })
        }
        LocatorKind::ReusableExpiry => {
            let expiry = read_object(bare(body, "cardExpiryDate"), read_expiry)?;
            facts(CardFacts { expiry: Some(expiry), ..CardFacts::default() })
        }
        LocatorKind::ReusableAddress => {
            let contact = read_object(bare(body, "billingAddress"), read_address)?;
            facts(CardFacts { contact: Some(contact), ..CardFacts::default() })
        }
        _ => Err(Problem::NoAttribute),
    }
}

/// The value itself.
fn bare<'n, 'b>(body: &'n Node<'b>, name: &str) -> &'n Node<'b> {
    body.member(name).unwrap_or(body)
}

fn read_text(body: &Node<'_>, name: &str, (length, shape): (Length, Shape)) -> Result<String, Problem> {
    // The path of a bare value is the root; its words are the attribute's.
    let refused = |rule| {
        let mut field = fields::one(name, rule, Words::Tokens);
        "$".clone_into(&mut field.json_path);
        Err(Problem::Invalid(vec![field]))
    };
    let Node::Text(text) = bare(body, name) else { return refused(Rule::Type(Type::Text)) };
    let text = text.as_str();
    let count = text.chars().count();
    if count < length.min || count > length.max {
        return refused(Rule::Length { length, short: count < length.min });
    }
    if !(shape.accepts)(text) {
        return refused(Rule::Shape);
    }
    if name != "schemeTransactionReference" && is_known_card(text) {
        return refused(Rule::Other(own::CARD_IN_TEXT));
    }
    Ok(text.to_owned())
}

fn read_object<'r, T>(
    body: &'r Node<'r>,
    read: impl FnOnce(Section<'_, 'r>) -> Option<T>,
) -> Result<T, Problem> {
    let problems = Problems::default();
    let value = form::read(body, &problems, read);
    problems.into_ruled(value).map_err(|found| Problem::Invalid(fields::all(found, Words::Tokens)))
}
