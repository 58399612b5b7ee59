//! The server of language models.

use http::Request;
use serde_json::{Value, json as document};
use tokio::time::Instant;

use crate::traffic::machine::{Machine, json};

#[tokio::test(start_paused = true)]
async fn image_decides_which_stub_answers() {
    let machine = Machine::new().await;
    let models = json(machine.get(8000, "/v1/models").await.unwrap()).await;
    assert_eq!(models["data"][0]["id"], "simulated-model");
    let echo = json(machine.get(80, "/v1/models").await.unwrap()).await;
    assert_eq!(echo["service"], "web");
    // Other paths are those of an echo: health checks pass.
    let health = machine.get(8000, "/health").await.unwrap();
    assert_eq!(health.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn chat_answers_last_message() {
    let machine = Machine::new().await;
    let messages = document!([{"role": "user", "content": "one two"}]);
    let request = document!({"model": "m", "messages": messages});
    let answer = json(machine.ask("/v1/chat/completions", &request).await).await;
    assert_eq!(answer["object"], "chat.completion");
    assert_eq!(answer["model"], "m");
    let choice = &answer["choices"][0];
    let said = choice["message"]["content"].as_str().unwrap();
    assert!(
        said.starts_with("This is a simulated answer from llm on i-"),
        "{said}"
    );
    assert!(said.ends_with("You said: one two"), "{said}");
    assert_eq!(choice["finish_reason"], "stop");
    assert_eq!(answer["usage"]["prompt_tokens"], 2);
}

#[tokio::test(start_paused = true)]
async fn streamed_words_arrive_one_by_one() {
    let machine = Machine::new().await;
    let request = document!({
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
        "stream": true, "max_tokens": 3, "stream_options": {"include_usage": true},
    });
    let mut answer = machine.ask("/v1/chat/completions", &request).await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let begun = Instant::now();
    let mut events = Vec::new();
    while let Some(piece) = answer.chunk().await.unwrap() {
        let text = std::str::from_utf8(&piece).unwrap();
        let data = text.strip_prefix("data: ").unwrap().trim_end().to_owned();
        events.push((begun.elapsed().as_millis() / 50, data));
    }
    let times: Vec<_> = events.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0, 1, 2, 3, 4, 5, 6]);
    let (_, done) = events.pop().unwrap();
    assert_eq!(done, "[DONE]");
    let chunks = events
        .iter()
        .map(|(_, data)| serde_json::from_str(data).unwrap());
    let chunks: Vec<Value> = chunks.collect();
    let content = |chunk: &Value| {
        chunk["choices"][0]["delta"]["content"]
            .as_str()
            .map(str::to_owned)
    };
    let words: String = chunks.iter().filter_map(content).collect();
    assert_eq!(words, "This is a ");
    assert_eq!(chunks[4]["choices"][0]["finish_reason"], "length");
    assert_eq!(chunks[5]["usage"]["completion_tokens"], 3);
}

#[tokio::test(start_paused = true)]
async fn completion_answers_prompt() {
    let machine = Machine::new().await;
    let request = document!({"prompt": "once", "stream": true});
    let text = machine
        .ask("/v1/completions", &request)
        .await
        .text()
        .await
        .unwrap();
    assert!(text.contains(r#""text":"once""#), "{text}");
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
    let whole = json(
        machine
            .ask("/v1/completions", &document!({"prompt": "once"}))
            .await,
    )
    .await;
    assert_eq!(whole["object"], "text_completion");
}

#[tokio::test(start_paused = true)]
async fn embedding_is_of_its_text() {
    let machine = Machine::new().await;
    let request = document!({"input": ["a", "b", "a"], "dimensions": 4});
    let answer = json(machine.ask("/v1/embeddings", &request).await).await;
    let vector = |index: usize| &answer["data"][index]["embedding"];
    assert_eq!(vector(0).as_array().unwrap().len(), 4);
    assert_eq!(vector(0), vector(2));
    assert_ne!(vector(0), vector(1));
    let request = document!({"input": "a", "encoding_format": "base64"});
    let encoded = json(machine.ask("/v1/embeddings", &request).await).await;
    let bytes = encoded["data"][0]["embedding"].as_str().unwrap();
    assert_eq!(aws_smithy_types::base64::decode(bytes).unwrap().len(), 64);
}

#[tokio::test(start_paused = true)]
async fn wrong_question_is_refused() {
    let machine = Machine::new().await;
    for (path, request, says) in [
        (
            "/v1/chat/completions",
            document!({}),
            "`messages` must be a list",
        ),
        (
            "/v1/chat/completions",
            document!([]),
            "the request cannot be read",
        ),
        ("/v1/completions", document!({}), "`prompt` is missing"),
        (
            "/v1/embeddings",
            document!({"input": "a", "dimensions": 0}),
            "from 1 to 4096",
        ),
    ] {
        let answer = machine.ask(path, &request).await;
        assert_eq!(answer.status(), 400, "{path}");
        let error = json(answer).await;
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(says), "{message}");
    }
    let wrong_method = machine.get(8000, "/v1/completions").await.unwrap();
    assert_eq!(wrong_method.status(), 405);
}

#[tokio::test(start_paused = true)]
async fn ollama_streams_json_lines() {
    let machine = Machine::new().await;
    let request = document!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    let answer = machine.ask("/api/chat", &request).await;
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let text = answer.text().await.unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<Value> = lines.collect();
    assert_eq!(lines[0]["message"]["content"], "This ");
    assert_eq!(lines[0]["done"], false);
    let last = lines.last().unwrap();
    assert_eq!(last["done"], true);
    assert_eq!(last["eval_count"], lines.len() - 1);
    let whole = document!({"prompt": "hi", "stream": false});
    let whole = json(machine.ask("/api/generate", &whole).await).await;
    assert!(
        whole["response"]
            .as_str()
            .unwrap()
            .ends_with("You said: hi")
    );
    let tags = json(machine.get(8000, "/api/tags").await.unwrap()).await;
    assert_eq!(tags["models"][0]["name"], "simulated-model");
    let embedded = json(
        machine
            .ask("/api/embed", &document!({"input": ["a", "b"]}))
            .await,
    )
    .await;
    assert_eq!(embedded["embeddings"].as_array().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn stub_can_be_chosen() {
    use geusemaker_testkit::traffic::Stub;
    let machine = Machine::new().await;
    machine.traffic.stub("web", Stub::LanguageModel);
    let request = Request::get(machine.url(80, "/v1/models"))
        .body("")
        .unwrap();
    let models = json(machine.traffic.send(request).await.unwrap()).await;
    assert_eq!(models["object"], "list");
}
