//! What every message must have (RFC 3261 §8.1.1, §8.2, §18.3, §20.1).

use super::{Message, ParseError, ParseErrorKind as Kind};
use crate::header::{CSeq, CallId, Contact, ContactValue, From, HeaderName, MaxForwards, To, Via};
use crate::uri::UriView;

/// May be there once. (Many of the others, too, but a second Subject hurts
/// nobody.)
const ONCE: [HeaderName<'static>; 7] = [
    HeaderName::From,
    HeaderName::To,
    HeaderName::CallId,
    HeaderName::CSeq,
    HeaderName::MaxForwards,
    HeaderName::ContentLength,
    HeaderName::ContentType,
];

impl Message {
    /// Checks what every message must have: the start line, From, To,
    /// Call-ID, CSeq and the topmost Via are there, well-formed, and (but
    /// for Via) there once; CSeq names the method; Max-Forwards and Contact,
    /// when there, are well-formed; the body is as long as it says.
    ///
    /// A request that fails is answered with the error's
    /// [`status`](ParseError::status); a response that fails is dropped. The
    /// scheme of the Request-URI is not checked: that is 416, the user
    /// agent's answer.
    pub fn validate(&self) -> Result<(), ParseError> {
        if let Some(defect) = self.defect {
            return Err(defect);
        }
        if self.is_request()
            && let UriView::Sip(uri) = self.request_uri()?
            && !uri.headers.is_empty()
        {
            // RFC 3261 §19.1.1: never in a Request-URI, never turned into
            // headers of the message.
            let kind = Kind::RequestUri("no headers in the Request-URI");
            return Err(ParseError::new(kind, self.request_uri_offset()));
        }
        self.check_duplicates()?;
        self.required::<Via<'_>>()?;
        self.required::<From<'_>>()?;
        self.required::<To<'_>>()?;
        self.required::<CallId<'_>>()?;
        let cseq = self.required::<CSeq>()?;
        if self.method().is_some_and(|method| *method != cseq.method) {
            return Err(ParseError::new(Kind::MethodMismatch, 0));
        }
        self.typed::<MaxForwards>()?;
        match self.typed::<ContactValue<'_>>()? {
            Some(ContactValue::Contact(_)) => {
                self.all::<Contact<'_>>().try_for_each(|c| c.map(drop))
            }
            _ => Ok(()),
        }
    }

    fn check_duplicates(&self) -> Result<(), ParseError> {
        for name in ONCE {
            let code = name.code();
            let mut lines = self.slots.iter().filter(|slot| slot.code == code);
            if let (Some(_), Some(second)) = (lines.next(), lines.next()) {
                let offset = usize::from(second.name_start);
                return Err(ParseError::new(Kind::Duplicate(name), offset));
            }
        }
        Ok(())
    }
}
