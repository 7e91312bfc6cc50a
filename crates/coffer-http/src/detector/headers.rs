//! Names of headers that carry what opens an account.

/// Parts of names that secrets have, whoever put them there.
const SECRET_PARTS: [&str; 11] = [
    "auth",
    "bearer",
    "cert",
    "cookie",
    "credential",
    "jwt",
    "key",
    "password",
    "secret",
    "session",
    "token",
];

/// Whether a header's value is, or may be, a secret: by its name, in any case.
pub(crate) fn is_secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_PARTS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_an_account_is_known_by_its_name() {
        for secret in [
            "Authorization",
            "Proxy-Authorization",
            "REB-APIKEY",
            "Cookie",
            "Set-Cookie",
            "Cookie2",
            "X-Api-Key",
            "X-Auth-Token",
            "X-CSRF-Token",
            "X-Forwarded-Client-Cert",
            "X-Amz-Security-Token",
            "X-Bearer",
            "My-Credentials",
        ] {
            assert!(is_secret_header(secret), "{secret}");
        }
        for told in
            ["User-Agent", "Accept", "Accept-Language", "Sec-CH-UA", "Referer", "DNT", "Origin", "Host"]
        {
            assert!(!is_secret_header(told), "{told}");
        }
    }
}
