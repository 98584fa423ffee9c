// A function in Go, with AWS's own runtime client: what the e2e tests run live.
package main

import (
	"context"
	_ "embed"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"livelambda.test/shop/words"
)

//go:embed data/text.txt
var text string

type event struct {
	Fail  string `json:"fail"`
	Panic string `json:"panic"`
	Exit  int    `json:"exit"`
	First string `json:"first"` // of a stream, whose last word waits until the file Until is there
	Until string `json:"until"`
}

func stream(in event) io.Reader {
	reader, writer := io.Pipe()
	go func() {
		io.Copy(writer, strings.NewReader(in.First))
		for _, err := os.Stat(in.Until); err != nil; _, err = os.Stat(in.Until) {
			time.Sleep(5 * time.Millisecond)
		}
		io.Copy(writer, strings.NewReader("last"))
		writer.Close()
	}()
	return reader
}

func handle(ctx context.Context, in event) (any, error) {
	if in.First != "" {
		return stream(in), nil
	}
	if in.Fail != "" {
		return nil, errors.New(in.Fail)
	}
	if in.Panic != "" {
		panic(in.Panic)
	}
	if in.Exit != 0 {
		os.Exit(in.Exit)
	}
	context, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	_, execution := os.LookupEnv("AWS_EXECUTION_ENV")
	return map[string]any{"word": words.Word, "text": text, "pid": os.Getpid(), "id": context.AwsRequestID, "arn": context.InvokedFunctionArn,
		"deadline": deadline.UnixMilli(), "handler": os.Getenv("_HANDLER"), "execution": execution, "table": os.Getenv("TABLE")}, nil
}

func main() { lambda.Start(handle) }
