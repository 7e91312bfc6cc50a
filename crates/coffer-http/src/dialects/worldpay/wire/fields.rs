//! From a broken rule to Worldpay's words for it (section 9): a name, a sentence and a path.

use super::super::error::InvalidField;
use crate::form::{Invalid, Rule, Type};

/// Rules of this dialect alone, as readers report them.
pub(crate) mod own {
    /// The check digit of a card number.
    pub(crate) const LUHN: &str = "panFailedLuhnCheck";
    /// An address with a card number in it.
    pub(crate) const CARD_IN_ADDRESS: &str = "billingAddressMightContainCardNumber";
    /// Any other text with a card number in it.
    pub(crate) const CARD_IN_TEXT: &str = "mightContainCardNumber";
    /// A payment instrument of no known type.
    pub(crate) const INSTRUMENT: &str = "paymentInstrumentType";
    /// A moment that is over.
    pub(crate) const PAST: &str = "past";
    /// No moment at all.
    pub(crate) const MOMENT: &str = "moment";
}

/// Which API's words: sessions say a few things otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    Tokens,
    Sessions,
}

/// All problems of a request.
pub(crate) fn all(problems: Vec<(Invalid, Rule)>, words: Words) -> Vec<InvalidField> {
    problems.into_iter().map(|(invalid, rule)| one(&invalid.field, rule, words)).collect()
}

/// One problem; the root of the body is the empty field.
pub(crate) fn one(field: &str, rule: Rule, words: Words) -> InvalidField {
    let thing = thing(field);
    let is = if words == Words::Sessions { "is " } else { "" };
    let (error_name, message) = match rule {
        Rule::Missing => ("fieldIsMissing", format!("{thing} must be supplied")),
        Rule::Type(Type::Text) => ("fieldMustBeString", format!("{thing} must be a string")),
        Rule::Type(Type::Integer | Type::Number) => {
            ("fieldMustBeNumber", format!("{thing} must be a whole number"))
        }
        Rule::Type(Type::Object) if field.ends_with("paymentInstrument") => {
            own_words(own::INSTRUMENT, thing, words)
        }
        Rule::Type(Type::Object) => ("fieldHasInvalidValue", format!("{thing} must be an object")),
        Rule::Length { length, short } => {
            let unit =
                if field.ends_with("cardNumber") || field.ends_with("cvc") { "digits" } else { "characters" };
            let (name, size) =
                if short { ("stringIsTooShort", "short") } else { ("stringIsTooLong", "long") };
            (name, format!("{thing} {is}too {size} - must be between {} & {} {unit}", length.min, length.max))
        }
        Rule::Bounds { min, max, small } => {
            let size = if small { "small" } else { "large" };
            let name = match (words, small) {
                (Words::Tokens, _) => "fieldHasInvalidValue",
                (Words::Sessions, true) => "integerIsTooSmall",
                (Words::Sessions, false) => "integerIsTooLarge",
            };
            (name, format!("{thing} {is}too {size} - must be between {min} & {max}"))
        }
        Rule::Shape if field.ends_with("cardNumber") => {
            ("fieldHasInvalidValue", format!("{thing} must contain digits only"))
        }
        Rule::Shape if field.ends_with("cvc") => ("fieldMustBeNumber", format!("{thing} must be numeric")),
        Rule::Shape => {
            ("stringFailedRegexCheck", format!("{thing} contains characters that are not allowed"))
        }
        Rule::Choice | Rule::Type(Type::Bool | Type::List) => {
            ("fieldHasInvalidValue", format!("{thing} is invalid"))
        }
        Rule::Other(rule) => own_words(rule, thing, words),
    };
    // A type that is none tells nothing of the instrument: the whole of it is named, as the documentation does.
    let field = match rule {
        Rule::Missing | Rule::Choice | Rule::Type(_) if field == "paymentInstrument.type" => {
            return InvalidField {
                error_name: "fieldHasInvalidValue",
                message: "Couldn't determine type of paymentInstrument".to_owned(),
                json_path: "$.paymentInstrument".to_owned(),
            };
        }
        _ => field,
    };
    let json_path = if field.is_empty() { "$".to_owned() } else { format!("$.{field}") };
    InvalidField { error_name, message, json_path }
}

