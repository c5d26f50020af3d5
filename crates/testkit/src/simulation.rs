//! Everything that a scenario needs, from one seed.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sipsimple_net::TokioClock;

use crate::{SimHost, SimNetwork, SimResolver};

/// 2030-01-01T00:00:00Z: when every simulation starts, so that printed times repeat.
const START: Duration = Duration::from_secs(1_893_456_000);

/// A network, a resolver and a clock that belong together.
#[derive(Clone)]
pub struct Simulation {
    /// The network that its hosts are on.
    pub network: SimNetwork,
    /// The name server that all of them ask.
    pub resolver: Arc<SimResolver>,
    /// The virtual clock; its wall time starts on 2030-01-01.
    pub clock: Arc<TokioClock>,
    seed: u64,
}

impl Simulation {
    /// A new world. To be called inside a tokio runtime whose clock is paused.
    pub fn new(seed: u64) -> Self {
        Self {
            network: SimNetwork::new(seed),
            resolver: Arc::new(SimResolver::new()),
            clock: Arc::new(TokioClock::starting_at(SystemTime::UNIX_EPOCH + START)),
            seed,
        }
    }

    /// The host with this address: see [`SimNetwork::host`].
    pub fn host(&self, address: &str) -> Arc<SimHost> {
        self.network.host(address)
    }

    /// A seed for the machine called `name`, other for each name and each simulation.
    pub fn seed_for(&self, name: &str) -> [u8; 32] {
        let mut generator = ChaCha8Rng::seed_from_u64(self.seed);
        // FNV-1a, to spread the names over the generator's streams.
        generator.set_stream(name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }));
        let mut seed = [0; 32];
        generator.fill_bytes(&mut seed);
        seed
    }
}
