// Command kitservice has the task of cli/test/kit/kit.json, which the services of the other SDKs have as well.
package main

import (
	"errors"
	"log"
	"strings"
	"time"

	slipway "slipway.dev/sdk"
)

type input struct {
	Do   string  `json:"do"`
	Text string  `json:"text"`
	Ms   float64 `json:"ms"`
}

type output struct {
	Text string `json:"text"`
}

func main() {
	options, err := slipway.FromEnvironment()
	if err != nil {
		log.Fatal(err)
	}
	options.Name = "kit-go"
	if err := slipway.Serve(options, slipway.DefineTask("kit", run)); err != nil {
		log.Fatal(err)
	}
}

func run(ctx *slipway.TaskContext, in input) (output, error) {
	switch in.Do {
	case "sleep":
		select {
		case <-time.After(time.Duration(in.Ms) * time.Millisecond):
		case <-ctx.Done():
			return output{}, ctx.Err()
		}
	case "progress":
		for step := 1; step <= 3; step++ {
			ctx.Progress(float64(step)/4, "one more step")
			time.Sleep(100 * time.Millisecond)
		}
	case "fail":
		return output{}, errors.New("it broke")
	case "terminal":
		return output{}, slipway.Terminal("GONE", "it is gone")
	case "retry-after":
		return output{}, &slipway.RetryAfter{After: 5 * time.Second, Message: "it is busy"}
	case "warning":
		ctx.Outcome(slipway.Outcome{Result: slipway.Warning, Message: "look at it"})
	case "found-fail":
		ctx.Outcome(slipway.Outcome{Result: slipway.Fail, Message: "not good"})
	case "large":
		return output{Text: strings.Repeat("y", 3<<20)}, nil
	}
	return output{Text: in.Text[:min(len(in.Text), 1_000)]}, nil
}
