//! A function in Rust, with AWS's own runtime client: what the e2e tests run live.
mod word;

use lambda_runtime::{service_fn, Error, LambdaEvent};
use serde_json::{json, Value};

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    if let Some(text) = event.payload["fail"].as_str() {
        return Err(text.into());
    }
    if let Some(text) = event.payload["panic"].as_str() {
        panic!("{text}");
    }
    let context = event.context;
    Ok(json!({"word": word::WORD, "event": event.payload, "id": context.request_id, "arn": context.invoked_function_arn,
              "deadline": context.deadline, "memory": context.env_config.memory, "pid": std::process::id()}))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(handle)).await
}
