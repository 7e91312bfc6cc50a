//! Card schemes.

/// A card scheme that the table of ranges knows (security reference 5.2).
///
/// A scheme that is not here, or only found in licensed tables (Cartes Bancaires, eftpos, Interac, ...), is
/// no error: the brand of such a number is `None`, or that of the network whose number it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "the schemes explain themselves; `name` spells them out")]
pub enum Brand {
    Visa = 1,
    Mastercard = 2,
    AmericanExpress = 3,
    Discover = 4,
    DinersClub = 5,
    Jcb = 6,
    UnionPay = 7,
    Maestro = 8,
    Mir = 9,
    Elo = 10,
    Hipercard = 11,
    Hiper = 12,
    RuPay = 13,
    Troy = 14,
    Verve = 15,
    Dankort = 16,
    Naranja = 17,
    Cabal = 18,
    Uatp = 19,
    Borica = 20,
    UkrCard = 21,
    Humo = 22,
    UzCard = 23,
    Napas = 24,
    TUnion = 25,
}

impl Brand {
    /// Every brand, in the order of its code.
    pub const ALL: [Self; 25] = [
        Self::Visa,
        Self::Mastercard,
        Self::AmericanExpress,
        Self::Discover,
        Self::DinersClub,
        Self::Jcb,
        Self::UnionPay,
        Self::Maestro,
        Self::Mir,
        Self::Elo,
        Self::Hipercard,
        Self::Hiper,
        Self::RuPay,
        Self::Troy,
        Self::Verve,
        Self::Dankort,
        Self::Naranja,
        Self::Cabal,
        Self::Uatp,
        Self::Borica,
        Self::UkrCard,
        Self::Humo,
        Self::UzCard,
        Self::Napas,
        Self::TUnion,
    ];

    /// The number under which a store keeps the brand: 1..=25, never 0. A code is never given to another
    /// brand.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The brand of a stored code; `None` for a code that this version does not know.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|brand| brand.code() == code)
    }

    /// The scheme's name in our own words. Dialects have their own spellings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Visa => "Visa",
            Self::Mastercard => "Mastercard",
            Self::AmericanExpress => "American Express",
            Self::Discover => "Discover",
            Self::DinersClub => "Diners Club",
            Self::Jcb => "JCB",
            Self::UnionPay => "UnionPay",
            Self::Maestro => "Maestro",
            Self::Mir => "Mir",
            Self::Elo => "Elo",
            Self::Hipercard => "Hipercard",
            Self::Hiper => "Hiper",
            Self::RuPay => "RuPay",
            Self::Troy => "Troy",
            Self::Verve => "Verve",
            Self::Dankort => "Dankort",
            Self::Naranja => "Naranja",
            Self::Cabal => "Cabal",
            Self::Uatp => "UATP",
            Self::Borica => "BORICA",
            Self::UkrCard => "UkrCard",
            Self::Humo => "Humo",
            Self::UzCard => "UzCard",
            Self::Napas => "Napas",
            Self::TUnion => "T-Union",
        }
    }

    /// The brand whose [`Brand::name`] this is in lower case and with hyphens for spaces, as files spell it:
    /// `visa`, `american-express`, `t-union`. No other spelling is known.
    pub fn from_slug(slug: &str) -> Option<Self> {
        let lower = |byte: u8| if byte == b' ' { b'-' } else { byte.to_ascii_lowercase() };
        Self::ALL.into_iter().find(|brand| brand.name().bytes().map(lower).eq(slug.bytes()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_frozen() {
        let codes: Vec<u8> = Brand::ALL.iter().map(|brand| brand.code()).collect();
        assert_eq!(codes, (1..=25).collect::<Vec<u8>>());
        assert_eq!(Brand::Visa.code(), 1);
        assert_eq!(Brand::Maestro.code(), 8);
        assert_eq!(Brand::Dankort.code(), 16);
        assert_eq!(Brand::TUnion.code(), 25);
    }

    #[test]
    fn a_code_leads_back_to_its_brand_and_no_other_code_to_any() {
        for code in 0..=u8::MAX {
            let brand = Brand::from_code(code);
            assert_eq!(brand.is_some(), (1..=25).contains(&code), "{code}");
            assert_eq!(brand.map_or(code, Brand::code), code);
        }
    }

    #[test]
    fn names_are_distinct() {
        let names: BTreeSet<&str> = Brand::ALL.iter().map(|brand| brand.name()).collect();
        assert_eq!(names.len(), Brand::ALL.len());
    }

    #[test]
    fn a_slug_is_the_name_in_lower_case_with_hyphens() {
        for brand in Brand::ALL {
            let slug = brand.name().to_lowercase().replace(' ', "-");
            assert_eq!(Brand::from_slug(&slug), Some(brand), "{slug}");
            assert_eq!(Brand::from_slug(brand.name()), None, "{slug}");
        }
        assert_eq!(Brand::from_slug("diners-club"), Some(Brand::DinersClub));
        assert_eq!(Brand::from_slug("t-union"), Some(Brand::TUnion));
        for other in ["", "vis", "visa ", "visaa", "american express", "americanexpress"] {
            assert_eq!(Brand::from_slug(other), None, "{other:?}");
        }
    }
}
