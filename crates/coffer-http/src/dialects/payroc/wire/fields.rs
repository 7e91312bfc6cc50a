//! Members that several requests have, and what texts of them must look like.

use crate::form::{Length, Section, Shape, at_most, up_to};

/// Digits and nothing else.
pub(super) const DIGITS: Shape = Shape {
    pattern: "^[0-9]+$",
    accepts: |text| text.bytes().all(|byte| byte.is_ascii_digit()),
    message: "Must contain digits only.",
};

/// Hexadecimal digits in either case. What is encrypted need not be whole bytes for us: nobody opens it here.
pub(super) const HEX: Shape = Shape {
    pattern: "^[0-9A-Fa-f]+$",
    accepts: |text| text.bytes().all(|byte| byte.is_ascii_hexdigit()),
    message: "Must contain hexadecimal digits only.",
};

/// A text that a caller must be able to name in a path: one segment of it, percent-encoded where it must be, slashes
/// too. `.` and `..` survive no client, and a space at an end is lost when it is copied.
const ONE_SEGMENT: Shape = Shape {
    pattern: r"^(?!\.\.?$)(?! )(?!.* $)[^\u0000-\u001f\u007f-\u009f]+$",
    accepts: |text| {
        !matches!(text, "." | "..")
            && !text.contains(char::is_control)
            && !text.starts_with(' ')
            && !text.ends_with(' ')
    },
    message: "Must have no control characters, no space at an end, and not be . or ..",
};

/// Characters of the merchant's name for a secure token (6.1).
const SECURE_TOKEN_ID: Length = up_to(200);
/// Characters of whoever works at the terminal (3.1).
const OPERATOR: Length = up_to(50);

/// A free text that must be there. No card number may be in it.
pub(super) fn free<'r>(section: Section<'_, 'r>, name: &str, length: Length) -> Option<&'r str> {
    section.without_card(name, section.text(name, length))
}

/// A free text that may be absent or null, of at most so many characters. An empty one is none: some clients write
/// every member.
pub(super) fn optional_free<'r>(section: Section<'_, 'r>, name: &str, max: usize) -> Option<&'r str> {
    let text = section.without_card(name, section.optional_text(name, at_most(max)));
    text.filter(|text| !text.is_empty())
}

/// `secureTokenId`, which may be absent or null. It stands in addresses, and so in the logs of whatever is in between.
pub(super) fn read_secure_token_id<'r>(section: Section<'_, 'r>) -> Option<&'r str> {
    const NAME: &str = "secureTokenId";
    section.without_card(NAME, section.optional_text_like(NAME, SECURE_TOKEN_ID, ONE_SEGMENT))
}

/// `operator`, which may be absent or null.
pub(super) fn read_operator<'r>(section: Section<'_, 'r>) -> Option<&'r str> {
    section.without_card("operator", section.optional_text("operator", OPERATOR))
}
