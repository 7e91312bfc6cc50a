//! The requests (3.1, 6.2, 6.6, 8.1, 8.2).

use super::{
    checks::{check_address, check_three_d_secure},
    fields::{read_operator, read_secure_token_id},
    kept::KeptOwn,
    source::{AnySource, GivenSource, TOKEN, Taking, read_any, read_given},
    words::{Channel, Scenario, word},
};
use crate::{
    form::{self, Invalid, Length, Mark, Problems, Rule, Section, Shape, up_to},
    json::Node,
};

/// Everything that is wrong with a request.
pub(crate) type Wrong = Vec<(Invalid, Rule)>;

/// `POST …/single-use-tokens`.
pub(crate) struct SingleUseRequest<'r> {
    #[cfg_attr(not(test), expect(dead_code, reason = "looked at, and of no use to a vault"))]
    pub(crate) channel: Channel,
    /// Who was at the terminal.
    pub(crate) operator: Option<&'r str>,
    pub(crate) source: GivenSource,
}

impl<'r> SingleUseRequest<'r> {
    /// Reads a request, or names every field that is wrong.
    pub(crate) fn read(body: &'r Node<'r>, taking: Taking) -> Result<Self, Wrong> {
        read(body, |body| Self::fields(body, taking))
    }

    /// The fields of the request, which are also its schema.
    pub(crate) fn fields(body: Section<'_, 'r>, taking: Taking) -> Option<Self> {
        let channel = word(body, "channel");
        let operator = read_operator(body);
        let source = body.section("source", |source| read_given(source, taking));
        Some(Self { channel: channel?, operator, source: source? })
    }
}

/// `POST …/secure-tokens`.
pub(crate) struct SecureRequest<'r> {
    pub(crate) secure_token_id: Option<&'r str>,
    #[cfg_attr(not(test), expect(dead_code, reason = "looked at, and of no use to a vault"))]
    pub(crate) operator: Option<&'r str>,
    /// `mitAgreement`, `customer` and `customFields`.
    pub(crate) own: KeptOwn<'r>,
    pub(crate) source: AnySource<'r>,
}

impl<'r> SecureRequest<'r> {
    /// Reads a request, or names every field that is wrong.
    pub(crate) fn read(body: &'r Node<'r>, taking: Taking) -> Result<Self, Wrong> {
        read(body, |body| Self::fields(body, taking))
    }

    /// The fields of the request, which are also its schema.
    pub(crate) fn fields(body: Section<'_, 'r>, taking: Taking) -> Option<Self> {
        let secure_token_id = read_secure_token_id(body);
        let operator = read_operator(body);
        let own = KeptOwn::fields(body);
        check_address(body);
        check_three_d_secure(body);
        let source = body.section("source", |source| read_any(source, taking));
        Some(Self { secure_token_id, operator, own, source: source? })
    }
}

/// `POST …/secure-tokens/{secureTokenId}/update-account`.
pub(crate) struct UpdateAccountRequest<'r> {
    /// A single-use token.
    pub(crate) token: &'r str,
}

impl<'r> UpdateAccountRequest<'r> {
    /// Reads a request, or names every field that is wrong.
    pub(crate) fn read(body: &'r Node<'r>) -> Result<Self, Wrong> {
        read(body, Self::fields)
    }

    /// The fields of the request, which are also its schema.
    pub(crate) fn fields(body: Section<'_, 'r>) -> Option<Self> {
        let kind = body.one_of("type", &["singleUseToken"]);
        let token = body.text("token", TOKEN);
        kind?;
        Some(Self { token: token? })
    }
}

/// Four numbers with dots between them.
const VERSION: Shape = Shape {
    pattern: r"^[0-9]+(\.[0-9]+){3}$",
    accepts: |text| {
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        text.split('.').count() == 4 && text.split('.').all(is_number)
    },
    message: "Must be a version of four numbers, such as 1.7.0.261457.",
};
/// Characters of a version: four numbers of nine digits.
const VERSION_CHARS: Length = up_to(39);

/// `POST …/hosted-fields-sessions`.
pub(crate) struct SessionRequest<'r> {
    #[cfg_attr(not(test), expect(dead_code, reason = "looked at, and of no use to a vault"))]
    pub(crate) lib_version: &'r str,
    #[cfg_attr(not(test), expect(dead_code, reason = "looked at, and of no use to a vault"))]
    pub(crate) scenario: Scenario,
    /// Whose details the session shall replace.
    pub(crate) secure_token_id: Option<&'r str>,
}

impl<'r> SessionRequest<'r> {
    /// Reads a request, or names every field that is wrong.
    pub(crate) fn read(body: &'r Node<'r>) -> Result<Self, Wrong> {
        read(body, Self::fields)
    }

    /// The fields of the request, which are also its schema.
    pub(crate) fn fields(body: Section<'_, 'r>) -> Option<Self> {
        let lib_version = body.text_like("libVersion", VERSION_CHARS, VERSION);
        let scenario = word(body, "scenario");
        let secure_token_id = read_secure_token_id(body);
        Some(Self { lib_version: lib_version?, scenario: scenario?, secure_token_id })
    }
}

/// `POST …/apple-pay-sessions`. Whoever asks rightly is told all the same that there are none here.
pub(crate) struct ApplePayRequest;

/// Characters of a domain's identity at Apple.
const DOMAIN_ID: Length = up_to(255);
/// Characters of an address that Apple's library gives.
const URL: Length = up_to(2_048);

impl ApplePayRequest {
    /// Reads a request, or names every field that is wrong.
    pub(crate) fn read(body: &Node<'_>) -> Result<Self, Wrong> {
        read(body, Self::fields)
    }

    /// The fields of the request, which are also its schema.
    pub(crate) fn fields(body: Section<'_, '_>) -> Option<Self> {
        let domain = body.text("appleDomainId", DOMAIN_ID);
        let url = body.text("appleValidationUrl", URL);
        body.mark("appleValidationUrl", Mark::WriteOnly);
        domain.and(url).map(|_| Self)
    }
}

/// Reads a body with one of the readers above.
pub(super) fn read<'r, T>(
    body: &'r Node<'r>,
    fields: impl FnOnce(Section<'_, 'r>) -> Option<T>,
) -> Result<T, Wrong> {
    let problems = Problems::default();
    let value = form::read(body, &problems, fields);
    problems.into_ruled(value)
}
