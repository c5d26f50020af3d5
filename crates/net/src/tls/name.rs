//! Whose certificate it is (RFC 5922 §7.1, §7.2).

use std::fmt;
use std::net::IpAddr;

use rustls::pki_types::{CertificateDer, ServerName};
use webpki::EndEntityCert;

use super::CertificateFault;

/// Whom we want to talk to: the domain or address that the certificate has to
/// be for. Compared without regard to case, and never by a wildcard.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PeerName(ServerName<'static>);

impl PeerName {
    /// Reads a host name or an IP address (IPv6 with or without brackets);
    /// `None` if it is neither.
    pub fn parse(host: &str) -> Option<Self> {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let bare = bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase();
        ServerName::try_from(bare).ok().map(Self)
    }

    pub(super) fn as_server_name(&self) -> &ServerName<'static> {
        &self.0
    }
}

impl fmt::Display for PeerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_str())
    }
}

/// The SIP domains that a certificate is for: the hosts of its `sip` URIs, and
/// only where it has none, its DNS names. The common name counts for nothing.
pub fn sip_identities(certificate: &[u8]) -> Result<Vec<String>, CertificateFault> {
    let der = CertificateDer::from(certificate);
    let malformed = |e: webpki::Error| CertificateFault::Malformed(e.to_string().into());
    let certificate = EndEntityCert::try_from(&der).map_err(malformed)?;
    Ok(identities(&certificate))
}

fn identities(certificate: &EndEntityCert<'_>) -> Vec<String> {
    let uris: Vec<String> =
        certificate.valid_uri_names().filter_map(sip_domain).map(str::to_ascii_lowercase).collect();
    if !uris.is_empty() {
        return uris;
    }
    certificate.valid_dns_names().map(str::to_ascii_lowercase).collect()
}

/// The host of a `sip` URI without a user.
fn sip_domain(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    if !scheme.eq_ignore_ascii_case("sip") || rest.contains('@') {
        return None;
    }
    let end = if rest.starts_with('[') {
        rest.find(']')? + 1
    } else {
        rest.find([':', ';', '?']).unwrap_or(rest.len())
    };
    Some(&rest[..end]).filter(|host| !host.is_empty())
}

/// Whether the certificate is for this peer.
pub(super) fn check(
    certificate: &CertificateDer<'_>,
    expected: &ServerName<'_>,
) -> Result<(), CertificateFault> {
    let malformed = |e: webpki::Error| CertificateFault::Malformed(e.to_string().into());
    let certificate = EndEntityCert::try_from(certificate).map_err(malformed)?;
    let identities = identities(&certificate);
    let good = match expected {
        ServerName::IpAddress(address) => {
            let address = IpAddr::from(*address);
            let is_it = |host: &String| {
                host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip == address)
            };
            certificate.verify_is_valid_for_subject_name(expected).is_ok()
                || identities.iter().any(is_it)
        }
        // Whole names only, RFC 5922 §7.2: a wildcard in the certificate is a
        // name like any other and equals no host.
        _ => identities.iter().any(|identity| identity.eq_ignore_ascii_case(&expected.to_str())),
    };
    if good {
        return Ok(());
    }
    let mut presented = identities;
    presented.truncate(CertificateFault::MAX_PRESENTED);
    let expected = expected.to_str().into();
    Err(CertificateFault::WrongName { expected, presented })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sip_uris_without_a_user_are_domains() {
        assert_eq!(sip_domain("sip:example.com"), Some("example.com"));
        assert_eq!(sip_domain("SIP:example.com:5061;transport=tls"), Some("example.com"));
        assert_eq!(sip_domain("sip:[2001:db8::1]:5061"), Some("[2001:db8::1]"));
        for none in ["sips:example.com", "sip:me@example.com", "http://example.com", "sip:", "sip"]
        {
            assert_eq!(sip_domain(none), None, "{none}");
        }
    }

    #[test]
    fn a_peer_is_a_host_or_an_address() {
        for (text, printed) in
            [("Example.COM.", "example.com"), ("[::1]", "::1"), ("192.0.2.1", "192.0.2.1")]
        {
            assert_eq!(PeerName::parse(text).unwrap().to_string(), printed);
        }
        for none in ["", "a b", "*.example.com", "example.com\0.evil.example", "a..b"] {
            assert_eq!(PeerName::parse(none), None, "{none}");
        }
    }
}
