//! Where a piece of audio looks most like another: the search that
//! concealment and time-scaling stand on.

/// The search looks at this many samples per second first, whatever the
/// audio's rate, and at all of them around the best place.
const COARSE_RATE: u32 = 8000;

/// How much better a later place has to be than an earlier one: a multiple of
/// the pitch fits as well as the pitch.
const BETTER: f32 = 1.001;

/// A place, and how alike the audio there is: 1 the same but for its level,
/// 0 not at all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Match {
    pub(crate) at: usize,
    pub(crate) similarity: f32,
}

/// The place of `places` at which `within` looks most like `template`, the
/// first of several; `None` when there is no place with all of its samples.
pub(crate) fn best_match(
    template: &[i16],
    within: &[i16],
    places: impl Iterator<Item = usize>,
    rate: u32,
) -> Option<Match> {
    let stride = (rate / COARSE_RATE).max(1) as usize;
    let last = within.len().checked_sub(template.len())?;
    let (mut best, mut least, mut most) = (None::<Match>, usize::MAX, 0);
    for (n, at) in places.filter(|at| *at <= last).enumerate() {
        (least, most) = (least.min(at), most.max(at));
        if n % stride == 0 {
            let similarity = similarity(template, &within[at..], stride);
            if best.is_none_or(|best| similarity > best.similarity * BETTER) {
                best = Some(Match { at, similarity });
            }
        }
    }
    let coarse = best?;
    if stride == 1 {
        return best;
    }
    let around = coarse.at.saturating_sub(stride).max(least)..=(coarse.at + stride).min(most);
    let fine = around.map(|at| Match { at, similarity: similarity(template, &within[at..], 1) });
    fine.max_by(|a, b| a.similarity.total_cmp(&b.similarity))
}

/// The normalized correlation of the template with the start of `other`.
fn similarity(template: &[i16], other: &[i16], stride: usize) -> f32 {
    let (mut product, mut ours, mut theirs) = (0i64, 0i64, 0i64);
    for (a, b) in template.iter().zip(other).step_by(stride) {
        let (a, b) = (i64::from(*a), i64::from(*b));
        product += a * b;
        ours += a * a;
        theirs += b * b;
    }
    if product <= 0 { 0.0 } else { (product as f64 / (ours as f64 * theirs as f64).sqrt()) as f32 }
}

/// Goes from `old` to `new`: `step` of `steps`, none of them quite the one or
/// the other.
pub(crate) fn blend(old: i16, new: i16, step: usize, steps: usize) -> i16 {
    let (old, new) = (i32::from(old), i32::from(new));
    (old + (new - old) * (step as i32 + 1) / (steps as i32 + 1)) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::sine;

    #[test]
    fn a_period_is_found_at_every_rate() {
        for rate in [8000, 16_000, 48_000] {
            let tone = sine(rate, 200.0, 8000.0, rate as usize / 20);
            let period = rate as usize / 200;
            let places = period / 2..=period * 3;
            let found = best_match(&tone[..period], &tone, places, rate).unwrap();
            assert_eq!(found.at, period, "{rate}");
            assert!(found.similarity > 0.999);
        }
    }

    #[test]
    fn silence_is_like_nothing_and_too_little_is_no_place() {
        assert_eq!(best_match(&[0; 10], &[0; 20], 0..=10, 8000).unwrap().similarity, 0.0);
        assert_eq!(best_match(&[1; 10], &[1; 9], 0..=10, 8000), None);
        assert_eq!(best_match(&[1; 10], &[1; 20], 11..=12, 8000), None);
    }

    #[test]
    fn a_blend_begins_and_ends_near_its_ends() {
        assert_eq!((blend(0, 100, 0, 9), blend(0, 100, 8, 9)), (10, 90));
        assert_eq!(blend(i16::MAX, i16::MIN, 0, 1), 0);
    }
}
