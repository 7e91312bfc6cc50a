//! `hasFakeName`: whether a holder's name seems fake (Rebilly reference 6.2; the original's method is not published).
//!
//! A name is made of words: what stands between blanks, hyphens, full stops, commas and underscores. Upper and lower
//! case are the same. It seems fake when one of these is true, and for nothing else:
//!
//! 1. **Placeholder.** A word that is nobody's name (`test`, `unknown`, `n/a`); or two or more words that are all
//!    placeholders, where some are also real names (`Null`, `Foo`, `Bar`, `Fake`, `Tester` by itself or beside a real
//!    first name is no sign); or the whole name is a known one (`John Doe`, `Mickey Mouse`), either word first.
//! 2. **Keyboard.** A word whose letters all lie in one row of a keyboard and that has four neighbours in their order
//!    or backwards (`asdf`, `qwerty`, `lkjh`). `wert` and `trew` are no sign: Wert, Ewert and Trew are surnames.
//! 3. **One letter.** The first or the last name is one letter, three times or more (`Aaa`). Scripts without capitals
//!    are not judged, and `III` counts generations.
//! 4. **Digits.** A word with a digit in it, but for `2nd`, `3rd` and the like.
//! 5. **No vowel.** A word of four or more ASCII letters and no other characters, none of them a vowel. `w` and `y` are
//!    vowels (Welsh, Hmong, Slavic names); up to five letters with an `l` or `r` inside can be spoken (Czech Smrk);
//!    up to five capitals beside a word that can be spoken are initials (MVVS Murthy). Other letters are never judged.
//! 6. **No letter.** Names were given, and none has a letter. A sign alone in one of the two is how people with one
//!    name fill a form.
//!
//! Equal names are no sign: people are called James James. Every rule looks at letters alone and never at where a name
//! comes from, and the answer only ever adds to a score; it refuses nobody.

/// Words that are nobody's name.
const NOBODY: &[&str] = &[
    "abc",
    "abcd",
    "abcde",
    "abcdef",
    "admin",
    "anonymous",
    "asd",
    "asdasd",
    "azerty",
    "blabla",
    "blah",
    "cardholder",
    "firstname",
    "foobar",
    "fullname",
    "ipsum",
    "lastname",
    "lorem",
    "n/a",
    "nobody",
    "noname",
    "none",
    "placeholder",
    "qwe",
    "qweqwe",
    "surname",
    "test",
    "testing",
    "tests",
    "testuser",
    "undefined",
    "unknown",
    "username",
    "xyz",
    "zxc",
    "тест",
    "йцукен",
    "фыва",
    "测试",
    "測試",
    "テスト",
];

/// Words that stand in for a name, and are also names or may be.
const DOUBTFUL: &[&str] = &[
    "bar", "baz", "bla", "client", "customer", "demo", "deneme", "doe", "dummy", "essai", "example", "fake",
    "first", "foo", "guest", "last", "name", "null", "person", "prueba", "qux", "sample", "temp", "teste",
    "tester", "user", "x", "xx", "your",
];

/// Whole names that stand for somebody, or belong to nobody of flesh and blood.
const KNOWN: &[&str] = &[
    "bugs bunny",
    "card holder",
    "daffy duck",
    "darth vader",
    "donald duck",
    "erika mustermann",
    "fulano de tal",
    "hello world",
    "jane doe",
    "joe bloggs",
    "joe public",
    "john doe",
    "john q public",
    "kari nordmann",
    "max mustermann",
    "mickey mouse",
    "minnie mouse",
    "my name",
    "no name",
    "nomen nescio",
    "ola nordmann",
    "santa claus",
    "spongebob squarepants",
];

/// The rows of a keyboard, from left to right.
const ROWS: [&[u8]; 3] = [b"qwertyuiop", b"asdfghjkl", b"zxcvbnm"];
/// Neighbours on a keyboard that are also syllables.
const SYLLABLES: [&[u8]; 2] = [b"wert", b"trew"];
/// Keys in their order that make a word a run.
const RUN: usize = 4;

