//! A server of language models with the interface of OpenAI, which streams its words.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::{Value, json};

use super::connection::Connection;
use super::event_stream::{self, EVENT_STREAM, event};
use super::{echo, ollama};
use crate::sim::guest::GuestService;
use crate::traffic::body::{self, Body};

/// The pause between two words of a streamed answer.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// The largest request, which has pictures in it.
const LARGEST: usize = 32 << 20;

/// The dimensions of an embedding, unless the request gives them.
const DIMENSIONS: usize = 16;
const MOST_DIMENSIONS: usize = 4096;

/// The name of the only model. The server answers for any other name as well.
pub(super) const MODEL: &str = "simulated-model";

/// Returns true if the service is likely a server of this kind, by its name and its image.
pub(super) fn is_likely(service: &GuestService) -> bool {
    const KNOWN: [&str; 11] = [
        "llama-cpp",
        "llama.cpp",
        "litellm",
        "lmdeploy",
        "local-ai",
        "localai",
        "ollama",
        "openai",
        "sglang",
        "text-generation-inference",
        "vllm",
    ];
    // Its interface is one for people.
    let is_front = service.image.contains("webui");
    let is_known = |name: &&str| service.name.contains(name) || service.image.contains(name);
    !is_front && KNOWN.iter().any(is_known)
}

/// Answers a request.
pub(super) async fn answer(connection: &Connection, request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().trim_end_matches('/').to_owned();
    match (request.method(), path.as_str()) {
        (&Method::GET, "/v1/models") => json_answer(StatusCode::OK, &models(connection)),
        (&Method::POST, "/v1/chat/completions") => {
            with_request(request, |asked| chat(connection, &asked)).await
        }
        (&Method::POST, "/v1/completions") => {
            with_request(request, |asked| completion(connection, &asked)).await
        }
        (&Method::POST, "/v1/embeddings") => {
            with_request(request, |asked| embeddings(&asked)).await
        }
        (_, "/v1/models" | "/v1/chat/completions" | "/v1/completions" | "/v1/embeddings") => {
            refused(
                StatusCode::METHOD_NOT_ALLOWED,
                "this path has another method",
            )
        }
        (method, path) if ollama::knows(method, path) => ollama::answer(connection, request).await,
        _ => echo::answer(connection, request).await,
    }
}

/// A request for words.
#[derive(Deserialize)]
struct Asked {
    model: Option<String>,
    messages: Option<Vec<Message>>,
    prompt: Option<Value>,
    input: Option<Value>,
    #[serde(default)]
    stream: bool,
    max_tokens: Option<usize>,
    max_completion_tokens: Option<usize>,
    stream_options: Option<StreamOptions>,
    encoding_format: Option<String>,
    dimensions: Option<usize>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

/// A message of a conversation.
#[derive(Deserialize)]
pub(super) struct Message {
    pub(super) content: Option<Value>,
}

impl Asked {
    fn model(&self) -> &str {
        self.model.as_deref().unwrap_or(MODEL)
    }

    fn limit(&self) -> Option<usize> {
        self.max_completion_tokens.or(self.max_tokens)
    }
}

/// The words of an answer, one token each.
pub(super) struct Words {
    pub(super) words: Vec<String>,
    /// True if the limit of the request has cut them.
    pub(super) is_cut: bool,
}

impl Words {
    /// Returns the answer to a text.
    pub(super) fn answering(connection: &Connection, text: &str, limit: Option<usize>) -> Self {
        let endpoint = &connection.endpoint;
        let said = text.split_whitespace().take(50).collect::<Vec<_>>();
        let answer = format!(
            "This is a simulated answer from {} on {}. You said: {}",
            echo::name(endpoint),
            endpoint.instance,
            said.join(" ")
        );
        let all: Vec<String> = answer
            .trim_end()
            .split_inclusive(' ')
            .map(str::to_owned)
            .collect();
        let kept = limit.unwrap_or(usize::MAX).min(all.len());
        Self {
            is_cut: kept < all.len(),
            words: all.into_iter().take(kept).collect(),
        }
    }

