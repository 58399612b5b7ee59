//! `gm token`: prints the bearer token of a stack.

use crate::arguments::Name;
use crate::context::Context;
use crate::document::Document;
use crate::failure::Failure;

pub(crate) async fn run(context: &Context, name: &Name) -> Result<Document, Failure> {
    let name = &name.name;
    let token = context.session.bearer_token(name).await;
    let token = token.map_err(|error| Failure::unchanged(&error, name.as_str()))?;
    Ok(Document::ok()
        .member("name", name)
        .member("token", token.expose())
        .line(token.expose()))
}
