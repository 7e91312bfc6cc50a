//! Countries by their code.

use std::fmt;

use thiserror::Error;

/// A country as its ISO 3166-1 alpha-2 code: two capital ASCII letters, such as `US`.
///
/// Only the shape is checked. Which codes are assigned changes, and the files and forms that bring them use
/// some that are not (`XK`, `EU`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// A text that is not two capital ASCII letters. Carries nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a country is two capital letters")]
pub struct CountryError;

impl Country {
    /// Reads two capital ASCII letters.
    pub fn parse(text: &str) -> Result<Self, CountryError> {
        let code = <[u8; 2]>::try_from(text.as_bytes()).map_err(|_| CountryError)?;
        if code.iter().all(u8::is_ascii_uppercase) { Ok(Self(code)) } else { Err(CountryError) }
    }

    /// The two letters.
    pub fn as_str(&self) -> &str {
        match str::from_utf8(&self.0) {
            Ok(code) => code,
            Err(_) => unreachable!("the constructor admits ASCII letters only"),
        }
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_shows() {
        for code in ["US", "AA", "ZZ", "AZ"] {
            let country = Country::parse(code).unwrap();
            assert_eq!(country.as_str(), code);
            assert_eq!(format!("{country} {country:?}"), format!("{code} {code}"));
        }
        assert!(Country::parse("AT").unwrap() < Country::parse("AU").unwrap());
        assert_ne!(Country::parse("AT"), Country::parse("TA"));
    }

    #[test]
    fn refuses_everything_else() {
        for text in ["", "U", "USA", "us", "Us", "U1", "U ", " US", "@A", "[A", "A[", "é", "\0\0"] {
            assert_eq!(Country::parse(text), Err(CountryError), "{text:?}");
        }
    }
}