    pub(super) fn text(&self) -> String {
        self.words.concat()
    }

    pub(super) fn finish_reason(&self) -> &'static str {
        if self.is_cut { "length" } else { "stop" }
    }
}

fn models(connection: &Connection) -> Value {
    let created = connection.clock.now().as_second();
    let model =
        json!({ "id": MODEL, "object": "model", "created": created, "owned_by": "simulated" });
    json!({ "object": "list", "data": [model] })
}

fn chat(connection: &Connection, asked: &Asked) -> Response<Body> {
    let Some(messages) = asked.messages.as_deref().filter(|it| !it.is_empty()) else {
        return refused(
            StatusCode::BAD_REQUEST,
            "`messages` must be a list of at least one message",
        );
    };
    let said = messages
        .last()
        .map(|it| text_of(it.content.as_ref()))
        .unwrap_or_default();
    let words = Words::answering(connection, &said, asked.limit());
    let spoken: usize = messages
        .iter()
        .map(|it| count(&text_of(it.content.as_ref())))
        .sum();
    let (id, created) = ("chatcmpl-simulated", connection.clock.now().as_second());
    let model = asked.model().to_owned();
    let usage = usage(spoken, words.words.len());
    if !asked.stream {
        let message = json!({ "role": "assistant", "content": words.text() });
        let choice =
            json!({ "index": 0, "message": message, "finish_reason": words.finish_reason() });
        let answer = json!({
            "id": id, "object": "chat.completion", "created": created, "model": model,
            "choices": [choice], "usage": usage,
        });
        return json_answer(StatusCode::OK, &answer);
    }
    let chunk = move |choices: Value, usage: Option<&Value>| {
        event(json!({
            "id": id, "object": "chat.completion.chunk", "created": created, "model": model,
            "choices": choices, "usage": usage,
        }))
    };
    let delta = |delta: Value, finish: Option<&str>| json!([{ "index": 0, "delta": delta, "finish_reason": finish }]);
    let mut pieces = vec![chunk(
        delta(json!({ "role": "assistant", "content": "" }), None),
        None,
    )];
    let content = words.words.iter();
    pieces.extend(content.map(|word| chunk(delta(json!({ "content": word }), None), None)));
    pieces.push(chunk(delta(json!({}), Some(words.finish_reason())), None));
    end_of_stream(asked, pieces, |usage| chunk(json!([]), Some(usage)), &usage)
}

fn completion(connection: &Connection, asked: &Asked) -> Response<Body> {
    let Some(prompt) = &asked.prompt else {
        return refused(StatusCode::BAD_REQUEST, "`prompt` is missing");
    };
    let said = text_of(Some(prompt));
    let words = Words::answering(connection, &said, asked.limit());
    let (id, created) = ("cmpl-simulated", connection.clock.now().as_second());
    let model = asked.model().to_owned();
    let usage = usage(count(&said), words.words.len());
    let answer = move |choices: Value, usage: Option<&Value>| {
        json!({
            "id": id, "object": "text_completion", "created": created, "model": model,
            "choices": choices, "usage": usage,
        })
    };
    let choice = |text: &str, finish: Option<&str>| json!([{ "index": 0, "text": text, "logprobs": null, "finish_reason": finish }]);
    if !asked.stream {
        let choices = choice(&words.text(), Some(words.finish_reason()));
        return json_answer(StatusCode::OK, &answer(choices, Some(&usage)));
    }
    let content = words.words.iter();
    let mut pieces: Vec<String> = content
        .map(|word| event(answer(choice(word, None), None)))
        .collect();
    pieces.push(event(answer(choice("", Some(words.finish_reason())), None)));
    end_of_stream(
        asked,
        pieces,
        |usage| event(answer(json!([]), Some(usage))),
        &usage,
    )
}

