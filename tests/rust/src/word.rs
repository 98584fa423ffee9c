pub const WORD: &str = "one";
