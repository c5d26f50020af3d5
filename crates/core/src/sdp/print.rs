//! Writing a description, in the order of RFC 8866 §5.

use std::fmt;

use super::{Bandwidth, MediaDescription, Origin, SessionDescription, Timing};

impl fmt::Display for SessionDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v=0\r\no={}\r\n", self.origin)?;
        write_line(f, 's', if self.name.is_empty() { "-" } else { &self.name })?;
        write_some(f, 'i', self.information.as_deref())?;
        write_some(f, 'u', self.uri.as_deref())?;
        self.emails.iter().try_for_each(|email| write_line(f, 'e', email))?;
        self.phones.iter().try_for_each(|phone| write_line(f, 'p', phone))?;
        if let Some(connection) = &self.connection {
            write!(f, "c={connection}\r\n")?;
        }
        self.bandwidths.iter().try_for_each(|bandwidth| write!(f, "{bandwidth}"))?;
        if self.timings.is_empty() {
            f.write_str("t=0 0\r\n")?;
        }
        self.timings.iter().try_for_each(|timing| write!(f, "{timing}"))?;
        write_some(f, 'z', self.zones.as_deref())?;
        write_some(f, 'k', self.key.as_deref())?;
        write!(f, "{}", self.attributes)?;
        self.media.iter().try_for_each(|media| write!(f, "{media}"))
    }
}

impl fmt::Display for MediaDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={} {}", self.media, self.port)?;
        if let Some(count) = self.port_count {
            write!(f, "/{count}")?;
        }
        write!(f, " {} {}\r\n", self.protocol, self.formats)?;
        write_some(f, 'i', self.information.as_deref())?;
        self.connections.iter().try_for_each(|connection| write!(f, "c={connection}\r\n"))?;
        self.bandwidths.iter().try_for_each(|bandwidth| write!(f, "{bandwidth}"))?;
        write_some(f, 'k', self.key.as_deref())?;
        write!(f, "{}", self.attributes)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(f, &self.username)?;
        write!(f, " {} {} {}", self.session_id, self.version, self.address)
    }
}

/// The line as it goes on the wire.
impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("b=")?;
        write_text(f, &self.kind)?;
        write!(f, ":{}\r\n", self.value)
    }
}

/// The lines as they go on the wire.
impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t={} {}\r\n", self.start, self.stop)?;
        self.repeats.iter().try_for_each(|repeat| write_line(f, 'r', repeat))
    }
}

fn write_some(f: &mut fmt::Formatter<'_>, letter: char, value: Option<&str>) -> fmt::Result {
    value.map_or(Ok(()), |value| write_line(f, letter, value))
}

fn write_line(f: &mut fmt::Formatter<'_>, letter: char, value: &str) -> fmt::Result {
    write!(f, "{letter}=")?;
    write_text(f, value)?;
    f.write_str("\r\n")
}

/// A line end in a field would start a line of its own.
fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let mut parts = text.split(['\r', '\n']);
    f.write_str(parts.next().unwrap_or_default())?;
    parts.try_for_each(|part| write!(f, " {part}"))
}
