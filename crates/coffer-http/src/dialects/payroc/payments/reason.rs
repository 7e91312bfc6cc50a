//! Why an answer of the upstream is not passed on.

/// For the operator's log; the caller is told that the request cannot be processed now (500 `#api-error`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reason {
    /// 401 or 403: about our credential there, and no business of the caller's.
    #[error("the upstream refused the credential that is configured for it (status {0})")]
    Credential(u16),
    /// 406, 413 or 415: about how we ask.
    #[error("the upstream did not take the form of our request (status {0})")]
    OurRequest(u16),
    /// A redirect. A request with clear details is never sent to a second place.
    #[error("the upstream answered with a redirect, which is never followed (status {0})")]
    Redirect(u16),
    /// 404 and 405: something else answers under that address.
    #[error("the upstream has no such call: its address in the configuration is wrong (status {0})")]
    Address(u16),
    /// 429 and every status from 501 on.
    #[error("the upstream is not able to answer now (status {0})")]
    Unable(u16),
    /// Any other that the contract does not know.
    #[error("the upstream answered with an unexpected status ({0})")]
    Status(u16),
    /// Longer than an answer can be.
    #[error("the upstream's answer is too long (status {0})")]
    TooLong(u16),
    /// Not JSON, or not an object.
    #[error("the upstream's answer is no JSON object (status {0})")]
    NotObject(u16),
    /// An error without the members that every client looks for (section 9), or a payment without a result.
    #[error("the upstream's answer lacks members that the contract requires (status {0})")]
    Incomplete(u16),
}

impl Reason {
    /// Whether nobody here can tell if the payment was made: it must not be sent again.
    pub(crate) fn is_unknown(self) -> bool {
        match self {
            Self::Credential(_) | Self::OurRequest(_) | Self::Address(_) => false,
            // Others may send whoever has paid to a receipt.
            Self::Redirect(status) => !matches!(status, 301 | 307 | 308),
            // Asked too often, it did nothing.
            Self::Unable(status) => status != 429,
            Self::Status(status) => !(400..500).contains(&status),
            Self::TooLong(status) | Self::NotObject(status) | Self::Incomplete(status) => {
                !(400..500).contains(&status)
            }
        }
    }
}
