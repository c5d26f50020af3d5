//! Rules about who may know whom: leaf crates stand beside each other, ground floors on nothing.

use super::{File, Finding};

/// Crates between which no arrow goes.
const LEAVES: &[&str] = &["core", "media", "msrp", "payloads"];

pub(super) fn check(files: &[File], findings: &mut Vec<Finding>) {
    for leaf in LEAVES {
        manifest(files, leaf, findings);
        ground_floor(files, leaf, findings);
    }
    for file in files.iter().filter(|file| file.path.starts_with("crates/net")) {
        if file.path.ends_with("Cargo.toml") && shipped(file).any(|(_, l)| l.contains("sipsimple-"))
        {
            findings.push(Finding::file(&file.path, "net stands on no other crate of ours"));
        }
    }
}

/// A leaf depends on `sipsimple-net` and on no other crate of the workspace.
fn manifest(files: &[File], leaf: &str, findings: &mut Vec<Finding>) {
    let path = format!("crates/{leaf}/Cargo.toml");
    let Some(file) = files.iter().find(|file| file.path == std::path::Path::new(&path)) else {
        return;
    };
    for (index, line) in shipped(file) {
        let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
        let sibling = name.strip_prefix("sipsimple").is_some_and(|rest| rest != "-net");
        if sibling {
            findings.push(Finding::line(&file.path, index, format!("{leaf} may not know {name}")));
        }
    }
}

/// The lines of a manifest's `[dependencies]`.
fn shipped(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    file.text.lines().enumerate().filter(move |(_, line)| {
        if line.starts_with('[') {
            inside = *line == "[dependencies]";
        }
        inside && !line.starts_with('[')
    })
}

/// Only a leaf's `net` module names the runtime.
fn ground_floor(files: &[File], leaf: &str, findings: &mut Vec<Finding>) {
    let source = format!("crates/{leaf}/src");
    let upper = [format!("{source}/net"), format!("{source}/net.rs")];
    let ground = files
        .iter()
        .filter(|file| file.has_extension("rs") && file.path.starts_with(&source))
        .filter(|file| !upper.iter().any(|path| file.path.starts_with(path)));
    for file in ground {
        for (index, line) in file.shipped_lines() {
            let code = line.split("//").next().unwrap_or_default();
            if code.contains("tokio::") {
                findings.push(Finding::line(&file.path, index, "names tokio outside `net`"));
            }
        }
    }
}
