//! Certificates for tests of TLS: an authority that signs whatever is asked.

use std::net::IpAddr;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType, date_time_ymd,
};

/// An authority. Its keys are new with each test, and nothing depends on them.
pub struct TestAuthority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// When a certificate of the [`TestAuthority`] holds; simulations start in 2030.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// From 2020 to 2039.
    Now,
    /// Until 2029.
    Over,
    /// From 2039.
    Later,
}

#[allow(clippy::expect_used, reason = "tests only")]
impl TestAuthority {
    /// An authority of this name.
    pub fn new(name: &str) -> Self {
        let mut params = params(name, &[], Validity::Now);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// Its own certificate, PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate and its key, PEM, for these names: `sip:` URIs, IP
    /// addresses and DNS names.
    pub fn issue(&self, names: &[&str]) -> String {
        self.issue_for(names, Validity::Now)
    }

    /// The same, for another time.
    pub fn issue_for(&self, names: &[&str], validity: Validity) -> String {
        let key = KeyPair::generate().expect("a key");
        let params = params("test", names, validity);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        certificate.pem() + &key.serialize_pem()
    }
}

/// A certificate that stands for itself, and its key, PEM.
#[allow(clippy::expect_used, reason = "tests only")]
pub fn self_signed(names: &[&str]) -> String {
    let key = KeyPair::generate().expect("a key");
    let certificate = params("self", names, Validity::Now).self_signed(&key);
    certificate.expect("a certificate").pem() + &key.serialize_pem()
}

#[allow(clippy::expect_used, reason = "tests only")]
fn params(common_name: &str, names: &[&str], validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.subject_alt_names = names
        .iter()
        .map(|name| match (name.parse::<IpAddr>(), name.contains(':')) {
            (Ok(address), _) => SanType::IpAddress(address),
            (_, true) => SanType::URI((*name).try_into().expect("ASCII")),
            _ => SanType::DnsName((*name).try_into().expect("ASCII")),
        })
        .collect();
    let (from, until) = match validity {
        // Real clocks come before the simulations' 2030.
        Validity::Now => (2020, 2039),
        Validity::Over => (2019, 2029),
        Validity::Later => (2039, 2049),
    };
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
    params
}
