//! The codecs that an application knows.

use std::sync::{Arc, OnceLock};

use super::{Codec, G722, Pcma, Pcmu};

/// Codecs, the preferred one first. Cheap to clone.
///
/// ```
/// use sipsimple_media::codec::CodecList;
///
/// let codecs = CodecList::standard();
/// assert_eq!(codecs.named("pcma").unwrap().info().static_payload_type, Some(8));
/// assert!(codecs.find("PCMA", 16_000, 1).is_none());
/// ```
#[derive(Debug, Clone)]
pub struct CodecList(Arc<[Arc<dyn Codec>]>);

impl CodecList {
    /// Every codec of this crate.
    pub fn standard() -> Self {
        static STANDARD: OnceLock<CodecList> = OnceLock::new();
        let list = || {
            let codecs: Vec<Arc<dyn Codec>> = vec![
                #[cfg(any(feature = "opus", feature = "libopus"))]
                Arc::new(super::Opus::default()),
                Arc::new(G722),
                Arc::new(Pcmu),
                Arc::new(Pcma),
            ];
            Self::new(codecs)
        };
        STANDARD.get_or_init(list).clone()
    }

    /// These and no others.
    pub fn new(codecs: impl IntoIterator<Item = Arc<dyn Codec>>) -> Self {
        Self(codecs.into_iter().collect())
    }

    /// The same list and `codec`, which takes the place of one that is called
    /// the same (with other settings, say), or else the last place.
    #[must_use]
    pub fn with(&self, codec: Arc<dyn Codec>) -> Self {
        let mut codecs = self.0.to_vec();
        match codecs.iter().position(|old| old.info() == codec.info()) {
            Some(at) => codecs[at] = codec,
            None => codecs.push(codec),
        }
        Self::new(codecs)
    }

    /// The codec of an `a=rtpmap`: encoding name (in any case), clock rate and
    /// channels.
    pub fn find(&self, name: &str, clock_rate: u32, channels: u8) -> Option<Arc<dyn Codec>> {
        let fits = |codec: &&Arc<dyn Codec>| {
            let info = codec.info();
            info.name.eq_ignore_ascii_case(name)
                && info.clock_rate == clock_rate
                && info.channels == channels
        };
        self.0.iter().find(fits).cloned()
    }

    /// The codec of a setting: `PCMA`, or `L16/44100` where the clock rate
    /// says which, or `L16/44100/2` with the channels too.
    pub fn named(&self, setting: &str) -> Option<Arc<dyn Codec>> {
        let mut parts = setting.split('/').map(str::trim);
        let name = parts.next()?;
        let clock_rate: Option<u32> = parts.next().map(str::parse).transpose().ok()?;
        let channels: Option<u8> = parts.next().map(str::parse).transpose().ok()?;
        let fits = |codec: &&Arc<dyn Codec>| {
            let info = codec.info();
            info.name.eq_ignore_ascii_case(name)
                && clock_rate.is_none_or(|rate| rate == info.clock_rate)
                && channels.is_none_or(|channels| channels == info.channels)
        };
        if parts.next().is_some() { None } else { self.0.iter().find(fits).cloned() }
    }

    /// The codecs, the preferred one first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<dyn Codec>> {
        self.0.iter()
    }
}

impl Default for CodecList {
    fn default() -> Self {
        Self::standard()
    }
}

/// The [standard](CodecList::standard) codec with this encoding name (in any
/// case) and RTP clock rate.
///
/// ```
/// let codec = sipsimple_media::codec::by_name("pcma", 8000).unwrap();
/// assert_eq!(codec.info().static_payload_type, Some(8));
/// ```
pub fn by_name(name: &str, clock_rate: u32) -> Option<Arc<dyn Codec>> {
    let fits = |codec: &&Arc<dyn Codec>| {
        let info = codec.info();
        info.name.eq_ignore_ascii_case(name) && info.clock_rate == clock_rate
    };
    CodecList::standard().iter().find(fits).cloned()
}

/// The [standard](CodecList::standard) codec that owns a static payload type
/// (RFC 3551 §6).
pub fn by_static_payload_type(payload_type: u8) -> Option<Arc<dyn Codec>> {
    let owns = |codec: &&Arc<dyn Codec>| codec.info().static_payload_type == Some(payload_type);
    CodecList::standard().iter().find(owns).cloned()
}

#[cfg(test)]
mod tests {
    use super::super::{CodecInfo, Decoder, Encoder, FormatParameters};
    use super::*;

    /// G.711 under another name.
    struct Renamed(&'static str);

    impl Codec for Renamed {
        fn info(&self) -> CodecInfo {
            CodecInfo { name: self.0, static_payload_type: None, ..Pcmu.info() }
        }

        fn encoder(&self, peer: &FormatParameters) -> Box<dyn Encoder> {
            Pcmu.encoder(peer)
        }

        fn decoder(&self) -> Box<dyn Decoder> {
            Pcmu.decoder()
        }
    }

    #[test]
    fn an_application_adds_and_replaces_codecs() {
        let standard = CodecList::standard();
        let more = standard.with(Arc::new(Renamed("x-mine")));
        assert_eq!(more.iter().len(), standard.iter().len() + 1);
        assert!(more.find("X-Mine", 8000, 1).is_some());
        assert_eq!(more.with(Arc::new(Renamed("x-mine"))).iter().len(), more.iter().len());
        assert!(standard.named("x-mine").is_none());
    }

    #[test]
    fn settings_name_codecs() {
        let list = CodecList::standard();
        for (setting, payload_type) in
            [("PCMU", Some(0)), ("pcma/8000", Some(8)), ("PCMU/8000/1", Some(0))]
        {
            let found = list.named(setting).map(|codec| codec.info().static_payload_type);
            assert_eq!(found, Some(payload_type), "{setting}");
        }
        for setting in ["", "PCMU/16000", "PCMU/8000/2", "PCMU/8000/1/1", "PCMU/x"] {
            assert!(list.named(setting).is_none(), "{setting}");
        }
    }
}
