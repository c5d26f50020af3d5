//! The one place that asks the operating system for randomness.

/// 32 bytes from the operating system, to seed a machine's own generator.
///
/// # Panics
///
/// When the operating system has no randomness to give: nothing that is safe
/// can be sent then.
#[allow(clippy::disallowed_methods, reason = "this is the place that reads randomness")]
pub fn random_seed() -> [u8; 32] {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).expect("the operating system gives randomness");
    seed
}
