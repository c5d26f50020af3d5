//! The header table: known names, compact forms, and which are lists
//! (RFC 3261 §7.3.1, §7.3.3, §20).

use std::fmt;

macro_rules! header_table {
    ($($variant:ident $name:literal $compact:literal $list:ident;)*) => {
        /// The name of a header.
        ///
        /// Names compare without case. [`HeaderName::from_text`] knows the
        /// compact forms.
        #[derive(Debug, Clone, Copy)]
        #[non_exhaustive]
        pub enum HeaderName<'a> {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
            /// A name that the table doesn't have, as written.
            Other(&'a str),
        }

        /// Every known name, at the index that is its code.
        static KNOWN: &[Known] = &[
            $(Known {
                name: $name,
                header: HeaderName::$variant,
                list: header_table!(@list $list),
            },)*
        ];

        /// Names and compact forms with their codes.
        const SPELLINGS: &[(&str, HeaderName<'static>)] = &[
            $(($name, HeaderName::$variant), ($compact, HeaderName::$variant),)*
        ];

        impl<'a> HeaderName<'a> {
            /// The position in the table; `OTHER` when not in it.
            pub(crate) const fn code(self) -> u8 {
                #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
                #[repr(u8)]
                enum Code { $($variant,)* }
                match self {
                    $(HeaderName::$variant => Code::$variant as u8,)*
                    HeaderName::Other(_) => OTHER,
                }
            }

            /// The compact form (`v` for `Via`).
            pub const fn compact(self) -> Option<&'static str> {
                let compact = match self {
                    $(HeaderName::$variant => $compact,)*
                    HeaderName::Other(_) => "",
                };
                if compact.is_empty() { None } else { Some(compact) }
            }
        }
    };
    (@list list) => { true };
    (@list one) => { false };
}

header_table! {
    Accept "Accept" "" list;
    AcceptContact "Accept-Contact" "a" list;
    AcceptEncoding "Accept-Encoding" "" list;
    AcceptLanguage "Accept-Language" "" list;
    AlertInfo "Alert-Info" "" list;
    Allow "Allow" "" list;
    AllowEvents "Allow-Events" "u" list;
    AuthenticationInfo "Authentication-Info" "" one;
    Authorization "Authorization" "" one;
    CallId "Call-ID" "i" one;
    CallInfo "Call-Info" "" list;
    Contact "Contact" "m" list;
    ContentDisposition "Content-Disposition" "" one;
    ContentEncoding "Content-Encoding" "e" list;
    ContentLanguage "Content-Language" "" list;
    ContentLength "Content-Length" "l" one;
    ContentType "Content-Type" "c" one;
    CSeq "CSeq" "" one;
    Date "Date" "" one;
    ErrorInfo "Error-Info" "" list;
    Event "Event" "o" one;
    Expires "Expires" "" one;
    FlowTimer "Flow-Timer" "" one;
    From "From" "f" one;
    HistoryInfo "History-Info" "" list;
    Identity "Identity" "y" list;
    InReplyTo "In-Reply-To" "" list;
    InfoPackage "Info-Package" "" one;
    Join "Join" "" one;
    MaxForwards "Max-Forwards" "" one;
    MimeVersion "MIME-Version" "" one;
    MinExpires "Min-Expires" "" one;
    MinSe "Min-SE" "" one;
    Organization "Organization" "" one;
    PAssertedIdentity "P-Asserted-Identity" "" list;
    PPreferredIdentity "P-Preferred-Identity" "" list;
    Path "Path" "" list;
    Priority "Priority" "" one;
    Privacy "Privacy" "" one;
    ProxyAuthenticate "Proxy-Authenticate" "" one;
    ProxyAuthenticationInfo "Proxy-Authentication-Info" "" one;
    ProxyAuthorization "Proxy-Authorization" "" one;
    ProxyRequire "Proxy-Require" "" list;
    RAck "RAck" "" one;
    Reason "Reason" "" list;
    RecordRoute "Record-Route" "" list;
    RecvInfo "Recv-Info" "" list;
    ReferSub "Refer-Sub" "" one;
    ReferTo "Refer-To" "r" one;
    ReferredBy "Referred-By" "b" one;
    RejectContact "Reject-Contact" "j" list;
    Replaces "Replaces" "" one;
    ReplyTo "Reply-To" "" one;
    RequestDisposition "Request-Disposition" "d" list;
    Require "Require" "" list;
    RetryAfter "Retry-After" "" one;
    Route "Route" "" list;
    RSeq "RSeq" "" one;
    Server "Server" "" one;
    ServiceRoute "Service-Route" "" list;
    SessionExpires "Session-Expires" "x" one;
    SipETag "SIP-ETag" "" one;
    SipIfMatch "SIP-If-Match" "" one;
    Subject "Subject" "s" one;
    SubscriptionState "Subscription-State" "" one;
    Supported "Supported" "k" list;
    TargetDialog "Target-Dialog" "" one;
    Timestamp "Timestamp" "" one;
    To "To" "t" one;
    Unsupported "Unsupported" "" list;
    UserAgent "User-Agent" "" one;
    Via "Via" "v" list;
    Warning "Warning" "" list;
    WwwAuthenticate "WWW-Authenticate" "" one;
}

