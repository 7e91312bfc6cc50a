//! What hyper forgives and another reader in front of us could take differently (`reference/security.md` section 9).

use hyper::{
    Version,
    header::{HOST, TRANSFER_ENCODING},
    http::request::Parts,
};

/// Whether everybody who reads this head finds the same host and the same end of the body. The answer to any other
/// is 400, and the connection ends with it.
pub(super) fn is_plain(head: &Parts) -> bool {
    has_one_host(head) && has_plain_coding(head)
}

/// One valid `Host`, which HTTP/1.0 may leave out, and no other host in the target (RFC 9112, 3.2).
fn has_one_host(head: &Parts) -> bool {
    let mut hosts = head.headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.as_bytes(),
        (None, None) => return head.version < Version::HTTP_11,
        _ => return false,
    };
    let letters = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:[]%!$&'()*+,;=".contains(byte);
    let same =
        head.uri.authority().is_none_or(|target| target.as_str().as_bytes().eq_ignore_ascii_case(host));
    !host.is_empty() && host.iter().all(letters) && same
}

/// No transfer coding but `chunked`, once (RFC 9112, 6.1). hyper unpacks no other and takes a repeated one for one.
fn has_plain_coding(head: &Parts) -> bool {
    let mut codings = head.headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn plain(version: Version, target: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().version(version).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        is_plain(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn one_host_that_is_a_host() {
        let (old, new) = (Version::HTTP_10, Version::HTTP_11);
        for host in ["vault", "vault.example:8443", "127.0.0.1:8080", "[::1]:8080"] {
            assert!(plain(new, "/x", &[("host", host)]), "{host}");
        }
        for host in ["", "vault/x", "user@vault", "a b", "vault?", "vault#"] {
            assert!(!plain(new, "/x", &[("host", host)]), "{host:?}");
        }
        assert!(!plain(new, "/x", &[]) && plain(old, "/x", &[]));
        assert!(!plain(old, "/x", &[("host", "a"), ("host", "a")]));
        assert!(plain(new, "http://vault:1/x", &[("host", "VAULT:1")]));
        assert!(!plain(new, "http://elsewhere/x", &[("host", "vault")]));
    }

    #[test]
    fn chunked_and_nothing_else() {
        let coded = |codings: &[&str]| {
            let mut headers = vec![("host", "vault")];
            headers.extend(codings.iter().map(|coding| ("transfer-encoding", *coding)));
            plain(Version::HTTP_11, "/x", &headers)
        };
        assert!(coded(&[]) && coded(&["chunked"]) && coded(&["Chunked"]));
        for codings in
            [&["gzip, chunked"][..], &["chunked, chunked"], &["chunked", "chunked"], &["gzip"], &[""]]
        {
            assert!(!coded(codings), "{codings:?}");
        }
    }
}
