//! A cursor over header text, with the character classes of RFC 3261 §25.1.
//!
//! Every header and URI parser of this crate is a few calls of a [`Scanner`].
//! It never panics, never backtracks further than one item, and never copies.

use memchr::memchr2;

/// What was expected, and how many octets into the text it was missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} at offset {offset}")]
pub struct SyntaxError {
    /// What the grammar wanted to see.
    pub expected: &'static str,
    /// Octets from the start of the text that was parsed.
    pub offset: usize,
}

/// Sets of octets as bits, so that one table look-up answers for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class(u16);

impl Class {
    /// `token`
    pub const TOKEN: Class = Class(1);
    /// `LWS` after unfolding, with the line ends that a fold leaves.
    pub const SPACE: Class = Class(1 << 1);
    /// `unreserved / user-unreserved`, the octets of a user part except `%`,
    /// and `#`, which dial plans send without escaping it.
    pub const USER: Class = Class(1 << 2);
    /// The octets of a password except `%`.
    pub const PASSWORD: Class = Class(1 << 3);
    /// The octets of URI parameters (with `;` and `=`) except `%`.
    pub const URI_PARAM: Class = Class(1 << 4);
    /// The octets of URI headers (with `&` and `=`) except `%`.
    pub const URI_HEADER: Class = Class(1 << 5);
    /// The octets of a host name or an IPv4 address, with `_`.
    pub const HOST: Class = Class(1 << 6);
    /// The octets of an unquoted header parameter value: wider than the ABNF
    /// (`token / host`), it stops only where something else can begin.
    pub const VALUE: Class = Class(1 << 7);
    /// `word`
    pub const WORD: Class = Class(1 << 8);
    /// Any octet but a control, a space, `,` and `;`.
    pub const ADDR_SPEC: Class = Class(1 << 9);
    /// `DIGIT`
    pub const DIGIT: Class = Class(1 << 10);
    /// The octets of a scheme.
    pub const SCHEME: Class = Class(1 << 11);

    /// True when `octet` belongs to this class.
    #[inline]
    pub const fn contains(self, octet: u8) -> bool {
        TABLE[octet as usize] & self.0 != 0
    }

    /// The octets of either class.
    pub const fn or(self, other: Class) -> Class {
        Class(self.0 | other.0)
    }
}

const fn one_of(octet: u8, set: &[u8]) -> bool {
    let mut i = 0;
    while i < set.len() {
        if set[i] == octet {
            return true;
        }
        i += 1;
    }
    false
}

const fn classes_of(c: u8) -> u16 {
    let alnum = c.is_ascii_alphanumeric();
    let unreserved = alnum || one_of(c, b"-_.!~*'()");
    let visible = c > b' ' && c != 0x7f;
    let mut bits = 0;
    if alnum || one_of(c, b"-.!%*_+`'~") {
        bits |= Class::TOKEN.0;
    }
    if one_of(c, b" \t\r\n") {
        bits |= Class::SPACE.0;
    }
    if unreserved || one_of(c, b"&=+$,;?/#") {
        bits |= Class::USER.0;
    }
    if unreserved || one_of(c, b"&=+$,") {
        bits |= Class::PASSWORD.0;
    }
    if unreserved || one_of(c, b"[]/:&+$;=") {
        bits |= Class::URI_PARAM.0;
    }
    if unreserved || one_of(c, b"[]/?:+$&=") {
        bits |= Class::URI_HEADER.0;
    }
    if alnum || one_of(c, b"-._") {
        bits |= Class::HOST.0;
    }
    if visible && !one_of(c, b";,\"<>") {
        bits |= Class::VALUE.0;
    }
    if alnum || one_of(c, b"-.!%*_+`'~()<>:\\\"/[]?{}") {
        bits |= Class::WORD.0;
    }
    if visible && !one_of(c, b";,") {
        bits |= Class::ADDR_SPEC.0;
    }
    if c.is_ascii_digit() {
        bits |= Class::DIGIT.0;
    }
    if alnum || one_of(c, b"+-.") {
        bits |= Class::SCHEME.0;
    }
    bits
}

static TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = classes_of(i as u8);
        i += 1;
    }
    table
};

/// The text before and after the first `octet`, which must be ASCII. Faster
/// than `str::split_once` on the short texts of headers and attributes.
#[inline]
pub(crate) fn split_once(text: &str, octet: u8) -> Option<(&str, &str)> {
    let at = text.as_bytes().iter().position(|found| *found == octet)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// `1*DIGIT` that fits.
#[inline]
pub(crate) fn decimal<T: TryFrom<u32>>(text: &str) -> Option<T> {
    let digits = text.as_bytes();
    if digits.is_empty() || digits.len() > 10 {
        return None;
    }
    let mut value = 0u64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u64::from(digit);
    }
    u32::try_from(value).ok().and_then(|value| T::try_from(value).ok())
}

/// A cursor over one header value or URI.
#[derive(Debug, Clone)]
pub struct Scanner<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Scanner<'a> {
    /// A cursor at the start of `text`.
    #[inline]
    pub const fn new(text: &'a str) -> Self {
        Self { text, position: 0 }
    }

    /// Octets consumed so far.
    #[inline]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// Goes back (or forward) to a position that [`position`](Self::position)
    /// gave.
    #[inline]
    pub fn seek(&mut self, position: usize) {
        self.position = position.min(self.text.len());
    }

    /// What is left.
    #[inline]
    pub fn rest(&self) -> &'a str {
        self.slice(self.position, self.text.len())
    }

    /// The text between two positions; empty when they are no text boundary.
    #[inline]
    pub fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or("")
    }

    /// True when nothing is left.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.position >= self.text.len()
    }

    /// The next octet.
    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    /// Consumes the next octet when it is `octet`.
    #[inline]
    pub fn eat(&mut self, octet: u8) -> bool {
        let found = self.peek() == Some(octet);
        self.position += usize::from(found);
        found
    }

    /// The error that says that `expected` is missing here.
    #[inline]
    pub const fn error(&self, expected: &'static str) -> SyntaxError {
        SyntaxError { expected, offset: self.position }
    }

    /// Consumes `octet` or fails.
    #[inline]
    pub fn expect(&mut self, octet: u8, expected: &'static str) -> Result<(), SyntaxError> {
        if self.eat(octet) { Ok(()) } else { Err(self.error(expected)) }
    }

    /// Consumes linear white space, if any.
    #[inline]
    pub fn skip_space(&mut self) {
        let octets = self.text.as_bytes();
        while let Some(&octet) = octets.get(self.position) {
            if !Class::SPACE.contains(octet) {
                break;
            }
            self.position += 1;
        }
    }

    /// Consumes `octet` with white space on both sides (`SEMI`, `SLASH`,
    /// `EQUAL`, `COMMA`); consumes nothing when it isn't there.
    #[inline]
    pub fn eat_separator(&mut self, octet: u8) -> bool {
        let start = self.position;
        match self.peek() {
            None => return false,
            // Most peers write no space.
            Some(next) if next == octet => {}
            Some(next) if Class::SPACE.contains(next) => {
                self.skip_space();
                if self.peek() != Some(octet) {
                    self.position = start;
                    return false;
                }
            }
            Some(_) => return false,
        }
        self.position += 1;
        self.skip_space();
        true
    }

    /// The longest run of octets of `class`, which may be empty.
    #[inline]
    pub fn take(&mut self, class: Class) -> &'a str {
        let start = self.position;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let length = rest.iter().position(|octet| !class.contains(*octet));
        let end = start + length.unwrap_or(rest.len());
        self.position = end;
        self.slice(start, end)
    }

    /// The longest run of octets of `class`, at least one.
    #[inline]
    pub fn take_some(
        &mut self,
        class: Class,
        expected: &'static str,
    ) -> Result<&'a str, SyntaxError> {
        let taken = self.take(class);
        if taken.is_empty() { Err(self.error(expected)) } else { Ok(taken) }
    }

    /// Like [`take`](Self::take), and each `%` must start an escape.
    pub fn take_escaped(&mut self, class: Class) -> Result<&'a str, SyntaxError> {
        let octets = self.text.as_bytes();
        let start = self.position;
        loop {
            self.take(class);
            if self.peek() != Some(b'%') {
                return Ok(self.slice(start, self.position));
            }
            match octets.get(self.position + 1..self.position + 3) {
                Some([a, b]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
                    self.position += 3;
                }
                _ => return Err(self.error("two hexadecimal digits after %")),
            }
        }
    }

    /// `token`
    #[inline]
    pub fn token(&mut self) -> Result<&'a str, SyntaxError> {
        self.take_some(Class::TOKEN, "a token")
    }

    /// `quoted-string`; gives what is between the quotes, escapes kept.
    pub fn quoted(&mut self) -> Result<&'a str, SyntaxError> {
        let opening = self.position;
        self.expect(b'"', "a quoted string")?;
        let start = self.position;
        let octets = self.text.as_bytes();
        loop {
            let rest = octets.get(self.position..).unwrap_or_default();
            match memchr2(b'"', b'\\', rest) {
                Some(at) if rest[at] == b'"' => {
                    let end = self.position + at;
                    self.position = end + 1;
                    return Ok(self.slice(start, end));
                }
                Some(at) => self.position += at + 2,
                None => {
                    self.position = opening;
                    return Err(self.error("the closing quote of a quoted string"));
                }
            }
        }
    }

    /// `1*DIGIT`, at most `u32::MAX`.
    #[inline]
    pub fn number(&mut self) -> Result<u32, SyntaxError> {
        let start = self.position;
        let digits = self.take_some(Class::DIGIT, "a number")?;
        let mut value: u32 = 0;
        for digit in digits.bytes() {
            value = match value
                .checked_mul(10)
                .and_then(|tens| tens.checked_add(u32::from(digit - b'0')))
            {
                Some(value) => value,
                None => {
                    self.position = start;
                    return Err(self.error("a number below 2^32"));
                }
            };
        }
        Ok(value)
    }

    /// `1*DIGIT`; what doesn't fit becomes `u32::MAX`, for values where "very
    /// long" is what the peer meant.
    pub fn saturating_number(&mut self) -> Result<u32, SyntaxError> {
        let digits = self.take_some(Class::DIGIT, "a number")?;
        Ok(digits
            .bytes()
            .fold(0u32, |n, d| n.saturating_mul(10).saturating_add(u32::from(d - b'0'))))
    }

    /// A port number.
    pub fn port(&mut self) -> Result<u16, SyntaxError> {
        let start = self.position;
        let number = self.number()?;
        u16::try_from(number).map_err(|_| {
            self.position = start;
            self.error("a port below 65536")
        })
    }

    /// Fails unless only white space is left.
    #[inline]
    pub fn finish(&mut self) -> Result<(), SyntaxError> {
        self.skip_space();
        if self.is_empty() { Ok(()) } else { Err(self.error("the end of the value")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_strings_end_at_the_first_bare_quote() {
        let mut scanner = Scanner::new(r#""a \" b\\" rest"#);
        assert_eq!(scanner.quoted(), Ok(r#"a \" b\\"#));
        assert_eq!(scanner.rest(), " rest");
        assert_eq!(Scanner::new(r#""open\""#).quoted().unwrap_err().offset, 0);
        assert!(Scanner::new("\"é\\é\"").quoted().is_ok());
        assert!(Scanner::new("\"\\").quoted().is_err());
    }

    #[test]
    fn numbers_have_limits() {
        assert_eq!(Scanner::new("4294967295").number(), Ok(u32::MAX));
        assert!(Scanner::new("4294967296").number().is_err());
        assert_eq!(Scanner::new("99999999999").saturating_number(), Ok(u32::MAX));
        assert!(Scanner::new("65536").port().is_err());
        assert!(Scanner::new("x").number().is_err());
    }
}
