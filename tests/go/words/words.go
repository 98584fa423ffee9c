// Package words is what an edit changes.
package words

// Word is in every answer.
const Word = "one"