/// The code of `Content-Length`, which the parser itself needs.
pub(crate) const CONTENT_LENGTH: u8 = HeaderName::ContentLength.code();

/// The code of names that aren't in the table.
pub(crate) const OTHER: u8 = u8::MAX;

struct Known {
    name: &'static str,
    header: HeaderName<'static>,
    list: bool,
}

impl<'a> HeaderName<'a> {
    /// The name for a spelling, without case, compact forms included.
    pub fn from_text(text: &'a str) -> Self {
        match code_of(text.as_bytes()) {
            OTHER => HeaderName::Other(text),
            code => HeaderName::from_code(code).unwrap_or(HeaderName::Other(text)),
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<HeaderName<'static>> {
        KNOWN.get(usize::from(code)).map(|known| known.header)
    }

    /// The name in its usual spelling.
    pub fn as_str(&self) -> &'a str {
        match self {
            HeaderName::Other(name) => name,
            known => KNOWN.get(usize::from(known.code())).map_or("", |known| known.name),
        }
    }

    /// True when the values of several lines, joined by commas, mean the same
    /// as one line.
    pub fn is_list(&self) -> bool {
        KNOWN.get(usize::from(self.code())).is_some_and(|known| known.list)
    }
}

impl PartialEq for HeaderName<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (HeaderName::Other(a), HeaderName::Other(b)) => a.eq_ignore_ascii_case(b),
            _ => self.code() == other.code(),
        }
    }
}

impl Eq for HeaderName<'_> {}

impl fmt::Display for HeaderName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

const BUCKETS: usize = 512;

/// Open addressing over [`SPELLINGS`], filled by the compiler: 1 + the index
/// of a spelling, or 0.
static BUCKET: [u8; BUCKETS] = {
    let mut buckets = [0u8; BUCKETS];
    let mut i = 0;
    while i < SPELLINGS.len() {
        let spelling = SPELLINGS[i].0.as_bytes();
        if !spelling.is_empty() {
            let mut at = hash(spelling);
            while buckets[at] != 0 {
                at = (at + 1) % BUCKETS;
            }
            buckets[at] = (i + 1) as u8;
        }
        i += 1;
    }
    buckets
};

static SPELLING: &[(&str, HeaderName<'static>)] = SPELLINGS;

const _: () = assert!(SPELLINGS.len() < 255, "codes and bucket entries are one octet");

/// Case-insensitive on the octets it looks at.
const fn hash(name: &[u8]) -> usize {
    let length = name.len();
    let first = (name[0] | 0x20) as usize;
    let last = (name[length - 1] | 0x20) as usize;
    let middle = (name[length / 2] | 0x20) as usize;
    (length * 7 + first * 31 + last * 17 + middle * 101) % BUCKETS
}

/// The code of the name that is spelled so.
pub(crate) fn code_of(text: &[u8]) -> u8 {
    if text.is_empty() {
        return OTHER;
    }
    let mut at = hash(text);
    loop {
        let entry = usize::from(BUCKET[at]);
        if entry == 0 {
            return OTHER;
        }
        let (spelling, header) = SPELLING[entry - 1];
        let spelling = spelling.as_bytes();
        if spelling == text || spelling.eq_ignore_ascii_case(text) {
            return header.code();
        }
        at = (at + 1) % BUCKETS;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_found() {
        for (spelling, name) in SPELLINGS.iter().filter(|(spelling, _)| !spelling.is_empty()) {
            for text in [(*spelling).to_owned(), spelling.to_uppercase(), spelling.to_lowercase()] {
                assert_eq!(HeaderName::from_text(&text), *name, "{text}");
            }
            assert_eq!(HeaderName::from_code(name.code()), Some(*name));
        }
        for other in ["", "X-Via", "Vi", "z", "Call_ID", "ü"] {
            assert_eq!(HeaderName::from_text(other), HeaderName::Other(other));
        }
        assert_eq!(HeaderName::Other("x-a"), HeaderName::Other("X-A"));
        assert_eq!(HeaderName::Via.compact(), Some("v"));
        assert_eq!(HeaderName::CSeq.compact(), None);
        assert!(HeaderName::Via.is_list() && !HeaderName::To.is_list());
    }
}
