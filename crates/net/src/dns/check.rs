//! What an answer has to be before it is believed (RFC 1035 §7.3, RFC 2181
//! §10.1): records of the name that was asked for, or of one that its aliases
//! lead to, not too many of either.

use std::time::Duration;

use super::{MAX_CNAMES, MAX_RECORDS, Records};

/// A record of an answer section.
pub(crate) struct Found<T> {
    /// Whose record it is.
    pub(crate) owner: String,
    /// How long it may be kept.
    pub(crate) ttl: Duration,
    pub(crate) data: Data<T>,
}

/// What a record says.
pub(crate) enum Data<T> {
    /// The owner is another name for this one.
    Alias(String),
    /// A record of the type that was asked for.
    Wanted(T),
    /// Anything else.
    Other,
}

/// Why an answer is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Lame {
    /// No record of the wanted type for the name.
    #[error("no such record")]
    Nothing,
    /// The aliases go in a circle, or through too many names.
    #[error("more than {MAX_CNAMES} aliases")]
    TooManyAliases,
}

/// The records that answer the question for `name`.
pub(crate) fn answer<T>(name: &str, found: Vec<Found<T>>) -> Result<Records<T>, Lame> {
    let mut name = canonical(name);
    let mut ttl = Duration::MAX;
    for _ in 0..=MAX_CNAMES {
        let own = |record: &Found<T>| canonical(&record.owner) == name;
        if found.iter().any(|record| own(record) && matches!(record.data, Data::Wanted(_))) {
            return Ok(collect(&name, ttl, found));
        }
        let alias = found.iter().find_map(|record| match &record.data {
            Data::Alias(target) if own(record) => Some((record.ttl, canonical(target))),
            _ => None,
        });
        let Some((age, target)) = alias else { return Err(Lame::Nothing) };
        ttl = ttl.min(age);
        name = target;
    }
    Err(Lame::TooManyAliases)
}

fn collect<T>(name: &str, mut ttl: Duration, found: Vec<Found<T>>) -> Records<T> {
    let mut records = Vec::new();
    for record in found {
        if let Data::Wanted(data) = record.data
            && canonical(&record.owner) == name
            && records.len() < MAX_RECORDS
        {
            ttl = ttl.min(record.ttl);
            records.push(data);
        }
    }
    Records { records, ttl }
}

/// Names are compared without case and without a final dot.
fn canonical(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(owner: &str, data: u32, ttl: u64) -> Found<u32> {
        let ttl = Duration::from_secs(ttl);
        Found { owner: owner.into(), ttl, data: Data::Wanted(data) }
    }

    fn alias(owner: &str, target: &str, ttl: u64) -> Found<u32> {
        let ttl = Duration::from_secs(ttl);
        Found { owner: owner.into(), ttl, data: Data::Alias(target.into()) }
    }

    #[test]
    fn records_of_other_names_are_not_believed() {
        let found = vec![
            wanted("sip.example.com.", 1, 60),
            wanted("bank.example", 2, 60),
            wanted("SIP.Example.COM", 3, 30),
            Found { owner: "sip.example.com".into(), ttl: Duration::ZERO, data: Data::Other },
        ];
        let answer = answer("sip.example.com", found).unwrap();
        assert_eq!((answer.records, answer.ttl.as_secs()), (vec![1, 3], 30));
        let stranger = vec![wanted("bank.example", 2, 60)];
        assert_eq!(super::answer("sip.example.com", stranger), Err(Lame::Nothing));
        assert_eq!(super::answer::<u32>("sip.example.com", vec![]), Err(Lame::Nothing));
    }

    #[test]
    fn aliases_are_followed_in_any_order_and_count_for_the_time_to_live() {
        let found = vec![
            wanted("c.example", 7, 600),
            alias("b.example", "c.example.", 20),
            alias("a.example", "B.example", 40),
        ];
        let answer = answer("a.example", found).unwrap();
        assert_eq!((answer.records, answer.ttl.as_secs()), (vec![7], 20));
    }

    #[test]
    fn circles_and_long_chains_end() {
        let circle = vec![alias("a.example", "b.example", 1), alias("b.example", "a.example", 1)];
        assert_eq!(answer("a.example", circle), Err(Lame::TooManyAliases));
        let chain = |length: usize| {
            let link = |n: usize| alias(&format!("{n}.example"), &format!("{}.example", n + 1), 1);
            let mut chain: Vec<_> = (0..length).map(link).collect();
            chain.push(wanted(&format!("{length}.example"), 1, 1));
            answer("0.example", chain)
        };
        assert!(chain(MAX_CNAMES).is_ok());
        assert_eq!(chain(MAX_CNAMES + 1), Err(Lame::TooManyAliases));
    }

    #[test]
    fn a_bomb_of_records_is_cut() {
        let bomb = (0..10_000).map(|n| wanted("a.example", n, 1)).collect();
        assert_eq!(answer("a.example", bomb).unwrap().records.len(), MAX_RECORDS);
    }
}
