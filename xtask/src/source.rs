//! Tells code, comments and literals of a Rust file apart, so that a check can look at one of them alone.

/// What a byte of a Rust file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Code,
    Comment,
    /// String and character literals with their quotes.
    Literal,
}

/// A Rust file and the kind of each of its bytes.
pub(crate) struct Source<'a> {
    pub(crate) text: &'a str,
    kinds: Vec<Kind>,
}

impl<'a> Source<'a> {
    /// Never fails: on a file that does not compile, the rest of it may be classified wrongly.
    pub(crate) fn new(text: &'a str) -> Self {
        let mut kinds = vec![Kind::Code; text.len()];
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let (kind, end) = piece(bytes, at);
            let end = end.clamp(at + 1, bytes.len());
            kinds[at..end].fill(kind);
            at = end;
        }
        Self { text, kinds }
    }

    /// The file with everything but `kind` replaced by spaces; lines and byte positions stay.
    pub(crate) fn only(&self, kind: Kind) -> String {
        let bytes = self.text.bytes().zip(&self.kinds);
        let kept = bytes.map(|(byte, k)| if *k == kind || byte == b'\n' { byte } else { b' ' });
        String::from_utf8_lossy(&kept.collect::<Vec<_>>()).into_owned()
    }

    /// Whether all bytes of a range are of one kind. An empty range is not.
    pub(crate) fn is_all(&self, range: std::ops::Range<usize>, kind: Kind) -> bool {
        !range.is_empty() && self.kinds[range].iter().all(|k| *k == kind)
    }
}

/// The kind of what starts at `at`, and where it ends.
fn piece(bytes: &[u8], at: usize) -> (Kind, usize) {
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        return (Kind::Comment, at + length);
    }
    if rest.starts_with(b"/*") {
        return (Kind::Comment, block_comment_end(bytes, at));
    }
    let literal = match rest[0] {
        b'"' => Some(string_end(bytes, at)),
        b'\'' => character_end(bytes, at),
        b'r' | b'b' | b'c' if at == 0 || !is_word(bytes[at - 1]) => prefixed_end(bytes, at),
        _ => None,
    };
    literal.map_or((Kind::Code, at + 1), |end| (Kind::Literal, end))
}

fn block_comment_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// The end of a string whose opening quote is at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// The end of a character literal, or nothing when the quote begins a lifetime or a label.
fn character_end(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes.get(start + 1) == Some(&b'\\') {
        let rest = bytes.get(start + 3..)?;
        return rest.iter().position(|byte| *byte == b'\'').map(|length| start + 3 + length + 1);
    }
    let after = (start + 2..bytes.len()).find(|at| bytes[*at] & 0xC0 != 0x80)?;
    (bytes[after] == b'\'' && bytes[start + 1] != b'\'').then_some(after + 1)
}

/// The end of a literal with a prefix: `r"…"`, `r#"…"#`, `b"…"`, `b'…'`, `br"…"`, `c"…"`.
fn prefixed_end(bytes: &[u8], start: usize) -> Option<usize> {
    let letters = bytes[start..].iter().take_while(|byte| matches!(byte, b'r' | b'b' | b'c')).count();
    let prefix = &bytes[start..start + letters];
    let hashes = bytes[start + letters..].iter().take_while(|byte| **byte == b'#').count();
    let quote = start + letters + hashes;
    match bytes.get(quote)? {
        b'"' if prefix.contains(&b'r') => {
            let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
            let inside = &bytes[quote + 1..];
            let length = inside.windows(close.len()).position(|window| window == close);
            Some(length.map_or(bytes.len(), |length| quote + 1 + length + close.len()))
        }
        b'"' if hashes == 0 && letters == 1 => Some(string_end(bytes, quote)),
        b'\'' if hashes == 0 && prefix == b"b" => character_end(bytes, quote),
        _ => None,
    }
}

/// Whether a byte can be part of an identifier.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Where `word` stands in `text` as a whole word.
pub(crate) fn words<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    let bytes = text.as_bytes();
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = *at > 0 && is_word(bytes[at - 1]);
        let after = bytes.get(at + word.len()).copied().is_some_and(is_word);
        !before && !after
    })
}

/// The number of the line, from 1, that holds the byte at `at`.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        Source::new(text).only(Kind::Code)
    }

    #[test]
    fn comments_and_literals_are_blanked_and_lines_stay() {
        assert_eq!(code("a // b\nc"), "a     \nc");
        assert_eq!(code("a /* b /* c */ d */ e"), "a                   e");
        assert_eq!(code(r#"a("b { \" }", 'c', '\'', b'{') d"#), "a(          ,    ,     ,     ) d");
        assert_eq!(code("r#\"{ \"x\" \"# y"), "            y");
        assert_eq!(code("br\"\\\" y"), "      y");
    }

    #[test]
    fn lifetimes_and_raw_names_are_code() {
        for text in ["fn f<'a>(x: &'a str) {}", "'outer: loop {}", "let r#type = 1;", "crab = rc;"] {
            assert_eq!(code(text), text);
        }
        assert_eq!(code("x('é') y"), "x(    ) y");
    }

    #[test]
    fn the_kinds_add_up_to_the_text() {
        let text = "let a = \"b\"; // c";
        let source = Source::new(text);
        assert_eq!(source.only(Kind::Literal).trim(), "\"b\"");
        assert_eq!(source.only(Kind::Comment).trim(), "// c");
        assert!(source.is_all(8..11, Kind::Literal));
        assert!(!source.is_all(8..12, Kind::Literal));
        assert!(!source.is_all(8..8, Kind::Literal));
    }

    #[test]
    fn unfinished_files_do_not_loop_or_panic() {
        for text in ["\"", "'", "'\\", "/*", "r#\"", "b", "\"\\", "r", "''"] {
            assert_eq!(code(text).len(), text.len());
        }
    }

    #[test]
    fn words_are_whole_and_lines_are_counted_from_one() {
        assert_eq!(words("fn fnx xfn fn", "fn").collect::<Vec<_>>(), [0, 11]);
        assert_eq!(line_of("a\nb\n", 0), 1);
        assert_eq!(line_of("a\nb\n", 2), 2);
    }
}
