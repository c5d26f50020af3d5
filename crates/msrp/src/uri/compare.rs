//! When two URIs mean the same (RFC 4975 §6.1).

use std::borrow::Cow;
use std::net::IpAddr;

use super::{MsrpUri, is_unreserved};

impl MsrpUri {
    /// Whether both URIs name the same session at the same host.
    ///
    /// Scheme, host and transport are compared without regard to case, hosts
    /// that are addresses as addresses; the session-id is compared exactly, the
    /// port must be written in both or in neither; userinfo and further
    /// parameters don't count.
    pub fn equivalent(&self, other: &Self) -> bool {
        self.text == other.text
            || (self.scheme() == other.scheme()
                && self.port() == other.port()
                && self.session_id() == other.session_id()
                && self.transport().eq_ignore_ascii_case(other.transport())
                && same_host(self.host(), other.host()))
    }

    /// Whether both URIs carry the same session-id, whatever their hosts.
    ///
    /// This is how sessions are matched behind middleboxes that rewrite
    /// addresses (RFC 6714 §5, "session-id matching").
    pub fn same_session(&self, other: &Self) -> bool {
        self.session_id().is_some() && self.session_id() == other.session_id()
    }
}

fn same_host(a: &str, b: &str) -> bool {
    if a.eq_ignore_ascii_case(b) {
        return true;
    }
    match (a.parse::<IpAddr>(), b.parse::<IpAddr>()) {
        (Ok(a), Ok(b)) => a == b,
        (Err(_), Err(_)) => normalized(a).eq_ignore_ascii_case(&normalized(b)),
        _ => false,
    }
}

/// Percent-encoded unreserved characters decoded (RFC 3986 §6.2.2.2).
fn normalized(host: &str) -> Cow<'_, str> {
    if !host.contains('%') {
        return host.into();
    }
    let mut out = String::with_capacity(host.len());
    let mut rest = host;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let hex = rest.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match hex {
            Some(byte) if is_unreserved(byte) => out.push(byte as char),
            Some(_) => out.push_str(&rest[at..at + 3]),
            None => {
                out.push('%');
                rest = &rest[at + 1..];
                continue;
            }
        }
        rest = &rest[at + 3..];
    }
    out.push_str(rest);
    out.into()
}

#[cfg(test)]
mod tests {
    use crate::MsrpUri;

    #[test]
    fn the_rules_of_section_6_1() {
        let same = |a: &str, b: &str| {
            let (a, b): (MsrpUri, MsrpUri) = (a.parse().expect(a), b.parse().expect(b));
            assert_eq!(a.equivalent(&b), b.equivalent(&a));
            a.equivalent(&b)
        };
        assert!(same("msrp://a.example:1/x;tcp", "MSRP://A.EXAMPLE:1/x;TCP"));
        assert!(same("msrp://a.example:1/x;tcp", "msrp://alice@a.example:1/x;tcp"));
        assert!(same("msrp://a.example:1/x;tcp", "msrp://a%2Eexample:1/x;tcp"));
        assert!(same("msrp://a.example:1/x;tcp", "msrp://a.example:1/x;tcp;foo=bar"));
        assert!(same("msrp://[::1]:1/x;tcp", "msrp://[0:0:0:0:0:0:0:1]:1/x;tcp"));
        assert!(!same("msrp://a.example:1/x;tcp", "msrps://a.example:1/x;tcp"));
        assert!(!same("msrp://a.example:1/x;tcp", "msrp://a.example:1/X;tcp"));
        assert!(!same("msrp://a.example:1/x;tcp", "msrp://a.example:1;tcp"));
        assert!(!same("msrp://a.example:1/x;tcp", "msrp://a.example/x;tcp"));
        assert!(!same("msrp://a.example:1/x;tcp", "msrp://a.example:2/x;tcp"));
        assert!(!same("msrp://a.example:1/x;tcp", "msrp://b.example:1/x;tcp"));
        assert!(!same("msrp://a.example:1/x;tcp", "msrp://a.example:1/x;ws"));
        assert!(!same("msrp://10.0.0.1:1/x;tcp", "msrp://10.0.0.2:1/x;tcp"));
    }
}
