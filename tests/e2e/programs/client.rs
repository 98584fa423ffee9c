// A function in Rust with a client of the Runtime API of its own: what is tested is how it is built and run.
mod word;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

fn request(text: String) -> (Vec<String>, String) {
    let mut stream = TcpStream::connect(std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap()).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let (mut headers, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() { break; }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") { length = value.trim().parse().unwrap(); }
        headers.push(line.trim().to_string());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (headers, String::from_utf8(body).unwrap())
}

fn main() {
    let host = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    let base = "/2018-06-01/runtime/invocation";
    loop {
        let (headers, event) = request(format!("GET {base}/next HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        let id = headers.iter().find_map(|h| h.to_lowercase().strip_prefix("lambda-runtime-aws-request-id:").map(|v| v.trim().to_string())).unwrap();
        if event.contains("exit") { std::process::exit(9); }
        let answer = format!("{{\"word\": \"{}\", \"pid\": {}}}", word::WORD, std::process::id());
        request(format!("POST {base}/{id}/response HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n{answer}", answer.len()));
    }
}