fn own_words(rule: &'static str, thing: &str, words: Words) -> (&'static str, String) {
    match rule {
        own::LUHN if words == Words::Sessions => {
            let published = "The identified field contains a PAN that has failed the Luhn check.";
            (own::LUHN, published.to_owned())
        }
        own::LUHN => (own::LUHN, format!("{thing} is not valid")),
        own::CARD_IN_ADDRESS => (own::CARD_IN_ADDRESS, "Address might contain a card number".to_owned()),
        own::CARD_IN_TEXT => ("fieldHasInvalidValue", format!("{thing} might contain a card number")),
        own::INSTRUMENT => {
            ("fieldHasInvalidValue", "Couldn't determine type of paymentInstrument".to_owned())
        }
        own::PAST => ("fieldHasInvalidValue", format!("{thing} must not be in the past")),
        own::MOMENT => ("fieldHasInvalidValue", format!("{thing} must be an ISO 8601 date-time")),
        _ => ("fieldHasInvalidValue", format!("{thing} is invalid")),
    }
}

/// What people call a field.
fn thing(field: &str) -> &'static str {
    match field.rsplit_once('.').map_or(field, |(_, last)| last) {
        "" => "The body",
        "description" => "Token description",
        "tokenExpiryDateTime" => "Token expiry date time",
        "namespace" => "Namespace",
        "tokenId" => "Token id",
        "schemeTransactionReference" => "Scheme transaction reference",
        "paymentInstrument" => "Payment instrument",
        "type" => "Payment instrument type",
        "cardHolderName" => "Card holder name",
        "cardNumber" => "Card number",
        "cardExpiryDate" => "Card expiry date",
        "month" => "Card expiry month",
        "year" => "Card expiry year",
        "cvc" => "CVC",
        "sessionHref" => "Session href",
        "billingAddress" => "Billing address",
        "address1" => "Address line 1",
        "address2" => "Address line 2",
        "address3" => "Address line 3",
        "postalCode" => "Postal code",
        "city" => "City",
        "state" => "State",
        "countryCode" => "Country code",
        "merchant" => "Merchant",
        "entity" => "Merchant entity",
        "identity" => "Identity",
        "verificationCurrency" => "Verification currency",
        "narrative" => "Narrative",
        "line1" => "Narrative line 1",
        "line2" => "Narrative line 2",
        _ => "Field",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::Length;

    fn said(field: &str, rule: Rule) -> (&'static str, String, String) {
        let InvalidField { error_name, message, json_path } = one(field, rule, Words::Tokens);
        (error_name, message, json_path)
    }

    /// The texts that the documentation shows (section 9).
    #[test]
    fn documented_texts_are_as_documented() {
        let length = Length { min: 1, max: 255 };
        let known = [
            (
                said("description", Rule::Length { length, short: true }),
                (
                    "stringIsTooShort",
                    "Token description too short - must be between 1 & 255 characters",
                    "$.description",
                ),
            ),
            (
                said("paymentInstrument.cardExpiryDate.month", Rule::Bounds { min: 1, max: 12, small: true }),
                (
                    "fieldHasInvalidValue",
                    "Card expiry month too small - must be between 1 & 12",
                    "$.paymentInstrument.cardExpiryDate.month",
                ),
            ),
            (
                said("paymentInstrument.billingAddress.address2", Rule::Other(own::CARD_IN_ADDRESS)),
                (
                    "billingAddressMightContainCardNumber",
                    "Address might contain a card number",
                    "$.paymentInstrument.billingAddress.address2",
                ),
            ),
            (
                said("paymentInstrument.cardHolderName", Rule::Missing),
                ("fieldIsMissing", "Card holder name must be supplied", "$.paymentInstrument.cardHolderName"),
            ),
            (
                said("paymentInstrument.cardNumber", Rule::Other(own::LUHN)),
                ("panFailedLuhnCheck", "Card number is not valid", "$.paymentInstrument.cardNumber"),
            ),
            (
                said("paymentInstrument.type", Rule::Choice),
                (
                    "fieldHasInvalidValue",
                    "Couldn't determine type of paymentInstrument",
                    "$.paymentInstrument",
                ),
            ),
        ];
        for ((name, message, path), expected) in known {
            assert_eq!((name, message.as_str(), path.as_str()), expected);
        }
    }

    #[test]
    fn a_bare_body_is_the_root() {
        assert_eq!(said("", Rule::Type(Type::Object)).2, "$");
        let sessions =
            one("cardExpiryDate.month", Rule::Bounds { min: 1, max: 12, small: false }, Words::Sessions);
        assert_eq!(sessions.error_name, "integerIsTooLarge");
        assert_eq!(sessions.message, "Card expiry month is too large - must be between 1 & 12");
    }
}
