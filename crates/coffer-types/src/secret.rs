//! A wrapper for whatever must not leak by accident.

use std::fmt;

use zeroize::Zeroize;

/// A value that is wiped when it goes out of scope and opens only by [`Secret::expose`].
///
/// It has no `Display`, `Clone`, `PartialEq` or `Serialize`, and its `Debug` shows no content, so that a
/// secret cannot reach a log, a reply or a second place without a line of code that says `expose`. Secrets
/// are compared by the constant-time functions of the cryptography crate, never by `==`.
///
/// Wiping covers the value in its last place. The compiler may copy a value when it is moved; what lies on
/// the heap (`String`, `Vec`) moves without a copy, which is why long secrets belong there.
///
/// ```compile_fail
/// let key = coffer_types::Secret::new(vec![7_u8; 32]);
/// let second = key.clone(); // a secret has no clone
/// ```
///
/// ```compile_fail
/// let key = coffer_types::Secret::new(String::from("k"));
/// println!("{key}"); // a secret cannot be displayed
/// ```
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the value into custody.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Opens the secret for as long as the borrow lives.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    struct Witness(Rc<Cell<u32>>);

    impl Zeroize for Witness {
        fn zeroize(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    #[test]
    fn wipes_once_when_dropped_and_not_before() {
        let wiped = Rc::new(Cell::new(0));
        let secret = Secret::new(Witness(Rc::clone(&wiped)));
        assert_eq!(secret.expose().0.get(), 0);
        drop(secret);
        assert_eq!(wiped.get(), 1);
    }

    #[test]
    fn debug_shows_no_content() {
        let secret = Secret::new(String::from("hunter2"));
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_eq!(format!("{secret:#?}"), "Secret(..)");
        assert_eq!(secret.expose(), "hunter2");
    }
}
