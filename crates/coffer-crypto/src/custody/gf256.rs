//! The field of 256 elements, bytes as polynomials over GF(2) modulo x^8 + x^4 + x^3 + x + 1, as in AES (FIPS 197, 4).
//!
//! No branch and no index depends on a value: the time of a step says nothing of what was multiplied.

/// What x^8 leaves.
const REDUCE: u8 = 0x1b;

/// The product.
pub(super) fn mul(one: u8, other: u8) -> u8 {
    let (mut one, mut other, mut product) = (one, other, 0_u8);
    for _ in 0..8 {
        product ^= one & mask(other & 1);
        one = (one << 1) ^ (REDUCE & mask(one >> 7));
        other >>= 1;
    }
    product
}

/// The element whose product with this one is 1, as its 254th power; of 0 it is 0.
pub(super) fn invert(value: u8) -> u8 {
    let (mut power, mut inverse) = (value, 1);
    // 254 is 11111110 in bits.
    for _ in 0..7 {
        power = mul(power, power);
        inverse = mul(inverse, power);
    }
    inverse
}

/// All bits for 1, none for 0.
fn mask(bit: u8) -> u8 {
    std::hint::black_box(0_u8.wrapping_sub(bit))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 197, 4.2: {57} x {83} = {c1}, and {57} x {13} = {fe}.
    #[test]
    fn published_products() {
        assert_eq!(mul(0x57, 0x83), 0xc1);
        assert_eq!(mul(0x57, 0x13), 0xfe);
    }

    /// Every product, by long division of the polynomials.
    #[test]
    fn every_product_is_the_schoolbooks() {
        for one in 0..=255_u8 {
            for other in 0..=255_u8 {
                let mut long = (0..8)
                    .filter(|bit| other >> bit & 1 == 1)
                    .fold(0_u16, |sum, bit| sum ^ (u16::from(one) << bit));
                for bit in (8..16).rev() {
                    if long >> bit & 1 == 1 {
                        long ^= 0x11b << (bit - 8);
                    }
                }
                assert_eq!(u16::from(mul(one, other)), long, "{one} x {other}");
            }
        }
    }

    #[test]
    fn every_element_but_zero_has_its_inverse() {
        assert_eq!(invert(0), 0);
        for value in 1..=255 {
            assert_eq!(mul(value, invert(value)), 1, "{value}");
        }
    }
}
