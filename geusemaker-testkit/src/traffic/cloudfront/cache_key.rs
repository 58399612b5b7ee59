//! Cache keys: the parts of a request by which an edge finds an object.

use http::Method;

use super::asked::{Asked, Viewer};
use super::behavior::{Behavior, Encodings};
use super::generated_headers;

/// The key of an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CacheKey(Vec<u8>);

impl CacheKey {
    /// Returns the key of a request to a distribution, for a method.
    pub(super) fn of(
        distribution: &str,
        method: &Method,
        asked: &Asked,
        viewer: &Viewer,
        behavior: &Behavior,
    ) -> Self {
        let mut key = Vec::new();
        // No part can contain the end of a line.
        let mut add = |part: &[u8]| {
            key.extend_from_slice(part);
            key.push(b'\n');
        };
        add(distribution.as_bytes());
        add(method.as_str().as_bytes());
        add(asked.path.as_bytes());
        add(query(asked, behavior).unwrap_or_default().as_bytes());
        let encodings = asked.encodings(behavior, viewer.version);
        add(accept_encoding(encodings).unwrap_or_default().as_bytes());
        for cookie in cookies(asked, behavior) {
            add(cookie.as_bytes());
        }
        add(b"");
        let mut headers: Vec<(&str, &[u8])> = Vec::new();
        for (name, value) in &asked.headers {
            // Cookies and encodings are in the key in their own way.
            let is_other = !["accept-encoding", "cookie", "host"].contains(&name.as_str())
                && !name.as_str().starts_with("cloudfront-");
            if is_other && behavior.key.headers.contains(name.as_str()) {
                headers.push((name.as_str(), value.as_bytes()));
            }
        }
        if behavior.key.headers.contains("host") {
            headers.push(("host", viewer.host.as_bytes()));
        }
        headers.sort_by_key(|(name, _)| *name);
        for (name, value) in headers {
            add(name.as_bytes());
            add(value);
        }
        add(b"");
        for name in &behavior.key.generated {
            let value = generated_headers::value(name, asked, viewer);
            add(value.as_deref().unwrap_or_default().as_bytes());
        }
        Self(key)
    }

    /// Returns the memory that the key needs.
    pub(super) fn size(&self) -> usize {
        self.0.len()
    }
}

/// Returns the object's path with the part of the query that is in the key: what an invalidation names.
pub(super) fn object(asked: &Asked, behavior: &Behavior) -> String {
    match query(asked, behavior) {
        Some(query) => format!("{}?{query}", asked.path),
        None => asked.path.clone(),
    }
}

/// Returns the value by which an edge asks the origin for encodings, and distinguishes objects.
pub(super) fn accept_encoding(encodings: Encodings) -> Option<&'static str> {
    match (encodings.brotli, encodings.gzip) {
        (true, true) => Some("br,gzip"),
        (true, false) => Some("br"),
        (false, true) => Some("gzip"),
        (false, false) => None,
    }
}

/// Returns the part of a query whose names are selected, in its order.
pub(super) fn selected_query(query: &str, is_selected: impl Fn(&str) -> bool) -> Option<String> {
    let selected: Vec<&str> = query
        .split('&')
        .filter(|pair| {
            let (name, _) = pair.split_once('=').unwrap_or((pair, ""));
            is_selected(name)
        })
        .collect();
    (!selected.is_empty()).then(|| selected.join("&"))
}

fn query(asked: &Asked, behavior: &Behavior) -> Option<String> {
    selected_query(asked.query.as_deref()?, |name| {
        behavior.key.query.contains(name)
    })
}

/// Returns the cookies in the key, sorted: their order means nothing.
fn cookies<'a>(asked: &'a Asked, behavior: &Behavior) -> Vec<&'a str> {
    let mut cookies: Vec<&str> = asked
        .cookies()
        .filter(|cookie| {
            let (name, _) = cookie.split_once('=').unwrap_or((cookie, ""));
            behavior.key.cookies.contains(name)
        })
        .collect();
    cookies.sort_unstable();
    cookies
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
    use proptest::prelude::*;

    use super::CacheKey;
    use crate::traffic::cloudfront::asked::{Asked, Viewer};
    use crate::traffic::cloudfront::behavior::Behavior;
    use crate::traffic::cloudfront::selection::{Names, Selection};
    use crate::traffic::source::Source;
    use crate::wire::xml::Element;

    fn behavior() -> Behavior {
        let listed = |names: &[&str]| Names::Listed(names.iter().map(|it| (*it).into()).collect());
        let mut behavior = Behavior::read(&Element::new("DefaultCacheBehavior"));
        behavior.key = Selection {
            headers: listed(&["x-a"]),
            generated: Vec::new(),
            cookies: listed(&["a"]),
            query: listed(&["a"]),
        };
        behavior
    }

    fn key(asked: &Asked) -> CacheKey {
        let viewer = Viewer {
            source: Source::default(),
            is_https: true,
            version: Version::HTTP_11,
            host: "d1.cloudfront.net".to_owned(),
            request_id: String::new(),
        };
        CacheKey::of("E1", &Method::GET, asked, &viewer, &behavior())
    }

    type Pairs = Vec<(String, String)>;

    fn asked(path: &str, headers: &Pairs, cookies: &Pairs, query: &Pairs) -> Asked {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = format!("x-{name}").parse().unwrap();
            map.append(name, HeaderValue::from_str(value).unwrap());
        }
        let join = |pairs: &Pairs, by: &str| {
            let pairs: Vec<_> = pairs.iter().map(|(n, v)| format!("{n}={v}")).collect();
            pairs.join(by)
        };
        map.insert("cookie", join(cookies, "; ").parse().unwrap());
        Asked {
            method: Method::GET,
            path: path.to_owned(),
            query: Some(join(query, "&")),
            headers: map,
        }
    }

    /// Returns the part that counts.
    fn listed(path: &str, headers: &Pairs, cookies: &Pairs, query: &Pairs) -> [Vec<String>; 4] {
        let of = |pairs: &Pairs| -> Vec<String> {
            let listed = pairs.iter().filter(|(name, _)| name == "a");
            listed.map(|(_, value)| value.clone()).collect()
        };
        let mut cookies = of(cookies);
        cookies.sort();
        [vec![path.to_owned()], of(headers), cookies, of(query)]
    }

    fn pairs() -> impl Strategy<Value = Pairs> {
        prop::collection::vec(("[abc]", "[a-c]{0,2}"), 0..4)
    }

    proptest! {
        #[test]
        fn listed_parts_alone_are_in_key(
            one in ("/[ab]{0,1}", pairs(), pairs(), pairs()),
            other in ("/[ab]{0,1}", pairs(), pairs(), pairs()),
        ) {
            let is_same = listed(&one.0, &one.1, &one.2, &one.3)
                == listed(&other.0, &other.1, &other.2, &other.3);
            let one = asked(&one.0, &one.1, &one.2, &one.3);
            let other = asked(&other.0, &other.1, &other.2, &other.3);
            prop_assert_eq!(key(&one) == key(&other), is_same);
        }
    }
}
