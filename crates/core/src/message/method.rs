//! Methods (RFC 3261 §7.1, and the RFCs that added one).

use std::fmt;

macro_rules! methods {
    ($($(#[$doc:meta])* $variant:ident $name:literal;)*) => {
        /// A method. Case matters: `invite` is not INVITE.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Method {
            $($(#[$doc])* $variant,)*
            /// Another one, as written.
            Other(Box<str>),
        }

        impl Method {
            /// The method with that name.
            pub fn from_token(token: &str) -> Self {
                match token {
                    $($name => Method::$variant,)*
                    other => Method::Other(other.into()),
                }
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Method::$variant => $name,)*
                    Method::Other(name) => name,
                }
            }
        }
    };
}

methods! {
    /// RFC 3261 §13
    Invite "INVITE";
    /// RFC 3261 §13
    Ack "ACK";
    /// RFC 3261 §15
    Bye "BYE";
    /// RFC 3261 §9
    Cancel "CANCEL";
    /// RFC 3261 §10
    Register "REGISTER";
    /// RFC 3261 §11
    Options "OPTIONS";
    /// RFC 3262
    Prack "PRACK";
    /// RFC 3311
    Update "UPDATE";
    /// RFC 6086
    Info "INFO";
    /// RFC 3428
    Message "MESSAGE";
    /// RFC 6665
    Subscribe "SUBSCRIBE";
    /// RFC 6665
    Notify "NOTIFY";
    /// RFC 3903
    Publish "PUBLISH";
    /// RFC 3515
    Refer "REFER";
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&str> for Method {
    fn from(name: &str) -> Self {
        Method::from_token(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_matters() {
        assert_eq!(Method::from("INVITE"), Method::Invite);
        assert_eq!(Method::from("invite"), Method::Other("invite".into()));
        assert_eq!(Method::from("invite").to_string(), "invite");
    }
}
