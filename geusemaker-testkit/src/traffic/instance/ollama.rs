//! Ollama's own interface of a server of language models.

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::{Value, json};

use super::connection::Connection;
use super::event_stream::{self, JSON_LINES};
use super::language_model::{
    MODEL, Message, PAUSE, Words, count, embedding, json_answer, text_of, with_request,
};
use crate::traffic::body::Body;

/// Returns true if Ollama has a path of its own for that.
pub(super) fn knows(method: &Method, path: &str) -> bool {
    match path {
        "/api/tags" | "/api/version" | "/api/ps" => method == Method::GET,
        "/api/chat" | "/api/embed" | "/api/generate" => method == Method::POST,
        _ => false,
    }
}

/// Answers a request to one of these paths.
pub(super) async fn answer(connection: &Connection, request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().trim_end_matches('/').to_owned();
    match path.as_str() {
        "/api/tags" => json_answer(StatusCode::OK, &json!({ "models": [model(connection)] })),
        "/api/ps" => json_answer(StatusCode::OK, &json!({ "models": [] })),
        "/api/version" => json_answer(StatusCode::OK, &json!({ "version": "0.0.0-simulated" })),
        "/api/embed" => with_request(request, |asked| embed(&asked)).await,
        chat_or_generate => {
            let is_chat = chat_or_generate == "/api/chat";
            with_request(request, |asked| talk(connection, &asked, is_chat)).await
        }
    }
}

#[derive(Deserialize)]
struct Asked {
    model: Option<String>,
    #[serde(default)]
    messages: Vec<Message>,
    #[serde(default)]
    prompt: String,
    input: Option<Value>,
    stream: Option<bool>,
}

impl Asked {
    fn model(&self) -> &str {
        self.model.as_deref().unwrap_or(MODEL)
    }
}

fn model(connection: &Connection) -> Value {
    let modified = connection.clock.now().to_string();
    let details = json!({ "format": "gguf", "family": "simulated", "parameter_size": "0B", "quantization_level": "Q4_0" });
    json!({
        "name": MODEL, "model": MODEL, "modified_at": modified, "size": 0,
        "digest": "0".repeat(64), "details": details,
    })
}

fn talk(connection: &Connection, asked: &Asked, is_chat: bool) -> Response<Body> {
    let last = asked.messages.last();
    let said = match is_chat {
        true => last
            .map(|it| text_of(it.content.as_ref()))
            .unwrap_or_default(),
        false => asked.prompt.clone(),
    };
    let words = Words::answering(connection, &said, None);
    let created = connection.clock.now().to_string();
    let model = asked.model().to_owned();
    let line = move |text: &str, end: Value| {
        let mut line = json!({ "model": model, "created_at": created, "done": !end.is_null() });
        match is_chat {
            true => line["message"] = json!({ "role": "assistant", "content": text }),
            false => line["response"] = text.into(),
        }
        if let (Some(line), Value::Object(end)) = (line.as_object_mut(), end) {
            line.extend(end);
        }
        line
    };
    let end = json!({
        "done_reason": "stop", "total_duration": 1, "load_duration": 0,
        "prompt_eval_count": count(&said), "eval_count": words.words.len(), "eval_duration": 1,
    });
    if asked.stream == Some(false) {
        return json_answer(StatusCode::OK, &line(&words.text(), end));
    }
    let content = words.words.iter();
    let mut pieces: Vec<String> = content
        .map(|word| format!("{}\n", line(word, Value::Null)))
        .collect();
    pieces.push(format!("{}\n", line("", end)));
    event_stream::answer(JSON_LINES, pieces.into_iter(), PAUSE)
}

fn embed(asked: &Asked) -> Response<Body> {
    let texts = match &asked.input {
        Some(Value::Array(items)) => items.iter().map(|item| text_of(Some(item))).collect(),
        one => vec![text_of(one.as_ref())],
    };
    let vectors: Vec<Vec<f32>> = texts.iter().map(|text| embedding(text, 16)).collect();
    json_answer(
        StatusCode::OK,
        &json!({ "model": asked.model(), "embeddings": vectors }),
    )
}
