//! One band: the step that follows the signal's level, and the predictor that
//! follows its shape (G.722 §3.3 to §3.6, blocks 3 and 4).

/// Logarithm of the step, in 1/2048 of a power of two, to the step.
const STEPS: [u16; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
    2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];
/// How a code changes the logarithm of the step, in the lower band: the larger
/// the difference, the more.
static LOWER_CHANGES: [i16; 16] =
    [-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60];
/// The same in the upper band.
static UPPER_CHANGES: [i16; 4] = [798, -214, 798, -214];

/// The state that both sides keep, each for itself, from the codes alone.
#[derive(Debug, Clone)]
pub(super) struct Band {
    changes: &'static [i16],
    log_step: i32,
    largest_log_step: i32,
    /// The logarithm at which the step is 4096/4.
    log_of_one: i32,
    step: i32,
    predictor: Predictor,
}

impl Band {
    pub(super) fn lower() -> Self {
        Self::new(&LOWER_CHANGES, 18_432, 8)
    }

    pub(super) fn upper() -> Self {
        Self::new(&UPPER_CHANGES, 22_528, 10)
    }

    fn new(changes: &'static [i16], largest_log_step: i32, log_of_one: i32) -> Self {
        let step = i32::from(STEPS[0]) >> log_of_one << 2;
        let predictor = Predictor::default();
        Self { changes, log_step: 0, largest_log_step, log_of_one, step, predictor }
    }

    /// The sample that is expected next.
    pub(super) fn predicted(&self) -> i32 {
        self.predictor.predicted
    }

    /// The size of the differences that are expected.
    pub(super) fn step(&self) -> i32 {
        self.step
    }

    /// How wrong the prediction of this sample was.
    pub(super) fn error(&self, sample: i32) -> i32 {
        saturated(sample - self.predictor.predicted)
    }

    /// Takes note of a code and what it stands for.
    pub(super) fn follow(&mut self, code: usize, quantized: i16) {
        let difference = scaled(self.step, quantized);
        let log_step = ((self.log_step * 127) >> 7) + i32::from(self.changes[code]);
        self.log_step = log_step.clamp(0, self.largest_log_step);
        let mantissa = i32::from(STEPS[(self.log_step >> 6 & 31) as usize]);
        // An exponent above one shifts the other way.
        let exponent = self.log_of_one - (self.log_step >> 11);
        let step = if exponent < 0 { mantissa << -exponent } else { mantissa >> exponent };
        self.step = step << 2;
        self.predictor.follow(difference);
    }
}

/// A quantized value in steps/32768, times the step.
pub(super) fn scaled(step: i32, quantized: i16) -> i32 {
    (step * i32::from(quantized)) >> 15
}

/// Six zeros and two poles, all adapting by the signs of what they see.
#[derive(Debug, Clone, Default)]
struct Predictor {
    predicted: i32,
    /// The part of the prediction that the zeros make.
    zeros: i32,
    zero_weights: [i32; 6],
    /// The latest differences, the newest first.
    differences: [i32; 6],
    pole_weights: [i32; 2],
    /// The signal without the poles' part, the newest first.
    partial: [i32; 2],
    /// The signal last time.
    signal: i32,
}

impl Predictor {
    fn follow(&mut self, difference: i32) {
        let signal = saturated(self.predicted + difference);
        let partial = saturated(self.zeros + difference);
        self.adapt_poles(partial);
        self.adapt_zeros(difference);
        self.differences.copy_within(..5, 1);
        self.differences[0] = difference;
        self.partial = [partial, self.partial[0]];

        let mut zeros = 0;
        for (weight, difference) in self.zero_weights.iter().zip(&self.differences) {
            zeros += weighted(*weight, *difference);
        }
        self.zeros = saturated(zeros);
        let poles =
            weighted(self.pole_weights[0], signal) + weighted(self.pole_weights[1], self.signal);
        self.signal = signal;
        self.predicted = saturated(saturated(poles) + self.zeros);
    }

    fn adapt_poles(&mut self, partial: i32) {
        let [first, second] = self.pole_weights;
        let same = |earlier: i32| (partial < 0) == (earlier < 0);
        // The second pole follows the first one and two signs back.
        let slope = saturated(first << 2);
        let slope = if same(self.partial[0]) { (-slope).min(32_767) } else { slope };
        let push = if same(self.partial[1]) { 128 } else { -128 };
        let second = ((slope >> 7) + push + ((second * 32_512) >> 15)).clamp(-12_288, 12_288);
        // The first pole is kept where both together are stable.
        let push = if same(self.partial[0]) { 192 } else { -192 };
        let limit = 15_360 - second;
        let first = saturated(push + ((first * 32_640) >> 15)).clamp(-limit, limit);
        self.pole_weights = [first, second];
    }

    fn adapt_zeros(&mut self, difference: i32) {
        let push = if difference == 0 { 0 } else { 128 };
        for (weight, earlier) in self.zero_weights.iter_mut().zip(&self.differences) {
            let push = if (difference < 0) == (*earlier < 0) { push } else { -push };
            *weight = saturated(push + ((*weight * 32_640) >> 15));
        }
    }
}

/// Weights are in 1/16384.
fn weighted(weight: i32, sample: i32) -> i32 {
    (weight * saturated(sample * 2)) >> 15
}

fn saturated(value: i32) -> i32 {
    value.clamp(i16::MIN.into(), i16::MAX.into())
}
