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

/// What [`Message::essentials`] has read, for those who need it at once.
#[derive(Debug, Clone)]
pub struct Essentials<'m> {
    /// The Request-URI; `None` in a response.
    pub uri: Option<UriView<'m>>,
    /// The topmost Via.
    pub via: Via<'m>,
    /// From.
    pub from: From<'m>,
    /// To.
    pub to: To<'m>,
    /// Call-ID.
    pub call_id: &'m str,
    /// CSeq.
    pub cseq: CSeq,
    /// The first Contact, unless it is the star.
    pub contact: Option<Contact<'m>>,
}

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
        self.essentials().map(drop)
    }

    /// As [`validate`](Self::validate), and gives what was read on the way.
    pub fn essentials(&self) -> Result<Essentials<'_>, ParseError> {
        if let Some(defect) = self.defect {
            return Err(defect);
        }
        let uri = self.check_uri()?;
        self.check_duplicates()?;
        let via = self.required::<Via<'_>>()?;
        let from = self.required::<From<'_>>()?;
        let to = self.required::<To<'_>>()?;
        let call_id = self.required::<CallId<'_>>()?.0;
        let cseq = self.required::<CSeq>()?;
        if self.method().is_some_and(|method| *method != cseq.method) {
            return Err(ParseError::new(Kind::MethodMismatch, 0));
        }
        self.typed::<MaxForwards>()?;
        let contact = self.check_contacts()?;
        Ok(Essentials { uri, via, from, to, call_id, cseq, contact })
    }

    fn check_uri(&self) -> Result<Option<UriView<'_>>, ParseError> {
        if self.is_response() {
            return Ok(None);
        }
        let uri = self.request_uri()?;
        match &uri {
            // RFC 3261 §19.1.1: never in a Request-URI, never turned into
            // headers of the message.
            UriView::Sip(sip) if !sip.headers.is_empty() => {
                let kind = Kind::RequestUri("no headers in the Request-URI");
                Err(ParseError::new(kind, self.request_uri_offset()))
            }
            _ => Ok(Some(uri)),
        }
    }

    /// All Contacts are well-formed; gives the first. A star stands alone.
    fn check_contacts(&self) -> Result<Option<Contact<'_>>, ParseError> {
        if self.value(HeaderName::Contact).is_some_and(|value| value.starts_with('*')) {
            return self.typed::<ContactValue<'_>>().map(|_| None);
        }
        let mut contacts = self.all::<Contact<'_>>();
        let first = contacts.next().transpose()?;
        contacts.try_for_each(|contact| contact.map(drop))?;
        Ok(first)
    }

    fn check_duplicates(&self) -> Result<(), ParseError> {
        let mut seen = 0u8;
        for slot in &self.slots {
            let once = ONCE.iter().position(|name| name.code() == slot.code);
            if let Some(index) = once {
                if seen & (1 << index) != 0 {
                    let offset = usize::from(slot.name_start);
                    return Err(ParseError::new(Kind::Duplicate(ONCE[index]), offset));
                }
                seen |= 1 << index;
            }
        }
        Ok(())
    }
}