/// Returns a stream with its last pieces.
fn end_of_stream(
    asked: &Asked,
    mut pieces: Vec<String>,
    with_usage: impl Fn(&Value) -> String,
    usage: &Value,
) -> Response<Body> {
    let options = asked.stream_options.as_ref();
    if options.is_some_and(|options| options.include_usage) {
        pieces.push(with_usage(usage));
    }
    pieces.push(event("[DONE]"));
    event_stream::answer(EVENT_STREAM, pieces.into_iter(), PAUSE)
}

fn embeddings(asked: &Asked) -> Response<Body> {
    let texts: Vec<String> = match &asked.input {
        Some(Value::Array(items)) if items.iter().all(|item| !item.is_number()) => {
            items.iter().map(|item| text_of(Some(item))).collect()
        }
        // A list of numbers is one text in tokens.
        Some(one) => vec![text_of(Some(one))],
        None => return refused(StatusCode::BAD_REQUEST, "`input` is missing"),
    };
    let dimensions = asked.dimensions.unwrap_or(DIMENSIONS);
    if !(1..=MOST_DIMENSIONS).contains(&dimensions) {
        return refused(
            StatusCode::BAD_REQUEST,
            "`dimensions` must be from 1 to 4096",
        );
    }
    let is_base64 = asked.encoding_format.as_deref() == Some("base64");
    let items = texts.iter().enumerate().map(|(index, text)| {
        let vector = embedding(text, dimensions);
        let embedding = if is_base64 {
            let bytes: Vec<u8> = vector.iter().flat_map(|it| it.to_le_bytes()).collect();
            Value::from(STANDARD.encode(bytes))
        } else {
            json!(vector)
        };
        json!({ "object": "embedding", "index": index, "embedding": embedding })
    });
    let data: Vec<Value> = items.collect();
    let tokens: usize = texts.iter().map(|text| count(text)).sum();
    let usage = json!({ "prompt_tokens": tokens, "total_tokens": tokens });
    let answer = json!({ "object": "list", "data": data, "model": asked.model(), "usage": usage });
    json_answer(StatusCode::OK, &answer)
}

/// Returns a vector of length 1 that is the same for the same text.
pub(super) fn embedding(text: &str, dimensions: usize) -> Vec<f32> {
    let seed = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mut rng = fastrand::Rng::with_seed(seed);
    let vector: Vec<f32> = (0..dimensions).map(|_| rng.f32() - 0.5).collect();
    let length = vector
        .iter()
        .map(|it| it * it)
        .sum::<f32>()
        .sqrt()
        .max(f32::MIN_POSITIVE);
    vector.into_iter().map(|it| it / length).collect()
}

/// Returns the text of a message, which may be a list of parts.
pub(super) fn text_of(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().filter_map(|part| match part {
                Value::String(text) => Some(text.as_str()),
                other => other.get("text")?.as_str(),
            });
            texts.collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

pub(super) fn count(text: &str) -> usize {
    text.split_whitespace().count()
}

fn usage(prompt: usize, completion: usize) -> Value {
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    })
}

/// Reads a JSON document of a request, and answers it.
pub(super) async fn with_request<T: for<'a> Deserialize<'a>>(
    request: Request<Incoming>,
    answer: impl FnOnce(T) -> Response<Body>,
) -> Response<Body> {
    let content = Limited::new(request.into_body(), LARGEST).collect().await;
    let Ok(content) = content else {
        let message = "the request is longer than 32 MiB, or has broken off";
        return refused(StatusCode::PAYLOAD_TOO_LARGE, message);
    };
    match serde_json::from_slice(&content.to_bytes()) {
        Ok(asked) => answer(asked),
        Err(error) => refused(
            StatusCode::BAD_REQUEST,
            &format!("the request cannot be read: {error}"),
        ),
    }
}

pub(super) fn json_answer(status: StatusCode, document: &Value) -> Response<Body> {
    let mut response = Response::new(body::full(document.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn refused(status: StatusCode, message: &str) -> Response<Body> {
    let kind = "invalid_request_error";
    let error = json!({ "message": message, "type": kind, "param": null, "code": null });
    json_answer(status, &json!({ "error": error }))
}
