//! The reference of a container image.

use super::ecr_repository::EcrRepository;
use crate::spec::text::validated_text;

validated_text! {
    /// A reference to a container image: `[REGISTRY[:PORT]/]NAME[:TAG][@DIGEST]`.
    ///
    /// Source: the grammar of `distribution/reference`, which Docker uses.
    ///
    /// ```
    /// use geusemaker_core::spec::ContainerImage;
    ///
    /// let image: ContainerImage = "ghcr.io/open-webui/open-webui:main".parse()?;
    /// assert_eq!(image.to_string(), "ghcr.io/open-webui/open-webui:main");
    /// let error = "Ollama/ollama".parse::<ContainerImage>().unwrap_err();
    /// assert!(error.message().contains("\"Ollama\" is not a part of an image's name"));
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    ContainerImage, check
}

impl ContainerImage {
    /// Returns the private repository of Amazon ECR that the image is in, if it is in one.
    pub(crate) fn ecr_repository(&self) -> Option<EcrRepository<'_>> {
        EcrRepository::of_image(self.as_str())
    }
}

fn check(text: &str) -> Result<(), String> {
    if has_user(text) {
        return Err(
            "is not a container image: it has an address with a user or a scheme, which is not repeated here; expected \
             a reference as in \"ollama/ollama:latest\""
                .to_owned(),
        );
    }
    refuse(text).map_or(Ok(()), |why| {
        Err(format!(
            "{text:?} is not a container image: {why}; expected a reference as in \"ollama/ollama:latest\""
        ))
    })
}

/// Returns true if the text has a scheme, or something before an "@" that no digest follows: maybe a user with a
/// password, which no error repeats.
fn has_user(text: &str) -> bool {
    let mut parts = text.split('@').skip(1);
    let is_digest = |part: &str| {
        let algorithm = part.split_once(':').map(|(algorithm, _)| algorithm);
        matches!(algorithm, Some("sha256" | "sha384" | "sha512" | "md5"))
    };
    text.contains("://")
        || match (parts.next(), parts.next()) {
            (Some(one), None) => !is_digest(one),
            (first, _) => first.is_some(),
        }
}

/// Returns the reason why the text is no reference of an image.
fn refuse(text: &str) -> Option<String> {
    if text.len() > 512 {
        return Some(format!(
            "it has {} characters, at most 512 are allowed",
            text.len()
        ));
    }
    let (text, digest) = match text.split_once('@') {
        Some((text, digest)) => (text, Some(digest)),
        None => (text, None),
    };
    if let Some(digest) = digest.filter(|digest| !is_digest(digest)) {
        return Some(format!(
            "{digest:?} is not a digest, which is sha256: and 64 hexadecimal digits"
        ));
    }
    let (registry, text) = match text.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
            (Some(first), rest)
        }
        Some(_) | None => (None, text),
    };
    if let Some(registry) = registry.filter(|registry| !is_registry(registry)) {
        return Some(format!("{registry:?} is not the host of a registry"));
    }
    let (name, tag) = match text.split_once(':') {
        Some((name, tag)) => (name, Some(tag)),
        None => (text, None),
    };
    if let Some(tag) = tag.filter(|tag| !is_tag(tag)) {
        return Some(format!(
            "{tag:?} is not a tag, which has at most 128 letters, digits and ._-"
        ));
    }
    let wrong = name.split('/').find(|part| !is_part(part))?;
    Some(format!(
        "{wrong:?} is not a part of an image's name, which has lower-case letters and digits, with ._- between them"
    ))
}

fn is_digest(text: &str) -> bool {
    let digits = text.strip_prefix("sha256:");
    digits.is_some_and(|digits| {
        digits.len() == 64
            && digits
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

fn is_registry(text: &str) -> bool {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let is_port = |port: &str| {
        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    host.split('.').all(is_label) && port.is_none_or(is_port)
}

fn is_tag(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// Returns true for a part of a name: words of lower-case letters and digits, separated by one dot, one or two
/// underscores, or any number of hyphens.
fn is_part(text: &str) -> bool {
    let is_word_end =
        |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let is_separator =
        |text: &str| matches!(text, "." | "_" | "__") || text.bytes().all(|b| b == b'-');
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    is_word_end(text.chars().next())
        && is_word_end(text.chars().last())
        && text
            .split(is_word)
            .filter(|separator| !separator.is_empty())
            .all(is_separator)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::ContainerImage;

    #[test]
    fn references_of_docker_are_accepted() {
        for text in [
            "a",
            "ollama/ollama:latest",
            "ghcr.io/open-webui/open-webui:main",
            "docker.n8n.io/n8nio/n8n:1.0.0",
            "localhost:5000/a/b_c/d__e-f--g.h:v1.2_3-rc.1",
            "registry.example.com:65535/a",
            "vllm/vllm-openai:v0.11.0",
            &format!("postgres:17@sha256:{}", "0a".repeat(32)),
            &format!("qdrant/qdrant@sha256:{}", "f".repeat(64)),
        ] {
            assert!(text.parse::<ContainerImage>().is_ok(), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_reason() {
        for (text, reason) in [
            ("", "\"\" is not a part"),
            ("a b", "\"a b\" is not a part"),
            ("a\n", "is not a part"),
            ("$(reboot)", "is not a part"),
            ("a'b", "is not a part"),
            ("-a", "\"-a\" is not a part"),
            ("A/b", "\"A\" is not a part"),
            ("a//b", "\"\" is not a part"),
            ("a/", "\"\" is not a part"),
            ("a/../b", "\"..\" is not a part"),
            ("a___b", "is not a part"),
            ("a:", "\"\" is not a tag"),
            ("a:b:c", "\"b:c\" is not a tag"),
            ("a:b:c//", "is not the host of a registry"),
            ("a/b@sha256:00", "is not a digest"),
            ("a@md5:00", "is not a digest"),
            ("host.example:99999/a", "is not the host of a registry"),
            ("-host.example/a", "is not the host of a registry"),
            (&"a".repeat(513), "at most 512"),
        ] {
            let error = text.parse::<ContainerImage>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
            assert!(error.contains("\"ollama/ollama:latest\""), "{error}");
        }
    }

    #[test]
    fn user_of_registry_is_not_repeated() {
        for text in [
            "user:PLANTED@reg.io/x",
            "https://user:PLANTED@reg.io/x",
            "user:PLAN@PLANTED/x@reg.io:5000/x",
            "user:PLANTED@localhost:5000/x@sha256:00",
            "https://reg.io/PLANTED",
        ] {
            let error = text.parse::<ContainerImage>().unwrap_err().to_string();
            assert!(
                !error.contains("PLANTED") && error.contains("is not repeated here"),
                "{error}"
            );
        }
    }

    proptest! {
        #[test]
        fn check_never_panics(text in "([a-zA-Z0-9]|[:/@._-]|sha256|\\PC)*") {
            let _ = text.parse::<ContainerImage>();
        }
    }
}
