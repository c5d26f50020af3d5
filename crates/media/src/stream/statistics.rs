//! Counters of a stream, with the names that the SDK's users know.

use std::time::Duration;

/// A quantity that was measured several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistic {
    /// How often it was measured.
    pub count: u64,
    /// The least value.
    pub min: Duration,
    /// The greatest value.
    pub max: Duration,
    /// The latest value.
    pub last: Duration,
    total: Duration,
}

impl Statistic {
    /// The mean of all values; zero before the first.
    pub fn average(&self) -> Duration {
        let nanos = self.total.as_nanos().checked_div(u128::from(self.count)).unwrap_or(0);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Adds a measurement.
    pub fn record(&mut self, value: Duration) {
        self.min = if self.count == 0 { value } else { self.min.min(value) };
        self.max = self.max.max(value);
        self.last = value;
        self.count += 1;
        self.total = self.total.saturating_add(value);
    }
}

/// One direction of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DirectionStatistics {
    /// RTP packets.
    pub packets: u64,
    /// Payload bytes.
    pub bytes: u64,
    /// Received: packets that came too late, too early or malformed to be played.
    /// Sent: packets that the network refused to take.
    pub packets_discarded: u64,
    /// Packets that never arrived; for the sent direction as the peer reports it.
    pub packets_lost: u64,
    /// Packets that came after a later one.
    pub packets_reordered: u64,
    /// Packets that came again.
    pub packets_duplicate: u64,
    /// How long the gaps were.
    pub loss_period: Statistic,
    /// Whether several packets were lost in a row.
    pub burst_loss: bool,
    /// Whether single packets were lost.
    pub random_loss: bool,
    /// Interarrival jitter (RFC 3550 §6.4.1), measured once per packet; for
    /// the sent direction once per report.
    pub jitter: Statistic,
}

/// Datagrams that were not part of the stream. Nothing of them was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RejectedPackets {
    /// Not RTP or RTCP at all.
    pub malformed: u64,
    /// RTP from an address or of an SSRC that the stream doesn't follow.
    pub foreign: u64,
    /// RTP of a payload type that was not agreed on.
    pub unknown_payload_type: u64,
}

/// What playing needed besides packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlayoutStatistics {
    /// The playout delay above the fastest packet, now.
    pub delay: Duration,
    /// The playout delay that the network's jitter asks for, now.
    pub target_delay: Duration,
    /// Audio made up for lost or late packets.
    pub concealed: Duration,
    /// Audio left out to shorten the delay.
    pub dropped: Duration,
    /// Audio made up to lengthen the delay.
    pub inserted: Duration,
}

/// A snapshot of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Round-trip time, from RTCP.
    pub rtt: Statistic,
    /// What was received.
    pub rx: DirectionStatistics,
    /// What was sent.
    pub tx: DirectionStatistics,
    /// What was thrown away before it counted as received.
    pub rejected: RejectedPackets,
    /// What the jitter buffer did.
    pub playout: PlayoutStatistics,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statistic_knows_its_extremes_and_mean() {
        let mut statistic = Statistic::default();
        assert_eq!(statistic.average(), Duration::ZERO);
        for ms in [30, 10, 20] {
            statistic.record(Duration::from_millis(ms));
        }
        assert_eq!(statistic.min, Duration::from_millis(10));
        assert_eq!(statistic.max, Duration::from_millis(30));
        assert_eq!(statistic.last, Duration::from_millis(20));
        assert_eq!(statistic.average(), Duration::from_millis(20));
        assert_eq!(statistic.count, 3);
    }
}
