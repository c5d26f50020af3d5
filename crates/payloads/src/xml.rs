//! Reading and writing XML within bounds.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use roxmltree::{Document, Node, ParsingOptions};

/// The longest document that is read, in bytes.
pub const MAX_DOCUMENT: usize = 256 * 1024;

/// The most nodes that a document may have.
pub const MAX_NODES: u32 = 20_000;

/// How deep elements may be nested.
pub const MAX_DEPTH: usize = 64;

/// Why bytes are not the document that they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// Longer than [`MAX_DOCUMENT`], or more nodes than [`MAX_NODES`], or deeper
    /// than [`MAX_DEPTH`].
    #[error("the document is too large")]
    TooLarge,
    /// Not UTF-8.
    #[error("not UTF-8 at offset {offset}")]
    NotUtf8 {
        /// In bytes from the beginning.
        offset: usize,
    },
    /// Not well-formed, or with a DTD.
    #[error("{reason}, line {line}")]
    Xml {
        /// What the parser says.
        reason: String,
        /// Counted from 1.
        line: u32,
    },
    /// Another document.
    #[error("the root element is not {expected}")]
    Root {
        /// The element that was expected.
        expected: &'static str,
    },
    /// An element that must be there is not, or has no usable value.
    #[error("no usable <{element}>")]
    Element {
        /// The element.
        element: &'static str,
    },
}

/// Reads a document and hands its root, which must be this element, over.
pub(crate) fn read<T>(
    bytes: &[u8],
    namespace: &str,
    root: &'static str,
    with: impl FnOnce(Node<'_, '_>) -> Result<T, DocumentError>,
) -> Result<T, DocumentError> {
    if bytes.len() > MAX_DOCUMENT {
        return Err(DocumentError::TooLarge);
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|e| DocumentError::NotUtf8 { offset: e.valid_up_to() })?;
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if is_too_deep(text) {
        return Err(DocumentError::TooLarge);
    }
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::NodesLimitReached => DocumentError::TooLarge,
        error => DocumentError::Xml { reason: error.to_string(), line: error.pos().row },
    })?;
    let element = document.root_element();
    if !element.has_tag_name((namespace, root)) {
        return Err(DocumentError::Root { expected: root });
    }
    with(element)
}

/// Whether more elements are open at once than are allowed. Looks at tags
/// alone, so that nothing has to be built first.
fn is_too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        let skipped = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")]
            .into_iter()
            .find(|(open, _)| rest.starts_with(open));
        if let Some((open, close)) = skipped {
            let end = rest[open.len()..].find(close);
            rest = end.map_or("", |end| &rest[open.len() + end + close.len()..]);
            continue;
        }
        let tag = &rest[..tag_end(rest)];
        if tag.starts_with("</") {
            depth = depth.saturating_sub(1);
        } else if !tag.ends_with("/>") {
            depth += 1;
        }
        if depth > MAX_DEPTH {
            return true;
        }
        rest = &rest[tag.len()..];
    }
    false
}

/// The length of the tag that begins a text; a `>` in quotes does not end it.
fn tag_end(text: &str) -> usize {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    text.len()
}

/// The text of a child element, without blanks around it.
pub(crate) fn child_text(parent: Node<'_, '_>, namespace: &str, name: &str) -> Option<String> {
    let child = child(parent, namespace, name)?;
    let text: String = child.children().filter_map(|node| node.text()).collect();
    Some(text.trim().to_owned())
}

/// A child element.
pub(crate) fn child<'a, 'i>(
    parent: Node<'a, 'i>,
    namespace: &str,
    name: &str,
) -> Option<Node<'a, 'i>> {
    parent.children().find(|node| node.has_tag_name((namespace, name)))
}

/// Writes a document with one root, whose elements are all in its namespace.
pub(crate) struct XmlWriter {
    writer: Writer<Vec<u8>>,
}

impl XmlWriter {
    pub(crate) fn new(namespace: &str, root: &str) -> Self {
        let mut writer = Self { writer: Writer::new(Vec::with_capacity(512)) };
        writer.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        let mut start = BytesStart::new(root);
        start.push_attribute(("xmlns", namespace));
        writer.event(Event::Start(start));
        writer
    }

    fn event(&mut self, event: Event<'_>) {
        // Writing to memory can't fail.
        let _ = self.writer.write_event(event);
    }

    pub(crate) fn start(&mut self, name: &str) {
        self.event(Event::Start(BytesStart::new(name)));
    }

    pub(crate) fn end(&mut self, name: &str) {
        self.event(Event::End(BytesEnd::new(name)));
    }

    pub(crate) fn empty(&mut self, name: &str) {
        self.event(Event::Empty(BytesStart::new(name)));
    }

    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.start(name);
        // Characters that XML can't hold, not even escaped.
        let clean: String =
            text.chars().filter(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r')).collect();
        self.event(Event::Text(BytesText::new(&clean)));
        self.end(name);
    }

    pub(crate) fn finish(mut self, root: &str) -> Vec<u8> {
        self.end(root);
        self.writer.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(text: &str) -> Result<(), DocumentError> {
        read(text.as_bytes(), "urn:x", "a", |_| Ok(()))
    }

    #[test]
    fn bounds() {
        assert_eq!(root("<a xmlns='urn:x'/>"), Ok(()));
        assert_eq!(root("\u{feff}\n<a xmlns='urn:x'/>"), Ok(()));
        assert_eq!(root("<a/>"), Err(DocumentError::Root { expected: "a" }));
        assert!(matches!(root("<a xmlns='urn:x'>"), Err(DocumentError::Xml { .. })));
        let deep = format!("<a xmlns='urn:x'>{}{}</a>", "<b>".repeat(5000), "</b>".repeat(5000));
        assert_eq!(root(&deep), Err(DocumentError::TooLarge));
        for hidden in
            ["<b x='/>'>", "<b><!-- </b></b> -->", "<b><![CDATA[</b></b>]]>", "<b><?x </b></b>?>"]
        {
            let deep = format!("<a xmlns='urn:x'>{}{}</a>", hidden.repeat(100), "</b>".repeat(100));
            assert_eq!(root(&deep), Err(DocumentError::TooLarge), "{hidden}");
            let flat = format!("<a xmlns='urn:x'>{}</a>", format!("{hidden}</b>").repeat(100));
            assert_eq!(root(&flat), Ok(()), "{hidden}");
        }
        let wide = format!("<a xmlns='urn:x'>{}</a>", "<b/>".repeat(30_000));
        assert_eq!(root(&wide), Err(DocumentError::TooLarge));
        assert_eq!(root(&" ".repeat(MAX_DOCUMENT + 1)), Err(DocumentError::TooLarge));
        let bomb = "<!DOCTYPE a [<!ENTITY x 'ha'><!ENTITY y '&x;&x;'>]><a xmlns='urn:x'>&y;</a>";
        assert!(matches!(root(bomb), Err(DocumentError::Xml { .. })));
        assert_eq!(
            read(b"<a>\xff", "urn:x", "a", |_| Ok(())),
            Err(DocumentError::NotUtf8 { offset: 3 })
        );
    }
}
