//! The offers and answers of RFC 4317, as both sides see them.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use sipsimple_core::sdp::offer_answer::{NegotiationState, Negotiator, OfferAnswerError};
use sipsimple_core::sdp::{Direction, SessionDescription};

/// The descriptions of each section, in order.
fn sections() -> Vec<(String, Vec<SessionDescription>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/sdp/rfc4317");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut sections: Vec<(String, Vec<SessionDescription>)> = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let section = name.split_once('-').unwrap().1.to_owned();
        let description = SessionDescription::parse(&std::fs::read(&file).unwrap())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        match sections.last_mut() {
            Some((last, descriptions)) if *last == section => descriptions.push(description),
            _ => sections.push((section, vec![description])),
        }
    }
    sections
}

/// Plays a section from the side of `us`, each pair an offer and its answer.
fn play(section: &str, descriptions: &[SessionDescription], us: &str) {
    let mut negotiator = Negotiator::new();
    let mut versions_match = true;
    for pair in descriptions.chunks(2) {
        let [offer, answer] = pair else { panic!("{section}: an offer without an answer") };
        let sent_version = if &*offer.origin.username == us {
            let version = negotiator.offer(offer.clone()).unwrap().origin.version;
            let agreed = negotiator.remote_answer(answer.clone());
            agreed.unwrap_or_else(|error| panic!("{section} as {us}: {error}"));
            (version, offer.origin.version)
        } else {
            negotiator.remote_offer(offer.clone()).unwrap();
            let mut answer = answer.clone();
            if section == "s3.2" && answer.origin.version > answer.origin.session_id {
                // The RFC answers `sendonly` with `sendrecv`; we refuse to.
                let refused = negotiator.answer(answer.clone()).unwrap_err();
                assert_eq!(refused, OfferAnswerError::Direction(0));
                answer.media[0].set_direction(Direction::RecvOnly);
            }
            let agreed = negotiator.answer(answer.clone());
            let agreed = agreed.unwrap_or_else(|error| panic!("{section} as {us}: {error}"));
            (agreed.local.origin.version, answer.origin.version)
        };
        versions_match &= sent_version.0 == sent_version.1;
        assert_eq!(negotiator.state(), NegotiationState::Established);
    }
    assert!(versions_match, "{section} as {us}");
}

#[test]
fn every_section_from_both_sides() {
    let sections = sections();
    assert_eq!(sections.len(), 16);
    for (section, descriptions) in &sections {
        for us in ["alice", "bob"] {
            play(section, descriptions, us);
        }
    }
}

#[test]
fn every_description_comes_back() {
    for (section, descriptions) in sections() {
        for description in descriptions {
            assert_eq!(description.to_string().parse(), Ok(description), "{section}");
        }
    }
}
