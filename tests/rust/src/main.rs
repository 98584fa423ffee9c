//! A function in Rust, with AWS's own runtime client: what the e2e tests run live.
mod word;

use lambda_runtime::{service_fn, streaming, Error, FunctionResponse, LambdaEvent};
use serde_json::{json, Value};

// Its last word waits until the file is there.
fn stream(first: String, until: String) -> streaming::Body {
    let (mut sender, body) = streaming::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            sender.send_data(first.into()).await.unwrap();
            while !std::path::Path::new(&until).exists() {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            sender.send_data("last".into()).await.unwrap();
        });
    });
    body
}

async fn handle(event: LambdaEvent<Value>) -> Result<FunctionResponse<Value, streaming::Body>, Error> {
    if let Some(first) = event.payload["first"].as_str() {
        let until = event.payload["until"].as_str().unwrap_or_default();
        return Ok(FunctionResponse::StreamingResponse(stream(first.into(), until.into()).into()));
    }
    if let Some(text) = event.payload["fail"].as_str() {
        return Err(text.into());
    }
    if let Some(text) = event.payload["panic"].as_str() {
        panic!("{text}");
    }
    let context = event.context;
    Ok(FunctionResponse::BufferedResponse(json!({"word": word::WORD, "event": event.payload, "id": context.request_id, "arn": context.invoked_function_arn,
              "deadline": context.deadline, "memory": context.env_config.memory, "pid": std::process::id()})))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(handle)).await
}
