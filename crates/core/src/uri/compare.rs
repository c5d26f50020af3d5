//! When two URIs mean the same (RFC 3261 §19.1.4, RFC 5954 §4.2).

use super::escape::{Octet, Octets};
use super::{SipUriView, UriView};

/// Parameters that must not stand in one URI only.
const DECISIVE: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];

/// URIs with more parameters or headers than this are never equivalent to
/// another text: comparing them would cost quadratic time.
const MAX_COMPARED: usize = 32;

impl SipUriView<'_> {
    /// True when both URIs mean the same (RFC 3261 §19.1.4).
    pub fn equivalent(&self, other: &SipUriView<'_>) -> bool {
        self.secure == other.secure
            && self.port == other.port
            && same_option(self.user, other.user, false)
            && same_option(self.password, other.password, false)
            && self.host == other.host
            && same_params(self, other)
            && same_headers(self, other)
    }
}

impl UriView<'_> {
    /// True when both URIs mean the same; schemes that aren't ours compare as
    /// text, the scheme itself without case.
    pub fn equivalent(&self, other: &UriView<'_>) -> bool {
        match (self, other) {
            (UriView::Sip(a), UriView::Sip(b)) => a.equivalent(b),
            (UriView::Other(a), UriView::Other(b)) => {
                match (a.split_once(':'), b.split_once(':')) {
                    (Some((a, rest_a)), Some((b, rest_b))) => {
                        a.eq_ignore_ascii_case(b) && rest_a == rest_b
                    }
                    _ => a == b,
                }
            }
            _ => false,
        }
    }
}

fn same_params(a: &SipUriView<'_>, b: &SipUriView<'_>) -> bool {
    if a.params == b.params {
        return true;
    }
    if a.params.iter().count() > MAX_COMPARED || b.params.iter().count() > MAX_COMPARED {
        return false;
    }
    // A parameter in both must match; alone, it matters only if it's decisive.
    let covered = |a: &SipUriView<'_>, b: &SipUriView<'_>| {
        a.params.iter().all(|(name, value)| {
            match b.params.iter().find(|(other, _)| same(name, other, true)) {
                Some((_, other)) => same_option(value, other, true),
                None => !DECISIVE.iter().any(|decisive| same(decisive, name, true)),
            }
        })
    };
    covered(a, b) && covered(b, a)
}

fn same_headers(a: &SipUriView<'_>, b: &SipUriView<'_>) -> bool {
    if a.headers == b.headers {
        return true;
    }
    let count = a.headers.iter().count();
    if count != b.headers.iter().count() || count > MAX_COMPARED {
        return false;
    }
    // Each must have its own partner, so that repeated ones count.
    let mut taken = [false; MAX_COMPARED];
    a.headers.iter().all(|(name, value)| {
        let partner = b.headers.iter().enumerate().find(|(index, (other, other_value))| {
            !taken[*index] && same(name, other, true) && same(value, other_value, false)
        });
        partner.is_some_and(|(index, _)| {
            taken[index] = true;
            true
        })
    })
}

fn same_option(a: Option<&str>, b: Option<&str>, fold_case: bool) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same(a, b, fold_case),
        (None, None) => true,
        _ => false,
    }
}

/// Equal after resolving escapes; an escaped reserved octet is not the bare
/// one.
fn same(a: &str, b: &str, fold_case: bool) -> bool {
    let normal = move |octet: Octet| Octet {
        value: if fold_case { octet.value.to_ascii_lowercase() } else { octet.value },
        escaped: octet.escaped && is_reserved(octet.value),
    };
    Octets::new(a).map(normal).eq(Octets::new(b).map(normal))
}

const fn is_reserved(octet: u8) -> bool {
    matches!(octet, b';' | b'/' | b'?' | b':' | b'@' | b'&' | b'=' | b'+' | b'$' | b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equivalent(a: &str, b: &str) -> bool {
        let (a, b) = (SipUriView::parse(a).unwrap(), SipUriView::parse(b).unwrap());
        let result = a.equivalent(&b);
        assert_eq!(result, b.equivalent(&a), "not symmetric: {a} {b}");
        result
    }

    #[test]
    fn examples_of_rfc_3261_that_are_equivalent() {
        for (a, b) in [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
            ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
        ] {
            assert!(equivalent(a, b), "{a} {b}");
        }
    }

    #[test]
    fn examples_of_rfc_3261_that_are_not() {
        for (a, b) in [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
            ("sip:a@h", "sips:a@h"),
            ("sip:a@h", "sip:h"),
            ("sip:a;x@h", "sip:a%3bx@h"),
            ("sip:a@h?x=1&x=1", "sip:a@h?x=1&x=2"),
        ] {
            assert!(!equivalent(a, b), "{a} {b}");
        }
    }

    #[test]
    fn addresses_compare_as_addresses() {
        assert!(equivalent("sip:[2001:DB8::1]", "sip:[2001:db8:0:0:0:0:0:1]"));
    }

    #[test]
    fn many_parameters_cost_no_square() {
        let long = format!("sip:h{}", ";a=1".repeat(10_000));
        assert!(!equivalent(&long, "sip:h;a=2"));
        assert!(equivalent(&long, &long));
    }
}
