//! `rtpmap` and `fmtp` (RFC 8866 §6.6, §6.15), and the payload types that
//! need no `rtpmap` (RFC 3551 §6).

use std::fmt;

use crate::scan::{decimal, split_once};

// rtpmap-value  = payload-type SP encoding-name "/" clock-rate [ "/" encoding-params ]
/// What a payload type stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpMap<'a> {
    /// The payload type, 0 to 127.
    pub payload_type: u8,
    /// The name of the encoding.
    pub encoding: &'a str,
    /// Clock rate in Hz.
    pub clock_rate: u32,
    /// Channels, 1 when not written.
    pub channels: u8,
}

impl<'a> RtpMap<'a> {
    /// Parses the value of an `rtpmap` attribute.
    pub fn parse(value: &'a str) -> Option<Self> {
        let (payload_type, rest) = split_once(value, b' ')?;
        let (encoding, rest) = split_once(rest.trim_ascii(), b'/')?;
        let (clock_rate, channels) = match split_once(rest, b'/') {
            Some((rate, channels)) => (rate, decimal(channels)?),
            None => (rest, 1),
        };
        let payload_type = decimal(payload_type).filter(|number| *number < 128)?;
        Some(Self { payload_type, encoding, clock_rate: decimal(clock_rate)?, channels })
    }

    /// The assignment of a payload type below 96 that needs no attribute.
    pub fn assigned(payload_type: u8) -> Option<RtpMap<'static>> {
        let (encoding, clock_rate, channels) = match payload_type {
            0 => ("PCMU", 8000, 1),
            3 => ("GSM", 8000, 1),
            4 => ("G723", 8000, 1),
            5 => ("DVI4", 8000, 1),
            6 => ("DVI4", 16000, 1),
            7 => ("LPC", 8000, 1),
            8 => ("PCMA", 8000, 1),
            // The clock rate of G.722 is an error that stayed (RFC 3551 §4.5.2).
            9 => ("G722", 8000, 1),
            10 => ("L16", 44100, 2),
            11 => ("L16", 44100, 1),
            12 => ("QCELP", 8000, 1),
            13 => ("CN", 8000, 1),
            14 => ("MPA", 90000, 1),
            15 => ("G728", 8000, 1),
            16 => ("DVI4", 11025, 1),
            17 => ("DVI4", 22050, 1),
            18 => ("G729", 8000, 1),
            25 => ("CelB", 90000, 1),
            26 => ("JPEG", 90000, 1),
            28 => ("nv", 90000, 1),
            31 => ("H261", 90000, 1),
            32 => ("MPV", 90000, 1),
            33 => ("MP2T", 90000, 1),
            34 => ("H263", 90000, 1),
            _ => return None,
        };
        Some(RtpMap { payload_type, encoding, clock_rate, channels })
    }

    /// True when both name the same encoding, whatever their payload types.
    pub fn same_encoding(&self, other: &RtpMap<'_>) -> bool {
        self.encoding.eq_ignore_ascii_case(other.encoding)
            && self.clock_rate == other.clock_rate
            && self.channels == other.channels
    }
}

impl fmt::Display for RtpMap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.payload_type, self.encoding, self.clock_rate)?;
        if self.channels == 1 { Ok(()) } else { write!(f, "/{}", self.channels) }
    }
}

// fmtp-value = fmt SP format-specific-params
/// Parameters of a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fmtp<'a> {
    /// The format, as in the `m=` line.
    pub format: &'a str,
    /// The parameters, as the format defines them.
    pub params: &'a str,
}

impl<'a> Fmtp<'a> {
    /// Parses the value of an `fmtp` attribute.
    pub fn parse(value: &'a str) -> Option<Self> {
        let (format, params) = split_once(value, b' ')?;
        Some(Self { format, params: params.trim_ascii() })
    }

    /// `name=value` pairs separated by semicolons, as most formats have them.
    pub fn pairs(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.params.split(';').map(str::trim).filter(|pair| !pair.is_empty()).map(|pair| {
            split_once(pair, b'=').map_or((pair, ""), |(name, value)| (name.trim(), value.trim()))
        })
    }
}

impl fmt::Display for Fmtp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.format, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for text in ["96 opus/48000/2", "0 PCMU/8000", "101 telephone-event/8000"] {
            assert_eq!(RtpMap::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(RtpMap::parse("0 PCMU/8000/1").unwrap(), RtpMap::assigned(0).unwrap());
        for bad in ["", "0", "0 PCMU", "128 x/1", "x y/1", "0 x/y", "0 x/8000/256", "0 x/-1"] {
            assert!(RtpMap::parse(bad).is_none(), "{bad}");
        }
        let fmtp = Fmtp::parse("96 useinbandfec=1; cbr").unwrap();
        assert_eq!(fmtp.pairs().collect::<Vec<_>>(), [("useinbandfec", "1"), ("cbr", "")]);
    }
}
