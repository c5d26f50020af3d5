//! The inner loops, written so that the compiler vectorises them.

use super::level::{Gain, saturate};

/// The sum of the magnitudes of a quantum.
pub(super) fn magnitudes(frame: &[i16]) -> u32 {
    frame.iter().map(|sample| u32::from(sample.unsigned_abs())).sum()
}

/// Adds a frame to a sum.
pub(super) fn add(sum: &mut [i32], frame: &[i16]) {
    for (sum, &sample) in sum.iter_mut().zip(frame) {
        *sum += i32::from(sample);
    }
}

/// Starts a sum with two frames.
pub(super) fn start(sum: &mut [i32], a: &[i16], b: &[i16]) {
    for ((sum, &a), &b) in sum.iter_mut().zip(a).zip(b) {
        *sum = i32::from(a) + i32::from(b);
    }
}

/// Adds a frame with a gain to a sum that may be near its limits.
pub(super) fn add_scaled(sum: &mut [i32], frame: &[i16], gain: Gain) {
    for (sum, &sample) in sum.iter_mut().zip(frame) {
        *sum = sum.saturating_add(gain.apply(sample));
    }
}

/// Adds `bridge - own` to a sum.
pub(super) fn add_minus_own(sum: &mut [i32], bridge: &[i32], own: &[i16]) {
    for ((sum, &bridge), &own) in sum.iter_mut().zip(bridge).zip(own) {
        *sum = sum.saturating_add(bridge - i32::from(own));
    }
}

/// Adds a bridge that has nothing of one's own in it to a sum.
pub(super) fn add_sum(sum: &mut [i32], bridge: &[i32]) {
    for (sum, &bridge) in sum.iter_mut().zip(bridge) {
        *sum = sum.saturating_add(bridge);
    }
}

/// Puts `bridge - own` into `out`, limited to 16 bits.
pub(super) fn minus_own(out: &mut [i16], bridge: &[i32], own: &[i16]) {
    for ((out, &bridge), &own) in out.iter_mut().zip(bridge).zip(own) {
        *out = saturate(bridge - i32::from(own));
    }
}

/// Puts a sum into `out`, limited to 16 bits.
pub(super) fn limit(out: &mut [i16], sum: &[i32]) {
    for (out, &sum) in out.iter_mut().zip(sum) {
        *out = saturate(sum);
    }
}
