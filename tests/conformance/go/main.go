// The handler that AWS's client for Go is asked to run: the event names the case.
package main

import (
	"context"
	"errors"
	"math"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
)

type outOfStock struct{ left int }

func (outOfStock) Error() string { return "none left: ä" }

func handle(_ context.Context, event map[string]any) (any, error) {
	switch event["case"] {
	case "error":
		return nil, errors.New("wrong: ä \U0001f600\n\"second line\"")
	case "own_type":
		return nil, outOfStock{3}
	case "pointer":
		return nil, &outOfStock{3}
	case "own_message":
		return nil, messages.InvokeResponse_Error{Type: "Own.Type", Message: "own message"}
	case "nothing":
		return nil, nil
	case "text":
		return "ä\u2028<>&\x7f", nil
	case "bytes":
		return []byte{0, 255}, nil
	case "not_a_number":
		return math.NaN(), nil
	case "channel":
		return make(chan int), nil
	case "size":
		return strings.Repeat("x", int(event["size"].(float64))-2), nil
	case "panic":
		panic("wrong")
	case "panic_error":
		panic(outOfStock{3})
	case "exit":
		os.Exit(7)
	}
	return event, nil
}

func main() { lambda.Start(handle) }
