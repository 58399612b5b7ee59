//! `gm version`: prints the version of the program.

use serde_json::json;

use crate::document::Document;

pub(crate) fn run() -> Document {
    let version = env!("CARGO_PKG_VERSION");
    Document::ok()
        .member("name", "gm")
        .member("version", version)
        .member("features", json!({ "sandbox": cfg!(feature = "sandbox") }))
        .member(
            "target",
            json!({ "os": std::env::consts::OS, "arch": std::env::consts::ARCH }),
        )
        .line(format!("gm {version}"))
}