/// Words shorter than this may have no vowel: Ng, Vlk, Md, Fnu.
const SPOKEN_FROM: usize = 4;
/// Letters of the longest words that initials or a syllabic consonant can explain.
const SHORT: usize = 5;
const VOWELS: &[char] = &['a', 'e', 'i', 'o', 'u', 'w', 'y'];

/// Whether the name seems fake by the rules of this module; `None` when no name was given. A blank name was not given.
///
/// The order of the two and how they are divided matters only to the rule of one letter, so a full name may come as
/// either.
pub(super) fn looks_fake(first: Option<&str>, last: Option<&str>) -> Option<bool> {
    let given = [first, last].map(|name| name.map(str::trim).filter(|name| !name.is_empty()));
    let names: Vec<&str> = given.into_iter().flatten().collect();
    if names.is_empty() {
        return None;
    }
    let words: Vec<&str> =
        names.iter().flat_map(|name| name.split(is_between_words)).filter(|word| !word.is_empty()).collect();
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let fake = !names.iter().any(|name| name.contains(char::is_alphabetic))
        || is_placeholder(&lower)
        || lower.iter().any(|word| is_keyboard_run(word) || has_digit(word))
        || names.iter().any(|name| is_one_letter(name))
        || has_unspeakable_word(&words);
    Some(fake)
}

fn is_between_words(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '.' | ',' | '_')
}

fn is_placeholder(words: &[String]) -> bool {
    let nobody = |word: &String| NOBODY.contains(&word.as_str());
    let doubtful = |word: &String| DOUBTFUL.contains(&word.as_str());
    let known = |words: &[String]| KNOWN.contains(&words.join(" ").as_str());
    let turned = || match words {
        [first, last] => known(&[last.clone(), first.clone()]),
        _ => false,
    };
    words.iter().any(nobody) || (words.len() >= 2 && words.iter().all(doubtful)) || known(words) || turned()
}

fn is_keyboard_run(word: &str) -> bool {
    let keys = word.as_bytes();
    let in_one_row = |row: &&&[u8]| keys.iter().all(|key| row.contains(key));
    ROWS.iter().find(in_one_row).is_some_and(|row| {
        let is_run = |run: &[u8]| row.windows(RUN).any(|there| run == there || run.iter().rev().eq(there));
        keys.windows(RUN).any(|run| is_run(run) && !SYLLABLES.contains(&run))
    })
}

/// Roman numerals of one character (U+2160 to U+2188) are letters here.
fn has_digit(word: &str) -> bool {
    let is_digit = |c: char| c.is_numeric() && !('\u{2160}'..='\u{2188}').contains(&c);
    let number = word.trim_end_matches(|c: char| !c.is_numeric());
    let ordinal = matches!(&word[number.len()..], "st" | "nd" | "rd" | "th")
        && (1..=2).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit());
    word.contains(is_digit) && !ordinal
}

fn is_one_letter(name: &str) -> bool {
    let name = name.to_lowercase();
    let mut letters = name.chars();
    letters.next().is_some_and(|letter| {
        let has_capital = !letter.to_uppercase().eq([letter]);
        has_capital && name.chars().count() >= 3 && letters.all(|other| other == letter) && name != "iii"
    })
}

fn has_unspeakable_word(words: &[&str]) -> bool {
    let speakable = words.iter().any(|word| word.len() >= 2 && !lacks_vowel(word));
    words.iter().any(|word| {
        let initials = word.len() <= SHORT && word.bytes().all(|byte| byte.is_ascii_uppercase());
        word.len() >= SPOKEN_FROM && lacks_vowel(word) && !has_syllabic(word) && !(initials && speakable)
    })
}

/// Whether a word is of ASCII letters alone and none is a vowel.
fn lacks_vowel(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_alphabetic() && !VOWELS.contains(&c.to_ascii_lowercase()))
}

/// Whether a short word of ASCII letters has an `l` or `r` between two others.
fn has_syllabic(word: &str) -> bool {
    let inner = word.get(1..word.len() - 1).unwrap_or_default();
    word.len() <= SHORT && inner.contains(['l', 'r', 'L', 'R'])
}

#[cfg(test)]
mod tests;
