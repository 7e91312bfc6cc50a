//! Names of headers that carry what opens an account.

use super::text_holds_card;

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

/// Whether a header must not be kept: by its name, in any case, it carries a secret, or there is a card number in it.
/// Numbers that trace a request may look like one: the header goes, and nobody is refused for it.
pub(crate) fn is_secret_header(name: &str, value: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    SECRET_PARTS.iter().any(|part| lower.contains(part)) || text_holds_card(name) || text_holds_card(value)
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
            assert!(is_secret_header(secret, "x"), "{secret}");
        }
        for told in
            ["User-Agent", "Accept", "Accept-Language", "Sec-CH-UA", "Referer", "DNT", "Origin", "Host"]
        {
            assert!(!is_secret_header(told, "x"), "{told}");
            assert!(is_secret_header(told, "a 4111 1111 1111 1111"), "{told}");
        }
    }
}
