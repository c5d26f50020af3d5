//! Messages to bytes (RFC 4975 §7.1, §7.2).

use std::fmt::{self, Write};

use bytes::{Bytes, BytesMut};

use crate::header::{HeaderName, StatusCode};
use crate::message::{Flag, Method, is_control, is_ident};
use crate::uri::Path;

/// A value can't be written: it would break out of its line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A header value holds a control character.
    #[error("{name} holds a control character")]
    Control {
        /// The field.
        name: String,
    },
    /// A header name is no token.
    #[error("{name:?} is no name of a header field")]
    Name {
        /// What was given.
        name: String,
    },
    /// The transaction id is no ident.
    #[error("the transaction id is not 4 to 32 characters of its grammar")]
    TransactionId,
    /// The body holds the end-line.
    #[error("the body holds the end-line of transaction {transaction}")]
    EndLineInBody {
        /// The transaction id.
        transaction: String,
    },
}

/// Builds one message.
///
/// Fields that describe the body belong behind all others, `Content-Type` last;
/// the writer does not reorder them.
///
/// ```
/// use sipsimple_msrp::{Flag, HeaderName, Method, writer::MessageWriter};
///
/// let to = "msrp://b.example:1/x;tcp".parse()?;
/// let from = "msrp://a.example:1/y;tcp".parse()?;
/// let bytes = MessageWriter::request("a786hjs2", &Method::Send, &to, &from)?
///     .header(HeaderName::MessageId, "87652491")?
///     .header(HeaderName::ContentType, "text/plain")?
///     .body(b"Hey Bob", Flag::Last)?;
/// assert!(bytes.ends_with(b"\r\n\r\nHey Bob\r\n-------a786hjs2$\r\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MessageWriter {
    buffer: BytesMut,
    transaction: std::ops::Range<usize>,
}

impl MessageWriter {
    /// Begins a request.
    ///
    /// # Errors
    ///
    /// When the transaction id is no ident; paths can't be wrong.
    pub fn request(
        transaction: &str,
        method: &Method,
        to: &Path,
        from: &Path,
    ) -> Result<Self, WriteError> {
        Self::start(transaction, method, to, from)
    }

    /// Begins a response.
    ///
    /// # Errors
    ///
    /// When the transaction id is no ident, or the comment holds control
    /// characters.
    pub fn response(
        transaction: &str,
        code: StatusCode,
        comment: &str,
        to: &dyn fmt::Display,
        from: &dyn fmt::Display,
    ) -> Result<Self, WriteError> {
        if comment.bytes().any(is_control) {
            return Err(WriteError::Control { name: "the comment".into() });
        }
        if comment.is_empty() {
            Self::start(transaction, &code, to, from)
        } else {
            Self::start(transaction, &format_args!("{code} {comment}"), to, from)
        }
    }

    fn start(
        transaction: &str,
        what: &dyn fmt::Display,
        to: &dyn fmt::Display,
        from: &dyn fmt::Display,
    ) -> Result<Self, WriteError> {
        if !is_ident(transaction) {
            return Err(WriteError::TransactionId);
        }
        let mut buffer = BytesMut::with_capacity(512);
        put(&mut buffer, format_args!("MSRP {transaction} {what}\r\n"));
        put(&mut buffer, format_args!("To-Path: {to}\r\nFrom-Path: {from}\r\n"));
        Ok(Self { buffer, transaction: 5..5 + transaction.len() })
    }

    /// Adds a known field.
    ///
    /// # Errors
    ///
    /// When the value would break out of its line.
    pub fn header(self, name: HeaderName, value: impl fmt::Display) -> Result<Self, WriteError> {
        self.add(name.as_str(), value)
    }

    /// Adds any field.
    ///
    /// # Errors
    ///
    /// When the name is no token, or the value would break out of its line.
    pub fn other(self, name: &str, value: impl fmt::Display) -> Result<Self, WriteError> {
        check_name(name)?;
        self.add(name, value)
    }

    fn add(mut self, name: &str, value: impl fmt::Display) -> Result<Self, WriteError> {
        put(&mut self.buffer, format_args!("{name}: "));
        let from = self.buffer.len();
        put(&mut self.buffer, format_args!("{value}"));
        if self.buffer[from..].iter().copied().any(is_control) {
            return Err(WriteError::Control { name: name.to_owned() });
        }
        self.buffer.extend_from_slice(b"\r\n");
        Ok(self)
    }

    /// Ends a message that has no body.
    pub fn end(mut self, flag: Flag) -> Bytes {
        let end = self.end_line(flag);
        self.buffer.extend_from_slice(&end);
        self.buffer.freeze()
    }

    /// Ends a message with a body.
    ///
    /// # Errors
    ///
    /// When the body holds the end-line: another transaction id is needed.
    pub fn body(mut self, body: &[u8], flag: Flag) -> Result<Bytes, WriteError> {
        let end = self.end_line(flag);
        let needle = &end[..end.len() - 3];
        if memchr::memmem::find(body, needle).is_some() {
            let transaction = &self.buffer[self.transaction.clone()];
            let transaction = String::from_utf8_lossy(transaction).into_owned();
            return Err(WriteError::EndLineInBody { transaction });
        }
        self.buffer.extend_from_slice(b"\r\n");
        self.buffer.extend_from_slice(body);
        self.buffer.extend_from_slice(b"\r\n");
        self.buffer.extend_from_slice(&end);
        Ok(self.buffer.freeze())
    }

    fn end_line(&self, flag: Flag) -> Vec<u8> {
        end_line(&self.buffer[self.transaction.clone()], flag)
    }
}

/// The end-line with its line end.
pub(crate) fn end_line(transaction: &[u8], flag: Flag) -> Vec<u8> {
    [b"-------", transaction, &[flag.as_byte()], b"\r\n"].concat()
}

/// Whether a value stays in its line.
pub(crate) fn check_value(name: &str, value: &str) -> Result<(), WriteError> {
    if value.bytes().any(is_control) {
        return Err(WriteError::Control { name: name.to_owned() });
    }
    Ok(())
}

/// Whether a name of a field is a token.
pub(crate) fn check_name(name: &str) -> Result<(), WriteError> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`{|}~".contains(&b);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(WriteError::Name { name: name.to_owned() });
    }
    Ok(())
}

fn put(buffer: &mut BytesMut, text: fmt::Arguments<'_>) {
    // Writing to memory can't fail; what a Display implementation might say is
    // caught by the checks of its caller.
    let _ = buffer.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_its_line() {
        let path: Path = "msrp://a:1/x;tcp".parse().expect("path");
        let request = || MessageWriter::request("abcd1234", &Method::Send, &path, &path);
        assert!(MessageWriter::request("a b", &Method::Send, &path, &path).is_err());
        assert!(request().expect("ok").header(HeaderName::MessageId, "a\r\nX: y").is_err());
        assert!(request().expect("ok").other("X Y", "z").is_err());
        assert!(MessageWriter::response("abcd", StatusCode::OK, "\n", &path, &path).is_err());
        let body = b"...\r\n-------abcd1234$\r\n";
        assert!(request().expect("ok").body(body, Flag::Last).is_err());
    }
}
