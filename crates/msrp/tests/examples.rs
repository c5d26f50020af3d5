//! Every example message of RFC 4975, 4976, 5547 and 7701 is parsed, and
//! written again byte by byte.

use std::path::{Path, PathBuf};

use bytes::BytesMut;
use sipsimple_msrp::parser::{Parsed, Parser};
use sipsimple_msrp::writer::MessageWriter;
use sipsimple_msrp::{Flag, Head, StartLine};

/// Examples that are not what the grammar says, and what is wrong with them.
const WRONG: &[(&str, &str)] = &[
    // Figure 3 leaves out the paths.
    ("rfc4975/006-s5.1-SEND.msrp", "no To-Path"),
    ("rfc4975/007-s5.1-SEND.msrp", "no To-Path"),
    // The blank line before the body is missing in print.
    ("rfc4975/012-s11.2-SEND.msrp", "line 7 is no header field"),
    ("rfc4975/016-s11.6-SEND.msrp", "line 9 is no header field"),
];

fn fixtures() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/msrp");
    let mut files: Vec<PathBuf> = ["rfc4975", "rfc4976", "rfc5547", "rfc7701"]
        .iter()
        .flat_map(|rfc| std::fs::read_dir(root.join(rfc)).expect("fixtures"))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let name = |path: &PathBuf| path.strip_prefix(&root).expect("inside").display().to_string();
    files.iter().map(|path| (name(path), std::fs::read(path).expect("a file"))).collect()
}

#[derive(Debug)]
struct Whole {
    head: Head,
    body: Option<Vec<u8>>,
    flag: Flag,
}

fn parse(bytes: &[u8]) -> Result<Whole, String> {
    let mut parser = Parser::new();
    parser.push(BytesMut::from(bytes));
    let (mut head, mut body) = (None, None);
    loop {
        match parser.next().map_err(|e| e.to_string())?.ok_or("not complete")? {
            Parsed::Head { head: h, has_body } => {
                head = Some(h);
                body = has_body.then(Vec::new);
            }
            Parsed::Body(data) => body.as_mut().expect("a body").extend_from_slice(&data),
            Parsed::End(flag) => return Ok(Whole { head: head.expect("a head"), body, flag }),
            Parsed::Bad { error, .. } => return Err(error.to_string()),
        }
    }
}

fn write(message: &Whole) -> Vec<u8> {
    let head = &message.head;
    let (to, from) = (head.to_path().expect("path"), head.from_path().expect("path"));
    let mut writer = match head.start() {
        StartLine::Request(method) => {
            MessageWriter::request(head.transaction(), method, &to, &from)
        }
        StartLine::Response(code, comment) => {
            MessageWriter::response(head.transaction(), *code, comment, &to, &from)
        }
    }
    .expect("a head that was read");
    for (name, value) in head.iter().skip(2) {
        writer = writer.other(name, value).expect("a field that was read");
    }
    match &message.body {
        None => writer.end(message.flag).to_vec(),
        Some(body) => writer.body(body, message.flag).expect("no end-line").to_vec(),
    }
}

#[test]
fn examples_of_the_rfcs() {
    let files = fixtures();
    assert!(files.len() > 50, "{} files", files.len());
    for (name, bytes) in files {
        let expected = WRONG.iter().find(|(wrong, _)| *wrong == name);
        match (parse(&bytes), expected) {
            (Ok(message), None) => {
                assert_eq!(
                    String::from_utf8_lossy(&write(&message)),
                    String::from_utf8_lossy(&bytes),
                    "{name}"
                );
                assert!(message.head.byte_range().is_ok(), "{name}");
                assert!(message.head.status().is_ok(), "{name}");
            }
            (Err(error), Some((_, expected))) => assert_eq!(error, *expected, "{name}"),
            (Ok(_), Some((_, expected))) => panic!("{name} parsed, expected: {expected}"),
            (Err(error), None) => panic!("{name}: {error}"),
        }
    }
}
