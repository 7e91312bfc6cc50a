//! What can go wrong with the upstream. No text carries anything of a request, an answer or an address.

use coffer_types::limits;

use super::{address::NETWORKS, place::URL_BYTES, tls::AUTHORITIES_BYTES};

/// Why an upstream cannot be called at all: its settings are wrong. The URL is not repeated: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// Not `https://`.
    #[error("the URL does not begin with https://")]
    Scheme,
    /// Longer than a URL of this kind ever is.
    #[error("the URL has more than {URL_BYTES} bytes")]
    Length,
    /// A user or a password before the host.
    #[error("the URL names a user")]
    User,
    /// Something behind `?` or `#`.
    #[error("the URL has a query or a fragment")]
    Query,
    /// Neither a host name nor an address.
    #[error("the URL names neither a host nor an address (an IPv6 address stands in brackets)")]
    Host,
    /// Not from 1 to 65535.
    #[error("the port of the URL is not a number from 1 to 65535")]
    Port,
    /// A path with other characters than letters, digits and `-._~`, or with an empty or a dotted segment.
    #[error("the path of the URL has a character or a segment that it may not have")]
    Path,
    /// An address that no named network holds and that is not public.
    #[error("the URL's address is not public, and no named network holds it")]
    PrivateAddress,
    /// Networks that hold every address: nothing would be refused.
    #[error("the named networks hold every address")]
    Everywhere,
    /// More than an operator has.
    #[error("there are more than {NETWORKS} named networks")]
    Networks,
    /// Outside its bounds.
    #[error("the time for a request is not from 1 to {} seconds", limits::UPSTREAM_SECONDS_MAX)]
    Seconds,
    /// The file of authorities is larger than such files are.
    #[error("the file of authorities has more than {AUTHORITIES_BYTES} bytes")]
    AuthoritiesSize,
    /// Not PEM, no certificate in it, or one that is none.
    #[error("the file of authorities holds something else than certificates in PEM form")]
    Authorities,
    /// The system has none.
    #[error("the system has no certificates of authorities: name a file of them")]
    NoAuthorities,
    /// The TLS library refuses its own settings.
    #[error("TLS cannot be set up")]
    Tls,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nothing of the request has left this machine.
    #[error("the request was not sent: {0}")]
    NotSent(#[from] NotSent),
    /// The request may have arrived, and may have had its effect. It must not be sent again.
    #[error("it is unknown whether the request arrived: {0}")]
    Unknown(#[from] Unanswered),
}

/// Why a request was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// `limits::UPSTREAM_REQUESTS` are on their way.
    #[error("too many requests are on their way to the upstream")]
    Busy,
    /// A path, header or method that a request to the upstream may not have: a fault of the program.
    #[error("it has a path, a header or a method that it may not have")]
    Request,
    /// The host's name is unknown, or nobody could say.
    #[error("the host's name could not be looked up")]
    Resolve,
    /// The host has addresses, and none of them is allowed.
    #[error("the host has no address that is public or in a named network")]
    Address,
    /// No address took the connection.
    #[error("the host could not be reached")]
    Connect,
    /// The time for the connection is over.
    #[error("the connection took too long")]
    Deadline,
    /// The certificate is signed by nobody who is trusted.
    #[error("the certificate is of an unknown authority")]
    UnknownAuthority,
    /// The certificate is another host's.
    #[error("the certificate is not for the host's name")]
    WrongName,
    /// The certificate has expired, or does not hold yet.
    #[error("the certificate is out of date")]
    OutOfDate,
    /// The certificate is wrong in another way.
    #[error("the certificate is not valid")]
    Certificate,
    /// The host speaks no TLS, no version or protocol of ours, or ended the connection.
    #[error("the TLS handshake failed")]
    Handshake,
}

/// Why there is no answer to a request that may have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The time for the request is over.
    #[error("the answer took too long")]
    Deadline,
    /// The connection ended or failed before the answer was complete.
    #[error("the connection ended before the answer was complete")]
    Broken,
    /// The answer is not HTTP/1.1, or its framing is wrong.
    #[error("the answer is not HTTP")]
    Malformed,
    /// More than `limits::HEADER_BYTES` or `limits::HEADER_COUNT`.
    #[error("the head of the answer is too large")]
    Head,
    /// More than `limits::UPSTREAM_ANSWER_BYTES`.
    #[error("the body of the answer is too large")]
    TooLarge,
    /// Compressed, which no request asks for.
    #[error("the body of the answer is compressed")]
    Encoded,
}
